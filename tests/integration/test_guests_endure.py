"""Two hundred guests that die and twenty hosts that lose a process, while route, correlate and the workers are killed.

Real Kafka, real Redis, a simulated Nova over HTTP, the real processes under the test profile. What counts is what Nova
itself has noted: its instance actions, its requests, its services. A node of its own, for Kasugai's topics have fixed
names. `-s` prints the kills.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from kasugai.adapters.kafka.inventory_reader import InventoryReader
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.records import outgoing
from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.cli.segment_file import WantedSegment
from kasugai.core.recovering.nova_views import By
from kasugai.core.telling.incident_views import IncidentView
from kasugai.core.words.incident import Phase
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Fault, Source, Symptom, fault
from kasugai.core.words.subject import Kind, Subject
from kasugai.schemas.topics import REPORTED
from kasugai.sim.cloud import SimCloud
from tests.integration.test_endurance import all_at_work, pass_time, say
from tests.support.kafka import KafkaServer
from tests.support.pipeline import Pipeline, Town
from tests.support.redis import RedisServer
from tests.support.supervisor import COMMANDS, role

pytestmark = [pytest.mark.integration, pytest.mark.chaos, pytest.mark.timeout(400)]

SEED = 5
HOSTS = [f"cmp{n}" for n in range(1, 11)]
EACH = 20
"""Guests on each of them."""
USELESS = [f"prc{n}" for n in range(1, 21)]
"""Hosts that lose their nova-compute's like, as the agents there say."""
KILLS = 3
"""Of each kind of process."""
WITHIN = 150.0
OURS = "Kasugai: "


class Guests(Pipeline):
    """A deployment whose guests and processes fail."""

    def _build(self, cloud: SimCloud) -> None:
        for host in (*HOSTS, *USELESS):
            cloud.add_host(host, has_device=False)
        for host in HOSTS:
            for n in range(EACH):
                cloud.add_guest(f"{host}-{n}", host)

    def _segments(self) -> list[WantedSegment]:
        policy = Policy(restart_all=True, attempts=5)
        return [replace(segment, policy=policy) for segment in super()._segments()]

    def uuids(self) -> dict[str, str]:
        """Return the hosts' uuids by name, once the inventory shows them all."""

        async def read() -> dict[str, str]:
            async with InventoryReader(self.settings.kafka, "test-inventory") as reader:
                found: dict[str, str] = {}
                while len(found) < len(HOSTS) + len(USELESS):
                    await reader.load()
                    found = {host.name: host.host_uuid for host in reader.inventory.hosts()}
                return found

        return asyncio.run(asyncio.wait_for(read(), 200))

    def say(self, faults: Sequence[Fault]) -> None:
        """Publish them, twice: who reports does not know whether he was heard."""

        async def send() -> None:
            async with Producer(self.settings.kafka, "test") as producer:
                await producer.publish_all([outgoing(REPORTED, each) for each in (*faults, *faults)])

        asyncio.run(send())
        self.published += faults

    def end(self, guests: Sequence[str]) -> None:
        """Guests die on their hypervisors."""

        def die(cloud: SimCloud) -> None:
            for uuid in guests:
                cloud.guest_dies(cloud.world.guests[uuid].name)

        self.cloud.do(die)

    def asked(self) -> dict[str, Counter[str]]:
        """Return what was asked of each guest by us, and how often."""

        def look(cloud: SimCloud) -> dict[str, Counter[str]]:
            return {
                uuid: Counter(each.action for each in cloud.nova.actions.of(uuid) if each.by is By.US)
                for uuid in cloud.world.guests
            }

        return self.cloud.do(look)

    def subjects(self) -> set[Subject]:
        """Return everything that fails here."""
        guests = {
            Subject(kind=Kind.INSTANCE, host=guest.host or "", detail=uuid)
            for uuid, guest in self.before.items()
        }
        return guests | {process(host) for host in USELESS}

    def leased(self) -> list[str]:
        """Return who is leased."""

        async def look() -> list[str]:
            async with RedisLedger.from_url(self.redis.url) as ledger:
                return [each.name for each in self.subjects() if await ledger.is_leased(each)]

        return asyncio.run(look())


def process(host: str) -> Subject:
    return Subject(kind=Kind.PROCESS, host=host, detail="nova-compute")


def about(subject: Subject, uuid: str, symptom: Symptom = Symptom.DOWN) -> Fault:
    """Return a report about a guest or a process."""
    return fault(
        host=subject.host,
        host_uuid=uuid,
        kind=subject.kind,
        detail=subject.detail,
        observer="api",
        source=Source.REPORTED,
        symptom=symptom,
        episode=f"{subject.name} {symptom}",
        observed_at=round(time.time() * 1000),
    )


