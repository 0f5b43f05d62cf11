"""Which records of each partition are handled, counted without gaps by the shell itself (remedy 3).

Faust marks a range that it never delivered as acknowledged (transport/consumer.py:1157, _add_gap) and commits past it.
Here the next offset of a partition is the one after the last that our handler has handled, and what may be
committed ends before the first record whose rows are not yet acknowledged by the changelog.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Pending = asyncio.Future[Any]
"""A changelog write on its way."""


class Place(StrEnum):
    """Where a record stands against what is expected."""

    NEXT = "next"
    """The one to handle now."""
    REPEATED = "repeated"
    """Handled before, in this assignment or an earlier one."""
    BEYOND = "beyond"
    """Something before it was skipped."""
    FOREIGN = "foreign"
    """Its partition is not ours (any more)."""


@dataclass(slots=True)
class _Begun:
    offset: int
    writes: list[Pending] | None = None
    """None while the record is in hand."""

    @property
    def is_settled(self) -> bool:
        return self.writes is not None and all(
            w.done() and not w.cancelled() and w.exception() is None for w in self.writes
        )


@dataclass(slots=True)
class _Partition:
    expected: int
    unsettled: deque[_Begun] = field(default_factory=deque)
    """Without gaps: each record is the one after the last."""

    def committable(self) -> int:
        while self.unsettled and self.unsettled[0].is_settled:
            self.unsettled.popleft()
        return self.unsettled[0].offset if self.unsettled else self.expected


class Progress:
    """The partitions that are ours, from the end of a recovery to the next revocation."""

    def __init__(self) -> None:
        """Own nothing yet."""
        self._partitions: dict[int, _Partition] = {}

    @property
    def owned(self) -> tuple[int, ...]:
        """The partitions that are ours, in order."""
        return tuple(sorted(self._partitions))

    def begin(self, partition: int, start: int) -> None:
        """Take over a partition whose first record to handle is `start`: the committed offset."""
        self._partitions[partition] = _Partition(expected=start)

    def end(self) -> None:
        """Own nothing any more."""
        self._partitions.clear()

    def place(self, partition: int, offset: int) -> Place:
        """Return what to do with a record."""
        known = self._partitions.get(partition)
        if known is None:
            return Place.FOREIGN
        if offset == known.expected:
            return Place.NEXT
        return Place.REPEATED if offset < known.expected else Place.BEYOND

    def expected(self, partition: int) -> int:
        """Return the next offset to take in hand, -1 when the partition is not ours."""
        known = self._partitions.get(partition)
        return known.expected if known else -1

    def reached(self, partition: int) -> int:
        """Return the first offset that is not handled yet, -1 when the partition is not ours."""
        known = self._partitions.get(partition)
        if known is None:
            return -1
        return next((begun.offset for begun in known.unsettled if begun.writes is None), known.expected)

    def begun(self, partition: int, offset: int) -> None:
        """Count a record, which is the expected one, as taken in hand."""
        known = self._partitions[partition]
        known.expected = offset + 1
        known.unsettled.append(_Begun(offset))

    def handled(self, partition: int, offset: int, writes: Iterable[Pending]) -> None:
        """Count a record in hand as handled once all its writes are acknowledged; silent when its partition was given
        away meanwhile."""
        known = self._partitions.get(partition)
        place = offset - known.unsettled[0].offset if known is not None and known.unsettled else -1
        if known is not None and 0 <= place < len(known.unsettled):
            known.unsettled[place].writes = list(writes)

    def committable(self, partition: int) -> int | None:
        """Return the offset that may be committed; None when the partition is not ours."""
        known = self._partitions.get(partition)
        return known.committable() if known else None

    def pending(self) -> list[Pending]:
        """Return the writes that are still on their way."""
        begun = [begun for p in self._partitions.values() for begun in p.unsettled]
        return [write for one in begun for write in one.writes or () if not write.done()]
