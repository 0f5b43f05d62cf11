"""`kasugai rebuild` on a real Kafka and Redis: what Redis has lost comes back; what an owner holds is left to it."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.cli.exits import Exit
from kasugai.cli.main import main
from kasugai.core.recovering.doors import Folded
from kasugai.core.recovering.ledger import Entry, Flag, fold
from kasugai.core.words.facts import Fact, FactKind, Result, StepState
from kasugai.core.words.incident import Stop
from kasugai.core.words.subject import Kind, host_subject
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.schemas.topics import INCIDENTS, RECOVERY
from tests.support.kafka import KafkaServer
from tests.support.redis import RedisServer
from tests.support.settings_file import settings_for
from tests.support.workers import Site, epochs
from tests.unit.core.makers import fact, record

pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]


@pytest.fixture(scope="module")
def kafka() -> Iterator[KafkaServer]:
    """A node of its own: rebuild reads every host's log, and other tests write what a newer Kasugai would."""
    server = KafkaServer().start()
    yield server
    server.stop()


@dataclass(frozen=True, slots=True)
class Scene:
    """A log with one incident, and a Redis of its own that knows nothing."""

    site: Site
    redis: RedisServer
    config: str
    facts: tuple[Fact, ...]
    flag: Flag

    @property
    def host(self) -> str:
        return self.site.host

    def rebuild(self, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[dict[str, Any]]]:
        """Return the exit code, and what was said about our host."""
        capsys.readouterr()
        code = main(["rebuild", "-o", "json", "--config-file", self.config, *words])
        said = json.loads(capsys.readouterr().out)
        return code, [one for one in said if one["subject"] == f"host/{self.host}"]

    def kept(self) -> Folded:
        """Return what Redis knows."""

        async def load() -> Folded:
            async with RedisLedger.from_url(self.redis.url) as ledger:
                return await ledger.load(host_subject(self.host))

        return asyncio.run(load())


def life(host: str, incident: UUID) -> tuple[Fact, ...]:
    """Return the facts of an incident that two owners worked on, and that is not over."""
    one = {"host": host, "incident": incident}
    two = one | {"epoch": 2}
    return (
        fact(FactKind.QUEUED, **one, epoch=0),
        fact(FactKind.ADOPTED, **one),
        fact(FactKind.STARTED, **one, step=record("evacuate:g1", tries=1)),
        fact(FactKind.ADOPTED, **two),
        fact(FactKind.DONE, **two, step=record("evacuate:g1", StepState.DONE, tries=1, epoch=2)),
        fact(FactKind.STARTED, **two, step=record("evacuate:g2", tries=1, epoch=2)),
    )


@pytest.fixture
def scene(kafka: KafkaServer, tmp_path: Path) -> Iterator[Scene]:
    redis = RedisServer().start()
    site = Site(kafka, redis.url, tmp_path)
    facts = life(site.host, site.incident)
    stop = Stop(
        incident=site.incident,
        n=2,
        attempt=1,
        segment="s1",
        subject=host_subject(site.host),
        decided_at=BrokerTime(0),
        reason="cancelled",
    )

    async def write() -> int:
        async with Producer(site.settings.kafka, "test") as producer:
            for each in facts:
                await producer.send(RECOVERY, each)
            return (await producer.send(INCIDENTS[Kind.HOST], stop)).offset

    config = tmp_path / "kasugai.conf"
    config.write_text(settings_for(kafka=kafka.conf, redis=redis.url))
    flag = Flag(said_at=BrokerTime(0), offset=asyncio.run(write()), stop=True, reason="cancelled")
    yield Scene(site, redis, str(config), facts, flag)
    redis.stop()


