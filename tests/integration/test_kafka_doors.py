"""The Kafka doors on a real broker: publishing, bounded reads over holes, dead letters, tap."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

import confluent_kafka
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from kasugai.adapters.kafka.client import MAX_MESSAGE_BYTES, partition_of
from kasugai.adapters.kafka.dead import DeadLetters
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.reader import Place, Reader
from kasugai.adapters.kafka.records import Incoming, Outgoing, context_of
from kasugai.adapters.kafka.tap import tap
from kasugai.adapters.kafka.trace import trace_of
from kasugai.adapters.settings import KafkaSettings
from kasugai.core.recovering.doors import LogAway, LogRefused
from kasugai.core.words.signals import Source, fault
from kasugai.schemas.codec import Undecodable, encode
from tests.support.kafka import KafkaServer

pytestmark = pytest.mark.integration

FAULT = fault(host="cmp1", observer="host/cmp2", source=Source.PEER, episode="e1")
Test = Callable[..., Coroutine[Any, Any, None]]


def in_loop(test: Test) -> Callable[..., None]:
    """Run a coroutine test on an event loop of its own."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 200))

    return run


def settings_of(kafka: KafkaServer) -> KafkaSettings:
    return KafkaSettings(bootstrap_servers=kafka.bootstrap, replication=1, min_insync=1)


@in_loop
async def test_a_publication_returns_where_and_when_the_broker_took_it(kafka: KafkaServer) -> None:
    kafka.create_topics({"doors.stamped": 5}, config={"message.timestamp.type": "LogAppendTime"})
    async with Producer(settings_of(kafka), "test") as producer, Reader(settings_of(kafka), "test") as reader:
        first = await producer.publish("doors.stamped", "cmp1", b"one")
        second = await producer.publish("doors.stamped", "cmp1", b"two")
        assert first.partition == second.partition == partition_of("cmp1", 5)
        assert (first.offset, second.offset) == (0, 1)
        found = await reader.read_range("doors.stamped", first.partition, 0)
        assert [record.value for record in found.records] == [b"one", b"two"]
        assert [record.stamp for record in found.records] == [first, second]
        aimed = await producer.publish("doors.stamped", None, b"three", partition=4)
        assert aimed.partition == 4


@in_loop
async def test_keys_fall_where_the_rest_of_the_world_puts_them(kafka: KafkaServer) -> None:
    kafka.create_topics({"doors.keys": 12})
    keys = [f"compute-{number}.örtlich" for number in range(200)]
    async with Producer(settings_of(kafka), "test") as producer:
        stamps = await producer.publish_all(
            [Outgoing(topic="doors.keys", key=key.encode(), value=b"") for key in keys]
        )
    assert [stamp.partition for stamp in stamps] == [partition_of(key, 12) for key in keys]


@in_loop
async def test_what_the_broker_does_not_take_is_said(kafka: KafkaServer) -> None:
    kafka.create_topics({"doors.small": 1}, config={"max.message.bytes": "1000"})
    async with Producer(settings_of(kafka), "test") as producer:
        with pytest.raises(LogRefused, match=r"doors.small does not take the record \(MSG_SIZE_TOO_LARGE\)"):
            await producer.publish("doors.small", "k", b"x" * 10_000)
        with pytest.raises(LogRefused, match=r"doors.small does not take the record \(MSG_SIZE_TOO_LARGE\)"):
            await producer.publish("doors.small", "k", b"x" * 2_000_000)
        assert (await producer.publish("doors.small", "k", b"fits")).offset == 0


@in_loop
async def test_many_at_once_arrive_in_order(kafka: KafkaServer) -> None:
    kafka.create_topics({"doors.many": 1})
    async with Producer(settings_of(kafka), "test") as producer, Reader(settings_of(kafka), "test") as reader:
        values = [str(number).encode() for number in range(5_000)]
        stamps = await producer.publish_all(
            [Outgoing(topic="doors.many", key=b"k", value=value) for value in values]
        )
        assert [stamp.offset for stamp in stamps] == list(range(5_000))
        found = await reader.read_range("doors.many", 0, 0)
        assert [record.value for record in found.records] == values and found.next == 5_000


