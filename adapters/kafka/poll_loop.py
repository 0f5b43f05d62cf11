"""One member of a consumer group: polls on a thread of its own, so that no work can ever keep it from polling.

Records reach the event loop one by one and in order; partitions are never paused. When partitions are taken away the
thread waits (and polls nothing) until their owner has let go of them, and commits what was done. What a record means,
and when it is done, is not its business.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any, Self

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from kasugai.adapters.kafka.client import CLASSIC, Config, consumer_config
from kasugai.adapters.kafka.complaints import Complaints
from kasugai.adapters.kafka.records import Incoming, incoming
from kasugai.adapters.kafka.statistics import statistics_config
from kasugai.adapters.kafka.topic_ids import TopicIds
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.adapters.telemetry.lags import Lags
from kasugai.core.words.timing import Millis

MAX_POLL: Millis = Millis(60_000)
"""The client leaves the group after so long without a poll: only a loop that hangs comes near it."""

log = logging.getLogger(__name__)

Give = Callable[[set[int]], Awaitable[Mapping[int, int]]]
"""Lets go of partitions and returns the offsets up to which they are done."""


class MemberLost(Exception):
    """This member cannot go on: another one took its place, or the client has failed for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Which group, and who in it."""

    topic: str
    group: str
    instance: str
    """Stable over restarts and unique in the group (static membership): a restart within the session moves nothing."""
    session: Millis


def member_config(kafka: KafkaSettings, member: Membership) -> Config:
    """Return the configuration of a group's member (docs/streaming.md 4.8).

    Eager, not cooperative-sticky: with static members that one hands partitions over in two steps, and when the member
    that was to begin the second one dies between them and is back within its session, the broker gives everybody what
    they had: what was on its way belongs to nobody until the next rebalance (`make chaos`, seed 2: for minutes).
    """
    return consumer_config(kafka, member.instance, member.group) | {
        "partition.assignment.strategy": "roundrobin",
        "group.protocol": CLASSIC,
        "group.instance.id": member.instance,
        "session.timeout.ms": member.session,
        "heartbeat.interval.ms": min(3_000, member.session // 4),
        "max.poll.interval.ms": MAX_POLL,
        "isolation.level": "read_uncommitted",
    }


class PollLoop:
    """The member. Its callbacks run on the event loop that was running when it was made."""

    def __init__(
        self,
        kafka: KafkaSettings,
        member: Membership,
        *,
        take: Callable[[Incoming], None],
        give: Give,
        lags: Lags | None = None,
    ) -> None:
        """`take` gets every record and must not block; `give` is awaited whenever partitions are taken away; `lags` is
        told how far we are behind."""
        self.has_joined = False
        """Whether the group has ever given us our share, be it nothing."""
        self._member = member
        self._take = take
        self._give = give
        self._loop = asyncio.get_running_loop()
        self._complaints = Complaints(member.instance)
        self._committed: dict[int, int] = {}
        self._delivered: dict[tuple[str, int], int] = {}
        self._lags = lags or Lags()
        self._due: dict[int, int] = {}
        self._owned: set[int] = set()
        """Of the thread: a member may commit partitions that it has lost, backwards too, so it must not."""
        self._ended = Event()
        self._failure: asyncio.Future[None] = self._loop.create_future()
        config = (
            member_config(kafka, member)
            | {"on_commit": self._on_commit}
            | statistics_config(lags, self._delivered)
        )
        self._consumer = confluent_kafka.Consumer(config)
        self._ids = TopicIds(kafka, member.instance)
        self._thread = Thread(target=self._run, name=f"{member.group}-poll", daemon=True)

    async def __aenter__(self) -> Self:
        """Join the group."""
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    def start(self) -> None:
        """Join the group."""
        self._thread.start()

    async def failure(self) -> None:
        """Wait for what ends the polling before its time, and raise it."""
        await asyncio.shield(self._failure)

    def commit(self, done: Mapping[int, int]) -> None:
        """Have the thread commit these offsets, as far as they are not committed yet.

        Not from here: confluent-kafka 2.16 lets one thread at a time into a consumer, and a loop of polls leaves no
        gap to slip into (measured: the event loop stood still in `commit` for good)."""
        self._due = {
            number: offset for number, offset in done.items() if self._committed.get(number) != offset
        }

    async def close(self) -> None:
        """Give all partitions back, commit, and leave. A static member keeps its place for a session's length."""
        self._ended.set()
        if self._thread.ident is not None:
            await asyncio.to_thread(self._thread.join)
        if not self._failure.done():
            self._failure.cancel()

    def _places(self, offsets: Mapping[int, int]) -> list[TopicPartition]:
        return [self._ids.offset(self._member.topic, number, offset) for number, offset in offsets.items()]

    # What follows runs on the thread.

    def _run(self) -> None:
        try:
            self._consumer.subscribe(
                [self._member.topic],
                on_assign=self._on_assign,
                on_revoke=self._on_revoke,
                on_lost=self._on_lost,
            )
            while not self._ended.is_set():
                self._commit_due()
                self._poll()
            self._consumer.close()
        except BaseException as error:
            self._loop.call_soon_threadsafe(self._fail, error)

    def _fail(self, error: BaseException) -> None:
        if not self._failure.done():
            self._failure.set_exception(error)

    def _commit_due(self) -> None:
        due, self._due = self._due, {}
        due = {number: offset for number, offset in due.items() if number in self._owned}
        if not due:
            return
        try:
            self._consumer.commit(offsets=self._places(due), asynchronous=True)
        except KafkaException as error:
            log.info("offsets %s were not committed, they will be: %s", due, error)

    def _poll(self) -> None:
        message = self._consumer.poll(0.2)
        if message is None:
            return
        error: Any = message.error()
        if error is None:
            record = incoming(message)
            self._delivered[record.topic, record.partition] = record.offset + 1
            self._lags.taken[record.topic] += 1
            self._loop.call_soon_threadsafe(self._take, record)
        elif error.fatal() or error.code() == KafkaError.FENCED_INSTANCE_ID:
            raise MemberLost(f"{self._member.instance} in {self._member.group}: {error.str()}")
        else:
            self._complaints.hear(error)

    def _on_assign(self, _: object, partitions: list[TopicPartition]) -> None:
        self.has_joined = True
        self._owned = set(_numbers(partitions))
        self._ids.begin(self._consumer, partitions)
        if partitions:
            name, numbers = self._member.instance, _numbers(partitions)
            log.info("%s works on partitions %s of %s", name, numbers, self._member.topic)

    def _on_revoke(self, _: object, partitions: list[TopicPartition]) -> None:
        done = self._let_go(partitions)
        if not done:
            return
        try:
            self._consumer.commit(offsets=self._places(done), asynchronous=False)
        except KafkaException as error:
            log.warning("offsets %s were not committed; their orders will come again: %s", dict(done), error)

    def _on_lost(self, _: object, partitions: list[TopicPartition]) -> None:
        log.warning("%s has lost partitions %s to others", self._member.instance, _numbers(partitions))
        self._let_go(partitions)

    def _let_go(self, partitions: list[TopicPartition]) -> Mapping[int, int]:
        """Wait for the event loop, which has had every record of these partitions before it hears of this."""
        self._owned -= set(_numbers(partitions))

        async def give() -> Mapping[int, int]:
            return await self._give(set(_numbers(partitions)))

        done = asyncio.run_coroutine_threadsafe(give(), self._loop).result()
        for partition in _numbers(partitions):
            self._committed.pop(partition, None)
        self._due = {}
        return done

    def _on_commit(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        if error is None:
            self._committed |= {place.partition: place.offset for place in partitions}


def _numbers(partitions: list[TopicPartition]) -> list[int]:
    return sorted(place.partition for place in partitions)
