"""Hands records to Kafka and tells later what became of each: a producer without a thread of ours.

For a process that must be small: nothing runs between two calls of `serve`, which its owner makes as long as something
is under way. It knows neither what a record says nor whether it will be sent again.
"""

from collections.abc import Callable, Sequence
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, Message

from kasugai.adapters.kafka.client import Brokers, producer_config
from kasugai.adapters.kafka.complaints import reason
from kasugai.adapters.kafka.errors import is_too_much
from kasugai.core.words.log import LogAway, LogRefused
from kasugai.core.words.timing import Millis

Report = Callable[[LogAway | LogRefused | None], None]
"""Told once what became of a record: None when all in-sync replicas have it."""

QUEUED = 2_000
"""Records in the client's own queue at most; its owner has the others."""
BY_KEY = -1
"""The partition follows from the key (RD_KAFKA_PARTITION_UA)."""
BUFFER = 65_536
"""Bytes of a socket's buffers: beats are small, and there is a connection per broker."""


class PostFull(Exception):
    """So much is under way that no more is taken for now."""


class Post:
    """One idempotent producer; acks=all, in order."""

    def __init__(self, kafka: Brokers, name: str, delivery: Millis) -> None:
        """Connect in the background; what is not acknowledged within `delivery` milliseconds is given up."""
        config = producer_config(kafka, name) | {
            "delivery.timeout.ms": delivery,
            "queue.buffering.max.messages": QUEUED,
            "topic.metadata.refresh.sparse": True,
            "statistics.interval.ms": 0,
        }
        self._producer = confluent_kafka.Producer(config)
        self._broken = ""
        self.under_way = 0
        """Records whose report has not come."""

    @property
    def broken(self) -> str:
        """Why this client will send nothing any more: a new one is wanted. Empty while it may."""
        return self._broken

    def send(
        self, topic: str, key: str, value: bytes, headers: Sequence[tuple[str, bytes]], report: Report
    ) -> None:
        """Hand a record over; raise LogRefused for one that no broker would take, PostFull when there is no room."""
        self.send_to(BY_KEY, topic, key, value, headers, report)

    def send_to(
        self,
        partition: int,
        topic: str,
        key: str,
        value: bytes,
        headers: Sequence[tuple[str, bytes]],
        report: Report,
    ) -> None:
        """Hand a record over into a partition of ours to choose, as `send` does."""

        def told(error: KafkaError | None, message: Message) -> None:
            self.under_way -= 1
            report(None if error is None else self._meaning(topic, error))

        try:
            self._producer.produce(
                topic,
                value=value,
                key=key.encode(),
                headers=list(headers),
                on_delivery=told,
                partition=partition,
            )
        except BufferError:
            raise PostFull from None
        except KafkaException as error:
            meaning = self._meaning(topic, error.args[0])
            if isinstance(meaning, LogRefused):
                raise meaning from error
            raise PostFull(str(meaning)) from error
        self.under_way += 1

    def serve(self) -> None:
        """Let reports and complaints be told; returns at once."""
        self._producer.poll(0)

    def flush(self, seconds: float) -> None:
        """Wait for what is under way, but no longer: blocks."""
        self._producer.flush(seconds)

    def close(self) -> None:
        """Give up what is under way; their reports are told."""
        purge: Any = self._producer.purge
        purge()
        self._producer.poll(0)

    def _meaning(self, topic: str, error: KafkaError) -> LogAway | LogRefused:
        if error.fatal():
            self._broken = f"{error.name()}: {error.str()}"
        if is_too_much(error):
            return LogRefused(f"{topic} does not take the record ({error.name()}): {error.str()}")
        return LogAway(f"{topic}: {error.name()}: {reason(error)}")
