"""A whole deployment for chaos runs: topics on a real Kafka, a simulated Nova over HTTP, the real processes, and what
Kafka, Redis, Nova's records and the hypervisors' diary tell about a recovery.

It judges nothing: a test does.
"""

import argparse
import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self
from uuid import UUID

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, TopicPartition
from confluent_kafka.admin import AdminClient

from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.adapters.settings import Settings, load
from kasugai.cli.fault import publish
from kasugai.cli.segment import apply
from kasugai.cli.segment_file import WantedHost, WantedSegment
from kasugai.core.recovering.ledger import Entry
from kasugai.core.telling.incident_views import IncidentView, fold
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Fault
from kasugai.core.words.subject import INCIDENT_KINDS, Kind, host_subject
from kasugai.core.words.verdicts import Verdict
from kasugai.schemas.topics import DEAD_LETTERS, INCIDENTS, contracts
from kasugai.sim.cloud import QUICK, SimCloud
from kasugai.sim.http import CloudThread
from tests.support.kafka import KafkaServer
from tests.support.redis import RedisServer
from tests.support.settings_file import settings_for
from tests.support.supervisor import COMMANDS, Supervisor
from tests.support.told import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """What the simulated cloud holds, and which of its hosts will fail."""

    racks: Mapping[str, Sequence[str]]
    """Segments and their hosts."""
    failing: Sequence[str]
    guests: int
    """On each failing host; every fifth is stopped, every seventh locked."""
    spawn: float = 2.0
    """Seconds that building a guest takes."""
    window: int = 8
    """Evacuations in progress per host."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A guest by Nova's record, and where it really runs."""

    name: str
    host: str | None
    vm_state: str
    task_state: str | None
    locked_by: str | None
    runs_on: frozenset[str]


