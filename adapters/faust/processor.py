"""One processor: takes each record through the handler, in order and once, and writes ticks (rules 1, 6, 8 and 9).

An exception never leaves the `async for`: Faust would acknowledge the record (streams.py:1344) and commit past it.
A record is handled, or buried with its delivery acknowledged, or the process ends before its offset is committed.
Records are begun one by one as they come, and finished behind that in each partition's lane (ADR 11).
"""

import asyncio
from collections.abc import AsyncIterable, Awaitable
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, cast

from faust.types import EventT

from kasugai.adapters.faust import exits
from kasugai.adapters.faust.app import CarefulApp
from kasugai.adapters.faust.care import Care
from kasugai.adapters.faust.consuming import SETTLE_AT_MOST
from kasugai.adapters.faust.exits import Exit
from kasugai.adapters.faust.lanes import Job
from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.port import Bury, Handler, Poison, Record, Rest, Write
from kasugai.adapters.faust.progress import Pending, Place
from kasugai.adapters.faust.settings import ProcessorSettings
from kasugai.adapters.faust.table import OffsetOf, row_key

TICK_EVERY = 0.25


class Processor:
    """The app, its agent and its timer around one handler."""

    app_class: ClassVar[type[CarefulApp]] = CarefulApp

    def __init__(
        self,
        settings: ProcessorSettings,
        handler: Handler,
        *,
        offset_of: OffsetOf,
        bury: Bury,
        membership: Membership | None = None,
    ) -> None:
        """Put the parts together; nothing runs yet."""
        self._handler = handler
        self._bury = bury
        self._care = Care(
            settings=settings, handler=handler, membership=membership or Membership(settings.session)
        )
        self.app = self.app_class(self._care)
        self._table = self.app.make_table(offset_of)
        self._ticks: dict[int, Pending] = {}
        topic = self.app.topic(
            settings.topic,
            key_type=bytes,
            value_type=bytes,
            key_serializer="raw",
            value_serializer="raw",
            allow_empty=True,
        )
        self.app.agent(topic, name=f"{settings.app_id}.take")(self._run)
        self.app.on_partitions_revoked.connect(self._revoked, weak=False)

    async def _run(self, stream: Any) -> None:
        async for event in cast("AsyncIterable[EventT[Any]]", stream.events()):
            await self._take(record_of(event))

    async def _take(self, record: Record) -> None:
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
            exits.leave(Exit.UNHANDLED, f"record {record.offset} of partition {record.partition}: {error!r}")

    async def _begin(self, record: Record) -> None:
        rest: Rest
        try:
            rest = self._handler.begin(record)
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
        async def write(key: str, value: bytes) -> None:
            if not value:
                raise ValueError(
                    f"row {key!r} is empty: the memory store drops falsy values (stores/memory.py:45)"
                )
            await self._care.membership.prove()
            raw = row_key(partition, key)
            if self._table.data.get(raw) == value:
                return
            writes.append(self._table.send_changelog(partition, raw, value))
            self._table.data[raw] = value

        return write

    def _skipped(self, record: Record) -> NoReturn:
        wanted = self._care.progress.expected(record.partition)
        exits.leave(
            Exit.SKIPPED,
            f"partition {record.partition}: offset {record.offset} came where {wanted} was expected",
        )

    async def _revoked(self, *_: Any, **__: Any) -> None:
        await self._care.give_away()

    async def tick(self) -> None:
        """Ask the handler for ticks and write them, for ever; never while rebalancing or recovering."""
        while True:
            await asyncio.sleep(TICK_EVERY)
            if self.app.rebalancing or self.app.in_recovery or not self._care.membership.is_fresh:
                continue
            for partition in self._care.progress.owned:
                await self._tick(partition)

    async def _tick(self, partition: int) -> None:
        last = self._ticks.get(partition)
        if last is not None and not last.done():
            return
        if last is not None and last.exception() is not None:
            exits.log.warning("a tick did not reach partition %d: %r", partition, last.exception())
        if tick := self._handler.tick(partition):
            self._ticks[partition] = await self._send(partition, *tick)

    async def _send(self, partition: int, key: bytes | None, value: bytes) -> Pending:
        topic = self._care.settings.topic
        sent = await self.app.producer.send(topic, key, value, partition, None, None)
        return cast("Pending", sent)


@dataclass(frozen=True, slots=True)
class _Poisoned:
    """The rest of a record that cannot even be begun."""

    poison: Poison

    async def finish(self, _: Write) -> None:
        """Be buried in its turn."""
        raise self.poison

    def drop(self) -> None:
        """Have nothing under way."""


def record_of(event: EventT[Any]) -> Record:
    """Return what the handler sees of a Faust event."""
    message = event.message
    headers: Any = message.headers or ()
    pairs = headers.items() if isinstance(headers, dict) else headers
    return Record(
        partition=message.partition,
        offset=message.offset,
        at=round(message.timestamp * 1000),
        key=message.key,
        value=message.value,
        headers=tuple((name, bytes(value)) for name, value in pairs),
    )
