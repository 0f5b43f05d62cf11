"""Carries batches through `Route`: decode all, publish all, await all, commit. What cannot be read is buried first.

Nothing is committed before its letters and dead letters are acknowledged; when Kafka is away, the batch is read again.
"""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Protocol

from kasugai.adapters.kafka.client import ROOMY
from kasugai.adapters.kafka.records import Incoming, Outgoing, Sink, outgoing
from kasugai.adapters.kafka.trace import trace_of
from kasugai.adapters.telemetry import tracing
from kasugai.adapters.telemetry.about import about
from kasugai.adapters.telemetry.attributes import Attribute
from kasugai.adapters.telemetry.catalogue import ROUTING, UNPROVED
from kasugai.adapters.telemetry.meters import count, observe
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.facts import Fact
from kasugai.core.words.signals import REPORT_LASTS, Command, Fault, Letter, Stamp
from kasugai.core.words.silences import Silence
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.codec import Undecodable, Unencodable, decode
from kasugai.schemas.keys import key_of
from kasugai.schemas.topics import INVENTORY, SIGNALS, dead_letters_of
from kasugai.streams.route import UNFIT, Misplaced, Route
from kasugai.streams.route_breaker import WINDOW, Rests
from kasugai.streams.speakers import Speakers, Unproved

log = logging.getLogger(__name__)

OTHER = "other"
"""The label for names that the inventory does not have: whoever makes them up makes no series."""
SHOWN = 80
"""Characters of a foreign key in a reason."""

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

    async def rest(self, topics: frozenset[str]) -> None:
        """Read nothing of these topics until told otherwise, and of all others as ever."""
        ...


class Learned(Protocol):
    """How far the inventory has been learned."""

    async def reached(self, offset: int, patience: float) -> bool:
        """Wait until the record at `offset` has been learned; False after `patience` seconds."""
        ...

    async def end(self) -> int:
        """Return the offset behind the last record that there is as of now; LogAway."""
        ...


class Grave(Protocol):
    """Where what cannot be read goes."""

    async def bury(self, record: Incoming, error: Exception) -> Stamp:
        """Put a record aside; LogAway when that was not acknowledged."""
        ...


class TooLarge(Exception):
    """A record whose letter no broker takes."""


class Misdated(Exception):
    """An assertion that says to have been made in the future: no clock that is kept says that."""


@dataclass(slots=True)
class _Carried:
    letters: list[Outgoing] = field(default_factory=list)
    refused: list[tuple[Incoming, Exception]] = field(default_factory=list)
    oldest: int | None = None
    """The oldest fault's timestamp."""


