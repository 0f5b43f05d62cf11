"""Route and correlate as processes on a real Kafka: a report becomes an incident, rubbish becomes a dead letter."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from functools import wraps
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from kasugai.adapters.kafka.inventory_writer import InventoryWriter
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.reader import Reader
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.incident import Open
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import UNKNOWN_SEGMENT, Fault, Letter, Outcome, Source, Tick, fault
from kasugai.core.words.subject import Kind, host_subject
from kasugai.schemas.codec import decode
from kasugai.schemas.topics import FAULTS, INCIDENTS, RECOVERY, REPORTED, SIGNALS
from tests.support.kafka import KafkaServer
from tests.support.streams import Deployment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

RACK = SegmentRecord(segment_id="5e9b7f43-9b57-4d2e-8b0e-3f7c8d1a9f10", name="rack1")
HOSTS = [HostRecord(host_uuid=f"uuid-{n}", name=f"cmp{n}", segment_id=RACK.segment_id) for n in range(1, 5)]
Test = Callable[..., Coroutine[Any, Any, None]]


def in_loop(test: Test) -> Callable[..., None]:
    """Run a coroutine test on an event loop of its own."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 100))

    return run


@pytest.fixture
def own_deployment(tmp_path: Path) -> Iterator[Deployment]:
    """A node with the product's topics; the test may kill it."""
    server = KafkaServer().start()
    deployment = Deployment(server, tmp_path)
    yield deployment
    deployment.stop()
    server.stop()


async def everything(deployment: Deployment, topic: str) -> list[Any]:
    """Return all values of a topic, undecodable ones as bytes."""
    values: list[Any] = []
    async with Reader(deployment.settings.kafka, "test-reader") as reader:
        for partition in await reader.partitions(topic):
            found = await reader.read_range(topic, partition, 0)
            values += [
                record.value if topic.endswith(".dlq") else decode(record.value or b"")
                for record in found.records
            ]
    return values


async def until(
    deployment: Deployment, topic: str, wanted: Callable[[Any], bool], within: float = 30.0
) -> Any:
    """Wait for a value on a topic."""
    deadline = asyncio.get_running_loop().time() + within
    while asyncio.get_running_loop().time() < deadline:
        for value in await everything(deployment, topic):
            if wanted(value):
                return value
        await asyncio.sleep(0.1)
    raise AssertionError(f"nothing of the kind on {topic}: {await everything(deployment, topic)}")


def report(host: str, episode: str, offset: int = -1) -> Fault:
    """An asserted report about a host."""
    return fault(
        host=host,
        observer="api",
        source=Source.REPORTED,
        asserted=True,
        episode=episode,
        inventory_offset=offset,
    )


@in_loop
async def test_a_report_becomes_an_incident_and_rubbish_a_dead_letter(own_deployment: Deployment) -> None:
    deployment = own_deployment
    route, correlate = deployment.start("route"), deployment.start("correlate")
    kafka = deployment.settings.kafka
    async with InventoryWriter(kafka, "test") as writer, Producer(kafka, "test") as producer:
        await writer.put(RACK)
        offset = await writer.put(*HOSTS)
        await producer.publish(REPORTED, "cmp1", b"rubbish")
        await producer.send(REPORTED, report("cmp1", "e1", offset))
        await producer.send(REPORTED, report("stranger", "e1"))
        await producer.send(FAULTS[Kind.HOST], report("cmp2", "an agent's lie"))
        order: Open = await until(deployment, INCIDENTS[Kind.HOST], lambda value: isinstance(value, Open))
        assert (order.host, order.host_uuid, order.n) == ("cmp1", "uuid-1", 1)
        assert order.asserted_at is not None
        fact = Fact(
            fact_id=UUID(int=1),
            kind=FactKind.ADOPTED,
            incident=order.incident,
            segment=RACK.segment_id,
            subject=host_subject("cmp1"),
            attempt=1,
            epoch=1,
            author="test",
            n=1,
        )
        await producer.send(RECOVERY, fact)
        await until(deployment, SIGNALS, lambda value: value.signal == Outcome(fact=fact))
    assert await everything(deployment, f"{REPORTED}.dlq") == [b"rubbish"]
    letters: list[Letter] = await everything(deployment, SIGNALS)
    assert any(isinstance(letter.signal, Tick) for letter in letters)
    lost = [x for x in letters if isinstance(x.signal, Fault) and x.signal.host == "stranger"]
    assert [letter.segment for letter in lost] == [UNKNOWN_SEGMENT]
    lies = [x.signal for x in letters if isinstance(x.signal, Fault) and x.signal.host == "cmp2"]
    assert [lie.asserted for lie in lies] == [False]
    for process in (route, correlate):
        process.send_signal(signal.SIGTERM)
    assert [route.wait(20), correlate.wait(20)] == [0, 0]


async def mailed(deployment: Deployment) -> set[UUID]:
    """The ids of all faults in the mailboxes, which are all in the mailbox of their segment."""
    letters: list[Letter] = await everything(deployment, SIGNALS)
    faults = {
        letter.signal.event_id: letter.segment for letter in letters if isinstance(letter.signal, Fault)
    }
    assert set(faults.values()) <= {RACK.segment_id}
    return set(faults)


@pytest.mark.chaos
@in_loop
async def test_route_loses_nothing_when_it_and_kafka_are_killed(own_deployment: Deployment) -> None:
    deployment, kafka = own_deployment, own_deployment.settings.kafka
    route = deployment.start("route")
    async with InventoryWriter(kafka, "test") as writer:
        await writer.put(RACK)
        offset = await writer.put(*HOSTS)
    reports = [report(f"cmp{n % 4 + 1}", f"e{n}", offset) for n in range(400)]
    async with Producer(kafka, "test") as producer:
        for second in range(8):
            now = reports[50 * second : 50 * second + 50]
            await asyncio.gather(*(producer.send(REPORTED, told) for told in now))
            if second in (1, 5):
                route.kill()
                route.wait()
                route = deployment.start("route")
            if second == 3:
                deployment.kafka.kill()
                await asyncio.to_thread(deployment.kafka.restart)
            await asyncio.sleep(0.6)
    sent = {told.event_id for told in reports}
    for _ in range(100):
        if await mailed(deployment) == sent:
            break
        await asyncio.sleep(0.2)
    assert await mailed(deployment) == sent
    said = deployment.log("route").read_text()
    assert len([line for line in said.splitlines() if "ERROR" in line or "WARNING" in line]) <= 12, said
    assert route.poll() is None, said
