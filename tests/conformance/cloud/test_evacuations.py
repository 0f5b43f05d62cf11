"""Evacuations: where a guest lands, where it may be sent, and what a second call does."""

import pytest

from kasugai.workers.ports import CloudRefused
from tests.support.clouds import until
from tests.support.scenes import HOST, Play, Scene, bury, statuses


def test_an_evacuation_starts_the_guest_elsewhere(play: Play) -> None:
    async def story(scene: Scene) -> None:
        bury(scene)
        uuid = scene.uuid("web")
        await scene.port.evacuate(uuid)
        (record,) = await scene.port.migrations(HOST)
        assert (record.guest, record.status in ("accepted", "pre-migrating")) == (uuid, True)
        await until(lambda: statuses(scene) == ["done"])
        landed = await scene.port.guest(uuid)
        assert landed is not None and landed.host != HOST
        assert (landed.vm_state, landed.task_state, landed.power_state) == ("active", None, 1)
        assert scene.running_on("web") == {landed.host}

    play(story)


def test_a_second_evacuation_is_accepted_and_does_harm(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.hold_spawns()
        bury(scene)
        uuid = scene.uuid("web")
        for number, dest in enumerate(("cmp2", "cmp1.rack2")):
            await scene.port.evacuate(uuid, dest)
            await until(lambda: scene.states("web")[1] == "rebuild_spawning")
            assert scene.records()[number].status == "pre-migrating"
        scene.release_spawns("cmp2")
        await until(lambda: statuses(scene)[0] == "done")
        scene.release_spawns("cmp1.rack2")
        await until(lambda: statuses(scene) == ["done", "failed"])
        assert scene.running_on("web") == {"cmp2", "cmp1.rack2"}

    play(story)


def test_an_evacuation_may_be_directed(play: Play) -> None:
    async def story(scene: Scene) -> None:
        bury(scene)
        scene.fill("cmp1.rack2")
        web, db = scene.uuid("web"), scene.uuid("db")
        await scene.port.evacuate(web, "cmp2")
        await scene.port.evacuate(db, "cmp1.rack2")
        await until(lambda: sorted(statuses(scene)) == ["done", "error"])
        views = [await scene.port.guest(uuid) for uuid in (web, db)]
        assert [view and view.host for view in views] == ["cmp2", HOST]
        for target, status in ((HOST, 400), ("nope", 404)):
            with pytest.raises(CloudRefused) as refusal:
                await scene.port.evacuate(db, target)
            assert refusal.value.status == status

    play(story)


def test_a_host_that_differs_from_the_source_in_case_only_is_no_destination(play: Play) -> None:
    """Nova's scheduler takes the source out of the hosts by its name in lower case."""

    async def story(scene: Scene) -> None:
        bury(scene)
        await scene.port.evacuate(scene.uuid("web"), "CMP1.rack1")
        await until(lambda: statuses(scene) == ["error"] and scene.states("web") == ("error", None))

    play(story)
