"""Carries batches through `Route`: decode all, publish all, await all, commit. What cannot be read is buried first.

Nothing is committed before its letters and dead letters are acknowledged; when Kafka is away, the batch is read again.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Protocol

from kasugai.adapters.kafka.client import ROOMY
from kasugai.adapters.kafka.records import Incoming, Outgoing, Sink, outgoing, trace_of
from kasugai.adapters.telemetry import tracing
from kasugai.adapters.telemetry.about import about
from kasugai.adapters.telemetry.catalogue import ROUTING
from kasugai.adapters.telemetry.meters import observe
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.facts import Fact
from kasugai.core.words.signals import Command, Fault, Letter, Stamp, Symptom
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.codec import Undecodable, decode
from kasugai.schemas.topics import INVENTORY, SIGNALS, dead_letters_of
from kasugai.streams.route import Misplaced, Overlong, Route
from kasugai.streams.route_breaker import WINDOW, Breaker

log = logging.getLogger(__name__)

INVENTORY_PATIENCE = 5.0
"""Seconds that a reported fault waits for the inventory that its sender had seen."""
DAY = 24 * 3600.0
PAUSE = 1.0
"""Seconds before a batch that Kafka did not take is tried again."""
INVENTORY_PARTITION = (INVENTORY, 0)


class Source(Protocol):
    """Where the batches come from."""

    @property
    def owned(self) -> frozenset[tuple[str, int]]:
        """The partitions that are ours."""
        ...

    async def next(self) -> Sequence[Incoming]:
        """Return what is there, or what comes within a moment."""
        ...

    async def commit(self, records: Sequence[Incoming]) -> bool:
        """Commit up to and including `records`."""
        ...

    async def rewind(self, records: Sequence[Incoming]) -> None:
        """Read `records` again."""
        ...


class Learned(Protocol):
    """How far the inventory has been learned."""

    async def reached(self, offset: int, patience: float) -> bool:
        """Wait until the record at `offset` has been learned; False after `patience` seconds."""
        ...


class Grave(Protocol):
    """Where what cannot be read goes."""

    async def bury(self, record: Incoming, error: Exception) -> Stamp:
        """Put a record aside; LogAway when that was not acknowledged."""
        ...


class TooLarge(Exception):
    """A record whose letter no broker takes."""


@dataclass(slots=True)
class _Carried:
    letters: list[Outgoing] = field(default_factory=list)
    refused: list[tuple[Incoming, Exception]] = field(default_factory=list)
    oldest: int | None = None
    """The oldest fault's timestamp."""


