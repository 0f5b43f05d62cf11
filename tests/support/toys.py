"""Starts toy processors on a real Kafka, talks to them through their topics, and ends all that it started."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from confluent_kafka import Consumer, Producer, TopicPartition

from tests.support.kafka import REPO, KafkaServer

SESSION = 6.0
"""The shortest that a broker allows (group.min.session.timeout.ms)."""


class RunningToy:
    """One process with its output."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        """Start it."""
        self._log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(command, cwd=REPO, stdout=out, stderr=subprocess.STDOUT)

    @property
    def said(self) -> str:
        """All that it wrote."""
        return self._log.read_text()

    def told(self, key: str) -> list[dict[str, Any]]:
        """The JSON lines that carry `key`."""
        lines = [json.loads(line) for line in self.said.splitlines() if line.startswith("{")]
        return [line for line in lines if key in line]

    def has_said(self, words: str, within: float = 90.0) -> bool:
        """Wait until it has written `words`."""
        eventually(lambda: words in self.said, within)
        return words in self.said

    def is_running(self) -> bool:
        """Whether it lives."""
        return self.process.poll() is None

    def rows(self) -> dict[int, dict[str, int]]:
        """What the last restore of each partition brought: subject -> offset."""
        return {line["restored"]: line["rows"] for line in self.told("restored")}

    def wait_ready(self, partitions: int = 1, within: float = 90.0) -> Self:
        """Wait until it owns so many partitions."""
        eventually(lambda: len(self.rows()) >= partitions or self.process.poll() is not None, within)
        assert self.process.poll() is None, self.said
        return self

    def exit_code(self, within: float = 90.0) -> int:
        """Wait for its end."""
        return self.process.wait(within)


class Toys:
    """The topics of one test, and its processes."""

    def __init__(self, kafka: KafkaServer, name: str, folder: Path, partitions: int = 1) -> None:
        """Create input, output, dead-letter and changelog topics."""
        self.kafka, self.topic, self.partitions = kafka, name, partitions
        self._folder = folder
        self._running: list[RunningToy] = []
        address = {"bootstrap.servers": kafka.bootstrap, "log_level": 0}
        self._producer = Producer(address | {"partitioner": "murmur2_random"})
        kafka.create_topics({name: partitions, f"{name}.out": 1, f"{name}.dlq": 1})
        compact = {"cleanup.policy": "compact", "max.message.bytes": "3000"}
        kafka.create_topics({self.changelog: partitions}, config=compact)

    @property
    def group(self) -> str:
        """The toys' consumer group."""
        return f"{self.topic}-app"

    @property
    def changelog(self) -> str:
        """Where the rows go."""
        return f"{self.group}-rows-changelog"

    def start(self, instance: str = "a", *switches: str) -> RunningToy:
        """Start one process."""
        settings = {
            "app_id": self.group,
            "bootstrap": self.kafka.bootstrap,
            "topic": self.topic,
            "instance_id": instance,
            "session": SESSION,
            "heartbeat": 1.0,
            "rebalance": 8.0,
            "request": 10.0,
            "fetch_wait": 0.1,
        }
        command = [sys.executable, "-m", "tests.support.toy", json.dumps(settings), *switches]
        toy = RunningToy(command, self._folder / f"{instance}-{len(self._running)}.log")
        self._running.append(toy)
        return toy

    def send(self, subjects: Iterable[str], *, topic: str = "", partition: int = -1) -> None:
        """Write subjects into the input, acknowledged."""
        for subject in subjects:
            self._producer.produce(topic or self.topic, subject.encode(), subject.encode(), partition)
        assert self._producer.flush(30) == 0

    def send_row(self, key: bytes, value: bytes, partition: int) -> None:
        """Write a row into the changelog behind the toys' backs."""
        self._producer.produce(self.changelog, value, key, partition)
        assert self._producer.flush(30) == 0

    def out(self, count: int = 0, *, within: float = 90.0, suffix: str = ".out") -> list[str]:
        """Return what was published so far, waiting until it is at least `count`."""
        found: list[str] = []

        def enough() -> bool:
            found[:] = read_all(self.kafka.bootstrap, self.topic + suffix)
            return len(found) >= count

        eventually(enough, within)
        return found

    def committed(self) -> dict[int, int]:
        """Return the group's committed offsets (-1: none)."""
        reader = Consumer({"bootstrap.servers": self.kafka.bootstrap, "group.id": self.group, "log_level": 0})
        asked = [TopicPartition(self.topic, number) for number in range(self.partitions)]
        answer = {tp.partition: max(-1, tp.offset) for tp in reader.committed(asked, timeout=10)}
        reader.close()
        return answer

    def stop(self) -> None:
        """End every process."""
        for toy in self._running:
            toy.process.kill()
            toy.process.wait()


def read_all(bootstrap: str, topic: str) -> list[str]:
    """Return the values of a topic of one partition, as far as it goes now."""
    reader = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "reader", "log_level": 0, "enable.auto.commit": False}
    )
    try:
        _, end = reader.get_watermark_offsets(TopicPartition(topic, 0), timeout=10)
        reader.assign([TopicPartition(topic, 0, 0)])
        values: list[str] = []
        while len(values) < end:
            values += [(m.value() or b"").decode() for m in reader.consume(1000, 1.0) if not m.error()]
        return values
    finally:
        reader.close()


def eventually(true: Callable[[], bool], within: float = 90.0) -> None:
    """Wait until something is so; the caller's next assertion says what it was."""
    deadline = time.monotonic() + within
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)