def test_what_redis_lost_is_told_then_written_then_there(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = scene.rebuild(capsys, "--dry-run")
    assert code == Exit.NO
    assert {one["done"] for one in told} == {"to write"}
    assert [one["lacks"] for one in told] == [
        "epoch 0, the log has 2",
        "no record, the log has attempt 1 with 2 steps",
        f"no flag, the log has stop of offset {scene.flag.offset}",
    ]
    assert scene.kept() == Folded(entries={}, flags={}), "a dry run has written"

    code, told = scene.rebuild(capsys)
    assert code == Exit.OK
    assert {one["done"] for one in told} == {"written"}
    kept = scene.kept()
    assert kept.entries == fold({}, scene.facts[1:])
    assert kept.flags == {scene.site.incident: scene.flag}
    assert kept.epoch == 2
    assert len(kept.offsets) == 2 and all(offset > 0 for offset in kept.offsets.values())

    assert scene.rebuild(capsys, "--dry-run") == (Exit.OK, [])
    assert main(["rebuild", "--config-file", scene.config]) == Exit.OK
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Redis has all that the log says about" in shown.err
    assert "kasugai project" in shown.err


def test_what_an_owner_holds_is_left_to_it(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    async def own_and_rebuild() -> None:
        async with RedisLedger.from_url(scene.redis.url, ttl=Millis(60_000)) as ledger:
            lease = await ledger.acquire(host_subject(scene.host), "alive")
            assert lease is not None
            await ledger.adopt(lease, 3)
            entry = fold({}, scene.facts[:3])[scene.site.incident]
            await ledger.record(lease, entry)
            before = await ledger.load(host_subject(scene.host))
            for words in (("--dry-run",), ()):
                code, told = await asyncio.to_thread(scene.rebuild, capsys, *words)
                assert {one["done"] for one in told} == {"left to its owner"}
                assert code == Exit.OK or words
            assert await ledger.load(host_subject(scene.host)) == before
            assert await ledger.begin(lease, scene.site.incident)
            await ledger.release(lease)
        _, told = await asyncio.to_thread(scene.rebuild, capsys)
        assert {one["done"] for one in told} == {"written"}

    asyncio.run(own_and_rebuild())
    assert scene.kept().epoch == 3, "the epoch has fallen"
    assert scene.kept().entries == fold({}, scene.facts[1:])


def test_what_only_redis_knows_stays(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Kafka keeps facts for 30 days and Redis for 35."""
    other = uuid4()

    async def know() -> None:
        async with RedisLedger.from_url(scene.redis.url) as ledger:
            lease = await ledger.acquire(host_subject(scene.host), "gone")
            assert lease is not None
            await ledger.record(lease, fold({}, life(scene.host, other))[other])
            await ledger.release(lease)

    asyncio.run(know())
    scene.rebuild(capsys)
    assert scene.kept().entries == {
        **fold({}, life(scene.host, other)),
        **fold({}, scene.facts[1:]),
    }


def test_an_epoch_that_the_log_does_not_explain_is_told_and_written_over(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    other, absurd = uuid4(), 2**52

    async def write() -> None:
        async with RedisLedger.from_url(scene.redis.url) as ledger:
            lease = await ledger.acquire(host_subject(scene.host), "somebody")
            assert lease is not None
            await ledger.adopt(lease, absurd)
            await ledger.record(lease, Entry(incident=other, epoch=absurd))
            await ledger.release(lease)

    asyncio.run(write())
    _, told = scene.rebuild(capsys)
    lacks = {one["lacks"] for one in told}
    assert {f"epoch {absurd}, the log has 2", f"epoch {absurd}, of which the log knows nothing"} <= lacks
    assert scene.kept().epoch == 2
    assert scene.kept().entries == fold({}, scene.facts[1:])
    assert scene.rebuild(capsys, "--dry-run") == (Exit.OK, [])


def test_rebuilding_again_and_again_is_in_no_worker_s_way(
    kafka: KafkaServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    redis = RedisServer().start()
    config = tmp_path / "kasugai.conf"
    config.write_text(settings_for(kafka=kafka.conf, redis=redis.url))
    try:
        with Site(kafka, redis.url, tmp_path, spawn=0.5) as site:
            site.start("a")
            site.fail()
            site.order(window=2)
            site.at_least(2)
            redis.flushall()
            while "finished" not in site._kinds():
                assert main(["rebuild", "--config-file", str(config)]) == Exit.OK
                capsys.readouterr()
            facts = site.finished()
            assert facts[-1].result is Result.RECOVERED
            site.assert_moved_once()
            assert len(epochs(facts)) == 2
            assert main(["rebuild", "--dry-run", "--config-file", str(config)]) == Exit.OK
    finally:
        redis.stop()
