"""Who speaks, on a real Kafka through the real route: signed words arrive, all others are dead letters with a reason,
also for a route that has just begun, and while one master key follows another."""

import asyncio
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kasugai.adapters.kafka.inventory_writer import InventoryWriter
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.kafka.records import Incoming, Outgoing, outgoing
from kasugai.adapters.proving.keeping import change
from kasugai.adapters.proving.masters import Masters, derive, master_of
from kasugai.adapters.proving.prover import Prover
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Fault, Letter, Source, fault
from kasugai.core.words.subject import Kind
from kasugai.schemas.codec import decode
from kasugai.schemas.topics import FAULTS, PEERS, SIGNALS, dead_letters_of
from tests.support import agents
from tests.support.kafka import KafkaServer
from tests.support.streams import Deployment

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

RACK = SegmentRecord(segment_id="5e9b7f43-9b57-4d2e-8b0e-3f7c8d1a9f10", name="rack1")
HOSTS = [HostRecord(host_uuid=f"uuid-{n}", name=f"cmp{n}", segment_id=RACK.segment_id) for n in range(1, 4)]
NEXT = master_of(b"n" * 32)


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """A node of its own: route is ended and begun here."""
    server = KafkaServer().start()
    deployment = Deployment(server, tmp_path)
    yield deployment
    deployment.stop()
    server.stop()


def seen(episode: str, observer: str = "host/cmp2") -> Fault:
    """Somebody cannot reach cmp1."""
    return fault(host="cmp1", observer=observer, source=Source.PEER, episode=episode)


def stopped(episode: str) -> Fault:
    """An agent sees a process of its own host end."""
    return fault(
        kind=Kind.PROCESS,
        detail="libvirtd",
        host="cmp2",
        observer="host/cmp2",
        source=Source.HEARTBEAT,
        episode=episode,
    )


async def send(deployment: Deployment, *records: Outgoing) -> None:
    async with Producer(deployment.settings.kafka, "test") as producer:
        for record in records:
            await producer.publish_all([record])


async def records(deployment: Deployment, topic: str) -> list[Incoming]:
    async with Reader(deployment.settings.kafka, "test-reader") as reader:
        return [
            record
            for partition in await reader.partitions(topic)
            for record in (await reader.read_range(topic, partition, 0)).records
        ]


async def carried(deployment: Deployment) -> set[str]:
    """Return the episodes of faults in the mailboxes."""
    letters = [decode(record.value or b"") for record in await records(deployment, SIGNALS)]
    said = [letter.signal for letter in letters if isinstance(letter, Letter)]
    return {each.episode for each in said if isinstance(each, Fault)}


async def buried(deployment: Deployment, topic: str = PEERS) -> dict[str, list[str]]:
    """Return by episode why faults are dead letters."""
    found: dict[str, list[str]] = {}
    for record in await records(deployment, dead_letters_of(topic)):
        value = decode(record.value or b"")
        assert isinstance(value, Fault)
        headers = dict(record.headers)
        found.setdefault(value.episode, []).append(
            f"{headers['dlq-error-class'].decode()}: {headers['dlq-error'].decode()}"
        )
    return found


async def until_carried(deployment: Deployment, *episodes: str) -> None:
    """Wait until the last of what was sent has arrived: what was sent before it has been judged."""
    deadline = time.monotonic() + 40
    while not set(episodes) <= (there := await carried(deployment)):
        assert time.monotonic() < deadline, f"{episodes} of {there}, dead: {await buried(deployment)}"
        await asyncio.sleep(0.2)


async def describe(deployment: Deployment) -> None:
    async with InventoryWriter(deployment.settings.kafka, "test") as writer:
        await writer.put(RACK)
        await writer.put(*HOSTS)


