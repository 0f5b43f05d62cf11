"""How long after the host's death what was seen, by this process's own clock: what Kafka holds is dated by others'."""

from collections.abc import Callable
from dataclasses import dataclass, field

from kasugai.adapters.wall import monotonic
from kasugai.core.telling.incident_views import IncidentView


@dataclass(slots=True)
class Stopwatch:
    """Runs from the death on. Nothing is seen before it has happened, so that no figure is too good."""

    clock: Callable[[], float] = monotonic
    _died: float = field(init=False)
    suspected: float | None = None
    """Seconds until somebody missed the host."""
    found: float | None = None
    """Until it was known to be dead: its incident was opened."""
    moving: float | None = None
    """Until the first evacuation was begun."""
    back: float | None = None
    """Until the incident was over."""

    def __post_init__(self) -> None:
        """Begin now."""
        self._died = self.clock()

    def see(self, view: IncidentView) -> None:
        """Take the incident as it stands."""
        now = self.clock() - self._died
        if self.suspected is None:
            self.suspected = now
        if self.found is None and view.incident is not None:
            self.found = now
        if self.moving is None and any(step.began is not None for step in view.instances):
            self.moving = now
        if self.back is None and view.is_told:
            self.back = now

    def lines(self) -> list[str]:
        """Return what was measured."""
        told = (
            (self.suspected, "suspected"),
            (self.found, "found dead: the incident is opened"),
            (self.moving, "the first evacuation"),
            (self.back, "all instances are back: the incident is closed"),
        )
        return [f"  {seconds:5.1f}  {what}" for seconds, what in told if seconds is not None]