def until_at_work(site: Guests, name: str) -> None:
    """Wait until a process that was killed has come back."""
    site.processes.until(lambda: site.processes.is_at_work(name), 60, lambda: f"{name} is not at work")


def victims(chance: random.Random) -> list[str]:
    names = {kind: cycle([name for name in COMMANDS if role(name) == kind]) for kind in map(role, COMMANDS)}
    found = [next(each) for each in names.values() for _ in range(KILLS)]
    chance.shuffle(found)
    return found


def open_views(site: Guests) -> list[IncidentView]:
    return [view for view in site.incidents() if view.until is None]


def is_recovered(site: Guests, per_process: int) -> bool:
    """Whether every guest has one incident and every process so many, and all are closed."""
    views = site.incidents()
    count = Counter(view.subject for view in views if view.incident is not None)
    wanted = {each: per_process if each.kind is Kind.PROCESS else 1 for each in site.subjects()}
    return count == wanted and not open_views(site)


def missing(site: Guests) -> object:
    views = [view for view in site.incidents() if view.incident is not None]
    told = Counter(view.subject for view in views)
    return (
        Counter(f"{view.subject.kind} {view.phase} {view.why}" for view in open_views(site)),
        [each.name for each in site.subjects() if not told[each]][:10],
        {each.name: number for each, number in told.items() if number > 1},
    )


def test_each_is_recovered_once_whoever_is_killed(
    tmp_path: Path, own_kafka: KafkaServer, redis_server: RedisServer
) -> None:
    chance = random.Random(SEED)
    town = Town(racks={"rack1": HOSTS, "rack2": USELESS}, failing=HOSTS, guests=EACH)
    with Guests(own_kafka, redis_server, tmp_path, town) as site:
        all_at_work(site)
        uuids, began = site.uuids(), time.monotonic()
        guests = sorted(each for each in site.subjects() if each.kind is Kind.INSTANCE)
        chance.shuffle(guests)
        waves = victims(chance)
        for number, name in enumerate(waves):
            dying = guests[number :: len(waves)]
            failing = [process(host) for host in USELESS[number :: len(waves)]]
            site.end([each.detail for each in dying])
            site.say([about(each, uuids[each.host]) for each in (*dying, *failing)])
            pass_time(site, chance.uniform(0.5, 2.0))
            until_at_work(site, name)
            assert not is_recovered(site, 1), "everything was over before all were killed"
            say(f"{time.monotonic() - began:5.1f} s  kill -9 {site.processes.kill(name):<6} {name}")
        site.processes.until(lambda: is_recovered(site, 1), WITHIN, lambda: missing(site))
        say(f"{time.monotonic() - began:5.1f} s  all are recovered")
        services = site.cloud.do(
            lambda cloud: {host: cloud.world.hosts[host].service.disabled_reason or "" for host in USELESS}
        )
        assert all(reason.startswith(OURS) for reason in services.values()), services
        site.say([about(process(host), uuids[host], Symptom.CLEAR) for host in USELESS])
        site.processes.until(lambda: is_recovered(site, 2), WITHIN, lambda: missing(site))
        say(f"{time.monotonic() - began:5.1f} s  all processes are back")
        check(site)


def check(site: Guests) -> None:
    """What Nova has noted, and what is left."""
    asked = site.asked()
    for uuid, guest in site.standing().items():
        assert guest.vm_state == "active" and guest.task_state is None, guest
        assert [*guest.runs_on] == [guest.host], guest
        assert asked[uuid] in ({"start": 1, "stop": 1}, {"start": 1}), (guest, asked[uuid])
    requests = site.cloud.do(
        lambda cloud: Counter(
            (r.action, r.status)
            for r in cloud.wire.requests
            if r.action in ("disable", "enable", "start", "stop")
        )
    )
    say(f"requests that change something: {dict(requests)}")
    assert requests["disable", 200] == requests["enable", 200] == len(USELESS), requests
    enabled = site.cloud.do(lambda cloud: [cloud.world.hosts[host].service.enabled for host in USELESS])
    assert all(enabled)
    views = [view for view in site.incidents() if view.incident is not None]
    assert {view.phase for view in views} == {Phase.RECOVERED}, Counter(view.phase for view in views)
    site.processes.until(lambda: site.leased() == [], 10, lambda: f"leased: {site.leased()}")
    published = {each.event_id for each in site.published}
    site.processes.until(
        lambda: published <= site.covered(), 20, lambda: f"no verdict names {published - site.covered()}"
    )
    site.processes.until(lambda: site.lag() == 0, 20, lambda: f"{site.lag()} orders are not committed")
    assert site.dead_letters() == {}
    assert site.processes.own_ends == []
