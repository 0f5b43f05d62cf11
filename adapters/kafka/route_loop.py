"""Reads topics as a member of a group, batch by batch: what was read is committed when the caller says so.

The classic eager protocol with static membership: between two calls of `next` nothing is in flight, so a rebalance
costs a moment and needs no care; a restart within the session time-out causes none.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from kasugai.adapters.kafka.client import CLASSIC, consumer_config
from kasugai.adapters.kafka.complaints import Complaints
from kasugai.adapters.kafka.records import Incoming, incoming
from kasugai.adapters.kafka.statistics import statistics_config
from kasugai.adapters.kafka.topic_ids import TopicIds
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.adapters.telemetry.lags import Lags

log = logging.getLogger(__name__)

T = TypeVar("T")

Partition = tuple[str, int]


class Batches:
    """One group member; its consumer lives on a thread of its own."""

    def __init__(
        self,
        kafka: KafkaSettings,
        *,
        group: str,
        instance: str,
        topics: Iterable[str],
        session: float = 10.0,
        lags: Lags | None = None,
        complaints: Complaints | None = None,
    ) -> None:
        """Join in the background. `instance` is unique in the group and the same after a restart; `lags` is told how
        far we are behind; `complaints`: who hears what is wrong, where the cluster is not our own."""
        name = f"{group}-{instance}"
        self._lags = lags
        self._delivered: dict[Partition, int] = {}
        self.has_joined = False
        """Whether the group has ever given us our share, be it nothing."""
        self._complaints = complaints or Complaints(name)
        self._consumer = confluent_kafka.Consumer(
            consumer_config(kafka, name, group)
            | {
                "group.protocol": CLASSIC,
                "group.instance.id": instance,
                "partition.assignment.strategy": "roundrobin",
                "session.timeout.ms": int(session * 1000),
                "heartbeat.interval.ms": int(session * 1000 / 5),
                "max.poll.interval.ms": 300_000,
            }
            | statistics_config(lags, self._delivered)
            | {"error_cb": self._complaints.hear, "logger": self._complaints.logger}
        )
        self._ids = TopicIds(kafka, name)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self.owned: frozenset[Partition] = frozenset()
        """The partitions that are ours."""
        self._resting: frozenset[str] = frozenset()
        self._settled: tuple[frozenset[Partition], frozenset[str]] = (frozenset(), frozenset())
        """For which partitions and topics it was last said what is read and what is not."""
        self._consumer.subscribe(list(topics), on_assign=self._assigned, on_revoke=self._revoked)

    async def next(self, limit: int = 500, wait: float = 0.2) -> list[Incoming]:
        """Return what is there, or what comes within `wait` seconds; troubles are told once a minute."""
        messages = await self._run(lambda: self._fetch(limit, wait))
        records = [incoming(message) for message in messages if self._is_record(message)]
        self._tell(records)
        return records

    async def commit(self, records: Sequence[Incoming]) -> bool:
        """Commit up to and including `records`; False when Kafka would not: they are read again some day.
        KafkaException when this member has lost its place."""
        ends = {(record.topic, record.partition): record.offset + 1 for record in records}
        offsets = [self._ids.offset(*where, end) for where, end in ends.items() if where in self.owned]
        for where in ends:
            if self._lags is not None:
                self._lags.done(where)
        if not offsets:
            return False
        try:
            await self._run(lambda: self._consumer.commit(offsets=offsets, asynchronous=False))
        except KafkaException as error:
            if _is_lost(error.args[0]):
                raise
            self._complaints.hear(error.args[0])
            return False
        return True

    async def rewind(self, records: Sequence[Incoming]) -> None:
        """Read `records` again; those of partitions that are not ours any more are read by their new owner."""
        for record in reversed(records):  # the first one of each partition has the last word
            if (record.topic, record.partition) in self.owned:
                where = TopicPartition(record.topic, record.partition, record.offset)
                await self._run(partial(self._consumer.seek, where))

    async def rest(self, topics: frozenset[str]) -> None:
        """Read nothing of these topics until told otherwise, and of all others as ever; also after a rebalance."""
        self._resting = topics

    async def close(self) -> None:
        """Leave; a static member's partitions stay its own for the session time-out."""
        await self._run(self._consumer.close)
        self._thread.shutdown()

    def _tell(self, records: Sequence[Incoming]) -> None:
        """Tell what is in hand now: the first record of each partition is its oldest."""
        self._delivered |= {(record.topic, record.partition): record.offset + 1 for record in records}
        if self._lags is not None:
            self._lags.taken.update(record.topic for record in records)
            for record in reversed(records):
                self._lags.took((record.topic, record.partition), record.at)

    def _fetch(self, limit: int, wait: float) -> list[Message]:
        self._settle()
        first = self._consumer.poll(wait)
        return [] if first is None else [first, *self._consumer.consume(limit - 1, 0)]

    def _settle(self) -> None:
        """Pause what rests and resume all else when either has changed: an assignment begins with nothing paused."""
        if self._settled == (self.owned, self._resting):
            return
        places = [TopicPartition(*where) for where in self.owned]
        resting = [place for place in places if place.topic in self._resting]
        self._consumer.resume([place for place in places if place not in resting])
        self._consumer.pause(resting)
        self._settled = (self.owned, self._resting)

    def _is_record(self, message: Message) -> bool:
        error: Any = message.error()
        if error is None:
            return True
        if _is_lost(error):
            raise KafkaException(error)
        self._complaints.hear(error)
        return False

    def _assigned(self, _: Any, partitions: Sequence[TopicPartition]) -> None:
        self.owned = frozenset((tp.topic, tp.partition) for tp in partitions)
        self._settled = (frozenset(), frozenset())
        self._ids.begin(self._consumer, partitions)
        self.has_joined = True
        log.info("reading %d partitions", len(self.owned))

    def _revoked(self, _: Any, __: Sequence[TopicPartition]) -> None:
        self.owned = frozenset()

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _is_lost(error: Any) -> bool:
    """Whether this member reads nothing any more, for good: another life took its place (or a broker that was killed
    remembers an older one), or the client has failed. librdkafka does not call the code that says so fatal."""
    return bool(error.fatal()) or error.code() in (KafkaError._FATAL, KafkaError.FENCED_INSTANCE_ID)
