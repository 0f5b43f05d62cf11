"""What destroys a guest or revives one, wherever it is missed: facts of Nova's, told by a real one first."""

import asyncio

import pytest

from kasugai.workers.ports import CloudUnsure
from tests.support.clouds import until
from tests.support.scenes import HOST, Play, Scene, bury, statuses


async def landed(scene: Scene, guest: str = "web") -> str:
    """Wait until an evacuation of the guest has ended well, and return where it is."""
    await until(lambda: statuses(scene)[-1:] == ["done"])
    view = await scene.port.guest(scene.uuid(guest))
    assert view is not None
    return view.host


def die_unseen_by_guests(scene: Scene) -> None:
    """Let HOST's nova-compute die alone, and an operator say that it is dead."""
    scene.kill_compute(HOST)
    scene.forces_down(HOST)


def test_a_source_that_starts_while_its_evacuation_is_accepted_destroys_the_guest(play: Play) -> None:
    async def story(scene: Scene) -> None:
        die_unseen_by_guests(scene)
        scene.hold_conductor()
        await scene.port.evacuate(scene.uuid("web"))
        assert statuses(scene) == ["accepted"]
        assert scene.running_on("web") == {HOST}
        scene.start_compute(HOST)
        await until(lambda: statuses(scene) == ["completed"])
        assert scene.running_on("web") == frozenset(), "it is nowhere"
        assert scene.running_on("db") == {HOST}
        view = await scene.port.guest(scene.uuid("web"))
        assert view is not None and view.host == HOST, "and Nova still names the source"

    play(story)


def test_a_source_that_starts_while_its_guest_is_built_destroys_it_and_completes_the_record(
    play: Play,
) -> None:
    async def story(scene: Scene) -> None:
        scene.spawns_take(3600)
        die_unseen_by_guests(scene)
        await scene.port.evacuate(scene.uuid("web"), "cmp2")
        await until(lambda: scene.states("web") == ("active", "rebuild_spawning"))
        assert statuses(scene) == ["pre-migrating"]
        assert scene.running_on("web") == {HOST}
        scene.start_compute(HOST)
        await until(lambda: statuses(scene) == ["completed"])
        assert scene.running_on("web") == frozenset(), "completed, and nothing has landed"
        view = await scene.port.guest(scene.uuid("web"))
        assert view is not None and (view.host, view.task_state) == (HOST, "rebuild_spawning")

    play(story)


@pytest.mark.parametrize("again", ["no valid host", "spawn failed", "reset"])
def test_a_second_try_starts_a_guest_that_was_stopped(play: Play, again: str) -> None:
    async def story(scene: Scene) -> None:
        scene.stops("web")
        await until(lambda: scene.states("web") == ("stopped", None))
        uuid = scene.uuid("web")
        bury(scene)
        if again == "reset":
            await scene.port.reset_state(uuid)
        elif again == "no valid host":
            scene.no_valid_host()
            await scene.port.evacuate(uuid)
            await until(lambda: scene.states("web") == ("error", None))
            scene.no_valid_host(False)
        else:
            scene.fail_spawns("cmp2", "the disk is full")
            await scene.port.evacuate(uuid, "cmp2")
            await until(lambda: scene.states("web") == ("error", None))
            scene.fail_spawns("cmp2", "")
        await scene.port.evacuate(uuid)
        dest = await landed(scene)
        assert scene.running_on("web") == {dest}
        assert scene.states("web") == ("active", None)

    play(story)


