"""Route and correlate as processes on a real Kafka: a report becomes an incident, rubbish becomes a dead letter."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from kasugai.adapters.faust.exits import Exit
from kasugai.adapters.kafka.inventory_writer import InventoryWriter
from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.kafka.records import outgoing
from kasugai.adapters.kafka.topics import Topics
from kasugai.core.words.facts import Fact, FactKind, make_fact
from kasugai.core.words.incident import Open
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import (
    UNKNOWN_SEGMENT,
    Command,
    Fault,
    Instruction,
    Letter,
    Outcome,
    Source,
    Tick,
    fault,
)
from kasugai.core.words.subject import Kind, host_subject
from kasugai.schemas.codec import decode, encode
from kasugai.schemas.topics import (
    CHANGELOG,
    COMMANDS,
    INCIDENTS,
    PEERS,
    RECOVERY,
    REPORTED,
    SIGNALS,
    VERDICTS,
)
from tests.support import agents
from tests.support.kafka import KafkaServer
from tests.support.streams import Deployment
from tests.support.unbounded import frame

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

RACK = SegmentRecord(segment_id="5e9b7f43-9b57-4d2e-8b0e-3f7c8d1a9f10", name="rack1")
HOSTS = [HostRecord(host_uuid=f"uuid-{n}", name=f"cmp{n}", segment_id=RACK.segment_id) for n in range(1, 5)]
Test = Callable[..., Coroutine[Any, Any, None]]


def in_loop(test: Test) -> Callable[..., None]:
    """Run a coroutine test on an event loop of its own."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 200))

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
    deployment: Deployment, topic: str, wanted: Callable[[Any], bool], within: float = 90.0
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
        await producer.publish_all([agents.signed(outgoing(PEERS, report("cmp2", "an agent's lie")), "cmp3")])
        order: Open = await until(deployment, INCIDENTS[Kind.HOST], lambda value: isinstance(value, Open))
        assert (order.host, order.host_uuid, order.n) == ("cmp1", "uuid-1", 1)
        assert order.asserted_at is not None
        fact = make_fact(
            Fact(
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
        )
        await producer.send(RECOVERY, replace(fact, fact_id=UUID(int=1)))
        await producer.send(RECOVERY, fact)
        await until(deployment, SIGNALS, lambda value: value.signal == Outcome(fact=fact))
    assert await everything(deployment, f"{REPORTED}.dlq") == [b"rubbish"]
    letters: list[Letter] = await everything(deployment, SIGNALS)
    assert any(isinstance(letter.signal, Tick) for letter in letters)
    lost = [x for x in letters if isinstance(x.signal, Fault) and x.signal.host == "stranger"]
    assert [letter.segment for letter in lost] == [UNKNOWN_SEGMENT]
    assert not [x for x in letters if isinstance(x.signal, Fault) and x.signal.host == "cmp2"]
    lies = [decode(lie) for lie in await everything(deployment, f"{PEERS}.dlq")]
    assert lies == [report("cmp2", "an agent's lie")]
    renamed = [decode(one) for one in await everything(deployment, f"{RECOVERY}.dlq")]
    assert renamed == [replace(fact, fact_id=UUID(int=1))]
    for process in (route, correlate):
        process.send_signal(signal.SIGTERM)
    assert [route.wait(20), correlate.wait(20)] == [0, 0]


@in_loop
async def test_no_record_ends_route_or_correlate_whatever_its_answer_would_hold(
    own_deployment: Deployment,
) -> None:
    """Each of these once ended correlate on every process that took its partition over."""
    deployment = own_deployment
    route, correlate = deployment.start("route"), deployment.start("correlate")
    kafka = deployment.settings.kafka
    async with InventoryWriter(kafka, "test") as writer, Producer(kafka, "test") as producer:
        await writer.put(replace(RACK, policy=Policy(max_unhealthy=100)))
        offset = await writer.put(*HOSTS)
        endless = Command(
            command_id=UUID(int=7),
            order=Instruction.HOLD,
            segment=RACK.segment_id,
            subject=host_subject("x" * 300_000),
            author="me",
            reason="why not",
        )
        await producer.publish(COMMANDS, RACK.segment_id, frame(endless))
        trace = [("traceparent", b"00-" + b"1" * 1_000_000)]
        await producer.publish(REPORTED, "cmp2", encode(report("cmp2", "e1", offset)), trace)
        crowd = [witness("cmp3", number) for number in range(700)]
        await producer.publish_all([agents.said(PEERS, each) for each in crowd])
        await producer.send(REPORTED, report("cmp1", "last", offset))
        await until(deployment, INCIDENTS[Kind.HOST], lambda v: isinstance(v, Open) and v.host == "cmp2")
        await until(deployment, INCIDENTS[Kind.HOST], lambda v: isinstance(v, Open) and v.host == "cmp1")
        await until(deployment, VERDICTS, lambda v: covers(v, crowd[-1]))
    assert [letter[:5] for letter in await everything(deployment, f"{COMMANDS}.dlq")] == [frame(endless)[:5]]
    about = [v for v in await everything(deployment, VERDICTS) if v.subject.host == "cmp3"]
    assert len(about) <= 710, "a verdict for each, and no more"
    assert (route.poll(), correlate.poll()) == (None, None)
    for process in (route, correlate):
        process.send_signal(signal.SIGTERM)
    assert [route.wait(20), correlate.wait(20)] == [0, 0]


def witness(host: str, number: int) -> Fault:
    """Somebody with a new name says the same about a host."""
    return fault(host=host, observer=f"host/{'x' * 200}{number}", source=Source.PEER, episode=f"e{number}")


def covers(verdict: Any, said: Fault) -> bool:
    """Whether a verdict names a fault."""
    return said.event_id in {each.event_id for each in verdict.evidence}


async def mailed(deployment: Deployment) -> set[UUID]:
    """The ids of all faults in the mailboxes, which are all in the mailbox of their segment."""
    letters: list[Letter] = await everything(deployment, SIGNALS)
    faults = {
        letter.signal.event_id: letter.segment for letter in letters if isinstance(letter.signal, Fault)
    }
    assert set(faults.values()) <= {RACK.segment_id}
    return set(faults)


@in_loop
async def test_a_mailbox_that_was_made_anew_beneath_its_rows_is_refused_with_what_to_type(
    own_deployment: Deployment,
) -> None:
    """By the rows' offsets correlate would pass over what lies below their head, in silence."""
    deployment = own_deployment
    correlate = deployment.start("correlate")

    async def ticks() -> set[int]:
        """The partitions whose clock is on the changelog."""
        async with Reader(deployment.settings.kafka, "test-reader") as reader:
            partitions = await reader.partitions(CHANGELOG)
            found = [await reader.read_range(CHANGELOG, each, 0) for each in partitions]
        return {each for each, there in zip(partitions, found, strict=True) if there.records}

    async with asyncio.timeout(40):
        while await ticks() != {0, 1, 2, 3}:  # noqa: ASYNC110 - a broker tells nobody
            await asyncio.sleep(0.2)
    correlate.send_signal(signal.SIGTERM)
    assert correlate.wait(20) == 0
    await asyncio.to_thread(deployment.kafka.delete_topics, [SIGNALS])
    Topics(deployment.settings).apply(wanted(deployment.settings))
    correlate = deployment.start("correlate", "b")
    assert await asyncio.to_thread(correlate.wait, 40) == Exit.UNTRUSTED_ROWS
    last = deployment.log("correlate", "b").read_text().splitlines()[-1]
    assert f"{SIGNALS} was made anew" in last and "type kasugai topics remake" in last


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
