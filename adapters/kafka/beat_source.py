"""Reads heartbeats as a member of the group, in the form in which confluent-kafka hands them over, on the caller's own
thread: there are tens of thousands a second.

Places are by time and never committed: a new owner reads the last minutes of each partition again, and what was last
said of its hosts (`standing`). The classic eager protocol with static membership, as route has it: whoever is started
again within the session has its partitions at once.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import confluent_kafka
from confluent_kafka import OFFSET_END, KafkaException, Message, TopicPartition

from kasugai.adapters.kafka.client import CLASSIC, consumer_config
from kasugai.adapters.kafka.complaints import Complaints
from kasugai.adapters.kafka.statistics import statistics_config
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.adapters.telemetry.lags import Lags, Place

log = logging.getLogger(__name__)

BATCH = 2_000
SESSION = 6.0
"""Seconds until the group notices that a member is gone: the least that brokers allow unless told otherwise
(group.min.session.timeout.ms)."""
PATIENCE = 10.0


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
        memory: float,
        owner: Owner,
        wall: Callable[[], int],
        lags: Lags | None = None,
    ) -> None:
        """Join in the background. `instance` is unique in the group and the same after a restart; `memory`: seconds
        that are read again; `wall`: milliseconds since 1970."""
        name = f"{group}-{instance}"
        self._topic, self._memory, self._owner, self._wall, self._lags = topic, memory, owner, wall, lags
        self._delivered: dict[Place, int] = {}
        self._complaints = Complaints(name)
        self.has_joined = False
        """Whether the group has ever given us our share, be it nothing."""
        self._count = 0
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
                "queued.max.messages.kbytes": 4_096,
                "fetch.max.bytes": 4_194_304,
                "message.max.bytes": 1_048_576,
            }
            | statistics_config(lags, self._delivered)
        )
        self._consumer.subscribe([topic], on_assign=self._assigned, on_revoke=self._revoked)

    def next(self, wait: float = 0.1) -> list[Message]:
        """Return what is there, or what comes within `wait` seconds; troubles are told once a minute."""
        first = self._consumer.poll(wait)
        messages = [] if first is None else [first, *self._consumer.consume(BATCH, 0)]
        found = [message for message in messages if message.error() is None or self._is_record(message)]
        self._tell(found)
        return found

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

    def _assigned(self, consumer: confluent_kafka.Consumer, partitions: Sequence[TopicPartition]) -> None:
        since = self._wall() - int(self._memory * 1000)
        wanted = [TopicPartition(each.topic, each.partition, since) for each in partitions]
        places = consumer.offsets_for_times(wanted, PATIENCE) if wanted else []
        for place in places:
            place.offset = place.offset if place.offset >= 0 else OFFSET_END
        numbers = sorted(place.partition for place in places)
        self._owner.begin(numbers, self._roads(consumer))
        consumer.assign(places)
        self._count, self.has_joined = len(numbers), True
        log.info("watching %d partitions, from %.0f s ago", len(numbers), self._memory)

    def _roads(self, consumer: confluent_kafka.Consumer) -> dict[int, str]:
        """Return which broker leads each partition."""
        found = consumer.list_topics(self._topic, PATIENCE).topics[self._topic].partitions
        return {number: str(about.leader) for number, about in found.items()}

    def _revoked(self, _: Any, __: Sequence[TopicPartition]) -> None:
        self._owner.end()
        self._count = 0
