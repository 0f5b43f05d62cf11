"""How a worker asks Keystone for tags of projects: only where a policy names some, once, and without trusting a no."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from kasugai.core.words.facts import FactKind
from kasugai.core.words.plan import Plan
from kasugai.core.words.policy import Policy
from kasugai.sim.cloud.wire import Kind, Trouble
from kasugai.sim.loop import run
from tests.unit.workers.test_fencing import Scene, Slow

NAMES = Policy(exclude_project_tags=("cattle",))


def play(policy: Policy, story: Callable[[Scene], Awaitable[None]]) -> None:
    """Play the story of a host with guests of three projects, one of them tagged and one unknown to Keystone."""

    async def main() -> None:
        scene = Scene(Slow())
        for name, project in (("lab1", "lab"), ("lab2", "lab"), ("old", "gone")):
            scene.cloud.add_guest(name, "cmp1", project=project)
        scene.cloud.add_project("lab", "cattle")
        scene.cloud.add_project("gone", known=False)
        await asyncio.sleep(20)
        scene.order(policy)
        await story(scene)
        await scene.pool.close()

    run(main(), start=1000.0)


def asked(scene: Scene) -> Counter[str]:
    """Return how often Keystone was asked about each project."""
    return Counter(r.subject for r in scene.cloud.wire.requests if r.action == "project-tags")


def has_finished(scene: Scene) -> bool:
    return FactKind.FINISHED in scene.log.kinds()


def plan_of(scene: Scene) -> Plan:
    """Return the newest plan."""
    return [fact.plan for fact in scene.log.facts_heard if fact.plan is not None][-1]


def left(scene: Scene) -> dict[str, str]:
    """Return why guests are left, by name."""
    return {scene.cloud.world.guest(uuid).name: why for uuid, why in plan_of(scene).excluded}


def test_each_project_is_asked_about_once_and_a_no_leaves_nobody(caplog: pytest.LogCaptureFixture) -> None:
    async def story(scene: Scene) -> None:
        await scene.until(lambda: has_finished(scene))
        assert asked(scene) == {"demo": 1, "gone": 1, "lab": 1}
        assert left(scene) == dict.fromkeys(("lab1", "lab2"), "excluded-project-tag")
        assert {step.name for step in plan_of(scene).guests} == {"web", "old"}

    with caplog.at_level(logging.WARNING):
        play(NAMES, story)
    (line,) = [record.getMessage() for record in caplog.records if "tags" in record.getMessage()]
    assert "project gone " in line and "404 Could not find project: gone." in line
    assert "identity:list_project_tags" in line


def test_a_policy_without_project_tags_asks_keystone_nothing() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(lambda: has_finished(scene))
        assert not asked(scene)
        assert len(plan_of(scene).guests) == 4

    play(Policy(), story)


def test_while_keystone_is_away_nothing_is_done_and_a_no_is_told_once_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(scene: Scene) -> None:
        scene.cloud.wire.troubles.append(Trouble(kind=Kind.BUSY, action="project-tags", subject="lab"))
        await asyncio.sleep(10)
        assert FactKind.PLAN not in scene.log.kinds()
        scene.cloud.wire.heal()
        await scene.until(lambda: has_finished(scene))
        assert left(scene) == dict.fromkeys(("lab1", "lab2"), "excluded-project-tag")
        assert asked(scene)["lab"] > 2

    with caplog.at_level(logging.WARNING):
        play(NAMES, story)
    assert len([record for record in caplog.records if "project gone " in record.getMessage()]) == 1


def test_guests_that_turn_up_are_judged_by_their_own_projects() -> None:
    async def story(scene: Scene) -> None:
        await scene.until(lambda: FactKind.PLAN in scene.log.kinds())
        scene.cloud.add_project("yard", "cattle")
        for name, project in (("late1", "yard"), ("late2", "lab"), ("late3", "shop")):
            scene.cloud.add_guest(name, "cmp1", vm_state="stopped", project=project)
        await scene.until(lambda: has_finished(scene))
        assert asked(scene) == dict.fromkeys(("demo", "gone", "lab", "yard", "shop"), 1)
        assert set(left(scene)) == {"lab1", "lab2", "late1", "late2"}
        assert {step.name for step in plan_of(scene).guests} == {"web", "old", "late3"}

    play(NAMES, story)