class RouteShell:
    """The loop around one `Route`."""

    def __init__(
        self,
        route: Route,
        *,
        source: Source,
        sink: Sink,
        grave: Grave,
        inventory: Learned,
        speakers: Speakers,
    ) -> None:
        """Put the parts together."""
        self._route = route
        self._speakers = speakers
        self._source = source
        self._sink = sink
        self._grave = grave
        self._inventory = inventory
        self._rests = Rests()
        self._told_all_at: float | None = None
        """When the whole inventory was last forwarded, while its partition is ours."""

    async def run(self) -> None:
        """Carry batches, for ever."""
        while True:
            await self._source.rest(self._rests.resting(asyncio.get_running_loop().time()))
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
        await self._speakers.prepare(batch)
        await self._wait_for_inventory(batch, values)
        carried = _Carried()
        for record, value in zip(batch, values, strict=True):
            self._sort(carried, record, value)
        await asyncio.gather(*(self._bury(record, error) for record, error in carried.refused))
        stamps = await self._sink.publish_all(carried.letters)
        if stamps and carried.oldest is not None:
            observe(ROUTING, (max(stamp.at for stamp in stamps) - carried.oldest) / 1000)
        await self._source.commit(batch)
        self._count(batch, [record for record, _ in carried.refused])

    def _sort(self, carried: _Carried, record: Incoming, value: object) -> None:
        if isinstance(value, Undecodable):
            carried.refused.append((record, value))
            return
        if value is None:
            return
        if isinstance(value, Command | Fault | Silence):
            value = replace(value, said_at=BrokerTime(record.at))  # whatever its sender wrote there
        try:
            self._speakers.check(record, value)
            letters = self._route.letters(record.topic, value)
            _check_key(record, value)
            _check_date(value)
        except (*UNFIT, Misdated, Unproved) as error:
            carried.refused.append((record, error))
            return
        if isinstance(value, Fault):
            carried.oldest = min(record.at, carried.oldest or record.at)
        try:
            with _traced(record, value) as trace:
                sealed = [_sealed(replace(letter, trace=dict(trace))) for letter in letters]
        except Unencodable as error:
            carried.refused.append((record, error))
            return
        largest = max((letter.size for letter in sealed), default=0)
        if largest > ROOMY:
            carried.refused.append(
                (record, TooLarge(f"its letter has {largest} bytes, too large for a broker"))
            )
            return
        carried.letters += sealed

    async def _bury(self, record: Incoming, error: Exception) -> None:
        await self._grave.bury(record, error)
        if isinstance(error, Unproved):
            whose = error.host if self._route.knows(error.host) else OTHER
            count(UNPROVED, topic=record.topic, hostname=whose)
        with about(host=(record.key or b"").decode(errors="replace")):
            log.warning(
                "%s %d offset %d is a dead letter: %s", record.topic, record.partition, record.offset, error
            )

    async def _wait_for_inventory(self, batch: Sequence[Incoming], values: Sequence[object]) -> None:
        offsets = [
            self._route.wanted(record.topic, value) for record, value in zip(batch, values, strict=True)
        ]
        wanted = max(offsets, default=-1)
        if wanted < 0 or await self._inventory.reached(wanted, 0):
            return
        end = await self._inventory.end()
        there = max((offset for offset in offsets if offset < end), default=-1)
        if there < wanted:
            log.warning(
                "a report refers to offset %d of the inventory, which ends at %d: not waited for", wanted, end
            )
        if there >= 0 and not await self._inventory.reached(there, INVENTORY_PATIENCE):
            log.warning("the inventory does not reach offset %d, which a report refers to: going on", there)

    async def _tell_inventory(self) -> None:
        """Forward the whole inventory when its partition becomes ours, and once a day."""
        if INVENTORY_PARTITION not in self._source.owned:
            self._told_all_at = None
            return
        now = asyncio.get_running_loop().time()
        if self._told_all_at is None or now - self._told_all_at >= DAY:
            whole = [_sealed(letter) for letter in self._route.whole_inventory()]
            # What is too large is a dead letter since it came, and must not keep all else from being told.
            await self._sink.publish_all([letter for letter in whole if letter.size <= ROOMY])
            self._told_all_at = now

    def _count(self, batch: Sequence[Incoming], refused: Sequence[Incoming]) -> None:
        """Let a topic rest of which too much is buried, and say so."""
        buried = defaultdict[str, list[bytes | None]](list)
        for record in refused:
            buried[record.topic].append(record.key)
        carried = Counter(record.topic for record in batch) - Counter(record.topic for record in refused)
        for topic in self._rests.count(asyncio.get_running_loop().time(), carried, buried):
            log.error(
                "too many dead letters of many hosts: %s rests for %.0f s, all else goes on; look at them: "
                "kasugai tap %s --from-beginning",
                topic,
                WINDOW,
                dead_letters_of(topic),
            )


def _traced(record: Incoming, value: object) -> AbstractContextManager[tracing.Trace]:
    """A fault has a trace from here on, if its observer gave it none: it begins when the broker took the fault. What
    else is said goes on in its own."""
    trace = trace_of(record.headers)
    if not tracing.is_on():
        return nullcontext(trace)
    match value:
        case Fault(host=host, event_id=event):
            about_fault = {Attribute.HOSTNAME: host, Attribute.EVENT: str(event)}
            return tracing.span("route fault", trace, about_fault, since=record.at)
        case Fact(host=host, incident=incident) if trace:
            about_fact = {Attribute.HOSTNAME: host, Attribute.CONVERSATION: str(incident)}
            return tracing.span("route outcome", trace, about_fact)
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


def _check_key(record: Incoming, value: object) -> None:
    """Misplaced for a record under another key than its value's: it lies in another partition than all else about its
    host, and overtakes it."""
    key = key_of(value) if isinstance(value, Fault | Command | Fact | Silence) else None
    if key is not None and record.key != key.encode():
        said = (record.key or b"").decode(errors="replace")[:SHOWN]
        raise Misplaced(f"it is about {key}, and lies under the key {said}")


def _check_date(value: object) -> None:
    """A clock that is ahead of the broker's by less than a report lasts is an ordinary one."""
    if isinstance(value, Fault) and value.asserted and value.observed_at > value.said_at + REPORT_LASTS:
        ahead = (value.observed_at - value.said_at) // 1000
        raise Misdated(
            f"it asserts that the host was fenced {ahead} s after the broker took it: look at that clock"
        )
