"""How many heartbeats a second liveness takes, beside a bare consumer that decodes the same records, by turns in one
run; and what a process of 10,000 hosts weighs.

Beats carry proofs, and are checked. Both read what lies in the log, on one thread, as fast as they can.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from statistics import median

import fastavro
from confluent_kafka import Consumer

from bench.figures import Figure
from bench.site import await_, say
from kasugai.adapters.kafka.beat_source import BeatSource
from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.outlet import Outlet
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.proving.checker import Checker
from kasugai.adapters.settings import Settings, load
from kasugai.adapters.wall import Wall, monotonic
from kasugai.core.watching.rules import Rules
from kasugai.core.words.timing import Millis
from kasugai.schemas.codec import HEAD
from kasugai.schemas.registry import newest
from kasugai.schemas.topics import HEARTBEATS
from kasugai.streams.liveness import Liveness
from kasugai.streams.liveness_app import Heir
from tests.chaos.crew import Crew
from tests.support.beating import Hosts, said_of_hosts
from tests.support.kafka import KafkaServer
from tests.support.settings_file import settings_for

PARTITIONS = 12
HOSTS = 10_000
EACH = 20
"""Beats of each host."""
TURNS = 3
MEMORY = 3_000
"""Seconds that are read again: all that was written."""


def run() -> Iterator[Figure]:
    """Measure all."""
    folder = Path(tempfile.mkdtemp(prefix="kb-"))
    server = KafkaServer().start()
    try:
        yield from _measure(server, folder)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _measure(server: KafkaServer, folder: Path) -> Iterator[Figure]:
    file = folder / "kasugai.conf"
    file.write_text(settings_for(kafka=server.conf, partitions=PARTITIONS))
    settings = load([str(file)])
    Topics(settings).apply(wanted(settings))
    hosts = Hosts(settings.kafka, [f"cmp{n}.example.org" for n in range(HOSTS)])
    more = f"[agents]\nmaster_keys_file = {hosts.keys_file(folder)}\n[liveness]\nmemory = {MEMORY * 1000}\n"
    file.write_text(settings_for(kafka=server.conf, partitions=PARTITIONS, more=more))
    settings = load([str(file)])
    say(f"liveness: {HOSTS} hosts beat {EACH} times")
    for _ in range(EACH):
        hosts.tick()
    hosts.flush()
    yield from _throughput(settings, hosts)
    yield from _process(settings, folder, hosts)


def _throughput(settings: Settings, hosts: Hosts) -> Iterator[Figure]:
    bare, eyes = [], []
    for turn in range(TURNS):
        bare.append(_bare(settings))
        eyes.append(_drain(settings, hosts, f"bench-{turn}"))
    for what, found, limit in (("bare consumer, decoding", bare, None), ("liveness", eyes, 80_000)):
        rates = [rate for rate, _ in found], [own for _, own in found]
        yield _figure(what, median(rates[0]), "beats/s", limit)
        yield _figure(f"{what}, by its thread's own time", median(rates[1]), "beats/s")
    of_bare = [[e / b for e, b in zip(*turn, strict=True)] for turn in zip(eyes, bare, strict=True)]
    yield _figure("liveness, of the bare consumer", median(wall for wall, _ in of_bare), "x", 0.6)
    yield _figure("... by their threads' own time", median(own for _, own in of_bare), "x")


def _figure(what: str, value: float, unit: str, limit: float | None = None) -> Figure:
    return Figure(bench="liveness", what=what, value=value, unit=unit, limit=limit, at_least=True)


def _bare(settings: Settings) -> tuple[float, float]:
    """Return how many beats a second a bare consumer with fastavro reads, by the wall and by its thread's own time."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.kafka.bootstrap_servers,
            "group.id": f"bench-bare-{time.monotonic_ns()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([HEARTBEATS])
    schema = newest("Beat").parsed
    done, began, thread = 0, 0.0, 0.0
    while done < HOSTS * EACH:
        batch = consumer.consume(500, 1.0)
        began, thread = began or time.monotonic(), thread or time.thread_time()
        for message in batch:
            if message.key() is not None:
                fastavro.schemaless_reader(BytesIO((message.value() or b"")[HEAD:]), schema, None)
                done += 1
    took, own = time.monotonic() - began, time.thread_time() - thread
    consumer.close()
    return done / took, done / own


def _drain(settings: Settings, hosts: Hosts, name: str) -> tuple[float, float]:
    """Return how many beats a second liveness takes of what lies there, by the wall and by its thread's own time."""
    out = Outlet(settings.kafka, name)
    rules = Rules(silence=Millis(3_600_000))  # nobody beats meanwhile
    liveness = Liveness(rules=rules, proofs=Checker(hosts.masters), out=out, author=name, clock=monotonic)
    source = BeatSource(
        settings.kafka,
        group=name,
        instance=name,
        topic=HEARTBEATS,
        memory=MEMORY * 1000,
        owner=Heir(settings, liveness),
        wall=Wall().now,
    )
    done, began, thread = 0, 0.0, 0.0
    while done < HOSTS * EACH:
        liveness.pulse()
        out.serve()
        messages = source.next()
        began, thread = began or time.monotonic(), thread or time.thread_time()
        liveness.take(messages)
        done += sum(message.key() is not None for message in messages)
    took, own = time.monotonic() - began, time.thread_time() - thread
    source.close()
    out.close()
    assert not liveness.counts.total(), f"all count: {liveness.counts}"
    return done / took, done / own


def _process(settings: Settings, folder: Path, hosts: Hosts) -> Iterator[Figure]:
    """A real process: what it weighs, and how soon its next life looks again after kill -9."""
    crew = Crew(folder, folder / "kasugai.conf", names=())
    try:
        with hosts:
            crew.add("liveness-1")
            await_(lambda: "watching " in crew.log("liveness-1"), "liveness has its share")
            time.sleep(30.0)
            yield Figure(
                bench="liveness",
                what=f"memory with {HOSTS:,} hosts",
                value=_memory(crew.pids()["liveness-1"], "VmRSS"),
                unit="MiB",
                limit=120,
            )
            yield Figure(
                bench="liveness",
                what="... at its most, a backlog read",
                value=_memory(crew.pids()["liveness-1"], "VmHWM"),
                unit="MiB",
            )
            yield from _takeover(settings, crew, hosts)
    finally:
        crew.stop()


def _takeover(settings: Settings, crew: Crew, hosts: Hosts) -> Iterator[Figure]:
    """A host dies as liveness is killed: what its finding takes beyond `silence` is the takeover."""
    hosts.dead = {"cmp7.example.org"}
    crew.kill("liveness-1")
    took = await_(lambda: bool(said_of_hosts(settings.kafka, PARTITIONS)), "the next life finds it")
    core = _core(crew.pids()["liveness-1"])
    said = said_of_hosts(settings.kafka, PARTITIONS)
    yield Figure(bench="liveness", what="kill -9 → a host that died then is down", value=took, unit="s")
    takeover = took - Rules().silence / 1000 - 1
    yield Figure(bench="liveness", what="... less silence and a pulse", value=takeover, unit="s", limit=3.0)
    yield Figure(bench="liveness", what="... of a core, until then", value=core, unit="s")
    invented = len({fault.host for fault in said} - hosts.dead)
    yield Figure(bench="liveness", what="silences invented", value=invented, unit="hosts", limit=0)


def _memory(pid: int, what: str) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(what))) / 1024


def _core(pid: int) -> float:
    """Return the seconds of a core that a process has had: what counts on a machine that others use too."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
