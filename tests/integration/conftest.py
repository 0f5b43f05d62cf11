"""Servers of one's own: for tests that kill them, and for those in which Kasugai's topics have their fixed names."""

from collections.abc import Iterator

import pytest

from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings import KafkaSettings, Settings, StreamSettings
from tests.support.kafka import REPO, KafkaServer
from tests.support.kafka_secure import SecureKafka
from tests.support.redis import RedisServer


@pytest.fixture(scope="module")
def node() -> Iterator[KafkaServer]:
    """A Kafka node with nothing on it, the module's."""
    server = KafkaServer().start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def secure() -> Iterator[SecureKafka]:
    """A guarded node with the topics, on which everybody has the rights that the manual gives, and no more."""
    server = SecureKafka().start()
    admin = Settings(
        kafka=KafkaSettings(bootstrap_servers=server.bootstrap, replication=1, min_insync=1),
        stream=StreamSettings(partitions=4),
    )
    Topics(admin).apply(wanted(admin))
    manual = (REPO / "docs" / "operators" / "access.md").read_text()
    server.grant("\n".join(line for line in manual.splitlines() if line.startswith("--allow-principal")))
    yield server
    server.stop()


@pytest.fixture
def own_kafka() -> Iterator[KafkaServer]:
    """A Kafka node with nothing on it, which the test may kill."""
    server = KafkaServer().start()
    yield server
    server.stop()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that the test may kill."""
    server = RedisServer().start()
    yield server
    server.stop()
