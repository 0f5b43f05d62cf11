"""An agent as a process on a real Kafka: it beats, tells, dies, and nothing that it said is lost or comes twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from kasugai.adapters.proving.checker import Checker
from kasugai.adapters.proving.masters import Masters, derive, new_master
from kasugai.core.words.heartbeats import Beat, Leave
from kasugai.core.words.signals import Fault, Symptom
from kasugai.schemas.codec import decode
from kasugai.sim.child import free_port
from tests.support.kafka import KafkaServer

HEARTBEATS, PROCESS = "kasugai.heartbeats", "kasugai.faults.process"
TOPICS = {HEARTBEATS: 3, PROCESS: 3, "kasugai.faults.instance": 3, "kasugai.faults.peers": 3}


MASTER = new_master()
CHECKER = Checker(Masters(current=MASTER, keys={MASTER.id: MASTER}))


class Site:
    """An agent's files, and the process when it runs."""

    def __init__(self, folder: Path, host: str, bootstrap: str) -> None:
        self.folder, self.host, self.port = folder, host, free_port()
        self.processes = [f"{host}-p{n}" for n in range(5)]
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        entries = "".join(
            f"- process_name: {name}\n  pid_file: {folder}/{name}.pid\n  restart_command: 'true'\n"
            for name in self.processes
        )
        (folder / "list.yaml").write_text(entries)
        (folder / "agent.conf").write_text(
            f"[agent]\nhost = {host}\nkey_file = {folder}/agent.key\nstate_dir = {folder}/state\n"
            f"health_port = {self.port}\n"
            f"[kafka]\nbootstrap_servers = {bootstrap}\n[host]\nenabled = false\n"
            f"[process]\nprocess_list_path = {folder}/list.yaml\nboot_quiet = 0\nrestart_retries = 0\n"
            "restart_interval = 0.1\ncheck_interval = 0.2\n"
        )
        (folder / "agent.key").write_text(derive(MASTER, host).line(host) + "\n")
        (folder / "agent.key").chmod(0o600)
        self._agent: subprocess.Popen[bytes] | None = None
        for name in self.processes:
            self.begin(name)

    def begin(self, name: str) -> None:
        """Start one of the processes that are watched."""
        self._children[name] = subprocess.Popen(["sleep", "10000"])
        (self.folder / f"{name}.pid").write_text(str(self._children[name].pid))

    def end(self, name: str) -> None:
        """Kill it."""
        self._children[name].kill()
        self._children[name].wait()

    def start(self) -> float:
        """Start the agent, and return after how many seconds its health answers."""
        began = time.monotonic()
        with (self.folder / "log").open("ab") as log:
            self._agent = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "kasugai.cli",
                    "agent",
                    "--config-file",
                    str(self.folder / "agent.conf"),
                ],
                stderr=log,
            )
        self.until(lambda seen: seen is not None)
        return time.monotonic() - began

    @property
    def pid(self) -> int:
        assert self._agent is not None
        return self._agent.pid

    def kill(self, how: signal.Signals = signal.SIGKILL) -> int:
        """End the agent and return its exit code."""
        assert self._agent is not None
        self._agent.send_signal(how)
        return self._agent.wait(30)

    def seen(self) -> dict[str, Any] | None:
        """Return what the agent says of itself; None while it does not answer."""
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except OSError:
            return None

    def until(self, condition: Any, seconds: float = 60) -> None:
        """Wait for what the agent says of itself."""
        ends = time.monotonic() + seconds
        while not condition(seen := self.seen()):
            assert time.monotonic() < ends, (seen, (self.folder / "log").read_text())
            assert self._agent is not None and self._agent.poll() is None, (self.folder / "log").read_text()
            time.sleep(0.05)

    def close(self) -> None:
        """End all."""
        if self._agent is not None and self._agent.poll() is None:
            self._agent.kill()
            self._agent.wait()
        for child in self._children.values():
            child.kill()
            child.wait()


