"""What a metric is: its name and kind as OpenTelemetry has them, its labels, and who shows it."""

from dataclasses import dataclass
from enum import StrEnum

SECONDS = "s"


class Shape(StrEnum):
    """What kind of instrument a metric is."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One metric."""

    name: str
    """As OpenTelemetry writes it."""
    shape: Shape
    unit: str
    """UCUM: `s`, or a count in braces."""
    help: str
    labels: tuple[tuple[str, str], ...] = ()
    """Each label with what its values are."""
    shown_by: tuple[str, ...]
    """The processes that show it."""
    buckets: tuple[float, ...] = ()
    """Upper bounds of a histogram."""
    is_wide: bool = False
    """Whether it is a gauge with a series for each host: such are written without OpenTelemetry (wide.py)."""

    @property
    def prometheus(self) -> str:
        """The name of its (first) series at /metrics, as opentelemetry-exporter-prometheus makes it."""
        base = self.name.replace(".", "_") + ("_seconds" if self.unit == SECONDS else "")
        return {Shape.COUNTER: f"{base}_total", Shape.HISTOGRAM: f"{base}_bucket"}.get(self.shape, base)

    @property
    def label_names(self) -> tuple[str, ...]:
        """The labels alone."""
        return tuple(name for name, _ in self.labels)


KIND = ("kind", "core/words/subject.Kind")
"""A label: of which kind a subject is."""
QUICK = (0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Bounds of histograms, in seconds: of what takes milliseconds, and of what takes up to minutes."""
