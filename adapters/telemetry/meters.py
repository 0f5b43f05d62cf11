"""Where code counts and measures: by a metric of the catalogue, at next to no cost while nobody serves /metrics.

Counters and histograms are told what happened; a gauge is read when somebody asks, from whoever watches over it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import Any

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Observation

from kasugai.adapters.telemetry.api_metrics import CLAIMS, REQUESTS, UNKNOWN_HOSTS
from kasugai.adapters.telemetry.catalogue import (
    CATALOGUE,
    EXITS,
    LIVENESS_BLIND,
    LIVENESS_FAULTS,
    LIVENESS_IGNORED,
    RECORDS,
)
from kasugai.adapters.telemetry.metric import Metric, Shape
from kasugai.adapters.telemetry.wide import written

KEPT = (
    *(EXITS, RECORDS, REQUESTS, CLAIMS, UNKNOWN_HOSTS),
    *(LIVENESS_FAULTS, LIVENESS_IGNORED, LIVENESS_BLIND),
)
"""Counters whose count is kept elsewhere and read when somebody asks."""

Reading = tuple[float, Mapping[str, str]]
"""A value and its labels."""
Read = Callable[[], Iterable[Reading]]
"""Asked from the server's thread: it must not change anything, and copy what may change under it."""

METER = metrics.get_meter("kasugai")

_labels = {metric.name: frozenset(metric.label_names) for metric in CATALOGUE}
_readers: dict[str, list[Read]] = {metric.name: [] for metric in CATALOGUE}


def count(metric: Metric, n: int = 1, **labels: str) -> None:
    """Add `n` to a counter."""
    _check(metric, labels)
    _told[metric.name].add(n, labels)


def observe(metric: Metric, seconds: float, **labels: str) -> None:
    """Add one measurement to a histogram; what clocks make negative counts as 0."""
    _check(metric, labels)
    _told[metric.name].record(max(0.0, seconds), labels)


@contextmanager
def watched(metric: Metric, read: Read) -> Iterator[None]:
    """Show what `read` gives as the gauge (or kept counter) for the length of the block."""
    _readers[metric.name].append(read)
    try:
        yield
    finally:
        _readers[metric.name].remove(read)


class Tally:
    """Keeps a counter of KEPT from its making on, for what happens a thousand times a second: it costs next to nothing
    where OpenTelemetry's own costs ten microseconds. Any thread may add."""

    def __init__(self, metric: Metric) -> None:
        """Show it whenever somebody asks."""
        self._names = metric.label_names
        self._counts: Counter[tuple[str, ...]] = Counter()
        self._lock = Lock()
        _readers[metric.name].append(self.readings)

    def add(self, *values: str) -> None:
        """Count one, under its labels' values in the catalogue's order."""
        with self._lock:
            self._counts[values] += 1

    def readings(self) -> list[Reading]:
        """Return all counts with their labels."""
        with self._lock:
            counts = list(self._counts.items())
        return [(n, dict(zip(self._names, values, strict=True))) for values, n in counts]


def wide() -> Iterator[bytes]:
    """Give the families of all wide gauges, as text."""
    for metric in CATALOGUE:
        if metric.is_wide:
            yield written(metric, _readings(metric))


def _readings(metric: Metric) -> Iterator[Reading]:
    for read in list(_readers[metric.name]):
        for value, labels in read():
            _check(metric, labels)
            yield value, labels


def _check(metric: Metric, labels: Mapping[str, str]) -> None:
    if labels.keys() != _labels[metric.name]:
        raise ValueError(f"{metric.name} has the labels {metric.label_names}, not {tuple(labels)}")


def _read(metric: Metric, _: CallbackOptions) -> Iterable[Observation]:
    for value, labels in _readings(metric):
        yield Observation(value, labels)


def _instrument(metric: Metric) -> Any:
    """Make the metric's instrument. It does nothing until a meter provider is set, and works from then on."""
    about = {"unit": metric.unit, "description": metric.help}
    if metric in KEPT:
        return METER.create_observable_counter(metric.name, [partial(_read, metric)], **about)
    match metric.shape:
        case Shape.COUNTER:
            return METER.create_counter(metric.name, **about)
        case Shape.HISTOGRAM:
            return METER.create_histogram(
                metric.name, explicit_bucket_boundaries_advisory=metric.buckets, **about
            )
        case Shape.GAUGE:
            return METER.create_observable_gauge(metric.name, [partial(_read, metric)], **about)


_told: dict[str, Any] = {metric.name: _instrument(metric) for metric in CATALOGUE if not metric.is_wide}
