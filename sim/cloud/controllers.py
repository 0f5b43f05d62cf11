"""The services of Nova that are no hypervisor's: nova-conductor and nova-scheduler, which run on one controller.

Knows whether they work, and what Nova believes; what becomes of an evacuation without them is `conductor`'s business.
"""

from collections.abc import Callable
from dataclasses import dataclass

CONTROLLER = "ctl1"
CONDUCTOR, SCHEDULER = "nova-conductor", "nova-scheduler"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlService:
    """Nova's record of one of them."""

    binary: str
    reported_at: float
    """The scheduler's seconds."""
    is_up: bool
    """As Nova believes: for a minute after it stopped too."""
    host: str = CONTROLLER


class Controllers:
    """Both services."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Read the time from `now`; all is well."""
        self._now = now
        self._away: dict[str, tuple[float, float]] = {}
        """By binary: since when, and until when, it stood still last."""

    def away(self, binary: str, lasting: float) -> None:
        """From now on it stands still for so many seconds; its queue keeps what comes."""
        self._away[binary] = (self._now(), self._now() + lasting)

    def back(self, binary: str) -> float:
        """Return the second at which it works again, or worked again."""
        return self._away.get(binary, (0.0, float("-inf")))[1]

    def records(self, down_time: float) -> list[ControlService]:
        """Return both as Nova sees them; one that has not reported for more than `down_time` seconds is down."""
        return [self._record(binary, down_time) for binary in (CONDUCTOR, SCHEDULER)]

    def _record(self, binary: str, down_time: float) -> ControlService:
        now = self._now()
        reported = self._away[binary][0] if self.back(binary) > now else now
        return ControlService(binary=binary, reported_at=reported, is_up=now - reported <= down_time)
