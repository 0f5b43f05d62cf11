"""The inventory on a real broker: one truth without a database, however many writers."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import replace
from functools import wraps
from typing import Any
from unittest.mock import patch

import confluent_kafka
import pytest

from kasugai.adapters.inventory import Conflict, Description, Inventory
from kasugai.adapters.kafka.inventory_reader import InventoryReader
from kasugai.adapters.kafka.inventory_writer import InventoryWriter
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.settings import KafkaSettings
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Tick
from kasugai.core.words.timing import Millis
from kasugai.schemas.codec import NewerSchema, encode
from kasugai.schemas.topics import INVENTORY
from tests.support.kafka import KafkaServer

pytestmark = pytest.mark.integration

RACK = SegmentRecord(segment_id="s1", name="rack1")
HOST = HostRecord(host_uuid="h1", name="cmp1", segment_id="s1")
Test = Callable[..., Coroutine[Any, Any, None]]


def in_loop(test: Test) -> Callable[..., None]:
    """Run a coroutine test on an event loop of its own."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 200))

    return run


@pytest.fixture
def broker(node: KafkaServer) -> Iterator[KafkaSettings]:
    """A broker with an empty inventory."""
    name = f"{INVENTORY}.{len(USED)}"
    USED.append(name)
    node.create_topics({name: 1}, config={"cleanup.policy": "compact"})
    with (
        patch("kasugai.adapters.kafka.inventory_reader.INVENTORY", name),
        patch("kasugai.adapters.kafka.inventory_writer.INVENTORY", name),
    ):
        yield KafkaSettings(bootstrap_servers=node.bootstrap)


USED: list[str] = []


def bare(records: Iterable[Description]) -> list[Description]:
    """Return the records without what the writer gives."""
    return [replace(record, number=0, created_at=0, updated_at=0) for record in records]


async def read(broker: KafkaSettings) -> Inventory:
    async with InventoryReader(broker, "test-reader") as reader:
        return reader.inventory


@in_loop
async def test_what_is_written_is_read(broker: KafkaSettings) -> None:
    async with InventoryWriter(broker, "api") as writer:
        assert await writer.put(RACK, HOST) == 1
        assert await writer.put(replace(HOST, version=2, on_maintenance=True)) > 1
        assert await writer.put() == -1
    found = await read(broker)
    assert bare(found.segments()) == [RACK]
    assert bare(found.hosts()) == [replace(HOST, version=2, on_maintenance=True)]


@in_loop
async def test_what_does_not_fit_is_not_written(broker: KafkaSettings) -> None:
    async with InventoryWriter(broker, "api") as writer:
        await writer.put(RACK)
        with pytest.raises(Conflict, match=r"^segment rack1: another one has that name$"):
            await writer.put(HOST, SegmentRecord(segment_id="s2", name="rack1"))
        assert not list((await read(broker)).hosts())
        await writer.put(HOST)
    assert bare((await read(broker)).hosts()) == [HOST]


@in_loop
async def test_two_writers_never_both_win_the_same_version(broker: KafkaSettings) -> None:
    async with InventoryWriter(broker, "api-1") as one, InventoryWriter(broker, "api-2") as two:
        await one.put(RACK)
        for version in range(2, 8):
            results = await asyncio.gather(
                one.put(replace(RACK, version=version, description="one")),
                two.put(replace(RACK, version=version, description="two")),
                return_exceptions=True,
            )
            lost = [result for result in results if isinstance(result, Conflict)]
            assert len(lost) == 1, results
            winner = "two" if isinstance(results[0], Conflict) else "one"
            assert bare((await read(broker)).segments()) == [
                replace(RACK, version=version, description=winner)
            ]


@in_loop
async def test_what_was_written_can_be_read_by_anybody_at_once(broker: KafkaSettings) -> None:
    """Kafka answers a commit before its readers see it: one in four, so that forty of them tell."""
    async with InventoryWriter(broker, "api") as writer, InventoryReader(broker, "other") as other:
        for version in range(1, 41):
            last = await writer.put(replace(RACK, version=version))
            assert await other.end() > last, version


