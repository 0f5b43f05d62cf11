"""The worker process on a real Kafka and Redis against the simulated Nova over HTTP: whatever befalls it, once.

Under the test profile; session time-out 6 s. Who did what is told by the cloud's own list of requests.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from redis.asyncio import Redis

from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.core.words.facts import Result
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import Millis
from kasugai.core.words.verdicts import Reason
from kasugai.sim.http.server import HttpReply, HttpRequest
from tests.support.kafka import KafkaServer
from tests.support.ledgers import FOREIGN, KEYS, LIES, lie, spoil
from tests.support.redis import RedisServer
from tests.support.workers import Site, authors, epochs, eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]


class Make(Protocol):
    """Makes a site that is ended with its test."""

    def __call__(self, *, spawn: float = 0.0, guests: int = 6) -> Site:
        """Make it."""
        ...


@pytest.fixture
def make(kafka: KafkaServer, redis_server: RedisServer, tmp_path: Path) -> Iterator[Make]:
    """Make sites."""
    with ExitStack() as stack:

        def one(*, spawn: float = 0.0, guests: int = 6) -> Site:
            site = Site(kafka, redis_server.url, tmp_path, spawn=spawn, guests=guests)
            return stack.enter_context(site)

        yield one


def test_a_dead_host_is_emptied_and_its_order_committed_only_then(make: Make) -> None:
    site = make(spawn=1.5)
    worker = site.start("a")
    site.fail()
    stamp = site.order()
    site.at_least(6)
    time.sleep(1.3)  # more than the pause between two commits
    assert site.committed() <= stamp.offset
    facts = site.finished()
    assert facts[-1].result is Result.RECOVERED
    site.assert_moved_once()
    assert site.calls("force-down") == 1
    eventually(lambda: site.committed() == stamp.offset + 1)
    began = time.monotonic()
    worker.stop()
    assert time.monotonic() - began < 15, "it would have been killed"
    assert "has left" in site.said("a")


def test_another_worker_goes_on_after_a_kill(make: Make) -> None:
    site = make(spawn=0.5)
    first = site.start("a")
    site.fail()
    site.order(window=2)
    site.at_least(2)
    first.kill()
    site.start("b", joined=False)
    facts = site.finished()
    assert facts[-1].result is Result.RECOVERED
    site.assert_moved_once()
    assert authors(facts, site.incident) == {"a", "b"}


def test_a_worker_killed_with_twenty_guests_in_flight_costs_none_of_them(make: Make) -> None:
    """What it had not begun goes on elsewhere, what it had is neither lost nor begun again. The window opens with
    what lands, so it takes a host of sixty to have twenty under way."""
    site = make(spawn=1.0, guests=60)
    first = site.start("a")
    site.fail()
    site.order(window=50)
    eventually(lambda: site.in_flight() >= 20)
    first.kill()
    assert site.evacuations().total() < 60, "nothing was left to go on with"
    site.start("b", joined=False)
    facts = site.finished(within=60)
    assert facts[-1].result is Result.RECOVERED
    site.assert_moved_once()


def test_a_worker_that_is_started_again_takes_its_own_place(make: Make) -> None:
    """Static membership: its next life need not wait for the session of the last one to end."""
    site = make(spawn=0.5)
    began = time.monotonic()
    first = site.start("a")
    usual = time.monotonic() - began
    site.fail()
    site.order(window=2)
    site.at_least(2)
    first.kill()
    began = time.monotonic()
    site.start("a")
    assert time.monotonic() - began < usual + 5, "it has waited for a session of 6 s to end"
    site.finished()
    site.assert_moved_once()


def test_its_next_life_waits_for_no_lease_of_its_former(make: Make, redis_server: RedisServer) -> None:
    """Here of one that would last for an hour; what others hold is theirs."""
    site = make()
    first = site.start("a", state=site.folder)
    line, number = (site.folder / "lives-worker-host-a").read_text().split()

    async def leased(*owners: str) -> list[bool]:
        async with RedisLedger.from_url(redis_server.url, ttl=Millis(3_600_000)) as ledger:
            for owner in owners:
                await ledger.acquire(host_subject(f"{owner}-{site.host}"), f"{owner}/x/1")
            names = (f"a#{line}.{number}", "b#other.1")
            return [await ledger.is_leased(host_subject(f"{name}-{site.host}")) for name in names]

    assert asyncio.run(leased(f"a#{line}.{number}", "b#other.1")) == [True, True]
    first.kill()
    site.start("a", state=site.folder)
    assert asyncio.run(leased()) == [False, True]


def test_of_two_workers_with_one_order_one_acts(make: Make) -> None:
    """Two groups both get the order, as two owners of a partition may for a while."""
    site = make(spawn=0.5)
    other = f"{site.group}-other"
    site.join_at_end(other)
    site.start("a")
    site.start("b", other)
    site.fail()
    stamp = site.order(window=2)
    facts = site.finished()
    site.assert_moved_once()
    assert len(epochs(facts)) == 1
    eventually(lambda: site.committed() == site.committed(other) == stamp.offset + 1)
    site.assert_moved_once()
    assert site.calls("force-down") == 1


def test_what_is_no_order_is_put_aside(make: Make) -> None:
    site = make()
    site.start("a")
    site.fail()
    site.rubbish()
    stamp = site.order()
    site.finished()
    site.assert_moved_once()
    eventually(lambda: site.committed() == stamp.offset + 1)
    assert "goes to the dead letters" in site.said("a")
    assert [letter.value for letter in site.buried()] == [b"rubbish"]


def test_a_worker_without_a_right_waits_and_names_its_rule(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make()
    real = site.cloud.door.api.respond

    async def respond(request: HttpRequest) -> HttpReply:
        if request.path.endswith("/os-services"):
            return HttpReply(
                status=403, body={"forbidden": {"message": "Policy doesn't allow it", "code": 403}}
            )
        return await real(request)

    monkeypatch.setattr(site.cloud.door.api, "respond", respond)
    site.start("a", joined=False)
    eventually(lambda: "os_compute_api:os-services:list" in site.said("a"))
    assert "works on partitions" not in site.said("a")
    monkeypatch.undo()
    eventually(lambda: "works on partitions" in site.said("a"), within=60)


def test_a_worker_whose_keystone_refuses_it_waits(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    site = make()
    keystone = site.cloud.door.api.keystone
    monkeypatch.setattr(keystone, "respond", lambda _: HttpReply(status=401, body={}))
    worker = site.start("a", joined=False)
    eventually(lambda: "nova is away" in site.said("a"))
    assert worker.exit_code is None
    monkeypatch.undo()
    eventually(lambda: "works on partitions" in site.said("a"), within=60)


def test_redis_forgets_everything_in_the_middle(make: Make, redis_server: RedisServer) -> None:
    site = make(spawn=0.5)
    site.start("a")
    site.fail()
    site.order(window=2)
    site.at_least(2)
    redis_server.flushall()
    facts = site.finished()
    site.assert_moved_once()
    assert len(epochs(facts)) == 2
    assert "coming back as a new owner" in site.said("a")


@pytest.mark.parametrize("how", FOREIGN)
def test_what_somebody_else_writes_into_redis_ends_no_worker(
    make: Make, redis_server: RedisServer, how: str
) -> None:
    """In all keys of a host, before its recovery and in the middle of it."""
    site = make(spawn=0.5)

    async def write() -> None:
        async with Redis.from_url(redis_server.url) as admin:
            for what in KEYS:
                name = site.incident if what in ("entry", "flag") else host_subject(site.host).name
                await spoil(admin, f"kasugai:{{kasugai}}:{what}:{name}", what, how)

    worker = site.start("a")
    asyncio.run(write())
    site.fail()
    site.order(window=2)
    site.at_least(2)
    asyncio.run(write())
    facts = site.finished()
    assert facts[-1].result is Result.RECOVERED
    site.assert_moved_once()
    assert worker.exit_code is None
    assert "cannot be read and counts as absent" in site.said("a")


def test_what_reads_well_in_redis_and_is_wrong_hides_no_call_from_the_next_owner(
    make: Make, redis_server: RedisServer
) -> None:
    """An absurd epoch of the subject and of its entry, an index that does not name it, and nobody's lease: before its
    recovery and in the middle of it."""
    site = make(spawn=0.5)
    subject = host_subject(site.host)

    async def write() -> None:
        async with Redis.from_url(redis_server.url) as admin:
            for what in LIES:
                await lie(admin, subject, site.incident, what)
            await spoil(admin, f"kasugai:{{kasugai}}:lease:{subject.name}", "lease", "another type")

    site.start("a")
    asyncio.run(write())
    site.fail()
    site.order(window=2)
    site.at_least(2)
    asyncio.run(write())
    facts = site.finished()
    assert facts[-1].result is Result.RECOVERED
    site.assert_moved_once()
    assert epochs(facts) == {1, 2}
    assert "is far beyond all that the log has and counts as absent" in site.said("a")


def test_a_newer_worker_s_record_holds_its_host_and_ends_no_worker(make: Make) -> None:
    site = make()
    worker = site.start("a")
    site.newer()
    site.fail()
    stamp = site.order()
    eventually(lambda: any(fact.reason == Reason.LOG_UNREADABLE for fact in site.facts()))
    eventually(lambda: site.committed() == stamp.offset + 1)
    assert [str(fact.kind) for fact in site.facts()] == ["adopted", "held"]
    assert site.evacuations().total() == site.calls("force-down") == 0
    assert worker.exit_code is None and "kafka is away" not in site.said("a")


def test_a_sleeper_that_wakes_after_another_took_over_does_nothing(make: Make) -> None:
    site = make(spawn=0.5)
    sleeper = site.start("a")
    site.fail()
    site.order(window=2)
    site.at_least(2)
    sleeper.pause()
    site.start("b", joined=False)
    eventually(lambda: authors(site.facts(), site.incident) == {"a", "b"})
    sleeper.resume()
    site.finished()
    time.sleep(2)
    site.assert_moved_once()
    assert site.calls("force-down") == 1
    assert "has lost partitions" in site.said("a")
    began = time.monotonic()
    sleeper.stop()
    assert time.monotonic() - began < 15, "it would have been killed"


def test_nova_may_be_away_at_the_start(make: Make) -> None:
    site = make()
    site.cloud.refuse()
    site.start("a", joined=False)
    eventually(lambda: "nova is away" in site.said("a"))
    site.cloud.accept()
    eventually(lambda: "works on partitions" in site.said("a"))
    assert site.said("a").count("nova is away") == 1
    site.fail()
    site.order()
    site.finished()
    site.assert_moved_once()
