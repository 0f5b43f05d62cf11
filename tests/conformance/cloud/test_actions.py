"""Who asked for what of a guest, what Nova does by itself about one that has died, and what stop and start refuse."""

import asyncio
from collections.abc import Callable

import pytest

from kasugai.core.recovering.nova_views import By, GuestView
from kasugai.workers.ports import CloudAway, CloudRefused
from tests.support.clouds import until
from tests.support.scenes import Play, Scene

UNKNOWN = "00000000-0000-0000-0000-000000000000"


async def asked(scene: Scene, guest: str = "web") -> list[tuple[str, By]]:
    """Return what was asked and by whom, newest first."""
    return [(each.action, each.by) for each in await scene.port.actions(scene.uuid(guest))]


async def reach(scene: Scene, vm_state: str, *asks: str) -> None:
    """Let web's user ask all of it, one after another, until the guest is in that state."""
    for what in asks:
        await until(lambda: scene.states("web")[1] is None)
        scene.asks("web", what)
    await until(lambda: scene.states("web") == (vm_state, None))


async def shows(scene: Scene, so: Callable[[GuestView], bool]) -> None:
    """Wait until Nova shows web so."""
    async with asyncio.timeout(30):
        while (view := await scene.port.guest(scene.uuid("web"))) is None or not so(view):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def test_who_stopped_a_guest_is_told(play: Play) -> None:
    async def story(scene: Scene) -> None:
        assert await asked(scene) == [("create", By.OTHERS)]
        await reach(scene, "stopped", "stop")
        await scene.port.start(scene.uuid("web"))
        await until(lambda: scene.states("web") == ("active", None))
        scene.guest_dies("web")
        scene.notices("web")
        await until(lambda: scene.states("web") == ("stopped", None))
        assert await asked(scene) == [
            ("stop", By.NOVA),
            ("start", By.US),
            ("stop", By.OTHERS),
            ("create", By.OTHERS),
        ]
        told = await scene.port.actions(scene.uuid("web"))
        assert len({each.request for each in told}) == len(told)
        assert not any(each.has_failed for each in told)
        assert all(each.ended_at is not None and each.ended_at >= each.began_at for each in told)

    play(story)


def test_a_guest_that_died_is_stopped_and_started_before_nova_notices(play: Play) -> None:
    async def story(scene: Scene) -> None:
        uuid = scene.uuid("web")
        scene.guest_dies("web")
        view = await scene.port.guest(uuid)
        assert view is not None and (view.vm_state, view.power_state) == ("active", 1)
        await scene.port.stop(uuid)
        await until(lambda: scene.states("web") == ("stopped", None))
        scene.notices("web")
        await scene.port.start(uuid)
        await until(lambda: scene.states("web") == ("active", None))
        assert len(scene.running_on("web")) == 1
        assert (await asked(scene))[:2] == [("start", By.US), ("stop", By.US)]

    play(story)


@pytest.mark.parametrize(
    ("asks", "vm_state", "after"),
    [(("pause",), "paused", "stopped"), (("rescue",), "rescued", "rescued")],
)
def test_what_nova_does_about_a_dead_guest_depends_on_its_vm_state(
    play: Play, asks: tuple[str, ...], vm_state: str, after: str
) -> None:
    async def story(scene: Scene) -> None:
        await reach(scene, vm_state, *asks)
        scene.guest_dies("web")
        scene.notices("web")
        await until(lambda: scene.states("web") == (after, None))
        await shows(scene, lambda view: view.power_state == 4)
        assert (("stop", By.NOVA) in await asked(scene)) is (after == "stopped")

    play(story)


def test_a_guest_in_error_is_stopped_by_us_and_not_by_nova(play: Play) -> None:
    async def story(scene: Scene) -> None:
        uuid = scene.uuid("web")
        await scene.port.reset_state(uuid)
        scene.guest_dies("web")
        scene.notices("web")
        assert scene.states("web") == ("error", None)
        assert await asked(scene) == [("resetState", By.US), ("create", By.OTHERS)]
        await scene.port.stop(uuid)
        await until(lambda: scene.states("web") == ("stopped", None))
        await scene.port.start(uuid)
        await until(lambda: scene.states("web") == ("active", None))

    play(story)


@pytest.mark.parametrize(
    ("vm_state", "asks"),
    [
        ("stopped", ("stop",)),
        ("paused", ("pause",)),
        ("suspended", ("suspend",)),
        ("rescued", ("rescue",)),
        ("active", ("pause", "unpause")),
        ("active", ("suspend", "resume")),
        ("active", ("rescue", "unrescue")),
        ("active", ("reboot",)),
        ("active", ("stop", "hard reboot")),
    ],
)
def test_what_users_ask_has_novas_name_and_stop_and_start_take_no_other_state(
    play: Play, vm_state: str, asks: tuple[str, ...]
) -> None:
    async def story(scene: Scene) -> None:
        await reach(scene, vm_state, *asks)
        users = [("create", By.OTHERS), *((what.removeprefix("hard "), By.OTHERS) for what in asks)]
        assert (await asked(scene))[::-1] == users
        uuid = scene.uuid("web")
        for what, act, takes in (("stop", scene.port.stop, "active"), ("start", scene.port.start, "stopped")):
            if vm_state != takes:
                with pytest.raises(CloudRefused) as refusal:
                    await act(uuid)
                sentence = f"Cannot '{what}' instance {uuid} while it is in vm_state {vm_state}"
                assert (refusal.value.status, refusal.value.message) == (409, sentence)
        assert (await asked(scene))[::-1] == users, "what is refused leaves no action"

    play(story)


def test_a_shelved_guest_is_on_no_host(play: Play) -> None:
    async def story(scene: Scene) -> None:
        await reach(scene, "shelved_offloaded", "shelve")
        uuid = scene.uuid("web")
        await shows(scene, lambda view: (view.host, view.power_state) == ("", 4))  # the host goes last
        for act in (scene.port.stop, scene.port.start):
            with pytest.raises(CloudRefused, match=f"409 Instance {uuid} is not ready"):
                await act(uuid)
        with pytest.raises(CloudRefused, match=r"409 Cannot 'migrate' .* vm_state shelved_offloaded"):
            await scene.port.migrate(uuid)
        await reach(scene, "active", "unshelve")
        assert (await asked(scene))[:2] == [("unshelve", By.OTHERS), ("shelve", By.OTHERS)]

    play(story)


def test_a_task_under_way_is_refused_too(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.power_off("cmp1.rack1")
        uuid = scene.uuid("web")
        await scene.port.stop(uuid)
        assert scene.states("web") == ("active", "powering-off")
        with pytest.raises(CloudRefused) as refusal:
            await scene.port.stop(uuid)
        sentence = f"Cannot 'stop' instance {uuid} while it is in task_state powering-off"
        assert (refusal.value.status, refusal.value.message) == (409, sentence)

    play(story)


def test_a_deleted_guest_keeps_its_actions_and_one_that_never_was_has_none(play: Play) -> None:
    async def story(scene: Scene) -> None:
        uuid = scene.uuid("web")
        scene.deletes("web")
        told = [(each.action, each.by) for each in await scene.port.actions(uuid)]
        assert told == [("delete", By.OTHERS), ("create", By.OTHERS)]
        assert await scene.port.actions(UNKNOWN) == ()

    play(story)


def test_the_actions_of_a_guest_in_a_silent_cell_are_away(play: Play) -> None:
    async def story(scene: Scene) -> None:
        uuid = scene.uuid("web")
        scene.silence_cell()
        with pytest.raises(CloudAway):
            await scene.port.actions(uuid)

    play(story)
