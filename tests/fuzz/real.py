"""The same shots at real processes: route, correlate, a worker and the projector on a real Kafka and Redis, under a
simulated Nova. Nobody may end or grow, and of every record there is a verdict or a dead letter.

Time is real here, so what comes of pauses is left to the stories in virtual time. Needs what `make services kafka-libs`
brings.
"""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from kasugai.adapters.kafka.inventory_writer import InventoryWriter
from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.kafka.records import Incoming, Outgoing
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings import Settings, load
from kasugai.core.words.incident import Open
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import Kind, host_subject
from kasugai.core.words.verdicts import Verdict
from kasugai.schemas.codec import NewerSchema, Undecodable, decode
from kasugai.schemas.topics import DEAD_LETTERS, INCIDENTS, INVENTORY, SIGNALS, VERDICTS, contracts
from tests.chaos.crew import Crew
from tests.chaos.servers import Broker, NovaProcess
from tests.fuzz.shots import Answer, Shot, answered
from tests.fuzz.telling import Place, fault_of, untold
from tests.support import agents
from tests.support.redis import RedisServer
from tests.support.settings_file import settings_for

NAMES = ("route", "correlate", "worker-1", "project")
WITHIN = 240.0
"""Seconds in which everything must be told after the last shot: a topic that rests does so for 60."""
EVERY = 60.0
"""Seconds between two looks. At the first one libraries, pools and caches have filled."""
GROWTH = 48
"""MiB that a process may have more at the end than after those: rows, texts and names that are kept on purpose."""
REMEMBERED, A_RECORD = 50_000, 4
"""The projector remembers so many records besides (docs/operators/projector.md), of about so many KiB."""
KINDS = ("lease", "subject", "index", "entry", "flag")
TOPICS_OF_INCIDENTS = INCIDENTS[Kind.HOST]

KNOWN = ("cmp1", "cmp2", "spare")

Texts = Sequence[tuple[str, str]]
"""The kind of a key in Redis, and what is written there."""
Fire = Callable[[Sequence[Shot | Answer], Texts], None]


@dataclass(slots=True)
class Log:
    """A topic as far as it has been read."""

    topic: str
    partitions: int = 0
    after: dict[int, int] = field(default_factory=dict)

    async def more(self, reader: Reader) -> list[Incoming]:
        """Return what has come since the last time."""
        found: list[Incoming] = []
        for partition in await reader.partitions(self.topic):
            there = await reader.read_range(self.topic, partition, self.after.get(partition, 0))
            self.after[partition] = there.next
            found += there.records
        return found


@dataclass
class Site:
    """Servers, processes, and what is known of both. Use it from the main thread."""

    folder: Path
    settings: Settings
    crew: Crew
    redis_url: str
    shot: dict[Place, Shot] = field(default_factory=dict)
    dead: set[Place] = field(default_factory=set)
    gone: set[UUID] = field(default_factory=set)
    """Faults of letters that correlate put aside."""
    verdicts: list[Verdict] = field(default_factory=list)
    orders: dict[str, Open] = field(default_factory=dict)
    """The last one about each host."""
    texts: int = 0
    memory: dict[str, list[float]] = field(default_factory=dict)
    """MiB of each process, minute by minute."""
    _logs: dict[str, Log] = field(default_factory=dict)

    async def fire(self, script: Sequence[Shot | Answer], texts: Texts) -> None:
        """Send all in one go, and write over what Redis keeps."""
        shots = [shot for each in script if (shot := self._ready(each)) is not None]
        records = [
            Outgoing(topic=s.topic, key=s.key.encode(), value=s.value, headers=s.headers) for s in shots
        ]
        async with Producer(self.settings.kafka, "fuzz") as producer:
            stamps = await producer.publish_all(records)
        places = ((s.topic, stamp.partition, stamp.offset) for s, stamp in zip(shots, stamps, strict=True))
        self.shot.update(zip(places, shots, strict=True))
        await self._write(texts)

    async def describe(self) -> None:
        """Say which hosts there are; all others that shots name are nobody's."""
        rack = SegmentRecord(segment_id="rack1", name="rack1", policy=Policy(max_unhealthy=100))
        hosts = [HostRecord(host_uuid=f"uuid-{name}", name=name, segment_id="rack1") for name in KNOWN]
        async with InventoryWriter(self.settings.kafka, "fuzz") as writer:
            await writer.put(rack)
            await writer.put(*hosts)

    async def look(self) -> None:
        """Read what has been told since, and how large everybody is."""
        async with Reader(self.settings.kafka, "fuzz-reader") as reader:
            for name in (
                VERDICTS,
                TOPICS_OF_INCIDENTS,
                *(t for t in contracts() if t.endswith(DEAD_LETTERS)),
            ):
                for record in await self._logs.setdefault(name, Log(name)).more(reader):
                    self._take(name, record)
        for name, pid in self.crew.pids().items():
            with suppress(FileNotFoundError):
                self.memory.setdefault(name, []).append(resident(pid))

    def fallen(self) -> list[str]:
        """Who has ended, whose records nobody told of, and who has grown."""
        self.crew.tend()
        grown = [
            f"{name} has grown from {sizes[0]:.0f} to {sizes[-1]:.0f} MiB"
            for name, sizes in self.memory.items()
            if sizes[-1] > sizes[0] + self._may_grow(name)
        ]
        ended = [f"{name} ended with {code}: {last}" for name, code, last in self.crew.ends]
        return [*ended, *grown, *untold(self.shot, self.dead, self.verdicts, self.gone)]

    def _may_grow(self, name: str) -> float:
        kept = min(len(self.shot) + len(self.verdicts), REMEMBERED) if name == "project" else 0
        return GROWTH + kept * A_RECORD / 1024

    def _ready(self, each: Shot | Answer) -> Shot | None:
        """Return the record; None for the one that ends route by design: an inventory of a newer Kasugai."""
        shot = answered(each, self.orders.get(each.host)) if isinstance(each, Answer) else each
        try:
            decode(shot.value or b"")
        except NewerSchema:
            return None if shot.topic == INVENTORY else shot
        except Undecodable:
            pass
        return shot

    def _take(self, topic: str, record: Incoming) -> None:
        if topic.endswith(DEAD_LETTERS):
            why = {name: value.decode(errors="replace") for name, value in record.headers}
            self.dead.add((why["dlq-topic"], int(why["dlq-partition"]), int(why["dlq-offset"])))
        try:
            value = decode(record.value or b"")
        except Undecodable:
            return
        if isinstance(value, Verdict) and topic == VERDICTS:
            self.verdicts.append(value)
        if isinstance(value, Open) and topic == TOPICS_OF_INCIDENTS:
            self.orders[value.host] = value
        if topic == SIGNALS + DEAD_LETTERS and (event := fault_of(value)) is not None:
            self.gone.add(event)

    async def _write(self, texts: Texts) -> None:
        async with Redis.from_url(self.redis_url, decode_responses=True) as admin:
            for (kind, text), host in zip(texts, KNOWN, strict=False):
                order = self.orders.get(host)
                name = (
                    host_subject(host).name
                    if kind in ("lease", "subject", "index")
                    else order and order.incident
                )
                if name is not None:
                    await overwrite(admin, kind, f"kasugai:{{kasugai}}:{kind}:{name}", text)
                    self.texts += 1


