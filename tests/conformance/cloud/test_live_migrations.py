"""Live migrations: what their records and the guest say on the way, what is refused, and where one that fails runs."""

import pytest

from kasugai.core.recovering.nova_views import By
from kasugai.workers.ports import CloudRefused
from tests.support.clouds import until
from tests.support.scenes import HOST, Play, Record, Scene

ACTION = "live-migration"


@pytest.mark.parametrize("target", ["cmp2", ""], ids=["named", "by Nova's choice"])
def test_a_guest_moves_and_nobody_stops_it(play: Play, target: str) -> None:
    async def story(scene: Scene) -> None:
        uuid = scene.uuid("web")
        await scene.port.live_migrate(uuid, target)
        await until(lambda: [each.status for each in scene.records()] == ["completed"])
        await until(lambda: scene.states("web") == ("active", None))
        (record,) = await scene.port.migrations(HOST)
        assert (record.guest, record.migration_type) == (uuid, "live-migration")
        assert record.is_ended and record.has_landed and record.dest == (target or record.dest) != HOST
        moved = await scene.port.guest(uuid)
        assert moved is not None and (moved.host, moved.vm_state) == (record.dest, "active")
        assert scene.running_on("web") == {record.dest}
        (newest, *_) = await scene.port.actions(uuid)
        assert (newest.action, newest.by) == (ACTION, By.US)

    play(story)


def test_nowhere_to_go_is_told_afterwards(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.no_valid_host()
        uuid = scene.uuid("web")
        await scene.port.live_migrate(uuid)
        await until(lambda: [each.status for each in scene.records()] == ["error"])
        await until(lambda: scene.states("web") == ("active", None))
        assert scene.records() == [Record("web", "error", HOST, "")]
        assert scene.running_on("web") == {HOST}

    play(story)


def test_a_named_host_that_takes_nobody_is_refused_afterwards_too(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.disables("cmp2")
        await scene.port.live_migrate(scene.uuid("web"), "cmp2")
        await until(lambda: [each.status for each in scene.records()] == ["error"])
        await until(lambda: scene.states("web") == ("active", None))
        assert scene.running_on("web") == {HOST}

    play(story)


def test_a_destination_that_cannot_prepare_leaves_the_guest_where_it_is(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.fails_live("cmp2")
        await scene.port.live_migrate(scene.uuid("web"), "cmp2")
        await until(lambda: [each.status for each in scene.records()] == ["error"])
        await until(lambda: scene.states("web") == ("active", None))
        (record,) = await scene.port.migrations(HOST)
        assert (record.has_failed, record.dest) == (True, "cmp2")
        view = await scene.port.guest(scene.uuid("web"))
        assert view is not None and view.host == HOST
        assert scene.running_on("web") == {HOST}

    play(story)


def test_one_that_is_under_way_is_refused_a_second_time(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.live_migrates("web", "cmp2")
        await until(lambda: [each.status for each in scene.records()] == ["running"])
        with pytest.raises(CloudRefused, match=r"409 Cannot 'os-migrateLive' .* task_state migrating"):
            await scene.port.live_migrate(scene.uuid("web"), "cmp2")
        assert len(scene.records()) == 1

    play(story)


@pytest.mark.parametrize("what", ["stop", "suspend", "rescue"])
def test_only_what_runs_is_migrated_live(play: Play, what: str) -> None:
    async def story(scene: Scene) -> None:
        scene.asks("web", what)
        await until(lambda: scene.states("web")[0] != "active")
        await until(lambda: scene.states("web")[1] is None)
        vm_state, _ = scene.states("web")
        with pytest.raises(CloudRefused, match=f"409 Cannot 'os-migrateLive' .* vm_state {vm_state}"):
            await scene.port.live_migrate(scene.uuid("web"))
        assert scene.records() == []

    play(story)


def test_a_host_that_nova_does_not_know_is_refused_at_once(play: Play) -> None:
    async def story(scene: Scene) -> None:
        with pytest.raises(CloudRefused, match=r"400 .*nowhere.* could not be found"):
            await scene.port.live_migrate(scene.uuid("web"), "nowhere")
        assert (scene.states("web"), scene.records()) == (("active", None), [])

    play(story)
