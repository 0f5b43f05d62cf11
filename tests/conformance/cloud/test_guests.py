"""Guests as Nova lists and shows them, and what is done to one in its place."""

import pytest

from kasugai.core.recovering.nova_views import GuestView
from kasugai.workers.ports import CloudAway, CloudRefused, CloudUnsure
from tests.support.clouds import until
from tests.support.scenes import HOST, IMAGE, Play, Scene, bury, statuses

UNKNOWN = "00000000-0000-0000-0000-000000000000"


async def guest(scene: Scene, name: str) -> GuestView:
    view = await scene.port.guest(scene.uuid(name))
    assert view is not None
    return view


def test_guests_are_listed_byte_for_byte(play: Play) -> None:
    async def story(scene: Scene) -> None:
        listed = await scene.port.guests(HOST)
        assert sorted(view.name for view in listed) == ["app", "db", "web"]
        assert {view.host for view in listed} == {HOST}
        assert await scene.port.guests("cmp1") == ()
        assert await scene.port.guests("cmp2") == ()

    play(story)


def test_a_guest_is_shown_as_nova_has_it(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.locks("web")
        scene.pauses("app")
        bury(scene)
        scene.stops("web")
        scene.no_valid_host()
        scene.evacuates("db")
        await until(lambda: statuses(scene) == ["error"] and scene.states("db") == ("error", None))
        web, db, app = [await guest(scene, name) for name in ("web", "db", "app")]
        assert (web.name, web.host, web.vm_state, web.task_state) == ("web", HOST, "active", "powering-off")
        assert (web.locked, web.power_state, dict(web.metadata), web.fault) == (True, 1, {"tier": "web"}, "")
        assert (db.vm_state, db.task_state, db.locked) == ("error", None, False)
        assert db.fault.startswith("No valid host was found.")
        assert app.vm_state == "paused"
        assert sorted(await scene.port.guests(HOST), key=lambda view: view.name) == [app, db, web]

    play(story)


def test_a_guest_that_is_unknown_or_deleted_is_none(play: Play) -> None:
    async def story(scene: Scene) -> None:
        assert await scene.port.guest(UNKNOWN) is None
        uuid = (await guest(scene, "web")).uuid
        scene.deletes("web")
        assert await scene.port.guest(uuid) is None
        assert len(await scene.port.guests(HOST)) == 2

    play(story)


def test_what_a_policy_looks_at_is_told_of_a_guest(play: Play) -> None:
    async def story(scene: Scene) -> None:
        about = {"tags": ("a", "b=1"), "flavor": "m1.big", "extra_specs": {"k": "v"}, "project": "p1"}
        scene.boot("rich", HOST, about)
        rich, plain = await guest(scene, "rich"), await guest(scene, "web")
        assert (rich.image, rich.flavor, rich.project) == (IMAGE, "m1.big", "p1")
        assert sorted(rich.tags) == ["a", "b=1"]
        assert rich.extra_specs == {"k": "v"}
        assert (plain.tags, plain.extra_specs) == ((), {})
        listed = {view.name: view for view in await scene.port.guests(HOST)}
        assert listed["rich"] == rich

    play(story)


def test_a_guest_that_boots_from_a_volume_has_no_image(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.boot("bfv", HOST, {"image": ""})
        found = await guest(scene, "bfv")
        assert (found.image, len(found.volumes)) == ("", 1)

    play(story)


def test_what_a_flavor_and_an_image_add_to_a_guest_s_disks_is_told(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.boot("full", HOST, {"ephemeral": 10, "swap": 512, "config_drive": True})
        full, plain = await guest(scene, "full"), await guest(scene, "web")
        assert (full.has_ephemeral, full.has_swap, full.has_config_drive) == (True, True, True)
        assert (plain.has_ephemeral, plain.has_swap, plain.has_config_drive) == (False, False, False)

    play(story)


def test_what_nova_refuses_carries_its_status_and_sentence(play: Play) -> None:
    async def story(scene: Scene) -> None:
        web, app = scene.uuid("web"), scene.uuid("app")
        for act, status, sentence in (
            (scene.port.evacuate(web), 400, f"Compute service of {HOST} is still in use."),
            (scene.port.evacuate(UNKNOWN), 404, f"Instance {UNKNOWN} could not be found."),
            (scene.port.start(web), 409, f"Cannot 'start' instance {web} while it is in vm_state active"),
        ):
            with pytest.raises(CloudRefused) as refusal:
                await act
            assert (refusal.value.status, refusal.value.message) == (status, sentence)
        scene.pauses("app")
        bury(scene)
        with pytest.raises(CloudRefused, match="vm_state paused"):
            await scene.port.evacuate(app)
        assert statuses(scene) == []

    play(story)


def test_reset_stop_and_start(play: Play) -> None:
    async def story(scene: Scene) -> None:
        uuid = scene.uuid("web")
        await scene.port.reset_state(uuid)
        assert (await guest(scene, "web")).vm_state == "error"
        await scene.port.stop(uuid)
        await until(lambda: scene.states("web") == ("stopped", None))
        assert scene.running_on("web") == frozenset()
        await scene.port.start(uuid)
        await until(lambda: scene.states("web") == ("active", None))

    play(story)


def test_a_silent_cell_is_missing_from_lists_and_away_by_id(play: Play) -> None:
    async def story(scene: Scene) -> None:
        bury(scene)
        uuid = scene.uuid("web")
        await scene.port.evacuate(uuid)
        scene.silence_cell()
        assert await scene.port.service(HOST) is None
        assert await scene.port.guests(HOST) == ()
        assert await scene.port.migrations(HOST) == ()
        with pytest.raises(CloudAway):
            await scene.port.guest(uuid)
        with pytest.raises(CloudUnsure):
            await scene.port.reset_state(uuid)

    play(story)