class RouteShell:
    """The loop around one `Route`."""

    def __init__(self, route: Route, *, source: Source, sink: Sink, grave: Grave, inventory: Learned) -> None:
        """Put the parts together."""
        self._route = route
        self._source = source
        self._sink = sink
        self._grave = grave
        self._inventory = inventory
        self._breaker = Breaker()
        self._buried_on = ""
        """The topic of the last dead letter."""
        self._told_all_at: float | None = None
        """When the whole inventory was last forwarded, while its partition is ours."""

    async def run(self) -> None:
        """Carry batches, for ever."""
        while True:
            await self._rest_if_tripped()
            batch = await self._source.next()
            try:
                await self._tell_inventory()
                if batch:
                    await self.carry(batch)
            except LogAway as error:
                log.warning("Kafka did not take a batch, it is read again: %s", error)
                await asyncio.sleep(PAUSE)
                await self._source.rewind(batch)

    async def carry(self, batch: Sequence[Incoming]) -> None:
        """Carry one batch to the end; LogAway when it must be read again."""
        values = [_decoded(record) for record in batch]
        await self._wait_for_inventory(batch, values)
        carried = _Carried()
        for record, value in zip(batch, values, strict=True):
            self._sort(carried, record, value)
        await asyncio.gather(*(self._bury(record, error) for record, error in carried.refused))
        stamps = await self._sink.publish_all(carried.letters)
        if stamps and carried.oldest is not None:
            observe(ROUTING, (max(stamp.at for stamp in stamps) - carried.oldest) / 1000)
        await self._source.commit(batch)
        buried = len(carried.refused)
        self._breaker.count(asyncio.get_running_loop().time(), len(batch) - buried, buried)

    def _sort(self, carried: _Carried, record: Incoming, value: object) -> None:
        if isinstance(value, Undecodable):
            carried.refused.append((record, value))
            return
        if value is None:
            return
        if isinstance(value, Command) or (isinstance(value, Fault) and _is_dated(value)):
            value = replace(value, said_at=BrokerTime(record.at))
        try:
            letters = self._route.letters(record.topic, value)
        except (Misplaced, Overlong) as error:
            carried.refused.append((record, error))
            return
        if isinstance(value, Fault):
            carried.oldest = min(record.at, carried.oldest or record.at)
        with _traced(record, value) as trace:
            sealed = [_sealed(replace(letter, trace=dict(trace))) for letter in letters]
        largest = max((letter.size for letter in sealed), default=0)
        if largest > ROOMY:
            carried.refused.append(
                (record, TooLarge(f"its letter has {largest} bytes, too large for a broker"))
            )
            return
        carried.letters += sealed

    async def _bury(self, record: Incoming, error: Exception) -> None:
        await self._grave.bury(record, error)
        self._buried_on = record.topic
        with about(host=(record.key or b"").decode(errors="replace")):
            log.warning(
                "%s %d offset %d is a dead letter: %s", record.topic, record.partition, record.offset, error
            )

    async def _wait_for_inventory(self, batch: Sequence[Incoming], values: Sequence[object]) -> None:
        offsets = [
            self._route.wanted(record.topic, value) for record, value in zip(batch, values, strict=True)
        ]
        wanted = max(offsets, default=-1)
        if wanted >= 0 and not await self._inventory.reached(wanted, INVENTORY_PATIENCE):
            log.warning("the inventory does not reach offset %d, which a report refers to: going on", wanted)

    async def _tell_inventory(self) -> None:
        """Forward the whole inventory when its partition becomes ours, and once a day."""
        if INVENTORY_PARTITION not in self._source.owned:
            self._told_all_at = None
            return
        now = asyncio.get_running_loop().time()
        if self._told_all_at is None or now - self._told_all_at >= DAY:
            await self._sink.publish_all([_sealed(letter) for letter in self._route.whole_inventory()])
            self._told_all_at = now

    async def _rest_if_tripped(self) -> None:
        if self._breaker.is_tripped:
            log.error(
                "too many dead letters: route rests for %.0f s; look at them: kasugai tap %s --from-beginning",
                WINDOW,
                dead_letters_of(self._buried_on),
            )
            await asyncio.sleep(WINDOW)
            self._breaker.reset()


def _traced(record: Incoming, value: object) -> AbstractContextManager[tracing.Trace]:
    """A fault has a trace from here on, if its observer gave it none; what else is said goes on in its own."""
    trace = trace_of(record.headers)
    if not tracing.is_on():
        return nullcontext(trace)
    match value:
        case Fault(host=host, event_id=event):
            return tracing.span("route fault", trace, kasugai__host=host, kasugai__event=str(event))
        case Fact(host=host, incident=incident) if trace:
            conversation = str(incident)
            return tracing.span(
                "route outcome", trace, kasugai__host=host, messaging__message__conversation_id=conversation
            )
        case _:
            return nullcontext(trace)


def _decoded(record: Incoming) -> object:
    """Return the value; the error where there is none to be read; None for a deleted key of a compacted topic."""
    if record.value is None and record.topic == INVENTORY:
        return None
    try:
        return decode(record.value or b"")
    except Undecodable as error:
        return error


def _sealed(letter: Letter) -> Outgoing:
    return outgoing(SIGNALS, letter, trace=letter.trace)


def _is_dated(fault: Fault) -> bool:
    """Whether it matters when it was said: of what contradicts each other the later one counts."""
    return fault.asserted or fault.symptom is Symptom.ALIVE