class Pipeline:
    """Context manager: everything is started, nothing has failed yet."""

    def __init__(
        self,
        kafka: KafkaServer,
        redis: RedisServer,
        folder: Path,
        town: Town,
        *,
        commands: Mapping[str, tuple[str, ...]] = COMMANDS,
        config: str = "",
    ) -> None:
        """Nothing runs yet but Kafka and Redis. `commands`: which processes; `config`: what they read besides."""
        self._more = config
        self.town, self.kafka, self.redis = town, kafka, redis
        self.cloud = CloudThread(self._build, pace=replace(QUICK, spawn=town.spawn), seed=1)
        self._folder = folder
        self.config = folder / "kasugai.conf"
        self.processes = Supervisor(folder, self.config, commands, kafka.conf_of)
        self.told = Told()
        self.before: dict[str, Standing] = {}
        self.published: list[Fault] = []

    def __enter__(self) -> Self:
        """Start everything; the processes may still be coming up."""
        with ExitStack() as stack:
            stack.enter_context(self.cloud)
            stack.callback(self.processes.stop)
            stack.callback(self.told.end)
            self._start()
            self._stack = stack.pop_all()
        return self

    def _start(self) -> None:
        clouds = self._folder / "clouds.yaml"
        clouds.write_text(self.cloud.door.clouds_yaml())
        self.config.write_text(
            settings_for(kafka=self.kafka.conf, redis=self.redis.url, clouds=clouds, more=self._more)
        )
        self.settings: Settings = load([str(self.config)])
        Topics(self.settings).apply(wanted(self.settings))
        self.processes.start()
        asyncio.run(apply(self.settings.kafka, self._segments(), prune=False))
        self.told.begin(self.settings.kafka)
        self.before = self.standing()

    def __exit__(self, *_: object) -> None:
        """End everything that was started here."""
        self._stack.close()

    def _build(self, cloud: SimCloud) -> None:
        for host in (host for hosts in self.town.racks.values() for host in hosts):
            full = (
                self.town.guests if host in self.town.failing else None
            )  # nobody is sent to one that will die
            cloud.add_host(host, has_device=False, capacity=full)
        for host in self.town.failing:
            for n in range(1, self.town.guests + 1):
                cloud.add_guest(
                    f"{host}-{n}",
                    host,
                    vm_state="active" if n % 5 else "stopped",
                    locked_by=None if n % 7 else "owner",
                    metadata={"HA_Enabled": "True"} if n % 10 == 3 else {},
                )

    def _segments(self) -> list[WantedSegment]:
        policy = Policy(window=self.town.window)
        return [
            WantedSegment(name=rack, policy=policy, hosts=tuple(WantedHost(name=host) for host in hosts))
            for rack, hosts in self.town.racks.items()
        ]

    # What happens.

    def lose(self, host: str) -> None:
        """The host loses its power, and a person who knows says so."""
        self.cloud.do(lambda cloud: cloud.hosts.power_off(host))
        self.report(host, fenced=True)

    def report(self, host: str, *, fenced: bool, observer: str = "cli") -> None:
        """`kasugai fault publish HOST [--fenced]`."""
        said = argparse.Namespace(
            host=host,
            instance="",
            process="",
            fenced=fenced,
            alive=False,
            id=None,
            observer=observer,
            force=False,
        )
        fault, _ = asyncio.run(publish(self.settings.kafka, said))
        self.published.append(fault)

    # What Nova and the hypervisors tell.

    def standing(self) -> dict[str, Standing]:
        """Return every guest by its uuid."""

        def look(cloud: SimCloud) -> dict[str, Standing]:
            return {
                uuid: Standing(
                    guest.name,
                    guest.host,
                    guest.vm_state,
                    guest.task_state,
                    guest.locked_by,
                    cloud.diary.running_on(uuid),
                )
                for uuid, guest in cloud.world.guests.items()
            }

        return self.cloud.do(look)

    def living_hosts(self) -> set[str]:
        """Return the hosts that have power."""
        return self.cloud.do(lambda cloud: {host.name for host in cloud.world.hosts.values() if host.answers})

    def calls(self) -> Counter[str]:
        """Return how many evacuate requests of each guest Nova has accepted."""
        return self.cloud.do(
            lambda cloud: Counter(
                request.subject
                for request in cloud.wire.requests
                if request.action == "evacuate" and request.status == 200
            )
        )

    def in_progress(self) -> int:
        """Return how many evacuations are under way."""
        return self.cloud.do(lambda cloud: len(cloud.nova.evacuations.in_progress))

    def migrations(self) -> dict[str, list[str]]:
        """Return the statuses of each guest's evacuation records."""

        def look(cloud: SimCloud) -> dict[str, list[str]]:
            found: dict[str, list[str]] = defaultdict(list)
            for record in cloud.world.migrations:
                found[record.guest].append(record.status)
            return dict(found)

        return self.cloud.do(look)

    def ran_twice(self) -> set[str]:
        """Return the guests that were on two hosts at any moment, by the hypervisors' diary."""
        running: dict[str, set[str]] = defaultdict(set)
        twice: set[str] = set()
        for entry in self.cloud.do(lambda cloud: list(cloud.diary.entries)):
            hosts = running[entry.guest]
            (hosts.add if entry.event == "started" else hosts.discard)(entry.host)
            twice |= {entry.guest} if len(hosts) > 1 else set()
        return twice

    # What Kafka and Redis tell.

    def incidents(self) -> tuple[IncidentView, ...]:
        """Return all incidents as anybody sees them."""
        return fold(self.told.seen)

    def covered(self) -> set[UUID]:
        """Return the ids of all faults that a verdict names."""
        return {
            evidence.event_id
            for seen in list(self.told.seen)
            if isinstance(seen.value, Verdict)
            for evidence in seen.value.evidence
        }

    def dead_letters(self) -> dict[str, int]:
        """Return how many records each dead-letter topic has had; those with none are left out."""

        async def count() -> Counter[str]:
            found: Counter[str] = Counter()
            async with Reader(self.settings.kafka, "test") as reader:
                for topic in contracts():
                    if topic.endswith(DEAD_LETTERS):
                        for partition in await reader.partitions(topic):
                            found[topic] += (await reader.bounds(topic, partition))[1]
            return found

        return dict(+asyncio.run(count()))

    def lag(self) -> int:
        """Return how many orders the workers' groups have not committed."""
        return sum(map(self._lag, INCIDENT_KINDS))

    def _lag(self, kind: Kind) -> int:
        group, topic = f"kasugai-worker-{kind}", INCIDENTS[kind]
        admin = AdminClient({"bootstrap.servers": self.kafka.bootstrap, "log_level": 0})
        asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
        places = asked[group].result().topic_partitions or []
        done = {place.partition: max(place.offset, 0) for place in places}
        consumer = Consumer({"bootstrap.servers": self.kafka.bootstrap, "group.id": "test", "log_level": 0})
        try:
            ends = [
                (number, consumer.get_watermark_offsets(TopicPartition(topic, number), 10))
                for number in range(self.settings.stream.partitions)
            ]
        finally:
            consumer.close()
        return sum(high - done.get(number, 0) for number, (_, high) in ends)

    def ledger(self) -> tuple[list[Entry], list[str]]:
        """Return all entries about the failing hosts, and those hosts that are leased."""

        async def look() -> tuple[list[Entry], list[str]]:
            async with RedisLedger.from_url(self.redis.url) as ledger:
                folded = [await ledger.load(host_subject(host)) for host in self.town.failing]
                leased = [host for host in self.town.failing if await ledger.is_leased(host_subject(host))]
            return [entry for one in folded for entry in one.entries.values()], leased

        return asyncio.run(look())
