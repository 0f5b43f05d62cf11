"""A bug ends an attempt, never the process, and never makes anybody forget a call that may be under way."""

import asyncio
from typing import Any

import pytest

from kasugai.core.recovering.doors import LogRefused
from kasugai.core.words.facts import Fact, FactKind, Result
from kasugai.core.words.signals import Stamp
from kasugai.core.words.verdicts import Reason
from kasugai.sim.door import CloudDoor
from kasugai.sim.loop import run
from tests.unit.workers.test_fencing import Scene, Slow


@pytest.mark.parametrize(
    ("after", "kind", "result"),
    [("", FactKind.FINISHED, Result.FAILED), ("evacuate", FactKind.HELD, None)],
    ids=["before any call", "with a call under way"],
)
def test_an_incident_with_a_call_under_way_stays_open(
    monkeypatch: pytest.MonkeyPatch, after: str, kind: FactKind, result: Result | None
) -> None:
    async def main() -> None:
        scene = Scene(Slow())
        sound = CloudDoor.migrations

        async def broken(door: CloudDoor, host: str) -> Any:
            if not after or any(f.step and f.step.key.startswith(after) for f in scene.log.facts_heard):
                raise ValueError("a bug")
            return await sound(door, host)

        monkeypatch.setattr(CloudDoor, "migrations", broken)
        await asyncio.sleep(30)  # Nova's record of the silent host grows old
        scene.order()
        await scene.until(lambda: any(fact.kind.is_answer for fact in scene.log.facts_heard))
        said = scene.log.facts_heard[-1]
        assert (said.kind, said.result, said.reason) == (kind, result, Reason.POISON)
        assert said.detail == "ValueError: a bug"
        await scene.pool.close()

    run(main())


def test_an_answer_that_no_record_can_carry_is_told_without_its_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a host with thousands of instances would be a Kafka that is away, for ever."""

    async def main() -> None:
        scene = Scene(Slow())
        sound = scene.log.publish

        async def publish(fact: Fact) -> Stamp:
            if fact.kind.is_answer and fact.plan is not None:
                raise LogRefused("kasugai.recovery does not take the record (MSG_SIZE_TOO_LARGE)")
            return await sound(fact)

        monkeypatch.setattr(scene.log, "publish", publish)
        await asyncio.sleep(30)
        scene.order()
        await scene.until(lambda: any(fact.kind.is_answer for fact in scene.log.facts_heard))
        said = scene.log.facts_heard[-1]
        assert (said.kind, said.result) == (FactKind.FINISHED, Result.RECOVERED)
        assert (said.plan, said.steps) == (None, ())
        await scene.pool.close()

    run(main())


def test_an_order_that_cannot_even_be_adopted_ends_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        scene = Scene(Slow())
        refused: list[Fact] = []

        async def publish(fact: Fact) -> Stamp:
            refused.append(fact)
            raise LogRefused("Fact: Fact.epoch is too high")

        monkeypatch.setattr(scene.log, "publish", publish)
        scene.order()
        await scene.until(lambda: bool(refused))
        await asyncio.sleep(60)
        assert scene.pool.lanes() == {"working": 0, "queued": 0}, "done with, and not tried again"
        assert [fact.kind for fact in refused] == [FactKind.ADOPTED] and scene.pool.failed() is None
        await scene.pool.close()

    run(main())
