"""A topic that was made anew under its name while somebody read it: nobody of ours passes over any of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient

from kasugai.adapters.kafka.poll_loop import Membership, PollLoop
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.kafka.recovery_log import RecoveryLog
from kasugai.adapters.kafka.route_loop import Batches
from kasugai.adapters.settings import KafkaSettings
from kasugai.core.words.facts import FactKind
from kasugai.core.words.subject import Kind, host_subject
from kasugai.core.words.timing import Millis
from kasugai.schemas.codec import encode
from kasugai.schemas.topics import INCIDENTS, RECOVERY
from tests.support.kafka import KafkaServer
from tests.support.ledgers import in_a_loop
from tests.unit.core.makers import fact

pytestmark = pytest.mark.integration

Read = Callable[[KafkaSettings, str, str, int], Awaitable[list[bytes | None]]]
"""Reads of a topic as a member of a group until so many records came, commits them, and leaves."""


@pytest.fixture(scope="module")
def kafka() -> Iterator[KafkaServer]:
    """A node of its own, where nobody else needs the topics."""
    server = KafkaServer().start()
    yield server
    server.stop()


def made_anew(kafka: KafkaServer, topic: str) -> None:
    """Make a topic of one partition, in the place of the one that there is."""
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap, "log_level": 0})
    if topic in admin.list_topics(timeout=10).topics:
        admin.delete_topics([topic])[topic].result()
        while topic in admin.list_topics(timeout=10).topics:
            time.sleep(0.05)
    kafka.create_topics({topic: 1})


async def publish(settings: KafkaSettings, topic: str, count: int) -> None:
    async with Producer(settings, "test") as producer:
        for number in range(count):
            await producer.publish(topic, "cmp1", b"%d" % number)


async def as_route(settings: KafkaSettings, topic: str, group: str, count: int) -> list[bytes | None]:
    batches = Batches(settings, group=group, instance="i", topics=[topic], session=6.0)
    found: list[Incoming] = []
    async with asyncio.timeout(30):
        while len(found) < count:
            found += (batch := await batches.next())
            await batches.commit(batch)
    await batches.close()
    return [record.value for record in found]


async def as_worker(settings: KafkaSettings, topic: str, group: str, count: int) -> list[bytes | None]:
    found: list[Incoming] = []

    async def give(_: set[int]) -> Mapping[int, int]:
        return {0: found[-1].offset + 1} if found else {}

    member = Membership(topic=topic, group=group, instance="i", session=Millis(6_000))
    async with PollLoop(settings, member, take=found.append, give=give), asyncio.timeout(30):
        while len(found) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return [record.value for record in found]


@pytest.mark.parametrize("read", [as_route, as_worker])
@in_a_loop
async def test_offsets_of_the_old_one_count_for_nothing_in_the_new(kafka: KafkaServer, read: Read) -> None:
    """The old one's reader was still there, and committed once more: by offsets alone the first three would be lost."""
    settings = KafkaSettings(bootstrap_servers=kafka.bootstrap, replication=1, min_insync=1)
    topic = group = f"anew-{uuid4().hex[:8]}"
    made_anew(kafka, topic)
    await publish(settings, topic, 3)
    running = Batches(settings, group=group, instance="i", topics=[topic], session=6.0)
    async with asyncio.timeout(30):
        while not (batch := await running.next()):
            pass
    made_anew(kafka, topic)
    await publish(settings, topic, 5)
    await running.commit(batch)
    await running.close()
    assert await read(settings, topic, group, 5) == [b"0", b"1", b"2", b"3", b"4"]
    await publish(settings, topic, 1)
    assert await read(settings, topic, group, 1) == [b"0"], "offsets of the new one count"


@in_a_loop
async def test_a_fold_begins_with_a_new_log_at_its_beginning(kafka: KafkaServer) -> None:
    """It may be longer than the old one was when it was folded last: a call under way would be forgotten."""
    settings = KafkaSettings(bootstrap_servers=kafka.bootstrap, replication=1, min_insync=1)
    host = host_subject("cmp1")
    for topic in (RECOVERY, INCIDENTS[Kind.HOST]):
        made_anew(kafka, topic)
    async with Producer(settings, "test") as producer:
        async with RecoveryLog(settings, producer, "old", kinds=[Kind.HOST]) as log:
            await log.publish(fact(FactKind.ADOPTED, host="cmp1"))
            _, offsets = await log.facts(host, {})
            assert (await log.facts(host, offsets))[0] == []
        made_anew(kafka, RECOVERY)
    async with Producer(settings, "test") as producer:
        for _ in range(3):
            await producer.publish(RECOVERY, "cmp1", encode(fact(FactKind.STARTED, host="cmp1")))
        async with RecoveryLog(settings, producer, "new", kinds=[Kind.HOST]) as log:
            assert len((await log.facts(host, offsets))[0]) == 3
