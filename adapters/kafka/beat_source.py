"""Reads heartbeats as a member of the group, in the form in which confluent-kafka hands them over, on the caller's own
thread: there are tens of thousands a second.

Places are by time: a new owner reads what was last said of a partition's hosts (`standing`), and its beats since the
time that its predecessor has left it, which is committed beside the offset that it had come to: some seconds. Where
none did, the last minute. The classic eager protocol with static membership, as route has it: whoever is started
again within the session has its partitions at once.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import confluent_kafka
from confluent_kafka import OFFSET_END, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from kasugai.adapters.kafka.client import CLASSIC, client_config, consumer_config
from kasugai.adapters.kafka.complaints import Complaints
from kasugai.adapters.kafka.statistics import statistics_config
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.adapters.telemetry.lags import Lags, Place
from kasugai.core.words.timing import BrokerTime

log = logging.getLogger(__name__)

BATCH = 2_000
SESSION = 6.0
"""Seconds until the group notices that a member is gone: the least that brokers allow unless told otherwise
(group.min.session.timeout.ms)."""
PATIENCE = 10.0
DIGITS = 16
"""Of a time in milliseconds: 300,000 years."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What an owner leaves to its successor in a partition."""

    offset: int
    """All before it was concluded upon."""
    since: BrokerTime
    """Since when it is to be read again."""


class Owner(Protocol):
    """Who works on what is read."""

    def begin(self, numbers: Sequence[int], roads: dict[int, str]) -> None:
        """These partitions are ours, and are read again from some time ago; `roads`: who leads them. LogAway when
        what was said of them cannot be read."""
        ...

    def end(self) -> None:
        """None is ours any more."""
        ...


class BeatSource:
    """One member."""

    def __init__(
        self,
        kafka: KafkaSettings,
        *,
        group: str,
        instance: str,
        topic: str,
        memory: int,
        owner: Owner,
        wall: Callable[[], int],
        lags: Lags | None = None,
    ) -> None:
        """Join in the background. `instance` is unique in the group and the same after a restart; `memory`:
        milliseconds that are read again at most; `wall`: milliseconds since 1970."""
        name = f"{group}-{instance}"
        self._topic, self._memory, self._owner, self._wall, self._lags = topic, memory, owner, wall, lags
        self._delivered: dict[Place, int] = {}
        self._complaints = Complaints(name)
        self.has_joined = False
        """Whether the group has ever given us our share, be it nothing."""
        self._count = 0
        self._admin = AdminClient(client_config(kafka, f"{name}-roads"))
        self._consumer = confluent_kafka.Consumer(
            consumer_config(kafka, name, group)
            | {
                "group.protocol": CLASSIC,
                "group.instance.id": instance,
                "partition.assignment.strategy": "roundrobin",
                "session.timeout.ms": int(SESSION * 1000),
                "heartbeat.interval.ms": int(SESSION * 1000 / 5),
                "max.poll.interval.ms": 300_000,
                "isolation.level": "read_uncommitted",
                "fetch.wait.max.ms": 50,
                "queued.max.messages.kbytes": 2_048,
                "fetch.max.bytes": 2_097_152,
                "message.max.bytes": 1_048_576,
                "on_commit": self._committed,
            }
            | statistics_config(lags, self._delivered, commits=False)
        )
        self._consumer.subscribe([topic], on_assign=self._assigned, on_revoke=self._revoked)

    def next(self, wait: float = 0.1) -> list[Message]:
        """Return what is there, or what comes within `wait` seconds; troubles are told once a minute."""
        first = self._consumer.poll(wait)
        messages = [] if first is None else [first, *self._consumer.consume(BATCH, 0)]
        found = [message for message in messages if message.error() is None or self._is_record(message)]
        self._tell(found)
        return found

    def keep(self, kept: Mapping[int, Kept]) -> None:
        """Leave that to whoever owns these partitions next; what does not reach the broker makes it read more."""
        if kept:
            places = [
                TopicPartition(self._topic, number, each.offset, str(each.since))
                for number, each in kept.items()
            ]
            try:
                self._consumer.commit(offsets=places, asynchronous=True)
            except KafkaException as error:
                self._committed(error, places)

    def close(self) -> None:
        """Leave; a static member's partitions stay its own for the session time-out."""
        self._consumer.close()

    def _is_record(self, message: Message) -> bool:
        error: Any = message.error()
        if error.fatal():
            raise KafkaException(error)
        self._complaints.hear(error)
        return False

    def _tell(self, messages: Sequence[Message]) -> None:
        """Tell how far each partition is: its last record of the batch is as good as its first."""
        if self._lags is None or not messages:
            return
        self._lags.taken[self._topic] += len(messages)
        seen: set[int] = set()
        for message in reversed(messages):
            number, offset = message.partition(), message.offset()
            assert number is not None and offset is not None, "a delivered message has its place"
            if number not in seen:
                seen.add(number)
                self._delivered[self._topic, number] = offset + 1
                self._lags.took((self._topic, number), message.timestamp()[1])
            if len(seen) == self._count:
                break
        if len(messages) < BATCH:
            for number in seen:
                self._lags.done((self._topic, number))

    def _committed(self, error: Any, _: Sequence[TopicPartition]) -> None:
        if error is not None:
            log.debug("what a successor is left was not kept: %s", error)

    def _assigned(self, consumer: confluent_kafka.Consumer, partitions: Sequence[TopicPartition]) -> None:
        since = since_when(_left(consumer, partitions), self._wall(), self._memory)
        wanted = [TopicPartition(p.topic, p.partition, since(p.partition)) for p in partitions]
        places = consumer.offsets_for_times(wanted, PATIENCE) if wanted else []
        for place in places:
            place.offset = place.offset if place.offset >= 0 else OFFSET_END
        numbers = sorted(place.partition for place in places)
        self._owner.begin(numbers, self._roads())
        consumer.assign(places)
        self._count, self.has_joined = len(numbers), True
        ago = max((self._wall() - since(number) for number in numbers), default=0) / 1000
        log.info("watching %d partitions, from %.0f s ago", len(numbers), ago)

    def _roads(self) -> dict[int, str]:
        """Return which broker leads each partition. By a client of its own: confluent-kafka 2.x ends the whole process
        where a consumer is asked this in its own rebalance and calls back once more (2.16.1, with statistics)."""
        found = self._admin.list_topics(self._topic, PATIENCE).topics[self._topic].partitions
        return {number: str(about.leader) for number, about in found.items()}

    def _revoked(self, _: Any, __: Sequence[TopicPartition]) -> None:
        self._owner.end()
        self._count = 0


def since_when(left: Mapping[int, int], now: int, memory: int) -> Callable[[int], int]:
    """Return since when (ms) each partition is read again: since the time that was `left`, never more than `memory`,
    and never from what is yet to come, for clocks are set back."""
    return lambda number: max(now - memory, min(left.get(number, 0), now))


def _left(consumer: confluent_kafka.Consumer, partitions: Sequence[TopicPartition]) -> dict[int, int]:
    """Return since when predecessors said that these are to be read again, as far as they have."""
    try:
        found: list[Any] = consumer.committed(list(partitions), PATIENCE) if partitions else []
    except KafkaException as error:
        log.warning("what predecessors have left is not known, reading more: %s", error)
        return {}
    return {place.partition: int(place.metadata) for place in found if is_time(place.metadata)}


def is_time(text: str | None) -> bool:
    """Whether it is a time as `keep` writes it; what else stands there is somebody else's."""
    return text is not None and text.isascii() and text.isdecimal() and len(text) <= DIGITS
