"""One failed host on a simulated Nova over HTTP, and worker processes that recover it from a real Kafka and Redis."""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

from confluent_kafka import Consumer, KafkaException, TopicPartition

from kasugai.adapters.kafka.client import partition_of
from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.kafka.topics import Topics
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import Kind, host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.codec import Undecodable, decode
from kasugai.schemas.registry import LAST_ID
from kasugai.schemas.topics import INCIDENTS, RECOVERY, dead_letters_of
from kasugai.sim.child import Child
from kasugai.sim.cloud import QUICK, SimCloud
from kasugai.sim.http import CloudThread
from tests.support.kafka import KafkaServer
from tests.support.worker_process import settings_of

TOPIC = INCIDENTS[Kind.HOST]
PARTITIONS = 4
GUESTS = 6


def eventually(so: Callable[[], bool], within: float = 90.0, why: Callable[[], str] = lambda: "") -> None:
    """Wait until it is so."""
    deadline = time.monotonic() + within
    while not so():
        assert time.monotonic() < deadline, f"not so within {within} s: {why()}"
        time.sleep(0.01)


class Site:
    """A cloud of five hosts without power devices, six guests on the first or more; topics, a group, and workers."""

    def __init__(
        self, kafka: KafkaServer, redis: str, folder: Path, *, spawn: float = 0.0, guests: int = GUESTS
    ) -> None:
        """Use names of its own. `spawn`: seconds that building a guest takes; `guests`: how many the first host has."""
        self._count = guests
        self.folder, self._redis = folder, redis
        name = uuid4().hex[:8]
        self.host, self.group = f"{name}.cmp1", f"test-{name}"
        self.incident = uuid4()
        self._bootstrap = kafka.bootstrap
        self._pace = replace(QUICK, spawn=spawn)
        self.cloud = CloudThread(self._build, pace=self._pace)
        self._workers: list[Child] = []
        self.settings = settings_of(bootstrap=kafka.bootstrap, redis=redis, clouds="", instance="test")
        Topics(self.settings).apply(wanted(self.settings))

    def _build(self, cloud: SimCloud) -> None:
        for number in range(1, 6):
            cloud.add_host(self.host.replace("cmp1", f"cmp{number}"), has_device=False)
        for number in range(1, self._count + 1):
            cloud.add_guest(f"web{number}", self.host)

    def __enter__(self) -> "Site":
        """Open the cloud; the group begins at the end of the topic."""
        self.cloud.__enter__()
        (self.folder / "clouds.yaml").write_text(self.cloud.door.clouds_yaml())
        self.join_at_end(self.group)
        return self

    def __exit__(self, *_: object) -> None:
        """End everything."""
        for worker in self._workers:
            worker.stop()
        self.cloud.__exit__(None, None, None)

    def join_at_end(self, group: str) -> None:
        """Let a group that does not exist yet begin at the end of the topic as of now."""
        consumer = self._member(group)
        places = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
        for place in places:
            eventually(lambda place=place: _find_end(consumer, place))  # type: ignore[misc]
        consumer.commit(offsets=places, asynchronous=False)
        consumer.close()

    def committed(self, group: str | None = None) -> int:
        """Return the group's offset in the host's partition."""
        consumer = self._member(group or self.group)
        (place,) = consumer.committed([TopicPartition(TOPIC, partition_of(self.host, PARTITIONS))], 10)
        consumer.close()
        return place.offset

    def _member(self, group: str) -> Consumer:
        group = f"{group}-{Kind.HOST}"
        return Consumer({"bootstrap.servers": self._bootstrap, "group.id": group, "log_level": 0})

    def start(
        self, name: str, group: str | None = None, *, joined: bool = True, state: Path | None = None
    ) -> Child:
        """Start a worker; wait until it has partitions, unless not `joined`. `state`: its $STATE_DIRECTORY."""
        given = {
            "bootstrap": self._bootstrap,
            "redis": self._redis,
            "clouds": str(self.folder / "clouds.yaml"),
            "instance": name,
            "group": group or self.group,
        }
        log = self.folder / f"{name}.log"
        log.touch()
        known = log.read_text().count("works on partitions")
        command = [sys.executable, "-m", "tests.support.worker_process", json.dumps(given)]
        worker = Child(command, log=log, state=state)
        worker.start(lambda: not joined or self.said(name).count("works on partitions") > known)
        self._workers.append(worker)
        return worker

    def said(self, name: str) -> str:
        """Return what a worker has logged."""
        return (self.folder / f"{name}.log").read_text()

    def fail(self) -> None:
        """Let the host lose its power."""
        self.cloud.do(lambda cloud: cloud.hosts.power_off(self.host))

    def order(self, n: int = 1, *, window: int = 8) -> Stamp:
        """Publish an asserted Open about the host."""
        now = int(time.time() * 1000)
        order = Open(
            incident=self.incident,
            n=n,
            attempt=1,
            segment="s1",
            subject=host_subject(self.host),
            host_uuid="",
            decided_at=BrokerTime(now),
            opened_at=BrokerTime(now),
            asserted_at=BrokerTime(now),
            policy=Policy(window=window),
        )

        async def send() -> Stamp:
            async with Producer(self.settings.kafka, "test") as producer:
                return await producer.send(TOPIC, order)

        return asyncio.run(send())

    def rubbish(self) -> Stamp:
        """Publish what is no order, under the host's key."""
        return self._publish(TOPIC, b"rubbish")

    def newer(self) -> Stamp:
        """Publish what a newer worker says about the host."""
        return self._publish(RECOVERY, b"\0" + LAST_ID.to_bytes(4, "big") + b"of the future")

    def _publish(self, topic: str, value: bytes) -> Stamp:
        async def send() -> Stamp:
            async with Producer(self.settings.kafka, "test") as producer:
                return await producer.publish(topic, self.host, value)

        return asyncio.run(send())

    def evacuations(self) -> Counter[str]:
        """Return how often each guest's evacuation was called, by the cloud's own list."""
        return self.cloud.do(
            lambda cloud: Counter(r.subject for r in cloud.wire.requests if r.action == "evacuate")
        )

    def calls(self, action: str) -> int:
        """Return how often something was called."""
        return self.cloud.do(lambda cloud: sum(r.action == action for r in cloud.wire.requests))

    def at_least(self, evacuations: int) -> None:
        """Wait until so many evacuations were called."""
        eventually(lambda: self.evacuations().total() >= evacuations)

    def in_flight(self) -> int:
        """Return how many evacuations Nova has taken and not ended."""
        under_way = ("accepted", "pre-migrating")
        return self.cloud.do(lambda cloud: sum(m.status in under_way for m in cloud.world.migrations))

    def finished(self, within: float = 90.0) -> list[Fact]:
        """Wait until the incident is finished, and return its facts."""
        eventually(lambda: "finished" in self._kinds(), within, lambda: str(self._kinds()))
        return self.facts()

    def _kinds(self) -> list[str]:
        return [str(fact.kind) for fact in self.facts()]

    def facts(self) -> list[Fact]:
        """Return the incident's facts."""

        async def read() -> list[Fact]:
            async with Reader(self.settings.kafka, "test") as reader:
                found = await reader.read_range(RECOVERY, partition_of(self.host, PARTITIONS), 0)
            values = [_value(record.value) for record in found.records]
            return [v for v in values if isinstance(v, Fact) and v.incident == self.incident]

        return asyncio.run(read())

    def buried(self) -> list[Incoming]:
        """Return the dead letters of the host's orders."""

        async def read() -> list[Incoming]:
            topic = dead_letters_of(TOPIC)
            async with Reader(self.settings.kafka, "test") as reader:
                parts = [await reader.read_range(topic, n, 0) for n in await reader.partitions(topic)]
            return [r for part in parts for r in part.records if r.key == self.host.encode()]

        return asyncio.run(read())

    def assert_moved_once(self) -> None:
        """Every guest runs on another host, once, after exactly one call; nothing has ever run twice."""
        called = self.evacuations()
        assert called == Counter(self._guests()), called
        places = self.cloud.do(
            lambda cloud: [sorted(cloud.running_on(guest)) for guest in cloud.world.guests]
        )
        assert all(len(hosts) == 1 and hosts != [self.host] for hosts in places), places

    def _guests(self) -> list[str]:
        return self.cloud.do(lambda cloud: list(cloud.world.guests))


def _find_end(consumer: Consumer, place: TopicPartition) -> bool:
    """Let the place be the end of its partition; False while a topic that was just made has no leader."""
    try:
        _, place.offset = consumer.get_watermark_offsets(place, 10)
    except KafkaException:
        return False
    return True


def _value(data: bytes | None) -> object:
    try:
        return decode(data or b"")
    except Undecodable:
        return None


def epochs(facts: list[Fact]) -> set[int]:
    """Return under which epochs steps were begun."""
    return {fact.epoch for fact in facts if fact.kind == "started"}


def authors(facts: list[Fact], incident: UUID) -> set[str]:
    """Return who wrote the incident's facts: the worker's name without its incarnation."""
    return {fact.author.partition("#")[0] for fact in facts if fact.incident == incident}
