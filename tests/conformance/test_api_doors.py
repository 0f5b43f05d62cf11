"""What the REST API relies on, of its doors in memory and of the real ones: the inventory, the reports, the claims."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from unittest.mock import patch
from uuid import uuid4

import pytest

from kasugai.adapters.background import Background
from kasugai.adapters.inventory import Conflict
from kasugai.adapters.kafka.registry import KafkaRegistry
from kasugai.adapters.kafka.reports import KafkaReports
from kasugai.adapters.redis_claims import RedisClaims
from kasugai.adapters.settings import KafkaSettings
from kasugai.api.ports import Claims, Registry, Reports
from kasugai.core.words.inventory import SegmentRecord
from kasugai.core.words.signals import Source, fault
from tests.support.api_doors import MemoryClaims, MemoryRegistry, MemoryReports
from tests.support.kafka import KafkaServer
from tests.support.redis import RedisServer

Pair = tuple[Registry, Registry]
REAL = pytest.mark.integration
BOTH = ["memory", pytest.param("real", marks=REAL)]
ADAPTERS = "kasugai.adapters.kafka"


@contextmanager
def real_registries(kafka: KafkaServer) -> Iterator[Pair]:
    """Two processes' worth of registries on one inventory of their own."""
    topic = f"inventory-{uuid4().hex}"
    kafka.create_topics({topic: 1}, config={"cleanup.policy": "compact"})
    with ExitStack() as stack:
        for module in ("inventory_reader", "inventory_writer", "registry"):
            stack.enter_context(patch(f"{ADAPTERS}.{module}.INVENTORY", topic))
        background = Background("test")
        settings = KafkaSettings(bootstrap_servers=kafka.bootstrap)
        doors = [KafkaRegistry(background, settings, name) for name in ("one", "other")]
        yield doors[0], doors[1]
        for door in doors:
            door.close()
        background.close()


@pytest.fixture(params=BOTH)
def registries(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """Two doors to one inventory."""
    if request.param == "memory":
        one = MemoryRegistry()
        yield one, one
        return
    with real_registries(request.getfixturevalue("kafka")) as found:
        yield found


def test_an_edit_is_numbered_and_read_by_everybody_at_once(registries: Pair) -> None:
    one, other = registries
    rack1, rack2 = (SegmentRecord(segment_id=f"s{n}", name=f"rack{n}") for n in (1, 2))
    after = one.edit(lambda _: [rack1])
    found = after.segment("s1")
    assert found and found.number == 1 and found.created_at > 0 and found.updated_at == 0
    assert other.read().segment("s1") == found
    other.edit(lambda now: [rack2, replace(found, version=2, description="x")])
    assert {s.segment_id: (s.number, s.version) for s in one.read().segments()} == {
        "s1": (1, 2),
        "s2": (2, 1),
    }
    assert {s.name for s in one.known().segments()} == {"rack1", "rack2"} and one.offset() >= 0


def test_what_does_not_fit_changes_nothing_and_nothing_may_be_written(registries: Pair) -> None:
    one, _ = registries
    one.edit(lambda _: [SegmentRecord(segment_id="s1", name="rack")])
    with pytest.raises(Conflict):
        one.edit(lambda _: [SegmentRecord(segment_id="s2", name="rack")])
    with pytest.raises(ZeroDivisionError):
        one.edit(lambda _: [1 // 0])  # type: ignore[list-item]
    assert [s.segment_id for s in one.edit(lambda _: []).segments()] == ["s1"]


@pytest.fixture(params=BOTH)
def reports(request: pytest.FixtureRequest) -> Iterator[Reports]:
    """A door to the reports."""
    if request.param == "memory":
        yield MemoryReports()
        return
    kafka, topic = request.getfixturevalue("kafka"), f"reported-{uuid4().hex}"
    kafka.create_topics({topic: 1})
    background = Background("test")
    with patch(f"{ADAPTERS}.reports.REPORTED", topic):
        door = KafkaReports(background, KafkaSettings(bootstrap_servers=kafka.bootstrap), "test")
        yield door
        door.close()
    background.close()


def test_reports_stand_one_after_another(reports: Reports) -> None:
    said = fault(host="cmp1", observer="api", source=Source.REPORTED, episode="1")
    first, second = reports.report(said), reports.report(said)
    assert (first.partition, first.offset, second.offset) == (0, 0, 1) and 0 < first.at <= second.at


@pytest.fixture(params=BOTH)
def claims(request: pytest.FixtureRequest) -> Claims:
    """A door to the claims."""
    if request.param == "memory":
        return MemoryClaims()
    server: RedisServer = request.getfixturevalue("redis_server")
    return RedisClaims.from_url(server.url)


def test_a_claim_is_had_by_one_until_it_is_given_back(claims: Claims) -> None:
    key, other = uuid4().hex, uuid4().hex
    assert claims.take(key, "a") is None and claims.take(other, "b") is None
    claims.confirm(key, "a")
    assert claims.take(key, "b") == "a"
    claims.release(key, "b")
    assert claims.take(key, "b") == "a", "another's claim is not given back"
    claims.release(key, "a")
    assert claims.take(key, "b") is None
