"""Records in bulk: published as fast as the client can, read bare, and watched as they come.

Plain confluent-kafka and fastavro: what the product is measured against must not be the product.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from threading import Event, Thread
from typing import Any, Self
from uuid import UUID

import confluent_kafka
import fastavro
from confluent_kafka import OFFSET_END, TopicPartition

from kasugai.adapters.kafka.records import outgoing
from kasugai.core.words.signals import Fault, Letter
from kasugai.core.words.subject import host_subject
from kasugai.core.words.verdicts import Verb, Verdict
from kasugai.schemas.codec import HEAD, decode, encode
from kasugai.schemas.keys import Keyed
from kasugai.schemas.registry import newest
from kasugai.schemas.topics import SIGNALS


def publish(bootstrap: str, topic: str, values: Iterable[Keyed]) -> None:
    """Publish all and wait for all; encoded before the first is sent."""
    records = [outgoing(topic, value, trace={}) for value in values]
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "linger.ms": 5, "acks": "all"}
    )
    for record in records:
        while True:
            try:
                producer.produce(record.topic, record.value, record.key, headers=list(record.headers))
                break
            except BufferError:
                producer.poll(0.01)
    producer.flush()


def mark(bootstrap: str, partitions: int, made: Callable[[int], Fault]) -> set[UUID]:
    """Put one fault at the end of each partition of the mailbox, and return the faults' ids."""
    producer = confluent_kafka.Producer({"bootstrap.servers": bootstrap, "acks": "all"})
    ids = set()
    for partition in range(partitions):
        found = made(partition)
        ids.add(found.event_id)
        letter = Letter(segment=f"bench-{partition}", signal=found)
        producer.produce(SIGNALS, encode(letter), letter.segment, partition=partition)
    producer.flush()
    return ids


def depth(bootstrap: str, topic: str, partitions: int) -> Callable[[], int]:
    """Return a function that counts the records of a topic."""
    consumer = confluent_kafka.Consumer({"bootstrap.servers": bootstrap, "group.id": "bench-depth"})

    def count() -> int:
        places = [TopicPartition(topic, number) for number in range(partitions)]
        return sum(consumer.get_watermark_offsets(place, 10)[1] for place in places)

    return count


def read_bare(bootstrap: str, topic: str, number: int, kind: str) -> float:
    """Read so many records with a bare consumer, decode each with fastavro, and return how many a second it did."""
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"bench-bare-{time.monotonic_ns()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    schema = newest(kind).parsed
    began, done = 0.0, 0
    while done < number:
        batch = consumer.consume(500, 1.0)
        began = began or time.monotonic()
        for message in batch:
            fastavro.schemaless_reader(BytesIO((message.value() or b"")[HEAD:]), schema, None)
        done += len(batch)
    took = time.monotonic() - began
    consumer.close()
    return done / took


class Watch:
    """Context manager: reads topics from now on in a thread; each value with its broker time and when it was seen."""

    def __init__(self, bootstrap: str, topics: Sequence[str], partitions: int) -> None:
        """Watch all partitions of these topics."""
        self.seen: list[tuple[int, float, Any]] = []
        """(broker's milliseconds, monotonic seconds, value)."""
        self._config = {"bootstrap.servers": bootstrap, "group.id": "bench-watch", "fetch.wait.max.ms": 5}
        self._places = [TopicPartition(t, n, OFFSET_END) for t in topics for n in range(partitions)]
        self._ended, self._ready = Event(), Event()
        self._thread = Thread(target=self._run, name="watch")

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._ended.set()
        self._thread.join(30)

    def has_closed(self, host: str) -> bool:
        """Whether the host's incident is over."""
        words = (value for _, _, value in list(self.seen) if isinstance(value, Verdict))
        return any(word.subject == host_subject(host) and word.verb is Verb.CLOSE for word in words)

    def named(self) -> set[UUID]:
        """Return the faults that the verdicts so far name."""
        verdicts = [value for _, _, value in list(self.seen) if isinstance(value, Verdict)]
        return {evidence.event_id for verdict in verdicts for evidence in verdict.evidence}

    def when_named(self, wanted: set[UUID]) -> float | None:
        """Return when the last of these faults was named by a verdict; None while one is missing."""
        missing, last = set(wanted), 0.0
        for _, at, value in list(self.seen):
            if isinstance(value, Verdict):
                found = {evidence.event_id for evidence in value.evidence} & missing
                missing -= found
                last = at if found else last
        return None if missing else last

    def _run(self) -> None:
        consumer = confluent_kafka.Consumer(self._config)
        places = [
            TopicPartition(p.topic, p.partition, consumer.get_watermark_offsets(p, 10)[1])
            for p in self._places
        ]
        consumer.assign(places)
        self._ready.set()
        while not self._ended.is_set():
            for message in consumer.consume(500, 0.01):
                if message.error() is None:
                    self.seen.append(
                        (message.timestamp()[1], time.monotonic(), decode(message.value() or b""))
                    )
        consumer.close()
