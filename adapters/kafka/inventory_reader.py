"""Keeps an `Inventory` up to date with its topic: reads it to the end first, then follows.

Records that cannot be understood are told and passed over (the writer checks before it writes); one of a newer
Kasugai ends the reading, because deciding on half an inventory would be worse than not starting.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Protocol, Self

from kasugai.adapters.inventory import Description, Inventory
from kasugai.adapters.kafka.reader import Place, Reader
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Stamp
from kasugai.schemas.codec import NewerSchema, Undecodable, decode
from kasugai.schemas.topics import INVENTORY

log = logging.getLogger(__name__)

Change = tuple[Description, Stamp]

EDIT = "kasugai-edit"
"""The header by which a writer knows its own transaction again after it was fenced in the middle of its commit."""
PAUSE = 1.0
"""Seconds between two tries to read on."""
REMEMBERED = 1000
"""How many edits are kept for that: it is asked about the last one, moments later."""


class Changes(Protocol):
    """Who reads the inventory."""

    def changes(self) -> AsyncIterator[Change]:
        """Yield every record that changes it, for ever; LogAway when it cannot be read."""
        ...


async def follow(reader: Changes, heard: Callable[[Description], None] = lambda _: None) -> None:
    """Read on for ever, also over outages; `heard` is told of each change, in the inventory's order."""
    while True:
        try:
            async for record, _ in reader.changes():
                heard(record)
        except LogAway as error:
            log.warning("the inventory cannot be read, trying again: %s", error)
            await asyncio.sleep(PAUSE)


class InventoryReader:
    """The inventory as of `offset`, which moves on as `changes` is iterated."""

    def __init__(self, kafka: KafkaSettings, name: str) -> None:
        """Connect in the background."""
        self.inventory = Inventory()
        """What has been read so far; the same object for as long as the reader lives."""
        self.offset = 0
        """The next one to be read: everything before is in `inventory`."""
        self.edits: deque[bytes] = deque(maxlen=REMEMBERED)
        """The marks of the edits that were read last."""
        self._reader = Reader(kafka, name)
        self._moved = asyncio.Condition()

    async def __aenter__(self) -> Self:
        """Read the topic to its end as of now."""
        await self.load()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    async def load(self) -> None:
        """Read on to the end as of now."""
        found = await self._reader.read_range(INVENTORY, 0, self.offset)
        for record in found.records:
            self._take(record)
        await self._move(found.next)

    async def end(self) -> int:
        """Return the offset up to which anybody can read now; LogAway."""
        _, end = await self._reader.bounds(INVENTORY, 0)
        return end

    async def changes(self) -> AsyncIterator[Change]:
        """Yield every record that changes the inventory from `offset` on, after it has been taken; for ever."""
        await self._reader.assign([Place(INVENTORY, 0, self.offset)])
        while True:
            batch = await self._reader.next()
            for record in batch.records:
                change = self._take(record)
                await self._move(record.offset + 1)
                if change is not None:
                    yield change
            for end in batch.ends:
                await self._move(end.offset)

    async def reached(self, offset: int, patience: float) -> bool:
        """Wait until the record at `offset` has been read; False after `patience` seconds. Somebody must follow."""
        try:
            async with asyncio.timeout(patience), self._moved:
                await self._moved.wait_for(lambda: self.offset > offset)
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        """Leave."""
        await self._reader.close()

    def _take(self, record: Incoming) -> Change | None:
        self.edits.extend(mark for name, mark in record.headers if name == EDIT)
        value = _description(record)
        return (value, record.stamp) if value is not None and self.inventory.put(value) else None

    async def _move(self, offset: int) -> None:
        async with self._moved:
            self.offset = max(self.offset, offset)
            self._moved.notify_all()


def _description(record: Incoming) -> Description | None:
    if record.value is None:
        return None
    try:
        value = decode(record.value)
    except NewerSchema:
        raise
    except Undecodable as error:
        log.warning("inventory record %d cannot be read and is passed over: %s", record.offset, error)
        return None
    if isinstance(value, SegmentRecord | HostRecord):
        return value
    log.warning("inventory record %d is a %s and is passed over", record.offset, type(value).__name__)
    return None
