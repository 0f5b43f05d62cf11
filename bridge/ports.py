"""The doors of the bridge as it sees them: a bus that Nova notifies on, and what reads a notification."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kasugai.adapters.kafka.records import Incoming
from kasugai.bridge.notification import Notification
from kasugai.bridge.reading.conclusions import Conclusion


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A queue that somebody should read."""

    queue: str
    messages: int
    readers: int
    is_ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How Nova's notifications stand on the bus."""

    versioned: bool
    """Whether anything of the versioned form has a place there."""
    unversioned: bool
    """Whether the old form has."""
    queues: tuple[Waiting, ...] = ()
    """On RabbitMQ."""


class Feed(Protocol):
    """A bus. A message that was not acknowledged comes again, to us or to another bridge."""

    @property
    def name(self) -> str:
        """Return which bus, and where, for people."""
        ...

    def unready(self) -> str:
        """Say why nothing can be heard; empty when it can."""
        ...

    async def next(self) -> Sequence[Incoming]:
        """Return what is there, in order, or what comes within a moment."""
        ...

    async def done(self, records: Sequence[Incoming]) -> None:
        """Acknowledge all up to and including these, which `next` returned last."""
        ...

    async def standing(self) -> Standing | None:
        """Return how things stand there; None when nobody can say now."""
        ...

    async def failure(self) -> None:
        """Wait for what nobody can wait for, and raise it."""
        ...


class Reads(Protocol):
    """Who knows what a notification means (bridge/reading)."""

    def read(self, notification: Notification) -> Conclusion:
        """Return what follows from it, given what was read before; Undecipherable for a payload that no Nova sends."""
        ...


Knows = Callable[[str], bool]
"""Whether the inventory has a host of that name now."""


class Unfit(Exception):
    """The bridge cannot run as it is set up. One line: what, why, remedy."""
