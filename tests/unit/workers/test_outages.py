"""What is away is said once a minute, that it is back once, and neither by a lane that has not asked it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import pytest

from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import Subject, host_subject
from kasugai.sim.loop import run
from kasugai.workers.outages import QUIET, Outages
from kasugai.workers.ports import LedgerAway, LogAway
from tests.unit.workers.test_fencing import Scene, Slow


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was said of outages."""
    return [record.getMessage() for record in caplog.records if record.name.endswith("outages")]


def test_what_comes_and_goes_is_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        outages = Outages()
        for _ in range(int(3 * QUIET)):
            outages.tell("redis", "refused")
            await asyncio.sleep(0.5)
            outages.over("redis")
            await asyncio.sleep(0.5)

    with caplog.at_level(logging.WARNING):
        run(main())
    assert lines(caplog) == ["redis is away, nothing is done until it is back: refused", "redis is back"] * 3


def play(story: Callable[[Scene], Awaitable[None]]) -> None:
    """Play a story of a host that fell silent 20 s ago."""

    async def main() -> None:
        scene = Scene(Slow())
        await asyncio.sleep(20)
        await story(scene)
        await scene.pool.close()

    run(main(), start=1000.0)


def test_who_was_away_and_serves_again_is_said_to_be_back(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(scene: Scene) -> None:
        acquire = scene.ledger.acquire
        publish = scene.log.publish
        away = {"redis": True, "kafka": True}

        async def no_lease(subject: Subject, owner: str) -> object:
            if away["redis"]:
                raise LedgerAway("refused")
            return await acquire(subject, owner)

        async def no_log(fact: Fact) -> Stamp:
            if away["kafka"]:
                raise LogAway("refused")
            return await publish(fact)

        monkeypatch.setattr(scene.ledger, "acquire", no_lease)
        monkeypatch.setattr(scene.log, "publish", no_log)
        scene.order()
        await asyncio.sleep(5)
        away["redis"] = False
        await asyncio.sleep(5)
        away["kafka"] = False
        await scene.until(lambda: FactKind.FINISHED in scene.log.kinds())
        await asyncio.sleep(1)

    with caplog.at_level(logging.WARNING):
        play(story)
    assert lines(caplog) == [
        "redis is away, nothing is done until it is back: refused",
        "redis is back",
        "kafka is away, nothing is done until it is back: refused",
        "kafka is back",
    ]


def test_a_lane_that_waits_for_a_lease_knows_nothing_of_kafka(caplog: pytest.LogCaptureFixture) -> None:
    async def story(scene: Scene) -> None:
        scene.pool._doors.outages.tell("kafka", "refused")
        other = await scene.ledger.acquire(host_subject("cmp1"), "other")
        assert other is not None
        scene.order()
        await asyncio.sleep(5)

    with caplog.at_level(logging.WARNING):
        play(story)
    assert lines(caplog) == ["kafka is away, nothing is done until it is back: refused"]