def records(bootstrap: str, topic: str, host: str) -> list[Any]:
    """Return what a host has said on a topic, in order."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic, n, OFFSET_BEGINNING) for n in range(TOPICS[topic])])
    ends = {n: consumer.get_watermark_offsets(TopicPartition(topic, n))[1] for n in range(TOPICS[topic])}
    left, found = sum(ends.values()), []
    while left:
        message = consumer.poll(30)
        assert message is not None and message.error() is None
        left -= 1
        if message.key() == host.encode():
            value, headers = message.value() or b"", message.headers()
            assert CHECKER.trouble(host, topic, host, value, headers) == ""  # type: ignore[arg-type]  # a list of pairs
            found.append(decode(value))
    consumer.close()
    return found


def faults(bootstrap: str, host: str) -> list[Fault]:
    return [record for record in records(bootstrap, PROCESS, host) if isinstance(record, Fault)]


@pytest.fixture(scope="module")
def topics() -> Iterator[KafkaServer]:
    """A broker of these tests' own: topics have the product's names, which others use as well."""
    kafka = KafkaServer().start()
    try:
        kafka.create_topics(TOPICS, config={"message.timestamp.type": "LogAppendTime"})
        yield kafka
    finally:
        kafka.stop()


@pytest.fixture
def site(topics: KafkaServer, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    site = Site(tmp_path, f"cmp-{abs(hash(request.node.name)) % 10**6}", topics.bootstrap)
    yield site
    site.close()


def test_it_beats_tells_of_a_death_and_a_return_once_and_says_that_it_goes(
    topics: KafkaServer, site: Site
) -> None:
    site.start()
    site.until(lambda seen: seen["beats"] >= 3)
    name = site.processes[0]
    site.end(name)
    site.until(lambda seen: True)
    _until(lambda: [fault.symptom for fault in faults(topics.bootstrap, site.host)] == [Symptom.DOWN])
    site.begin(name)
    _until(lambda: [fault.symptom for fault in faults(topics.bootstrap, site.host)][-1:] == [Symptom.CLEAR])
    assert site.kill(signal.SIGTERM) == 0
    beats = records(topics.bootstrap, HEARTBEATS, site.host)
    assert all(isinstance(beat, Beat) for beat in beats)
    uptimes = [beat.uptime for beat in beats]
    assert uptimes == sorted(set(uptimes)) and len({beat.boot_id for beat in beats}) == 1
    assert [beat.leave for beat in beats] == [Leave.STAYS] * (len(beats) - 1) + [Leave.AGENT]
    told = faults(topics.bootstrap, site.host)
    assert [fault.episode for fault in told] == [told[0].episode] * 2


@pytest.mark.chaos
def test_killed_while_kafka_is_away_it_has_told_each_fault_once_by_id(
    own_kafka: KafkaServer, tmp_path: Path
) -> None:
    own_kafka.create_topics(TOPICS)
    site = Site(tmp_path, "cmp-kafka", own_kafka.bootstrap)
    try:
        site.start()
        site.until(lambda seen: seen["beats"] >= 1)
        own_kafka.kill()
        for name in site.processes[:3]:
            site.end(name)
        site.until(lambda seen: seen["outbox"]["waiting"] >= 3)
        site.kill()
        site.start()
        site.end(site.processes[3])
        site.until(lambda seen: seen["outbox"]["waiting"] >= 4 and seen["kafka"], 90)
        site.kill()
        own_kafka.restart()
        site.start()
        site.until(lambda seen: seen["outbox"]["waiting"] == 0 and seen["beats"] > 0, 90)
        site.kill()
        told = faults(own_kafka.bootstrap, site.host)
        assert {fault.symptom for fault in told} == {Symptom.DOWN}
        by_process = {
            fault.subject.detail: {f.event_id for f in told if f.subject == fault.subject} for fault in told
        }
        assert {name: len(ids) for name, ids in by_process.items()} == dict.fromkeys(site.processes[:4], 1)
    finally:
        site.close()


def test_killed_again_and_again_while_processes_die_it_loses_none(topics: KafkaServer, site: Site) -> None:
    for n, name in enumerate(site.processes):
        site.start()
        site.end(name)
        time.sleep(0.15 * n)  # somewhere else each time
        site.kill()
    site.start()
    _until(
        lambda: {fault.subject.detail for fault in faults(topics.bootstrap, site.host)} == set(site.processes)
    )
    site.until(lambda seen: seen["outbox"]["waiting"] == 0)
    told = faults(topics.bootstrap, site.host)
    assert len({fault.event_id for fault in told}) == len(site.processes)


def test_on_a_disk_that_is_full_it_tells_all_and_stores_again_when_there_is_room(
    topics: KafkaServer, site: Site
) -> None:
    """A real small file system, mounted where this test alone sees it."""
    inside = (
        "import sys; from pathlib import Path; from tests.support.full_disk import play; "
        "play(Path(sys.argv[1]))"
    )
    rights = ["-m"] if os.geteuid() == 0 else ["-rm"]
    folder = site.folder / "small"
    folder.mkdir()
    done = subprocess.run(
        ["unshare", *rights, sys.executable, "-c", inside, str(folder)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _until(condition: Any, seconds: float = 60) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it did not come to be"
        time.sleep(0.2)
