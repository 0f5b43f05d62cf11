"""A bridge between two real buses: its settings, its processes, Nova's notifier, and what was published and buried."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import HTTPError
from urllib.request import urlopen

from prometheus_client.parser import text_string_to_metric_families

from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings import Settings, load
from kasugai.cli.exits import Exit
from kasugai.cli.segment import apply
from kasugai.cli.segment_file import WantedHost, WantedSegment
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Fault
from kasugai.schemas.codec import decode
from kasugai.schemas.topics import NOVA, dead_letters_of
from kasugai.sim.child import Child, free_port
from tests.support.bridge_process import HOST
from tests.support.kafka import KafkaServer
from tests.support.settings_file import settings_for

WITHIN = 60.0
DEAD = dead_letters_of(NOVA)


def until(what: Callable[[], bool], why: str, within: float = WITHIN) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + within
    while not what():
        assert time.monotonic() < deadline, f"not within {within:.0f} s: {why}"
        time.sleep(0.2)


def notify(folder: Path, conf: str, *words: str) -> "subprocess.Popen[bytes]":
    """Let Nova's notifier begin."""
    file = folder / "nova.conf"
    file.write_text(conf)
    command = [sys.executable, "-m", "tests.support.nova_notifier", str(file), *words]
    with (folder / "nova.log").open("ab") as log:
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)


def notified(folder: Path, conf: str, *words: str) -> None:
    """Let Nova's notifier say it all."""
    notifier = notify(folder, conf, *words)
    assert notifier.wait(WITHIN) == 0, (folder / "nova.log").read_text()[-2_000:]


@dataclass
class BridgeSite:
    """Our own Kafka with an inventory of one host, and bridges. A context manager."""

    kafka: KafkaServer
    folder: Path
    bridge: str
    """What [bridge] says."""
    ports: dict[str, int] = field(default_factory=dict)
    settings: Settings = field(init=False)
    _children: dict[str, Child] = field(default_factory=dict)
    _begin: dict[tuple[str, int], int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Make the topics, describe the host; what was published before does not count."""
        (self.folder / "kasugai.conf").write_text(
            settings_for(
                kafka=f"bootstrap_servers = {self.kafka.bootstrap}", more=f"[bridge]\n{self.bridge}\n"
            )
        )
        self.settings = load([str(self.folder / "kasugai.conf")])
        Topics(self.settings).apply(wanted(self.settings))
        segment = WantedSegment(name="rack1", hosts=(WantedHost(name=HOST),), policy=Policy())
        asyncio.run(apply(self.settings.kafka, [segment], prune=False))
        self._begin = asyncio.run(self._ends())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all."""
        for child in self._children.values():
            child.stop()
        if error is not None:
            for name in self._children:
                sys.stderr.write(f"--- {name}\n{self.log(name)[-3_000:]}\n")

    def launch(self, name: str = "bridge-1", more: str = "") -> Child:
        """Start a bridge, or its next life."""
        port = self.ports.setdefault(name, free_port())
        own = self.folder / f"{name}.conf"
        own.write_text(f"[stream]\ninstance = {name}\n[telemetry]\nbridge_port = {port}\n{more}")
        files = ["--config-file", str(self.folder / "kasugai.conf"), "--config-file", str(own)]
        child = Child(
            [sys.executable, "-m", "tests.support.bridge_process", *files], log=self.folder / f"{name}.log"
        )
        child.start(lambda: True)
        self._children[name] = child
        return child

    def hears(self, name: str = "bridge-1") -> bool:
        """Whether it is ready."""
        return self.ask(name, "/readyz")[0] == 200

    def running(self, name: str = "bridge-1") -> Child:
        """Start a bridge and wait until it hears; one that ends in doubt (a broker that has just started) is started
        again, as a supervisor does."""
        self.launch(name)
        until(lambda: self._hears_or_again(name), f"{name} hears")
        return self._children[name]

    def _hears_or_again(self, name: str) -> bool:
        code = self._children[name].exit_code
        if code is not None:
            assert code == Exit.AWAY, f"{name} ended with {code}"
            self.launch(name)
        return self.hears(name)

    def arrived(self, count: int) -> bool:
        """Whether so many have been published, each counted once; who has ended in doubt meanwhile is started again."""
        for name, child in list(self._children.items()):
            if child.exit_code is not None:
                self.launch(name)
        return len({each.episode for each in self.faults()}) >= count

    def await_each_once(self, number: int) -> None:
        """Wait until so many guests' words have arrived, and find each under one id, and nothing buried."""
        until(lambda: self.arrived(number), "each has arrived", 180.0)
        faults = self.faults()
        assert {each.episode for each in faults} == {f"guest-{at}" for at in range(number)}
        assert len({each.event_id for each in faults}) == number, "what came again has the same id"
        assert not self.buried()

    def ask(self, name: str, path: str) -> tuple[int, str]:
        """Ask a bridge over HTTP."""
        try:
            with urlopen(f"http://127.0.0.1:{self.ports[name]}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def value(self, metric: str, name: str = "bridge-1", **labels: str) -> float:
        """Return the sum of a metric's samples that have these labels; 0 while nobody answers."""
        status, text = self.ask(name, "/metrics")
        if status != 200:
            return 0
        return sum(
            sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == metric and labels.items() <= sample.labels.items()
        )

    def log(self, name: str = "bridge-1") -> str:
        """Return what a bridge has logged."""
        file = self.folder / f"{name}.log"
        return file.read_text() if file.exists() else ""

    def faults(self) -> list[Fault]:
        """Return all that was published."""
        found = [decode(record.value or b"") for record in self._records(NOVA)]
        return [each for each in found if isinstance(each, Fault)]

    def buried(self) -> dict[str, bytes | None]:
        """Return what was buried, by its reason."""
        return {dict(each.headers)["dlq-error"].decode(): each.value for each in self._records(DEAD)}

    def count(self) -> int:
        """Return how many records were published."""
        ends = asyncio.run(self._ends())
        return sum(end - self._begin[place] for place, end in ends.items() if place[0] == NOVA)

    def _records(self, topic: str) -> list[Incoming]:
        async def read() -> list[Incoming]:
            async with Reader(self.settings.kafka, "test-bridge") as reader:
                parts = await reader.partitions(topic)
                ranges = [await reader.read_range(topic, p, self._begin[topic, p]) for p in parts]
            return [record for each in ranges for record in each.records]

        return asyncio.run(read())

    async def _ends(self) -> dict[tuple[str, int], int]:
        async with Reader(self.settings.kafka, "test-bridge") as reader:
            return {
                (topic, p): (await reader.bounds(topic, p))[1]
                for topic in (NOVA, DEAD)
                for p in await reader.partitions(topic)
            }