def test_a_first_try_leaves_a_stopped_guest_stopped(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.stops("web")
        await until(lambda: scene.states("web") == ("stopped", None))
        bury(scene)
        await scene.port.evacuate(scene.uuid("web"))
        assert await landed(scene) != HOST
        assert scene.states("web") == ("stopped", None)
        assert scene.running_on("web") == frozenset()

    play(story)


def test_a_guest_that_is_being_deleted_is_brought_back(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.power_off(HOST)
        scene.asks_to_delete("web")
        assert scene.states("web") == ("active", "deleting"), "the host was not known to be dead"
        scene.forces_down(HOST)
        uuid = scene.uuid("web")
        await scene.port.evacuate(uuid)
        dest = await landed(scene)
        assert scene.states("web") == ("active", None)
        scene.power_on(HOST)  # it carries the old wish out, and Nova forgets a guest that runs on
        async with asyncio.timeout(20):
            while await scene.port.guest(uuid) is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert scene.running_on("web") == {dest}

    play(story)


def test_a_guest_that_is_deleted_while_it_is_built_elsewhere_is_gone(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.hold_spawns()
        bury(scene)
        uuid = scene.uuid("web")
        await scene.port.evacuate(uuid, "cmp2")
        await until(lambda: scene.states("web") == ("active", "rebuild_spawning"))
        scene.deletes("web")
        scene.release_spawns("cmp2")
        assert await scene.port.guest(uuid) is None
        assert uuid not in {guest.uuid for guest in await scene.port.guests(HOST)}
        await until(lambda: scene.running_on("web") == {"cmp2"})
        assert await scene.port.guest(uuid) is None, "it runs on, and Nova does not know it any more"

    play(story)


def test_a_destination_that_is_disabled_or_known_to_be_down_is_no_valid_host(play: Play) -> None:
    async def story(scene: Scene) -> None:
        bury(scene)
        scene.disables("cmp2")
        scene.power_off("cmp1.rack2")
        scene.forces_down("cmp1.rack2")
        for dest in ("cmp2", "cmp1.rack2"):
            await scene.port.evacuate(scene.uuid("web"), dest)
            await until(lambda: statuses(scene) == ["error"] * len(scene.records()))
        assert scene.states("web") == ("error", None)

    play(story)


def test_a_destination_that_died_unnoticed_takes_the_call_and_keeps_the_guest(play: Play) -> None:
    async def story(scene: Scene) -> None:
        bury(scene)
        scene.power_off("cmp2")
        await scene.port.evacuate(scene.uuid("web"), "cmp2")
        await until(lambda: scene.records()[0].dest == "cmp2" and scene.running_on("web") == frozenset())
        assert scene.records()[0].status in ("accepted", "pre-migrating")
        assert scene.states("web") == ("active", "rebuilding")

    play(story)


@pytest.mark.parametrize("line", ["task", "action"])
def test_an_api_that_ends_before_the_record_has_asked_nobody_and_the_guest_may_be_evacuated(
    play: Play, line: str
) -> None:
    async def story(scene: Scene) -> None:
        bury(scene)
        scene.end_evacuation_behind(line)
        uuid = scene.uuid("web")
        with pytest.raises(CloudUnsure):
            await scene.port.evacuate(uuid)
        assert (scene.states("web"), scene.records()) == (("active", "rebuilding"), [])
        asked = [each.action for each in await scene.port.actions(uuid)]
        assert asked == ["evacuate", "create"][line == "task" :]
        assert scene.running_on("web") == frozenset()
        await scene.port.evacuate(uuid, "cmp2")
        assert await landed(scene) == "cmp2"
        assert statuses(scene) == ["done"]
        assert scene.running_on("web") == {"cmp2"}

    play(story)


def test_a_named_destination_is_written_into_the_record_at_once(play: Play) -> None:
    async def story(scene: Scene) -> None:
        bury(scene)
        scene.hold_conductor()
        await scene.port.evacuate(scene.uuid("web"), "cmp2")
        await scene.port.evacuate(scene.uuid("db"))
        assert [(record.status, record.dest) for record in scene.records()] == [
            ("accepted", "cmp2"),
            ("accepted", ""),
        ]

    play(story)


def test_the_host_does_not_change_before_a_guest_is_built_nor_when_that_fails(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.hold_spawns()
        scene.fail_spawns("cmp1.rack2", "the disk is full")
        bury(scene)
        uuid = scene.uuid("web")
        await scene.port.evacuate(uuid, "cmp1.rack2")
        await until(lambda: scene.states("web")[1] == "rebuild_spawning")
        (record,) = scene.records()
        assert (record.status, record.dest) == ("pre-migrating", "cmp1.rack2")
        assert uuid in {view.uuid for view in await scene.port.guests(HOST)}
        scene.release_spawns("cmp1.rack2")
        await until(lambda: statuses(scene) == ["failed"] and scene.states("web") == ("error", None))
        view = await scene.port.guest(uuid)
        assert view is not None
        assert (view.host, view.fault) == (HOST, "the disk is full")

    play(story)
