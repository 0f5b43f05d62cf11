"""Servers of one's own: for tests that kill them, and for those in which Kasugai's topics have their fixed names."""

from collections.abc import Iterator

import pytest

from tests.support.kafka import KafkaServer
from tests.support.redis import RedisServer


@pytest.fixture(scope="module")
def node() -> Iterator[KafkaServer]:
    """A Kafka node with nothing on it, the module's."""
    server = KafkaServer().start()
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
