"""What the shell asks of a handler: restore, begin, tick. The handler decides and publishes; the shell keeps order.

All calls come from one event loop, so a handler needs no locks. Records are begun one after another, and finished in
the same order within their partition, while later ones are begun.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record of the input topic, as bytes."""

    partition: int
    offset: int
    at: int
    """The broker's timestamp in milliseconds."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


class Poison(Exception):
    """This record can never be handled. The shell buries it (dead letter, delivery awaited) and goes on."""


@dataclass(frozen=True, slots=True)
class Ended:
    """In the place of a row's value: there is none any more."""

    offset: int
    """Of the record that ended it."""


Write = Callable[[str, bytes | Ended], Awaitable[None]]
"""Writes one row (key within the partition, value) into the table, or ends it; returns when that is on its way to the
changelog."""

Bury = Callable[[Record, Poison], Awaitable[None]]
"""Puts a record into the dead-letter topic and returns when the broker has acknowledged it."""


class Rest(Protocol):
    """What is left to do about a record that has been begun."""

    async def finish(self, write: Write) -> None:
        """Await the acknowledgements, then write the changed rows. All earlier records of the partition are finished.

        Returning means handled; exceptions mean what they mean for `begin`.
        """
        ...

    def drop(self) -> None:
        """Publish nothing more that has not gone out: the partition is given away, and its next owner decides anew."""
        ...


class Handler(Protocol):
    """A processor's own part."""

    def restore(self, partition: int, rows: Iterable[tuple[str, bytes]]) -> None:
        """Take over a partition with all its rows; forget whatever was known of it before."""
        ...

    def revoke(self, partition: int) -> None:
        """Forget a partition: it is somebody else's from now on, or will be restored again."""
        ...

    def begin(self, record: Record) -> "Rest":
        """Decide, and begin to publish; what is decided about the next record may stand on it at once.

        `Poison` means bury it; any other exception ends the process before the acknowledgement, and the record comes
        again.
        """
        ...

    def tick(self, partition: int) -> tuple[bytes | None, bytes] | None:
        """Return key and value of a record to be written into this partition now, or None; asked every 0.25 s."""
        ...
