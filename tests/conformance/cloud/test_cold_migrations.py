"""Cold migrations: what their records and the guest say on the way, and what is refused."""

import pytest

from kasugai.core.recovering.nova_views import By
from kasugai.workers.ports import CloudRefused
from tests.support.clouds import until
from tests.support.scenes import HOST, Play, Record, Scene


@pytest.mark.parametrize("vm_state", ["active", "stopped"])
def test_a_guest_moves_and_its_former_host_lets_go_of_it(play: Play, vm_state: str) -> None:
    async def story(scene: Scene) -> None:
        uuid = scene.uuid("web")
        if vm_state == "stopped":
            scene.stops("web")
            await until(lambda: scene.states("web") == ("stopped", None))
        await scene.port.migrate(uuid)
        await until(lambda: scene.states("web") == ("resized", None))
        (record,) = await scene.port.migrations(HOST)
        assert (record.guest, record.migration_type, record.status) == (uuid, "migration", "finished")
        moved = await scene.port.guest(uuid)
        assert moved is not None and moved.host == record.dest != HOST
        assert scene.running_on("web") == ({record.dest} if vm_state == "active" else frozenset())
        with pytest.raises(
            CloudRefused, match=f"409 Cannot 'migrate' instance {uuid} while it is in vm_state resized"
        ):
            await scene.port.migrate(uuid)
        for act in (scene.port.stop, scene.port.start):
            with pytest.raises(CloudRefused, match=r"409 .* vm_state resized"):
                await act(uuid)
        await scene.port.confirm_migration(uuid)
        await until(lambda: scene.states("web") == (vm_state, None))
        assert [each.status for each in scene.records()] == ["confirmed"]
        with pytest.raises(
            CloudRefused, match=f"409 Cannot 'confirmResize' instance {uuid} while it is in vm_state"
        ):
            await scene.port.confirm_migration(uuid)
        asked = [(each.action, each.by, each.has_failed) for each in await scene.port.actions(uuid)]
        assert asked[:2] == [("confirmResize", By.US, False), ("migrate", By.US, False)]

    play(story)


def test_a_guest_moves_to_the_host_that_is_named(play: Play) -> None:
    async def story(scene: Scene) -> None:
        uuid = scene.uuid("web")
        for target in ("cmp9", HOST):
            with pytest.raises(CloudRefused, match="400"):
                await scene.port.migrate(uuid, target)
        await scene.port.migrate(uuid, "cmp2")
        await until(lambda: scene.states("web") == ("resized", None))
        (record,) = await scene.port.migrations(HOST)
        assert (record.migration_type, record.dest) == ("migration", "cmp2")
        await scene.port.confirm_migration(uuid)
        await until(lambda: scene.states("web") == ("active", None))
        moved = await scene.port.guest(uuid)
        assert moved is not None and moved.host == "cmp2"

    play(story)


def test_nowhere_to_go_is_told_afterwards(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.no_valid_host()
        uuid = scene.uuid("web")
        await scene.port.migrate(uuid)
        await until(lambda: [each.status for each in scene.records()] == ["error"])
        await until(lambda: scene.states("web") == ("active", None))
        view = await scene.port.guest(uuid)
        assert view is not None and (view.host, view.fault) == (HOST, "")
        assert scene.records() == [Record("web", "error", HOST, "")]
        assert scene.running_on("web") == {HOST}
        (newest, *_) = await scene.port.actions(uuid)
        assert (newest.action, newest.has_failed) == ("migrate", True)

    play(story)


def test_a_host_that_is_down_gives_nobody_away(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.kill_compute(HOST)
        scene.forces_down(HOST)
        with pytest.raises(CloudRefused, match="409 Service is unavailable at this time"):
            await scene.port.migrate(scene.uuid("web"))
        assert scene.records() == []

    play(story)


@pytest.mark.parametrize("what", ["pause", "suspend", "rescue"])
def test_only_what_is_active_or_stopped_moves(play: Play, what: str) -> None:
    async def story(scene: Scene) -> None:
        scene.asks("web", what)
        await until(lambda: scene.states("web")[0] != "active")
        await until(lambda: scene.states("web")[1] is None)
        vm_state, _ = scene.states("web")
        with pytest.raises(CloudRefused, match=f"409 Cannot 'migrate' .* vm_state {vm_state}"):
            await scene.port.migrate(scene.uuid("web"))
        with pytest.raises(CloudRefused, match=f"409 Cannot 'confirmResize' .* vm_state {vm_state}"):
            await scene.port.confirm_migration(scene.uuid("web"))

    play(story)
