"""What can be said of a process, and what systemd's words for a unit mean: pure.

Unknown is never taken for dead: a unit that nobody knows, a bus that does not answer and a service that somebody has
stopped are told apart from one that failed.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from kasugai.adapters.systemd.units import Unit

FLAPS = 3
"""So many restarts by systemd itself ..."""
FLAP_WINDOW = 120.0
"""... within so many seconds are a process that does not live, however often it is seen alive in between."""


class State(StrEnum):
    """How a process is."""

    ALIVE = "alive"
    PENDING = "pending"
    """Between two states: systemd starts, stops or restarts it."""
    STOPPED = "stopped"
    """Somebody ended it in an orderly way: no fault."""
    DEAD = "dead"
    """It failed."""
    ABSENT = "absent"
    """Nothing of that name is there: a wrong list, not a fault."""
    UNKNOWN = "unknown"
    """Nobody can say."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A state, and in a few words what was seen."""

    state: State
    seen: str = ""


def of_unit(name: str, unit: Unit) -> Sight:
    """Return what systemd says of a unit."""
    match unit.load_state, unit.active_state, unit.result:
        case "not-found", _, _:
            return Sight(State.ABSENT, f"systemd knows no unit {name}")
        case "masked", _, _:
            return Sight(State.STOPPED, f"{name} is masked")
        case "loaded", "active" | "reloading" | "refreshing", _:
            return Sight(State.ALIVE, f"{name} is {unit.sub_state or unit.active_state}")
        case "loaded", "activating" | "deactivating" | "maintenance", _:
            return Sight(State.PENDING, f"{name} is {unit.active_state} ({unit.sub_state})")
        case "loaded", "inactive", "success" | "":
            return Sight(State.STOPPED, f"{name} was stopped in an orderly way")
        case "loaded", "inactive" | "failed", _:
            return Sight(State.DEAD, f"{name} failed: {unit.result or unit.sub_state}")
        case "error" | "bad-setting", _, _:
            return Sight(State.ABSENT, f"systemd cannot read the unit {name} ({unit.load_state})")
        case _:
            return Sight(State.UNKNOWN, f"systemd says {unit.load_state}/{unit.active_state} of {name}")


class Flapping:
    """How often systemd has restarted a unit of late."""

    def __init__(self) -> None:
        """Begin without a past."""
        self._seen: int | None = None
        self._times: deque[float] = deque()

    def note(self, now: float, restarts: int) -> bool:
        """Take systemd's counter, which begins anew when somebody starts the unit; return whether the unit flaps."""
        if self._seen is not None and restarts > self._seen:
            self._times.extend([now] * min(restarts - self._seen, FLAPS))
        elif self._seen is not None and restarts < self._seen:
            self._times.clear()
        self._seen = restarts
        while self._times and now - self._times[0] > FLAP_WINDOW:
            self._times.popleft()
        return len(self._times) >= FLAPS
