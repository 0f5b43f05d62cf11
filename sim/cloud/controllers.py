"""The services of Nova that are no hypervisor's: nova-conductor and nova-scheduler, which run on one controller.

Knows whether they work; what becomes of an evacuation without them is `conductor`'s business.
"""

from collections.abc import Callable

CONTROLLER = "ctl1"
CONDUCTOR, SCHEDULER = "nova-conductor", "nova-scheduler"


class Controllers:
    """Both services."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Read the time from `now`; all is well."""
        self._now = now
        self._back = dict.fromkeys((CONDUCTOR, SCHEDULER), float("-inf"))

    def away(self, binary: str, lasting: float) -> None:
        """From now on it stands still for so many seconds; its queue keeps what comes."""
        self._back[binary] = self._now() + lasting

    def back(self, binary: str) -> float:
        """Return the second at which it works again, or worked again."""
        return self._back[binary]
