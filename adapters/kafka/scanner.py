"""Reads one key's records of one partition, from an offset to the end as of now, on a consumer that stays warm.

Built for the fold of a host at takeover, which stands between a decision and its first effect: everything happens in
one call on one thread, and other keys' records are passed over before anything is made of them.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from kasugai.adapters.kafka.client import Config, consumer_config, partition_of
from kasugai.adapters.kafka.records import Incoming, incoming
from kasugai.adapters.kafka.topic_ids import TopicIds
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import LogAway

PATIENCE = 10.0
"""Seconds without an answer of the broker after which a scan gives up."""

CHANGE = 3.0
"""Seconds that a partition gets to find a leader."""

CHANGING = (
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.OFFSET_NOT_AVAILABLE,
    KafkaError.FENCED_LEADER_EPOCH,
    KafkaError.UNKNOWN_LEADER_EPOCH,
)
"""How a broker says that a partition's leader is about to be another one."""

BATCH = 2_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scanned:
    """What was found."""

    records: tuple[Incoming, ...]
    """Those of the key, in log order, without their headers."""
    place: str
    """What the partition is called where its offsets are kept (topic_ids.py)."""
    low: int
    """Where the partition begins."""
    start: int
    """From where on it was read."""
    next: int
    """Everything before this offset has been seen."""
    firsts: Mapping[bytes, int]
    """Of every key that was passed, the first offset."""

    def begin(self, since: int) -> int:
        """Where to begin for who has read up to `since`: retention may have deleted it; a log that is shorter is
        another one, and begins at its beginning."""
        return self.low if since > self.next else max(since, self.low)


Starts = Callable[[str], Sequence[int]]
"""Returns, by the name of a place, from which offsets on those who ask want to know it; 0 is the beginning."""


def scanner_config(kafka: KafkaSettings, name: str) -> Config:
    """Return the configuration of a scanner's consumer.

    A broker answers a connection's requests one after another, so the long poll that a scan leaves behind at the end
    of its partition would delay the next scan: it is kept short, and nobody polls between scans. Nothing here is
    transactional.
    """
    return consumer_config(kafka, name, group=name) | {
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 5,
        "isolation.level": "read_uncommitted",
    }


class Scanner:
    """One consumer. All calls block; one thread at a time uses it."""

    def __init__(self, kafka: KafkaSettings, name: str, ids: TopicIds) -> None:
        """Connect in the background; places are called by the topics' `ids`."""
        self._consumer = confluent_kafka.Consumer(scanner_config(kafka, name))
        self._ids = ids
        self._partitions: dict[str, int] = {}

    def warm(self, topic: str) -> None:
        """Connect, and learn how many partitions the topic has; LogAway when it is not there."""
        if topic in self._partitions:
            return
        try:
            found = self._consumer.list_topics(topic, timeout=PATIENCE).topics.get(topic)
        except KafkaException as error:
            raise LogAway(f"{topic}: {error}") from error
        if found is None or not found.partitions:
            raise LogAway(f"Kafka has no topic {topic}: type kasugai topics apply")
        self._ids.learn(topic)
        self._partitions[topic] = len(found.partitions)

    def scan(self, topic: str, key: str, starts: Starts) -> Scanned:
        """Return the records of `key` from the first of the `starts` on. LogAway when the broker does not answer."""
        self.warm(topic)
        place = TopicPartition(topic, partition_of(key, self._partitions[topic]))
        try:
            low, high = self._bounds(place)
            name = self._ids.place(topic, place.partition)
            start = place.offset = min(_start(topic, since, low, high) for since in starts(name))
            if start >= high:
                return Scanned((), name, low, start, high, {})
            self._consumer.assign([place])
            try:
                records, firsts = self._read(key.encode(), high)
                return Scanned(records, name, low, start, high, firsts)
            finally:
                self._consumer.unassign()
        except KafkaException as error:
            raise LogAway(f"{topic}: {error}") from error

    def close(self) -> None:
        """Leave."""
        self._consumer.close()

    def _bounds(self, place: TopicPartition) -> tuple[int, int]:
        """Return the first offset that is there and the next one; a partition may change its leader meanwhile."""
        deadline = time.monotonic() + CHANGE
        while True:
            try:
                low, high = self._consumer.get_watermark_offsets(place, PATIENCE)
                return low, high
            except KafkaException as error:
                if error.args[0].code() not in CHANGING or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _read(self, key: bytes, stop: int) -> tuple[tuple[Incoming, ...], Mapping[bytes, int]]:
        found: list[Incoming] = []
        firsts: dict[bytes, int] = {}
        heard = time.monotonic()
        while True:
            messages = self._fetch()
            for message in messages:
                if _offset_after(message) > stop or message.error() is not None:
                    continue
                passed: Any = message.key()
                firsts.setdefault(passed or b"", message.offset() or 0)
                if passed == key:
                    found.append(incoming(message, bare=True))
            if messages and _offset_after(messages[-1]) >= stop:
                return tuple(found), firsts
            now = time.monotonic()
            heard = now if messages else heard
            if now - heard > PATIENCE:
                raise LogAway(f"no answer within {PATIENCE:.0f} s while reading to offset {stop}")

    def _fetch(self) -> list[Message]:
        """Return what is there, or the first that comes."""
        first = self._consumer.poll(0.2)
        return [] if first is None else [first, *self._consumer.consume(BATCH, 0)]


def _start(topic: str, since: int, low: int, high: int) -> int:
    """Where to begin: retention may have deleted `since`; a log that is shorter than it is another log."""
    if since > high:
        log.warning("%s ends at %d, before the known %d: it is read from its beginning", topic, high, since)
        return low
    return max(since, low)


def _offset_after(message: Message) -> int:
    """The offset up to which its partition has been seen with this message, which may be the word that it has ended."""
    error: Any = message.error()
    if error is None:
        return (message.offset() or 0) + 1
    if error.code() == KafkaError._PARTITION_EOF:
        return message.offset() or 0
    raise LogAway(f"{message.topic()}: {error.name()}: {error.str()}")
