"""What the shell asks of a handler: restore, handle, tick. The handler decides and publishes; the shell keeps order.

All calls come from one event loop, so a handler needs no locks; between two awaits of `handle` a `tick` may run.
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


Write = Callable[[str, bytes], Awaitable[None]]
"""Writes one row (key within the partition, value) into the table; returns when it is on its way to the changelog."""

Bury = Callable[[Record, Poison], Awaitable[None]]
"""Puts a record into the dead-letter topic and returns when the broker has acknowledged it."""


class Handler(Protocol):
    """A processor's own part."""

    def restore(self, partition: int, rows: Iterable[tuple[str, bytes]]) -> None:
        """Take over a partition with all its rows; forget whatever was known of it before."""
        ...

    def revoke(self, partition: int) -> None:
        """Forget a partition: it is somebody else's from now on, or will be restored again."""
        ...

    async def handle(self, record: Record, write: Write) -> None:
        """Decide, publish, await the acknowledgements, then write the changed rows.

        Returning means handled. `Poison` means bury it; any other exception ends the process before the
        acknowledgement, and the record comes again.
        """
        ...

    def tick(self, partition: int) -> tuple[bytes | None, bytes] | None:
        """Return key and value of a record to be written into this partition now, or None; asked every 0.25 s."""
        ...
