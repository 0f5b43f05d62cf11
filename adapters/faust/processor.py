"""One processor on Faust: an agent that hands each record to `taking`, a table, a timer that writes ticks (rule 9)."""

import asyncio
from collections.abc import AsyncIterable
from typing import Any, ClassVar, cast

from faust.types import EventT

from kasugai.adapters.faust import exits
from kasugai.adapters.faust.app import CarefulApp
from kasugai.adapters.faust.care import Care
from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.port import Bury, Ended, Handler, Record
from kasugai.adapters.faust.progress import Pending
from kasugai.adapters.faust.settings import ProcessorSettings
from kasugai.adapters.faust.table import OffsetOf, row_key
from kasugai.adapters.faust.taking import Taking

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
        self._care = Care(
            settings=settings, handler=handler, membership=membership or Membership(settings.session)
        )
        self.app = self.app_class(self._care)
        self._table = self.app.make_table(offset_of)
        self._taking = Taking(self._care, bury=bury, put=self._put)
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
            await self._taking.take(record_of(event))

    async def _put(self, partition: int, key: str, value: bytes | Ended) -> Pending | None:
        raw = row_key(partition, key)
        if isinstance(value, Ended):
            ended: Pending | None = self._table.end(partition, raw, value.offset)
            return ended
        if self._table.data.get(raw) == value:
            return None
        written: Pending = self._table.send_changelog(partition, raw, value)
        self._table.data[raw] = value
        return written

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
        headers=tuple((name, bytes(value or b"")) for name, value in pairs),
    )