@in_loop
async def test_an_edit_is_made_again_on_what_another_writer_left(broker: KafkaSettings) -> None:
    """Both add one to the version that they see: nothing is lost, however often they are fenced."""

    def bump(inventory: Inventory) -> list[SegmentRecord]:
        found = inventory.segment("s1")
        assert found is not None
        return [replace(found, version=found.version + 1)]

    async with InventoryWriter(broker, "api-1") as one, InventoryWriter(broker, "api-2") as two:
        await one.put(RACK)
        await asyncio.gather(*(writer.edit(bump) for writer in (one, two) for _ in range(4)))
    found = (await read(broker)).segment("s1")
    assert found is not None and found.version == 9


@in_loop
async def test_a_writer_that_dies_between_leaves_no_trace(broker: KafkaSettings) -> None:
    async with InventoryWriter(broker, "api") as writer:
        await writer.put(RACK)
    await asyncio.to_thread(die_in_a_transaction, broker)
    async with InventoryWriter(broker, "cli") as writer:
        await writer.put(HOST)
    found = await read(broker)
    assert bare(found.segments()) == [RACK] and bare(found.hosts()) == [HOST]


def die_in_a_transaction(broker: KafkaSettings) -> None:
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": broker.bootstrap_servers,
            "transactional.id": "kasugai-inventory",
            "log_level": 0,
        }
    )
    producer.init_transactions(10)
    producer.begin_transaction()
    producer.produce(USED[-1], encode(replace(RACK, version=2, name="half")), key=b"segment/s1")
    producer.flush(10)


@in_loop
async def test_a_commit_whose_end_is_unknown_is_looked_up_and_not_repeated(broker: KafkaSettings) -> None:
    async with InventoryWriter(broker, "api") as writer:
        await writer.put(RACK)
        commit = writer._commit

        def commit_and_lose_the_answer(records: Any) -> int:
            commit(records)
            writer._commit = commit  # type: ignore[method-assign]
            raise confluent_kafka.KafkaException(
                confluent_kafka.KafkaError(confluent_kafka.KafkaError._TIMED_OUT, "no answer", False, True)
            )

        writer._commit = commit_and_lose_the_answer  # type: ignore[method-assign]
        await writer.put(replace(RACK, version=2))
    found = (await read(broker)).segment("s1")
    assert found is not None and found.version == 2


@in_loop
async def test_a_follower_sees_each_change_and_can_be_waited_for(broker: KafkaSettings) -> None:
    async with InventoryWriter(broker, "api") as writer, InventoryReader(broker, "route") as reader:
        assert reader.offset == 0
        changes = reader.changes()
        following = asyncio.ensure_future(anext(changes))
        offset = await writer.put(RACK)
        assert await reader.reached(offset, 5.0)
        record, stamp = await following
        assert (bare([record]), stamp.offset) == ([RACK], offset)
        assert bare(reader.inventory.segments()) == [RACK]
        assert not await reader.reached(10_000, 0.1)


@in_loop
async def test_rubbish_is_passed_over_and_a_newer_kasugai_is_not(broker: KafkaSettings) -> None:
    async with InventoryWriter(broker, "api") as writer:
        await writer.put(RACK)
    async with Producer(broker, "test") as producer:
        await producer.publish(USED[-1], "x", b"rubbish")
        await producer.publish(USED[-1], "y", encode(Tick(period=Millis(1))))
        await producer.publish(USED[-1], "y", b"\x00\x00\x00\x00\x07of another's registry")
        assert bare((await read(broker)).segments()) == [RACK]
        await producer.publish(USED[-1], "z", b"\x00\x00\x00\x27\x0f")
    with pytest.raises(NewerSchema, match=r"written by a newer Kasugai"):
        await read(broker)


@in_loop
async def test_an_absent_broker_is_said_so() -> None:
    nowhere = KafkaSettings(bootstrap_servers="127.0.0.1:1")
    with (
        patch("kasugai.adapters.kafka.inventory_writer.PATIENCE", 1.0),
        patch("kasugai.adapters.kafka.reader.PATIENCE", 1.0),
    ):
        async with InventoryWriter(nowhere, "api") as writer:
            with pytest.raises(LogAway, match=r"cannot be taken"):
                await writer.put(RACK)
