"""libvirt's numbers for events, states and reasons, in words: Masakari's for events (masakari.md 3.4), libvirt's own
for the rest. A number that is not known here is a word with that number, and gives nobody a reason to do anything.

They are libvirt's public interface, which never changes a number; a test compares them with the binding's.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from kasugai.agents.instance.values import Heard, Seen, State

LIFECYCLE: Final[Mapping[int, tuple[str, Sequence[str]]]] = MappingProxyType(
    {
        0: ("DEFINED", ("ADDED", "UPDATED", "RENAMED", "FROM_SNAPSHOT")),
        1: ("UNDEFINED", ("REMOVED", "RENAMED")),
        2: ("STARTED", ("BOOTED", "MIGRATED", "RESTORED", "FROM_SNAPSHOT", "WAKEUP")),
        3: (
            "SUSPENDED",
            (
                "PAUSED",
                "MIGRATED",
                "IOERROR",
                "WATCHDOG",
                "RESTORED",
                "FROM_SNAPSHOT",
                "API_ERROR",
                "POSTCOPY",
                "POSTCOPY_FAILED",
            ),
        ),
        4: ("RESUMED", ("UNPAUSED", "MIGRATED", "FROM_SNAPSHOT", "POSTCOPY", "POSTCOPY_FAILED")),
        5: ("STOPPED", ("SHUTDOWN", "DESTROYED", "CRASHED", "MIGRATED", "SAVED", "FAILED", "FROM_SNAPSHOT")),
        6: ("SHUTDOWN", ("FINISHED", "GUEST", "HOST")),
        7: ("PMSUSPENDED", ("MEMORY", "DISK")),
        8: ("CRASHED", ("PANICKED", "CRASHLOADED")),
    }
)
"""Types of lifecycle events with their details."""
WATCHDOG: Final = ("NONE", "PAUSE", "RESET", "POWEROFF", "SHUTDOWN", "DEBUG", "INJECTNMI")
IO_ERROR: Final = ("NONE", "PAUSE", "REPORT")
MEMORY_FAILURE: Final = ("IGNORE", "INJECT", "FATAL", "RESET")
AGENT: Final = ("UNKNOWN", "CONNECTED", "DISCONNECTED")

STATES: Final[Mapping[int, tuple[State, Sequence[str]]]] = MappingProxyType(
    {
        1: (State.RUNNING, ()),
        2: (State.RUNNING, ()),
        3: (
            State.PAUSED,
            (
                "UNKNOWN",
                "USER",
                "MIGRATION",
                "SAVE",
                "DUMP",
                "IOERROR",
                "WATCHDOG",
                "FROM_SNAPSHOT",
                "SHUTTING_DOWN",
                "SNAPSHOT",
                "CRASHED",
                "STARTING_UP",
                "POSTCOPY",
                "POSTCOPY_FAILED",
                "API_ERROR",
            ),
        ),
        4: (State.ENDING, ()),
        5: (
            State.OFF,
            (
                "UNKNOWN",
                "SHUTDOWN",
                "DESTROYED",
                "CRASHED",
                "MIGRATED",
                "SAVED",
                "FAILED",
                "FROM_SNAPSHOT",
                "DAEMON",
            ),
        ),
        6: (State.CRASHED, ("UNKNOWN", "PANICKED")),
        7: (State.ASLEEP, ()),
    }
)
"""States with their reasons, where these matter; blocked (2) is running without work to do."""


def lifecycle(uuid: str, kind: int, detail: int) -> Heard:
    """Return a lifecycle event."""
    name, details = LIFECYCLE.get(kind, (f"TYPE{kind}", ()))
    return Heard(uuid=uuid, event="LIFECYCLE", detail=f"{name}_{_word(details, detail)}")


def watchdog(uuid: str, action: int) -> Heard:
    """Return that a watchdog fired, and what libvirt did."""
    return Heard(uuid=uuid, event="WATCHDOG", detail=f"WATCHDOG_{_word(WATCHDOG, action)}")


def io_error(uuid: str, action: int) -> Heard:
    """Return that a disk answered with an error, and what became of the guest."""
    return Heard(uuid=uuid, event="IO_ERROR", detail=f"IO_ERROR_{_word(IO_ERROR, action)}")


def memory_failure(uuid: str, action: int) -> Heard:
    """Return that the host's memory failed below a guest."""
    return Heard(uuid=uuid, event="MEMORY_FAILURE", detail=f"MEMORY_FAILURE_{_word(MEMORY_FAILURE, action)}")


def agent(uuid: str, state: int) -> Heard:
    """Return that the agent inside a guest was connected or disconnected."""
    return Heard(uuid=uuid, event="AGENT_LIFECYCLE", detail=f"AGENT_{_word(AGENT, state)}")


def seen(uuid: str, state: int, reason: int, *, busy: bool = False) -> Seen:
    """Return what a look shows."""
    found, reasons = STATES.get(state, (State.UNCLEAR, ()))
    return Seen(uuid=uuid, state=found, reason=_word(reasons, reason) if reasons else "UNKNOWN", busy=busy)


def _word(words: Sequence[str], number: int) -> str:
    return words[number] if 0 <= number < len(words) else str(number)