@in_loop
async def test_a_range_ends_where_it_should(kafka: KafkaServer) -> None:
    kafka.create_topics({"doors.range": 1})
    async with Producer(settings_of(kafka), "test") as producer, Reader(settings_of(kafka), "test") as reader:
        empty = await reader.read_range("doors.range", 0, 0)
        assert (empty.records, empty.next) == ((), 0)
        for number in range(10):
            await producer.publish("doors.range", "k", str(number).encode())
        found = await reader.read_range("doors.range", 0, 3, 6)
        assert ([record.offset for record in found.records], found.next) == ([3, 4, 5], 6)
        found = await reader.read_range("doors.range", 0, 8, 500)
        assert ([record.offset for record in found.records], found.next) == ([8, 9], 10)
        found = await reader.read_range("doors.range", 0, 10)
        assert (found.records, found.next) == ((), 10)
        found = await reader.read_range("doors.range", 0, 99)
        assert (found.records, found.next) == ((), 99)


@in_loop
async def test_a_range_ends_behind_control_records_and_lost_beginnings(kafka: KafkaServer) -> None:
    """Aborted and committed transactions leave holes, also at the very end; retention takes the beginning."""
    kafka.create_topics({"doors.holes": 1})
    await asyncio.to_thread(write_in_transactions, kafka.bootstrap, "doors.holes")
    async with Reader(settings_of(kafka), "test") as reader:
        found = await reader.read_range("doors.holes", 0, 0)
        assert [record.value for record in found.records] == [b"kept 1", b"kept 2"]
        assert (await reader.bounds("doors.holes", 0))[1] == found.next == 6
        rest = await reader.read_range("doors.holes", 0, 5)
        assert (rest.records, rest.next) == ((), 6)
        await asyncio.to_thread(forget_before, kafka.bootstrap, "doors.holes", 2)
        found = await reader.read_range("doors.holes", 0, 0)
        assert [record.value for record in found.records] == [b"kept 2"]


def write_in_transactions(bootstrap: str, topic: str) -> None:
    producer = confluent_kafka.Producer(
        {"bootstrap.servers": bootstrap, "transactional.id": "holes", "log_level": 0}
    )
    producer.init_transactions(10)
    for value, end in (("kept 1", "commit"), ("dropped", "abort"), ("kept 2", "commit")):
        producer.begin_transaction()
        producer.produce(topic, value.encode())
        producer.flush(10)
        (producer.commit_transaction if end == "commit" else producer.abort_transaction)(10)


def forget_before(bootstrap: str, topic: str, offset: int) -> None:
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    for done in admin.delete_records([confluent_kafka.TopicPartition(topic, 0, offset)]).values():
        done.result()


@in_loop
async def test_following_goes_on_as_records_come(kafka: KafkaServer) -> None:
    kafka.create_topics({"doors.follow": 2})
    async with Producer(settings_of(kafka), "test") as producer, Reader(settings_of(kafka), "test") as reader:
        assert await reader.partitions("doors.follow") == [0, 1]
        await reader.assign([Place("doors.follow", 0, 0), Place("doors.follow", 1, 0)])
        ended: set[int] = set()
        while ended != {0, 1}:
            ended |= {end.partition for end in (await reader.next()).ends}
        await producer.publish("doors.follow", None, b"later", partition=1)
        records: list[Incoming] = []
        while not records:
            records += (await reader.next()).records
        assert [record.value for record in records] == [b"later"]
        with pytest.raises(LogAway, match=r"no topic doors.nowhere"):
            await reader.partitions("doors.nowhere")


@in_loop
async def test_the_trace_of_the_cause_travels_with_the_record(kafka: KafkaServer) -> None:
    kafka.create_topics({"doors.trace": 1})
    tracer = TracerProvider().get_tracer("test")
    async with Producer(settings_of(kafka), "test") as producer, Reader(settings_of(kafka), "test") as reader:
        with tracer.start_as_current_span("cause") as span:
            await producer.publish("doors.trace", "k", b"with")
        await producer.send("doors.trace", FAULT, trace={"traceparent": f"00-{1:032x}-{2:016x}-01"})
        with_span, with_given = (await reader.read_range("doors.trace", 0, 0)).records
    caught = trace.get_current_span(context_of(with_span.headers)).get_span_context()
    assert caught.trace_id == span.get_span_context().trace_id
    assert trace_of(with_given.headers) == {"traceparent": f"00-{1:032x}-{2:016x}-01"}
    headers = dict(with_given.headers)
    assert headers["kasugai-schema"] == b"Fault/1001"
    assert headers["kasugai-event-id"].decode() == str(FAULT.event_id)
    assert with_given.key == b"cmp1"


