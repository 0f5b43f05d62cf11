"""Takes each record through the handler, in order and once (rules 1, 6 and 8). It knows nothing of Faust's own.

An exception never leaves `take`: Faust would acknowledge the record (streams.py:1344) and commit past it. A record is
handled, or buried with its delivery acknowledged, or the process ends before its offset is committed. Records are begun
one by one as they come, and finished behind that in each partition's lane (ADR 11).
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import NoReturn, Protocol

from kasugai.adapters.faust import exits
from kasugai.adapters.faust.care import SETTLE_AT_MOST, Care
from kasugai.adapters.faust.exits import Exit
from kasugai.adapters.faust.lanes import Job
from kasugai.adapters.faust.port import Bury, Ended, Poison, Record, Rest, Write
from kasugai.adapters.faust.progress import Pending, Place
from kasugai.core.words.log import LogAway


class Put(Protocol):
    """Puts a row into the table."""

    async def __call__(self, partition: int, key: str, value: bytes | Ended) -> Pending | None:
        """Return the row's changelog write, which is on its way; None when the table has the very row already, or has
        none that could end."""
        ...


class Leave(Protocol):
    """Ends the process, at once and without any clean-up."""

    def __call__(self, code: Exit, why: str) -> NoReturn:
        """Never return."""
        ...


class Taking:
    """The way of the records, one after another, from the topic to their acknowledgement."""

    def __init__(self, care: Care, *, bury: Bury, put: Put, leave: Leave | None = None) -> None:
        """Count in `care.progress`, finish in `care.lanes`; `leave` ends the process (None: `exits.leave`)."""
        self._care = care
        self._bury = bury
        self._put = put
        self._leave = leave

    async def take(self, record: Record) -> None:
        """Begin a record if it is the next one, pass over what is handled or not ours, and end the process when
        something before it was skipped."""
        place = self._care.progress.place(record.partition, record.offset)
        if place is Place.BEYOND:
            self._skipped(record)
        if place is Place.NEXT:
            await self._or_leave(record, self._begin(record))

    async def _or_leave(self, record: Record, work: Awaitable[None]) -> None:
        """Do a record's work. What raises ends the process, but what was begun before it is finished first: else a
        record that always raises would keep those before it from ever being done."""
        try:
            await work
        except Exception as error:
            if self._care.progress.reached(record.partition) < record.offset:
                await self._care.settle(SETTLE_AT_MOST)
            exits.log.exception("record %d of partition %d", record.offset, record.partition)
            code = Exit.SEND_FAILED if isinstance(error, LogAway) else Exit.UNHANDLED
            self._end(code, f"record {record.offset} of partition {record.partition}: {error!r}")

    async def _begin(self, record: Record) -> None:
        rest: Rest
        try:
            rest = self._care.handler.begin(record)
        except Poison as poison:
            rest = _Poisoned(poison)
        self._care.progress.begun(record.partition, record.offset)
        job = Job(lambda: self._or_leave(record, self._finish(record, rest)), rest.drop)
        await self._care.lanes.put(record.partition, job)

    async def _finish(self, record: Record, rest: Rest) -> None:
        writes: list[Pending] = []
        try:
            await rest.finish(self._writer(record.partition, writes))
        except Poison as poison:
            await self._care.membership.prove()
            await self._bury(record, poison)
        self._care.progress.handled(record.partition, record.offset, writes)

    def _writer(self, partition: int, writes: list[Pending]) -> Write:
        async def write(key: str, value: bytes | Ended) -> None:
            if not value:
                raise ValueError(
                    f"row {key!r} is empty: the memory store drops falsy values (stores/memory.py:45)"
                )
            await self._care.membership.prove()
            pending = await self._put(partition, key, value)
            if pending is not None:
                writes.append(pending)

        return write

    def _end(self, code: Exit, why: str) -> NoReturn:
        (self._leave or exits.leave)(code, why)

    def _skipped(self, record: Record) -> NoReturn:
        wanted = self._care.progress.expected(record.partition)
        self._end(
            Exit.SKIPPED,
            f"partition {record.partition}: offset {record.offset} came where {wanted} was expected",
        )


@dataclass(frozen=True, slots=True)
class _Poisoned:
    """The rest of a record that cannot even be begun."""

    poison: Poison

    async def finish(self, _: Write) -> None:
        """Be buried in its turn."""
        raise self.poison

    def drop(self) -> None:
        """Have nothing under way."""
