"""A bug ends an attempt, never the process, and never makes anybody forget a call that may be under way."""

import asyncio
from typing import Any

import pytest

from kasugai.core.words.facts import FactKind, Result
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
