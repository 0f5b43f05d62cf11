"""How many of Nova's notifications a second the bridge carries from either bus, beside a bare consumer of the same that
decodes them too, by turns in one run; and what a process weighs.

Each notification leads to one fault: more than any cloud's do. Broker, bare consumer and bridge share the machine.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any

import amqp
from confluent_kafka import Consumer
from confluent_kafka import Producer as BareProducer

from bench.figures import Figure
from bench.site import await_, say
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.rabbit.wire import arguments
from kasugai.bridge.ports import Feed
from kasugai.bridge.service import Bridge
from kasugai.bridge.transports.kafka import KafkaFeed
from kasugai.bridge.transports.rabbit import RabbitFeed
from tests.support.bridge_process import HOST, OneEach
from tests.support.bridging import BridgeSite
from tests.support.kafka import KafkaServer
from tests.support.nova_samples import NAMES, on_kafka, on_rabbit
from tests.support.rabbit import PASSWORD, USER, RabbitServer

COUNT = 20_000
TURNS = 3
TOPIC = "versioned_notifications.info"
VHOST = "bench"


def run() -> Iterator[Figure]:
    """Measure all."""
    folder = Path(tempfile.mkdtemp(prefix="kb-"))
    kafka = KafkaServer().start()
    rabbit = RabbitServer(VHOST)
    try:
        yield from _of_kafka(kafka, folder)
        rabbit.start()
        yield from _of_rabbit(kafka, rabbit, folder)
    finally:
        rabbit.stop()
        kafka.stop()


def _of_kafka(kafka: KafkaServer, folder: Path) -> Iterator[Figure]:
    kafka.create_topics({TOPIC: 3, "versioned_notifications.error": 1})
    producer = BareProducer({"bootstrap.servers": kafka.bootstrap, "linger.ms": 20})
    for body in _bodies(on_kafka):
        producer.produce(TOPIC, body)
        producer.poll(0)
    producer.flush()
    say(f"bridge: {COUNT} notifications lie on Kafka")
    with BridgeSite(kafka, folder, f"transport_url = kafka://{kafka.bootstrap}/") as site:

        def ours(turn: int) -> float:
            own = replace(site.settings.bridge, pool=f"bench-{turn}")
            return asyncio.run(_carried(site, lambda: KafkaFeed(own, "bench"), turn))

        yield from _compared("Kafka", lambda turn: _bare_kafka(kafka), ours, 5_000)
        yield from _weight(site, "Kafka")


def _of_rabbit(kafka: KafkaServer, rabbit: RabbitServer, folder: Path) -> Iterator[Figure]:
    channel = _channel(rabbit)
    channel.exchange_declare("nova", "topic", durable=True, auto_delete=False)
    with BridgeSite(kafka, folder, f"transport_url = {rabbit.bridge_url(VHOST)}") as site:
        bridge = site.settings.bridge
        for queue, kept in ((bridge.pool, arguments(bridge)), ("bench", {})):
            channel.queue_declare(queue, durable=True, auto_delete=False, arguments=kept)
            channel.queue_bind(queue, "nova", TOPIC)

        def bare(turn: int) -> float:
            _fill(channel)
            return _bare_rabbit(rabbit)

        def ours(turn: int) -> float:
            return asyncio.run(_carried(site, lambda: RabbitFeed(bridge), turn))

        yield from _compared("RabbitMQ", bare, ours, 1_500)
        _fill(channel)
        yield from _weight(site, "RabbitMQ")


def _bodies(form: Callable[[str], bytes]) -> Iterator[bytes]:
    return islice(cycle([form(name) for name in NAMES]), COUNT)


def _compared(
    bus: str, bare: Callable[[int], float], ours: Callable[[int], float], least: int
) -> Iterator[Figure]:
    turns = [(bare(turn), ours(turn)) for turn in range(TURNS)]
    yield _rate(f"bare consumer on {bus}, decoding", median(one for one, _ in turns), None)
    yield _rate(f"bridge on {bus}, each leads to a fault", median(one for _, one in turns), least)
    ratio = median(one / other for other, one in turns)
    yield Figure(
        bench="bridge", what=f"... of the bare consumer on {bus}", value=ratio, unit="x", at_least=True
    )


def _rate(what: str, value: float, least: int | None) -> Figure:
    return Figure(bench="bridge", what=what, value=value, unit="/s", limit=least, at_least=True)


def _decode(body: bytes) -> None:
    json.loads(json.loads(body)["oslo.message"])


def _bare_kafka(kafka: KafkaServer) -> float:
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": f"bench-bare-{time.monotonic_ns()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([TOPIC])
    done, began = 0, 0.0
    while done < COUNT:
        batch = consumer.consume(500, 1.0)
        began = began or (time.monotonic() if batch else 0.0)
        for message in batch:
            _decode(message.value() or b"")
            done += 1
    took = time.monotonic() - began
    consumer.close()
    return done / took


def _channel(rabbit: RabbitServer) -> Any:
    connection = amqp.Connection(
        host=f"127.0.0.1:{rabbit.port}", userid=USER, password=PASSWORD, virtual_host=VHOST
    )
    connection.connect()
    return connection.channel()


def _fill(channel: Any) -> None:
    for body in _bodies(on_rabbit):
        message = amqp.Message(
            body, content_type="application/json", content_encoding="utf-8", delivery_mode=2
        )
        channel.basic_publish(message, "nova", TOPIC)
    await_(lambda: _waiting(channel) >= COUNT, "both queues are full")


def _waiting(channel: Any) -> int:
    return int(
        min(channel.queue_declare(name, passive=True).message_count for name in ("bench", "kasugai-bridge"))
    )


def _bare_rabbit(rabbit: RabbitServer) -> float:
    channel = _channel(rabbit)
    done, began = 0, 0.0

    def take(message: Any) -> None:
        nonlocal done, began
        began = began or time.monotonic()
        _decode(message.body)
        done += 1
        if done % 500 == 0:
            channel.basic_ack(message.delivery_tag, multiple=True)

    channel.basic_qos(0, 1_000, False)
    channel.basic_consume("bench", callback=take)
    while done < COUNT:
        channel.connection.drain_events(timeout=10)
    took = time.monotonic() - began
    channel.connection.close()
    return done / took


class Counted:
    """A feed that knows when it has given all."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.name = feed.name
        self.done_with, self.began, self.took = 0, 0.0, 0.0
        self.all = asyncio.Event()

    def unready(self) -> str:
        return self._feed.unready()

    async def next(self) -> Sequence[Incoming]:
        records = await self._feed.next()
        self.began = self.began or (time.monotonic() if records else 0.0)
        return records

    async def done(self, records: Sequence[Incoming]) -> None:
        await self._feed.done(records)
        self.done_with += len(records)
        if self.done_with >= COUNT:
            self.took = time.monotonic() - self.began
            self.all.set()

    async def standing(self) -> None:
        return None

    async def failure(self) -> None:
        await self._feed.failure()


async def _carried(site: BridgeSite, opened: Callable[[], "KafkaFeed | RabbitFeed"], turn: int) -> float:
    async with AsyncExitStack() as stack:
        producer = await stack.enter_async_context(Producer(site.settings.kafka, f"bench-{turn}"))
        feed = Counted(await stack.enter_async_context(opened()))
        bridge = Bridge(feed=feed, reader=OneEach(), sink=producer, knows=HOST.__eq__, silence=3_600.0)
        work = asyncio.create_task(bridge.run())
        await feed.all.wait()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await asyncio.sleep(0.5)  # the last acknowledgement is on its way
    return COUNT / feed.took


def _weight(site: BridgeSite, bus: str) -> Iterator[Figure]:
    child = site.launch(f"weighed-{bus.lower()}")
    name = f"weighed-{bus.lower()}"
    await_(
        lambda: site.value("kasugai_bridge_notifications_total", name) >= COUNT, "a process has carried all"
    )
    status = Path(f"/proc/{child.pid}/status").read_text()
    most = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024
    what = f"memory of a process at its most, a backlog of {COUNT:,} on {bus}"
    yield Figure(bench="bridge", what=what, value=most, unit="MiB", limit=90)
