"""Reads partitions by hand, without a group: a bounded range, or from a place on for as long as one likes.

Offsets may have holes (transactions' control records, compaction), so the end is known from the broker and never
from counting.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from kasugai.adapters.kafka.client import consumer_config
from kasugai.adapters.kafka.complaints import reason
from kasugai.adapters.kafka.records import Incoming, incoming
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import LogAway

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds without an answer of the broker after which a read gives up."""
PAUSE = 0.1
"""Seconds until a partition without a leader is asked again."""
SETTLING = (KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)
"""What a broker says about a partition that was made, or changed its leader, a moment ago."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to read."""

    topic: str
    partition: int
    offset: int
    """The first one wanted; a negative one is librdkafka's BEGINNING (-2) or END (-1)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What came in."""

    records: tuple[Incoming, ...] = ()
    ends: tuple[Place, ...] = ()
    """Partitions that have been read to their end, with the offset that comes next."""


@dataclass(frozen=True, slots=True)
class Range:
    """A bounded read."""

    records: tuple[Incoming, ...]
    next: int
    """Everything before this offset has been seen: where a later read goes on."""


class Reader:
    """A consumer of chosen partitions; one at a time uses it, on a thread of its own."""

    def __init__(self, kafka: KafkaSettings, name: str) -> None:
        """Connect in the background."""
        config = consumer_config(kafka, name, group=name) | {"enable.partition.eof": True}
        self._consumer = confluent_kafka.Consumer(config)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._turn = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Return the reader."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """Return the first offset that is there and the one that comes next."""
        where = TopicPartition(topic, partition)
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            try:
                return await self._run(lambda: self._consumer.get_watermark_offsets(where, PATIENCE))
            except LogAway as error:
                if not _is_settling(error) or asyncio.get_running_loop().time() >= deadline:
                    raise
            await asyncio.sleep(PAUSE)

    async def at(self, topic: str, partition: int, when: int) -> int:
        """Return the offset of the first record that is stamped `when` (milliseconds) or later; the end if none is.

        That the broker finds none is believed when the last record is older: librdkafka's mock cluster finds nothing by
        time (librdkafka, issue 4755)."""
        asked = TopicPartition(topic, partition, when)
        (found,) = await self._run(lambda: self._consumer.offsets_for_times([asked], PATIENCE))
        if found.offset >= 0:
            return found.offset
        low, end = await self.bounds(topic, partition)
        last = await self._first(topic, partition, max(low, end - 1), end)
        return end if last is None or last.stamp.at < when else await self._searched(topic, partition, when)

    async def _searched(self, topic: str, partition: int, when: int) -> int:
        """What `at` returns, by reading one record here and there."""
        low, end = await self.bounds(topic, partition)
        high = end
        while low < high:
            middle = (low + high) // 2
            record = await self._first(topic, partition, middle, end)
            if record is None or record.stamp.at >= when:
                high = middle
            else:
                low = record.offset + 1
        return low

    async def _first(self, topic: str, partition: int, start: int, end: int) -> Incoming | None:
        """The first record from `start` up to, without, `end`."""
        async with aclosing(self.stretch(topic, partition, start, end)) as pieces:
            async for piece in pieces:
                if piece:
                    return piece[0]
        return None

    async def partitions(self, topic: str) -> list[int]:
        """Return the topic's partitions; LogAway when the broker has no such topic."""
        found = (await self._run(lambda: self._consumer.list_topics(timeout=PATIENCE))).topics.get(topic)
        if found is None:
            raise LogAway(f"Kafka has no topic {topic}: type kasugai topics apply")
        return sorted(found.partitions)

    async def assign(self, places: Sequence[Place]) -> None:
        """Read from these places on; `next` gives what comes."""
        wanted = [TopicPartition(place.topic, place.partition, place.offset) for place in places]
        await self._run(lambda: self._consumer.assign(wanted))

    async def next(self, limit: int = 500, wait: float = 0.2) -> Batch:
        """Return what is there, or what comes within `wait` seconds."""
        return _batch(await self._run(lambda: self._fetch(limit, wait)))

    async def read_range(self, topic: str, partition: int, start: int, end: int | None = None) -> Range:
        """Return the records from `start` up to, without, `end` (None, or beyond the log: its end as of now)."""
        async with self._turn:
            low, high = await self.bounds(topic, partition)
            stop = high if end is None else min(end, high)
            if max(start, low) >= stop:
                return Range((), max(start, stop))
            async with aclosing(self._pieces(Place(topic, partition, max(start, low)), stop)) as pieces:
                return Range(tuple([record async for piece in pieces for record in piece]), stop)

    async def stretch(
        self, topic: str, partition: int, start: int, end: int
    ) -> AsyncGenerator[Sequence[Incoming], None]:
        """Yield the records from `start` up to, without, `end`, piece by piece as they come; those that are there."""
        async with self._turn:
            low, high = await self.bounds(topic, partition)
            if max(start, low) >= min(end, high):
                return
            where = Place(topic, partition, max(start, low))
            async with aclosing(self._pieces(where, min(end, high))) as pieces:
                async for piece in pieces:
                    yield piece

    async def close(self) -> None:
        """Leave; waits for a read under way."""
        await self._run(self._consumer.close)
        self._thread.shutdown()

    async def _pieces(self, where: Place, stop: int) -> AsyncGenerator[Sequence[Incoming], None]:
        """Yield what lies from `where` up to, without, `stop`."""
        await self.assign([where])
        try:
            seen, silent_since = -1, asyncio.get_running_loop().time()
            while seen < stop:
                batch = await self.next()
                yield [record for record in batch.records if record.offset < stop]
                seen = max(_after(batch), seen)
                now = asyncio.get_running_loop().time()
                silent_since = now if batch.records or batch.ends else silent_since
                if now - silent_since > PATIENCE:
                    raise LogAway(f"no answer within {PATIENCE:.0f} s while reading to offset {stop}")
        finally:
            await self.assign([])

    def _fetch(self, limit: int, wait: float) -> list[Message]:
        first = self._consumer.poll(wait)
        return [] if first is None else [first, *self._consumer.consume(limit, 0)]

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except KafkaException as error:
            raise LogAway(await self._reason(error.args[0])) from error

    async def _reason(self, error: KafkaError) -> str:
        """Say why; the consumer tells what it knows when it is polled, which would lose a record if any was wanted."""

        def ask() -> str:
            return reason(error, None if self._consumer.assignment() else self._consumer)

        return await asyncio.get_running_loop().run_in_executor(self._thread, ask)


def _is_settling(error: LogAway) -> bool:
    cause = error.__cause__
    return isinstance(cause, KafkaException) and cause.args[0].code() in SETTLING


def _after(batch: Batch) -> int:
    """The offset up to which the one partition of a bounded read has been seen."""
    last = [record.offset + 1 for record in batch.records[-1:]]
    return max([*last, *(end.offset for end in batch.ends)], default=-1)


def _batch(messages: Sequence[Message]) -> Batch:
    records, ends = [], []
    for message in messages:
        error: Any = message.error()
        if error is None:
            records.append(incoming(message))
        elif error.code() == KafkaError._PARTITION_EOF:
            ends.append(Place(message.topic() or "", message.partition() or 0, message.offset() or 0))
        else:
            raise LogAway(f"{message.topic()}: {error.name()}: {error.str()}")
    return Batch(tuple(records), tuple(ends))
