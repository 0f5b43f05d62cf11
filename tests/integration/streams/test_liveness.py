"""Liveness on a real Kafka: it finds a host that falls silent, survives kill -9, and invents no silence."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from confluent_kafka import Consumer

from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings import KafkaSettings, load
from kasugai.core.words.signals import Fault, Symptom
from kasugai.core.words.timing import Millis
from kasugai.schemas.topics import HEARTBEATS, dead_letters_of
from tests.chaos.crew import Crew
from tests.support.beating import Hosts, said_of_hosts
from tests.support.kafka import KafkaServer
from tests.support.settings_file import settings_for

pytestmark = [pytest.mark.integration, pytest.mark.chaos]

PARTITIONS = 4
NAMES = [f"cmp{n}" for n in range(1, 21)]
MEMORY = 600
"""Seconds that are read again where nobody has left since when."""
TAKEOVER = 3.0
"""Seconds within which who is started again has its partitions and looks."""


@dataclass
class Eyes:
    """A broker, hosts that beat, and liveness."""

    settings: KafkaSettings
    hosts: Hosts
    crew: Crew

    def said(self) -> list[Fault]:
        """Return all that was said."""
        return said_of_hosts(self.settings, PARTITIONS)

    def await_(self, so: Callable[[], bool], what: str, within: float = 60.0) -> None:
        """Wait until it is so. How long it takes is measured in bench/."""
        began = time.monotonic()
        while not so():
            assert time.monotonic() - began < within, f"{what}: {self.logs()}"
            time.sleep(0.1)

    def is_down(self, host: str) -> bool:
        """Whether the last word about a host is that it is down."""
        words = [fault.symptom for fault in self.said() if fault.host == host]
        return words[-1:] == [Symptom.DOWN]

    def logs(self) -> str:
        """Return what the processes said last."""
        return "\n".join(self.crew.log(name)[-2_000:] for name in self.crew.pids())

    def read_again(self) -> list[int]:
        """Return how many seconds each life read again of its partitions."""
        return [int(ago) for ago in re.findall(r"partitions, from (\d+) s ago", self.crew.log("liveness-1"))]

    def take(self, name: str) -> None:
        """Wait until a process concludes: everything is read again."""
        self.await_(lambda: "watching " in self.crew.log(name), f"{name} has its share")


@pytest.fixture
def eyes(tmp_path: Path) -> Iterator[Eyes]:
    server = KafkaServer().start()
    file = tmp_path / "kasugai.conf"
    settings = KafkaSettings(bootstrap_servers=server.bootstrap, replication=1, min_insync=1)
    hosts = Hosts(settings, NAMES)
    more = f"[agents]\nmaster_keys_file = {hosts.keys_file(tmp_path)}\n[liveness]\nmemory = {MEMORY * 1000}\n"
    file.write_text(settings_for(kafka=server.conf, partitions=PARTITIONS, more=more))
    loaded = load([str(file)])
    Topics(loaded).apply(wanted(loaded))
    crew = Crew(tmp_path, file, names=("liveness-1",))
    try:
        with hosts:
            yield Eyes(settings, hosts, crew)
    finally:
        crew.stop()
        server.stop()


def test_a_silent_host_is_found_and_a_killed_liveness_invents_no_silence(eyes: Eyes) -> None:
    eyes.crew.start()
    eyes.take("liveness-1")
    time.sleep(5.0)
    assert eyes.said() == []
    eyes.hosts.dead = {"cmp7"}
    eyes.await_(lambda: eyes.is_down("cmp7"), "cmp7 is found")
    (first,) = {fault.event_id for fault in eyes.said()}

    for _ in range(3):
        eyes.crew.kill("liveness-1")
        time.sleep(TAKEOVER)
    eyes.hosts.dead = {"cmp7", "cmp9"}
    eyes.await_(lambda: eyes.is_down("cmp9"), "cmp9 is found by the fourth life")
    assert {fault.host for fault in eyes.said()} == {"cmp7", "cmp9"}, "no silence was invented"
    assert {fault.event_id for fault in eyes.said() if fault.host == "cmp7"} == {first}
    first_life, *others = eyes.read_again()
    assert first_life == MEMORY
    assert max(others) < MEMORY, "each was left since when it must read again"
    eyes.hosts.dead = set()
    eyes.await_(lambda: not eyes.is_down("cmp7") and not eyes.is_down("cmp9"), "both are back")


def test_another_takes_over_from_who_is_gone_for_good(eyes: Eyes) -> None:
    eyes.crew.start()
    eyes.take("liveness-1")
    eyes.crew.add("liveness-2")
    eyes.take("liveness-2")
    time.sleep(4.0)
    eyes.hosts.dead = {"cmp3"}
    eyes.crew.end("liveness-1")
    eyes.await_(lambda: eyes.is_down("cmp3"), "cmp3 is found by the other")
    assert {fault.host for fault in eyes.said()} == {"cmp3"}, "no silence was invented"


def test_what_is_not_proved_or_was_said_before_counts_for_nothing(eyes: Eyes) -> None:
    eyes.crew.start()
    eyes.take("liveness-1")
    old = eyes.hosts.beat("cmp5")
    time.sleep(3.0)
    eyes.hosts.dead = {"cmp5"}
    eyes.await_(lambda: eyes.is_down("cmp5"), "cmp5 is found")
    eyes.hosts.send([old])
    eyes.hosts.send([replace(old, uptime=Millis(old.uptime + 600_000))], proved=False)
    assert "it carries no header kasugai-proof" in dead_letter(eyes.settings)
    eyes.crew.kill("liveness-1")
    time.sleep(TAKEOVER)
    eyes.hosts.send([replace(old, uptime=Millis(old.uptime + 500))])
    time.sleep(5.0)
    assert eyes.is_down("cmp5")


def dead_letter(settings: KafkaSettings) -> str:
    """Return why the first dead letter among heartbeats is one."""
    consumer = Consumer(
        {
            "bootstrap.servers": settings.bootstrap_servers,
            "group.id": "letters",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([dead_letters_of(HEARTBEATS)])
    deadline = time.monotonic() + 20.0
    while time.monotonic() < deadline:
        message = consumer.poll(0.5)
        if message is not None and message.error() is None:
            consumer.close()
            return str(dict(message.headers() or ())["dlq-error"])
    consumer.close()
    sys.stderr.write("no dead letter came\n")
    return ""