@in_loop
async def test_a_dead_letter_keeps_the_record_and_says_why(kafka: KafkaServer) -> None:
    kafka.create_topics({"doors.dead": 1, "doors.dead.dlq": 3})
    async with Producer(settings_of(kafka), "test") as producer, Reader(settings_of(kafka), "test") as reader:
        await producer.publish("doors.dead", "cmp1", b"garbage", [("traceparent", b"00-a-b-01"), ("x", b"y")])
        (record,) = (await reader.read_range("doors.dead", 0, 0)).records
        stamp = await DeadLetters(producer, "route").bury(
            record, Undecodable("bad magic byte\n0x67"), attempt=2
        )
        (dead,) = (await reader.read_range("doors.dead.dlq", stamp.partition, 0)).records
    assert (dead.key, dead.value) == (b"cmp1", b"garbage")
    headers = {name: value.decode() for name, value in dead.headers}
    assert headers["dlq-timestamp"] == str(record.at)
    assert headers["dlq-app-version"]
    expected = {
        "traceparent": "00-a-b-01",
        "x": "y",
        "dlq-topic": "doors.dead",
        "dlq-partition": "0",
        "dlq-offset": "0",
        "dlq-error-class": "Undecodable",
        "dlq-error": "bad magic byte 0x67",
        "dlq-attempt": "2",
        "dlq-app": "route",
    }
    assert {name: headers[name] for name in expected} == expected


FULL = MAX_MESSAGE_BYTES - 200
"""What a record may hold besides the broker's own bytes."""


@pytest.mark.parametrize(
    ("key", "value", "header"), [(0, FULL, 0), (FULL, 0, 0), (0, 0, FULL)], ids=["value", "key", "headers"]
)
@in_loop
async def test_a_record_as_large_as_may_be_is_put_aside_too(
    kafka: KafkaServer, key: int, value: int, header: int
) -> None:
    """With the reason it would be too large, and whoever gives up on it would stand before it for ever."""
    topic = f"doors.large.{key}.{value}"
    limit = {"max.message.bytes": str(MAX_MESSAGE_BYTES)}
    kafka.create_topics({topic: 1, f"{topic}.dlq": 3}, config=limit)
    async with Producer(settings_of(kafka), "test") as producer, Reader(settings_of(kafka), "test") as reader:
        await producer.publish(topic, "k" * key, b"v" * value, [("x", b"h" * header), ("traceparent", b"00")])
        (record,) = (await reader.read_range(topic, 0, 0)).records
        stamp = await DeadLetters(producer, "route").bury(record, Undecodable("é" * 2_000))
        (dead,) = (await reader.read_range(f"{topic}.dlq", stamp.partition, 0)).records
    headers = {name: value.decode() for name, value in dead.headers}
    assert int(headers["dlq-cut"]) >= FULL, "how large it was; the whole of it is at dlq-offset"
    assert (headers["dlq-topic"], headers["dlq-offset"]) == (topic, "0")
    assert (record.key or b"").startswith(dead.key or b"") and (record.value or b"").startswith(
        dead.value or b""
    )


@in_loop
async def test_tap_prints_what_was_published_and_what_nobody_can_read(kafka: KafkaServer) -> None:
    kafka.create_topics({"doors.tap": 3})
    async with Producer(settings_of(kafka), "test") as producer:
        await producer.send("doors.tap", FAULT)
        await producer.publish("doors.tap", None, b"\x00\x00\x00\x27\x0fnewer", partition=1)
        await producer.publish(
            "doors.tap", "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"), b"{}"
        )
        await producer.publish_all([Outgoing(topic="doors.tap", key=b"\xff", value=None, partition=2)])
        await producer.send("doors.tap", FAULT)
    lines = [json.loads(line) async for line in tap(settings_of(kafka), "doors.tap")]
    assert len(lines) == 5
    faults = [line for line in lines if line.get("value")]
    assert [line["value"]["event_id"] for line in faults] == [str(FAULT.event_id)] * 2
    assert faults[0]["value"]["type"] == "Fault" and faults[0]["key"] == "cmp1"
    assert faults[0]["headers"]["kasugai-schema"] == "Fault/1001"
    strange = [line for line in lines if "undecodable" in line]
    assert {line["undecodable"].split(":")[0] for line in strange} == {"unknown schema id 9999", "short data"}
    assert [line["key"] for line in lines if line.get("value", 1) is None] == ["\\xff"]


@in_loop
async def test_tap_follows_from_now_on(kafka: KafkaServer) -> None:
    kafka.create_topics({"doors.tail": 1})
    async with Producer(settings_of(kafka), "test") as producer:
        await producer.publish("doors.tail", "k", encode(FAULT))
        lines = tap(settings_of(kafka), "doors.tail", beginning=False, follow=True)
        first: asyncio.Future[str] = asyncio.ensure_future(anext(lines))
        while not first.done():
            await producer.publish("doors.tail", "k", encode(FAULT))
            await asyncio.sleep(0.1)
        assert json.loads(first.result())["offset"] > 0
        await lines.aclose()