async def overwrite(admin: "Redis", kind: str, key: str, text: str) -> None:
    """Write a text where the ledger keeps something of that kind, in its own type or as a mere text."""
    fields = {"lease": "owner", "subject": "offsets", "flag": "said"}
    asked: Any = admin
    if kind == "entry" or len(text) % 3 == 0:
        await asked.set(key, text)
        return
    await admin.delete(key)
    if kind == "index":
        await asked.sadd(key, text)
    else:
        await asked.hset(key, fields[kind], text)


def resident(pid: int) -> float:
    """Return how many MiB of a process are in memory."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


@contextmanager
def site(folder: Path) -> Iterator[Site]:
    """Start everything and wait until all are at work."""
    with ExitStack() as stack:
        broker, redis = Broker().start(), RedisServer().start()
        stack.callback(broker.stop)
        stack.callback(redis.stop)
        nova = NovaProcess(folder, hosts=2, seed=1, spawn=0.5)
        nova.start()
        stack.callback(nova.stop)
        nova.do("add_host", "spare")
        for guest in ("web", "db"):
            nova.do("add_guest", guest, "cmp1")
        config = folder / "kasugai.conf"
        more = agents.section(folder)
        config.write_text(settings_for(kafka=broker.conf, redis=redis.url, clouds=nova.clouds, more=more))
        settings = load([str(config)])
        Topics(settings).apply(wanted(settings))
        crew = Crew(folder, config, NAMES)
        stack.callback(crew.stop)
        found = Site(folder, settings, crew, redis.url)
        asyncio.run(found.describe())
        crew.start()
        while crew.idle():
            crew.tend()
            time.sleep(0.1)
        yield found


def shoot(
    folder: Path, minutes: float, rounds: Callable[[Fire], None], say: Callable[[str], None]
) -> list[str]:
    """Play rounds for so long, wait until all is told, and return what should not be."""
    with site(folder) as town:
        began = looked = time.monotonic()

        def fire(script: Sequence[Shot | Answer], texts: Texts) -> None:
            nonlocal looked
            asyncio.run(town.fire(script, texts))
            town.crew.tend()
            if time.monotonic() - looked > EVERY:
                looked = time.monotonic()
                asyncio.run(town.look())
                say(_line(town, looked - began))

        while time.monotonic() - began < minutes * 60 and not town.crew.ends:
            rounds(fire)
        end = time.monotonic() + WITHIN
        while True:
            asyncio.run(town.look())
            fallen = town.fallen()
            if not fallen or town.crew.ends or time.monotonic() > end:
                say(_line(town, time.monotonic() - began))
                return fallen
            time.sleep(5)


def _line(town: Site, seconds: float) -> str:
    sizes = ", ".join(f"{name} {sizes[0]:.0f} -> {sizes[-1]:.0f}" for name, sizes in town.memory.items())
    return (
        f"{seconds:.0f} s: {len(town.shot)} records, {town.texts} texts in Redis, {len(town.dead)} dead letters, "
        f"{len(town.verdicts)} verdicts, {len(town.crew.ends)} ends; MiB: {sizes}"
    )
