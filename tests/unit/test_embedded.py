"""The demo's Kafka and Redis serve other processes, and neither outlives the process that started it."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient
from redis import Redis

from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.words.signals import Stamp
from kasugai.sim.child import ServerFailedError
from kasugai.sim.embedded import EmbeddedKafka, EmbeddedRedis
from tests.support.records import consume, produce

STARTS_SERVERS_AND_DIES = """
import os, signal
from kasugai.sim.embedded import EmbeddedKafka, EmbeddedRedis
for server in (EmbeddedKafka({}), EmbeddedRedis()):
    server.start()
    print(server._child.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_the_mock_cluster_has_the_topics_that_were_asked_for() -> None:
    with EmbeddedKafka({"kasugai.signals": 12, "kasugai.inventory": 1}) as kafka:
        topics = AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=10).topics
        assert {name: len(topic.partitions) for name, topic in topics.items()} == {
            "kasugai.signals": 12,
            "kasugai.inventory": 1,
        }


def test_the_mock_cluster_serves_producers_and_groups_of_other_processes() -> None:
    with EmbeddedKafka({"faults": 3}) as kafka:
        produce(kafka.bootstrap, "faults", ["a", "b", "c"])
        assert consume(kafka.bootstrap, "faults", "readers", 3) == ["a", "b", "c"]
        assert consume(kafka.bootstrap, "faults", "others", 3) == ["a", "b", "c"]


def test_the_embedded_redis_keeps_what_it_is_given() -> None:
    with EmbeddedRedis() as server, Redis.from_url(server.url) as client:
        client.set("{kasugai}:lease", "worker-1")
        assert client.get("{kasugai}:lease") == b"worker-1"
        assert client.eval("return redis.call('TIME')[1]", 0)


def test_a_server_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTS_SERVERS_AND_DIES]
    folders = os.environ | {"TMPDIR": str(tmp_path)}  # a killed process cannot tidy up
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, env=folders)
    pids = [int(line) for line in done.stdout.split()]
    assert len(pids) == 2, done.stderr
    deadline = time.monotonic() + 5
    while any(map(is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(map(is_running, pids))


def test_a_server_that_does_not_start_shows_its_log() -> None:
    server = EmbeddedRedis(options=("--no-such-option", "1"))
    with pytest.raises(ServerFailedError, match="no-such-option"):
        server.start()
    server.stop()


def test_a_time_that_the_mock_cluster_makes_up_is_not_the_brokers() -> None:
    async def published(bootstrap: str) -> Stamp:
        producer = Producer(KafkaSettings(bootstrap_servers=bootstrap), "test")
        try:
            return await producer.publish("faults", "key", b"value")
        finally:
            await producer.close(1.0)

    with EmbeddedKafka({"faults": 1}) as kafka:
        before = time.time_ns() // 1_000_000
        assert before <= asyncio.run(published(kafka.bootstrap)).at <= before + 60_000


def test_the_mock_cluster_is_asked_by_time_although_it_finds_nothing_by_time() -> None:
    """librdkafka, issue 4755: `kasugai record` would find nothing on the demo."""
    times = [1_000, 2_000, 2_000, 3_000, 5_000]

    async def found(bootstrap: str, asked: list[int]) -> list[int]:
        async with Reader(KafkaSettings(bootstrap_servers=bootstrap), "test") as reader:
            assert await reader.at("empty", 0, 1) == 0
            return [await reader.at("faults", 0, when) for when in asked]

    with EmbeddedKafka({"faults": 1, "empty": 1}) as kafka:
        producer = confluent_kafka.Producer({"bootstrap.servers": kafka.bootstrap})
        for at in times:
            producer.produce("faults", b"value", timestamp=at)
        assert producer.flush(30) == 0
        asked = [1, 1_000, 1_001, 2_000, 2_001, 3_000, 4_000, 5_000, 5_001]
        assert asyncio.run(found(kafka.bootstrap, asked)) == [0, 0, 1, 1, 3, 3, 4, 4, 5]
