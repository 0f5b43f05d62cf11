"""Route's member of a group on a real broker: a topic that rests is not read, loses nothing, and holds up no other."""

import asyncio
from collections.abc import Iterator, Sequence
from uuid import uuid4

import pytest
from confluent_kafka import KafkaException

from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.kafka.route_loop import Batches
from kasugai.adapters.settings import KafkaSettings
from tests.support.kafka import KafkaServer
from tests.support.ledgers import in_a_loop

pytestmark = pytest.mark.integration


@pytest.fixture
def topics(kafka: KafkaServer) -> Iterator[tuple[str, str]]:
    names = (f"rests.{uuid4().hex[:8]}.a", f"rests.{uuid4().hex[:8]}.b")
    kafka.create_topics(dict.fromkeys(names, 2))
    yield names


def values(records: Sequence[Incoming], topic: str) -> list[bytes | None]:
    return [record.value for record in sorted(records, key=lambda r: r.value or b"") if record.topic == topic]


async def read(batches: Batches, count: int, within: float = 90.0) -> list[Incoming]:
    """Return the next records, at least so many, with a second for more."""
    found: list[Incoming] = []
    async with asyncio.timeout(within):
        while len(found) < count:
            found += await batches.next()
    for _ in range(5):
        found += await batches.next()
    return found


@in_a_loop
async def test_a_topic_that_rests_is_read_later_and_whole(
    kafka: KafkaServer, topics: tuple[str, str]
) -> None:
    one, other = topics
    settings = KafkaSettings(bootstrap_servers=kafka.bootstrap, replication=1, min_insync=1)
    group = f"rests-{uuid4()}"
    first = Batches(settings, group=group, instance="first", topics=topics, session=6.0)
    async with Producer(settings, "test") as producer:

        async def publish(*numbers: int) -> None:
            for number in numbers:
                for topic in topics:
                    await producer.publish(topic, None, b"%d" % number, partition=number % 2)

        await publish(1, 2)
        assert len(await read(first, 4)) == 4
        await first.rest(frozenset({one}))
        await publish(3, 4)
        found = await read(first, 2)
        assert (values(found, one), values(found, other)) == ([], [b"3", b"4"])
        second = Batches(settings, group=group, instance="second", topics=topics, session=6.0)
        async with asyncio.timeout(30):
            while len(second.owned) == 0 or len(first.owned) == 4:
                await asyncio.gather(first.next(), second.next())
        assert values(await read(first, 0), one) == [], "a new assignment has ended its rest"
        await second.close()
        async with asyncio.timeout(30):
            while len(first.owned) < 4:
                await first.next()
        await first.rest(frozenset())
        await publish(5, 6)
        found = await read(first, 4)
        assert {b"3", b"4", b"5", b"6"} <= {*values(found, one)}
    await first.close()


@in_a_loop
async def test_a_member_whose_place_was_taken_says_so(kafka: KafkaServer, topics: tuple[str, str]) -> None:
    settings = KafkaSettings(bootstrap_servers=kafka.bootstrap, replication=1, min_insync=1)
    group = f"taken-{uuid4()}"
    async with Producer(settings, "test") as producer:
        await producer.publish(topics[0], None, b"1", partition=0)
    first = Batches(settings, group=group, instance="same", topics=topics, session=6.0)
    records = await read(first, 1)
    second = Batches(settings, group=group, instance="same", topics=topics, session=6.0)
    await read(second, 1)
    with pytest.raises(KafkaException):
        async with asyncio.timeout(60.0):
            while await first.commit(records):
                await first.next()
    await first.close()
    await second.close()
