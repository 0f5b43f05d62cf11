"""Publishes and waits: a call returns when all in-sync replicas have the record, with its place and time.

One thread serves librdkafka's callbacks and wakes the event loop once per batch of delivery reports.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Sequence
from threading import Event, Thread
from typing import Any, Self

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, Message

from kasugai.adapters.kafka.client import producer_config
from kasugai.adapters.kafka.complaints import reason
from kasugai.adapters.kafka.errors import is_too_much
from kasugai.adapters.kafka.records import Outgoing, current_trace, outgoing
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import LogAway, LogRefused
from kasugai.core.words.signals import Stamp
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.schemas.keys import Keyed

NO_TIME = 10**12
"""Milliseconds since 1970 before which no broker took a record (2001). librdkafka's mock cluster, which the demo runs
on, acknowledges every record with the time 1234 (2.16.0, measured): then this machine's clock stands for the broker's,
as it does in the records themselves.
"""

Waiter = asyncio.Future[Stamp]


class Producer:
    """One idempotent producer on the running event loop."""

    def __init__(self, kafka: KafkaSettings, name: str, delivery: Millis | None = None) -> None:
        """Connect in the background; `name` is shown at the broker and in logs. What is not acknowledged within
        `delivery` milliseconds is given up for good."""
        config = producer_config(kafka, name) | (
            {} if delivery is None else {"delivery.timeout.ms": delivery}
        )
        self._producer = confluent_kafka.Producer(config)
        self._loop = asyncio.get_running_loop()
        self._reports: deque[tuple[Waiter, Stamp | LogAway | LogRefused]] = deque()
        self._ended = Event()
        self._thread = Thread(target=self._serve, name=f"{name}-deliveries", daemon=True)
        self._thread.start()

    async def __aenter__(self) -> Self:
        """Return the producer."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    async def publish(
        self,
        topic: str,
        key: str | None,
        value: bytes,
        headers: Sequence[tuple[str, bytes]] | None = None,
        partition: int | None = None,
    ) -> Stamp:
        """Publish one record and return its stamp; LogAway when the broker did not acknowledge it, LogRefused when no
        broker will.

        Without `headers` the current trace context is carried.
        """
        if headers is None:
            headers = [(name, text.encode()) for name, text in current_trace().items()]
        (stamp,) = await self.publish_all(
            [
                Outgoing(
                    topic=topic,
                    key=None if key is None else key.encode(),
                    value=value,
                    headers=tuple(headers),
                    partition=partition,
                )
            ]
        )
        return stamp

    async def send(self, topic: str, value: Keyed, *, trace: dict[str, str] | None = None) -> Stamp:
        """Encode `value`, publish it under its key with our headers, and return its stamp."""
        (stamp,) = await self.publish_all([outgoing(topic, value, trace=trace)])
        return stamp

    async def publish_all(self, records: Iterable[Outgoing]) -> list[Stamp]:
        """Publish all, wait for all, and return their stamps in order; LogAway when any was not acknowledged,
        LogRefused when one of them never will be."""
        waiters = [await self._produce(record) for record in records]
        results = await asyncio.gather(*waiters, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return [result for result in results if isinstance(result, Stamp)]

    async def close(self, patience: float = 10.0) -> None:
        """Wait `patience` seconds for what is under way, then end the thread. What Kafka has not acknowledged by then
        is given up, and whoever waits for it hears LogAway."""
        await asyncio.to_thread(self._give_up, patience)
        self._ended.set()
        await asyncio.to_thread(self._thread.join)
        self._wake()

    def _give_up(self, patience: float) -> None:
        if self._producer.flush(patience):
            self._producer.purge()
            self._producer.poll(0)

    async def _produce(self, record: Outgoing) -> Waiter:
        waiter: Waiter = self._loop.create_future()
        while True:
            try:
                self._hand_over(record, waiter)
                return waiter
            except BufferError:
                await asyncio.sleep(0.005)

    def _hand_over(self, record: Outgoing, waiter: Waiter) -> None:
        def report(error: KafkaError | None, message: Message) -> None:
            self._reports.append((waiter, _result(error, message)))

        place: dict[str, Any] = {} if record.partition is None else {"partition": record.partition}
        try:
            self._producer.produce(
                record.topic,
                value=record.value,
                key=record.key,
                headers=list(record.headers),
                on_delivery=report,
                **place,
            )
        except KafkaException as error:
            raise _meaning(record.topic, error.args[0]) from error

    def _serve(self) -> None:
        while not self._ended.is_set():
            self._producer.poll(0.1)
            if self._reports and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        while self._reports:
            waiter, result = self._reports.popleft()
            if waiter.done():
                continue
            if isinstance(result, Stamp):
                waiter.set_result(result)
            else:
                waiter.set_exception(result)


def _result(error: KafkaError | None, message: Message) -> Stamp | LogAway | LogRefused:
    if error is not None:
        return _meaning(message.topic() or "", error)
    partition, offset = message.partition(), message.offset()
    assert partition is not None and offset is not None, "a delivered message has its place"
    at = message.timestamp()[1]
    return Stamp(partition=partition, offset=offset, at=BrokerTime(at if at > NO_TIME else _now()))


def _meaning(topic: str, error: KafkaError) -> LogAway | LogRefused:
    """A record that is too large, or malformed, is refused again however often it is sent: Kafka is not away."""
    if is_too_much(error):
        return LogRefused(
            f"{topic} does not take the record ({error.name()}): {error.str()}; if its max.message.bytes was changed, "
            "type kasugai topics check"
        )
    return LogAway(f"{topic}: {error.name()}: {reason(error)}")


def _now() -> int:
    return time.time_ns() // 1_000_000
