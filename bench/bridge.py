"""How many of Nova's notifications a second the bridge carries from either bus, beside a bare consumer of the same that
decodes them too, by turns in one run; and what a process weighs.

Nova's own samples, of which none leads to a fault, as with most of what a cloud says; then each, which no cloud does.
Broker, bare consumer and bridge share the machine; what a figure is by the process' own time tells what others took.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
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
from kasugai.bridge.notification import Notification
from kasugai.bridge.ports import Feed, Reads
from kasugai.bridge.reading.conclusions import Conclusion
from kasugai.bridge.service import Bridge
from kasugai.bridge.transports.kafka import KafkaFeed
from kasugai.bridge.transports.rabbit import RabbitFeed
from tests.support.bridge_process import HOST, OneEach
from tests.support.bridging import BridgeSite, until
from tests.support.kafka import KafkaServer
from tests.support.nova_samples import NAMES, on_kafka, on_rabbit
from tests.support.rabbit import PASSWORD, USER, RabbitServer


@dataclass(frozen=True, slots=True)
class Rate:
    """Notifications a second."""

    wall: float
    own: float
    """By the time of all threads of the process."""


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

        def ours(name: str, reader: Reads) -> Rate:
            own = replace(site.settings.bridge, pool=f"bench-{name}")
            return asyncio.run(_carried(site, lambda: KafkaFeed(own, "bench"), reader))

        yield from _compared("Kafka", lambda: _bare_kafka(kafka), ours, 5_000)
        yield from _weight(site, "Kafka")


def _of_rabbit(kafka: KafkaServer, rabbit: RabbitServer, folder: Path) -> Iterator[Figure]:
    channel = _channel(rabbit)
    channel.exchange_declare("nova", "topic", durable=True, auto_delete=False)
    with BridgeSite(kafka, folder, f"transport_url = {rabbit.bridge_url(VHOST)}") as site:
        bridge = site.settings.bridge
        for queue, kept in ((bridge.pool, arguments(bridge)), ("bench", {})):
            channel.queue_declare(queue, durable=True, auto_delete=False, arguments=kept)

        def bare() -> Rate:
            _fill(channel, "bench")
            return _bare_rabbit(rabbit)

        def ours(_: str, reader: Reads) -> Rate:
            _fill(channel, bridge.pool)
            return asyncio.run(_carried(site, lambda: RabbitFeed(bridge), reader))

        yield from _compared("RabbitMQ", bare, ours, 1_500)
        _fill(channel, bridge.pool)
        yield from _weight(site, "RabbitMQ")


def _bodies(form: Callable[[str], bytes]) -> Iterator[bytes]:
    return islice(cycle([form(name) for name in NAMES]), COUNT)


def _compared(
    bus: str, bare: Callable[[], Rate], ours: Callable[[str, Reads], Rate], least: int
) -> Iterator[Figure]:
    readers: dict[str, Reads] = {"none leads to a fault": NoneAtAll(), "each leads to one": OneEach()}
    turns = [
        (bare(), {what: ours(f"{turn}-{what[:4]}", reader) for what, reader in readers.items()})
        for turn in range(TURNS)
    ]
    yield _figure(f"bare consumer on {bus}, decoding", median(bare.wall for bare, _ in turns), "/s")
    for what in readers:
        found = [(bare, ours[what]) for bare, ours in turns]
        yield _figure(f"bridge on {bus}, {what}", median(own.wall for _, own in found), "/s", least)
        yield _figure("... by its process' own time", median(own.own for _, own in found), "/s")
        yield _figure("... of the bare consumer", median(own.wall / bare.wall for bare, own in found), "x")


def _figure(what: str, value: float, unit: str, least: int | None = None) -> Figure:
    return Figure(bench="bridge", what=what, value=value, unit=unit, limit=least, at_least=True)


class NoneAtAll:
    """A reader to whom nothing means anything."""

    def read(self, _: Notification) -> Conclusion:
        """See Reads."""
        return Conclusion()


def _decode(body: bytes) -> None:
    json.loads(json.loads(body)["oslo.message"])


def _bare_kafka(kafka: KafkaServer) -> Rate:
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": f"bench-bare-{time.monotonic_ns()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([TOPIC])
    done, watch = 0, Stopwatch()
    while done < COUNT:
        batch = consumer.consume(500, 1.0)
        watch.begin(bool(batch))
        for message in batch:
            _decode(message.value() or b"")
            done += 1
    rate = watch.rate(done)
    consumer.close()
    return rate


def _channel(rabbit: RabbitServer) -> Any:
    connection = amqp.Connection(
        host=f"127.0.0.1:{rabbit.port}", userid=USER, password=PASSWORD, virtual_host=VHOST
    )
    connection.connect()
    return connection.channel()


def _fill(channel: Any, queue: str) -> None:
    for body in _bodies(on_rabbit):
        message = amqp.Message(
            body, content_type="application/json", content_encoding="utf-8", delivery_mode=2
        )
        channel.basic_publish(message, "", queue)
    await_(lambda: channel.queue_declare(queue, passive=True).message_count >= COUNT, f"{queue} is full")


def _bare_rabbit(rabbit: RabbitServer) -> Rate:
    channel = _channel(rabbit)
    done, watch = 0, Stopwatch()

    def take(message: Any) -> None:
        nonlocal done
        watch.begin(True)
        _decode(message.body)
        done += 1
        if done % 500 == 0:
            channel.basic_ack(message.delivery_tag, multiple=True)

    channel.basic_qos(0, 1_000, False)
    channel.basic_consume("bench", callback=take)
    while done < COUNT:
        channel.connection.drain_events(timeout=10)
    rate = watch.rate(done)
    channel.connection.close()
    return rate


class Stopwatch:
    """Begins with the first notification."""

    def __init__(self) -> None:
        self._began: tuple[float, float] | None = None

    def begin(self, now: bool) -> None:
        """Begin now, if it has not begun."""
        if now and self._began is None:
            self._began = time.monotonic(), time.process_time()

    def rate(self, count: int) -> Rate:
        """Return how many a second that many were until now."""
        assert self._began is not None, "something came"
        wall, own = self._began
        return Rate(count / (time.monotonic() - wall), count / (time.process_time() - own))


class Counted:
    """A feed that knows when it has given all."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self.name = feed.name
        self._count, self._watch = 0, Stopwatch()
        self.all: asyncio.Future[Rate] = asyncio.get_running_loop().create_future()

    def unready(self) -> str:
        """See Feed."""
        return self._feed.unready()

    async def next(self) -> Sequence[Incoming]:
        """See Feed."""
        records = await self._feed.next()
        self._watch.begin(bool(records))
        return records

    async def done(self, records: Sequence[Incoming]) -> None:
        """See Feed."""
        await self._feed.done(records)
        self._count += len(records)
        if self._count >= COUNT and not self.all.done():
            self.all.set_result(self._watch.rate(self._count))

    async def standing(self) -> None:
        """See Feed."""

    async def failure(self) -> None:
        """See Feed."""
        await self._feed.failure()


async def _carried(site: BridgeSite, opened: "Callable[[], KafkaFeed | RabbitFeed]", reader: Reads) -> Rate:
    async with AsyncExitStack() as stack:
        producer = await stack.enter_async_context(Producer(site.settings.kafka, "bench"))
        feed = Counted(await stack.enter_async_context(opened()))
        bridge = Bridge(feed=feed, reader=reader, sink=producer, knows=HOST.__eq__, silence=3_600.0)
        work = asyncio.create_task(bridge.run())
        rate = await feed.all
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await asyncio.sleep(0.5)  # the last acknowledgement is on its way
    return rate


def _weight(site: BridgeSite, bus: str) -> Iterator[Figure]:
    child = site.launch(f"weighed-{bus.lower()}")
    name = f"weighed-{bus.lower()}"
    until(
        lambda: site.value("kasugai_bridge_notifications_total", name) >= COUNT, "a process has carried all"
    )
    status = Path(f"/proc/{child.pid}/status").read_text()
    most = int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) / 1024
    what = f"memory of a process at its most, a backlog of {COUNT:,} on {bus}"
    yield Figure(bench="bridge", what=what, value=most, unit="MiB", limit=90)