def test_only_a_hosts_own_word_arrives_and_once(deployment: Deployment) -> None:
    async def main() -> None:
        route = deployment.start("route")
        await describe(deployment)
        own = agents.said(PEERS, seen("own"))
        await send(
            deployment,
            own,
            replace(own, headers=own.headers[-1:]),
            outgoing(PEERS, seen("unsigned")),
            agents.signed(outgoing(PEERS, seen("another's")), "cmp3"),
            replace(agents.said(PEERS, seen("changed")), value=outgoing(PEERS, seen("into this")).value),
            agents.said(FAULTS[Kind.PROCESS], stopped("process")),
            outgoing(FAULTS[Kind.PROCESS], stopped("unsigned process")),
            agents.said(PEERS, seen("last")),
        )
        await until_carried(deployment, "own", "process", "last")
        assert await carried(deployment) == {"own", "process", "last"}
        dead = await buried(deployment)
        assert {episode: len(why) for episode, why in dead.items()} == {
            "own": 1,
            "unsigned": 1,
            "another's": 1,
            "into this": 1,
        }
        assert dead["own"][0].startswith("Replayed: cmp2 has said it before")
        assert dead["unsigned"][0].startswith("Unproved: it carries no header kasugai-proof")
        assert dead["another's"] == ["Unproved: it speaks as cmp2, and cmp3 has signed it"]
        assert "is not signed with the key of cmp2" in dead["into this"][0]
        assert set(await buried(deployment, FAULTS[Kind.PROCESS])) == {"unsigned process"}

        route.send_signal(signal.SIGTERM)
        assert route.wait(20) == 0
        deployment.start("route")
        await send(deployment, own, agents.said(PEERS, seen("after the restart")))
        await until_carried(deployment, "after the restart")
        assert len((await buried(deployment))["own"]) == 2, "a route that has just begun knows it too"
        log = deployment.log("route").read_text()
        for secret in (agents.MASTER.secret, derive(agents.MASTER, "cmp2").secret):
            assert secret.hex() not in log

    asyncio.run(main())


def test_one_master_key_follows_another_while_route_runs(deployment: Deployment) -> None:
    async def main() -> None:
        deployment.start("route")
        await describe(deployment)
        old = Masters(current=agents.MASTER, keys={agents.MASTER.id: agents.MASTER})
        await send(deployment, agents.said(PEERS, seen("old")))
        await until_carried(deployment, "old")

        change(deployment.keys, old.rotated(NEXT))
        await asyncio.sleep(1.5)  # route looks at the file once a second
        fresh = Prover("cmp2", derive(NEXT, "cmp2"))
        await send(deployment, agents.said(PEERS, seen("old still")), by(fresh, seen("new")))
        await until_carried(deployment, "old still", "new")

        change(deployment.keys, old.rotated(NEXT).retired(agents.MASTER.id))
        await asyncio.sleep(1.5)
        await send(deployment, agents.said(PEERS, seen("retired")), by(fresh, seen("new still")))
        await until_carried(deployment, "new still")
        dead = await buried(deployment)
        assert (
            list(dead) == ["retired"]
            and f"key {agents.MASTER.id} of cmp2 is not believed" in dead["retired"][0]
        )

    asyncio.run(main())


def by(prover: Prover, said: Fault) -> Outgoing:
    """Return the record that a prover has signed now."""
    record = outgoing(PEERS, said)
    header = prover.header(PEERS, said.host, record.value or b"")
    return replace(record, headers=(*record.headers, header))


def test_without_a_master_key_agents_say_nothing_and_all_else_goes_on(deployment: Deployment) -> None:
    Path(deployment.keys).unlink()

    async def main() -> None:
        deployment.start("route")
        await describe(deployment)
        reported = fault(host="cmp1", observer="api", source=Source.REPORTED, episode="reported")
        await send(
            deployment, agents.said(PEERS, seen("agent")), outgoing("kasugai.faults.reported", reported)
        )
        await until_carried(deployment, "reported")
        deadline = time.monotonic() + 20
        while not (dead := await buried(deployment)):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)
        assert "no master key is there" in dead["agent"][0]
        assert "nothing that agents say is believed" in deployment.log("route").read_text()

    asyncio.run(main())
