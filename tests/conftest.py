"""Servers that all tests of a session share, and the marks that follow from using them.

Tests keep apart by topic names, consumer groups and key prefixes of their own. Who kills a server starts one for
itself.
"""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.support.kafka import KafkaServer
from tests.support.real_nova import RealNova
from tests.support.redis import RedisServer

# How long one example takes says how busy the machine is, not whether the code is right.
settings.register_profile("kasugai", deadline=None)
settings.load_profile("kasugai")

BROUGHT = "a real Nova"
"""The name under which whoever runs pytest registers the real Nova that is to be used."""
NEEDS_A_SERVICE = {"kafka", "redis_server", "real_nova"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses a shared server as `integration`, so that nobody has to remember it."""
    for item in items:
        if isinstance(item, pytest.Function) and NEEDS_A_SERVICE & set(item.fixturenames):
            item.add_marker("integration")


def pytest_collection_finish() -> None:
    """16,000 tests live to the end: the collector need not look at them in each of its rounds (a fifth of the time)."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaServer]:
    """A real Kafka node, started once per session."""
    server = KafkaServer().start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """A real Redis, started once per session."""
    server = RedisServer().start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def real_nova(request: pytest.FixtureRequest) -> Iterator[RealNova]:
    """A real Nova in one process, started once per session, or what `make acceptance` has brought in its place; each
    story begins a town of its own in it."""
    brought: RealNova | None = request.config.pluginmanager.get_plugin(BROUGHT)
    if brought is not None:
        yield brought
        return
    with RealNova() as server:
        yield server
