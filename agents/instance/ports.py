"""What watching guests asks of a hypervisor: a line to it that tells of events, shows states and passes pings on.

Its calls block, and may do so for as long as the daemon behind it hangs: whoever calls gives them a thread.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kasugai.agents.instance.pinging import Answer
from kasugai.agents.instance.values import Heard, Seen


class UnreachableError(Exception):
    """The hypervisor cannot be asked; the message is one line that says why, and what to do where that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """Whom a line tells of what happens; called from a thread of its own, and never after it was closed."""

    event: Callable[[Heard], None]
    lost: Callable[[str], None]
    """The line is down, for this reason: nothing comes of it any more."""


class Line(Protocol):
    """One connection."""

    def states(self) -> Sequence[Seen]:
        """Return all guests, those that are off too, as they are now; UnreachableError."""

    def description(self, uuid: str) -> str:
        """Return a guest's XML; empty where it is gone or cannot be read; UnreachableError."""

    def ping(self, uuid: str, patience: int) -> Answer:
        """Ask the agent inside a guest, and wait about so many seconds for it. Raises nothing."""

    def close(self) -> None:
        """Hear nothing more. Raises nothing."""


class Door(Protocol):
    """Where lines are opened."""

    def watch(self, ears: Ears) -> Line:
        """Open a line that tells of events, which needs no rights to change anything; UnreachableError."""

    def ask(self) -> Line:
        """Open a line by which guests' agents may be asked; it tells of nothing; UnreachableError."""
