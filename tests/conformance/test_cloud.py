"""What every `Cloud` must do (workers/ports.py): one suite, played in memory and by our Nova adapter over HTTP."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from kasugai.core.recovering.look import GuestView, ServiceView
from kasugai.sim.cloud import SimCloud
from kasugai.workers.ports import CloudAway, CloudRefused, CloudUnsure
from tests.support.clouds import CLIENT, SWIFT, Play, Scene, play_in_memory, play_over_http, until

HOST = "cmp1.rack1"


@pytest.fixture(params=[play_in_memory, play_over_http], ids=["in memory", "over HTTP"])
def play(request: pytest.FixtureRequest) -> Play:
    chosen: Play = request.param
    return chosen


def bury(cloud: SimCloud) -> None:
    cloud.hosts.power_off(HOST)
    cloud.operator_forces_down(HOST)


async def service(scene: Scene, host: str = HOST) -> ServiceView:
    view = await scene.port.service(host)
    assert view is not None
    return view


async def guest(scene: Scene, name: str) -> GuestView:
    view = await scene.port.guest(scene.do(lambda cloud: cloud.uuid(name)))
    assert view is not None
    return view


def migrations(scene: Scene) -> list[str]:
    return scene.do(lambda cloud: [record.status for record in cloud.world.migrations])


def test_a_service_is_found_byte_for_byte(play: Play) -> None:
    async def story(scene: Scene) -> None:
        wanted = scene.do(lambda cloud: cloud.world.host(HOST).service.service_id)
        view = await service(scene)
        assert (view.host, view.service_id) == (HOST, wanted)
        assert (view.is_up, view.is_enabled, view.forced_down, view.disabled_reason) == (
            True,
            True,
            False,
            "",
        )
        for stranger in ("cmp1", "CMP1.RACK1", "cmp1.rack", "nope"):
            assert await scene.port.service(stranger) is None
        assert (await service(scene, "CMP1.rack1")).service_id != wanted

    play(story)


@pytest.mark.parametrize("offset", [-30.0, 30.0])
@pytest.mark.parametrize("sends_date", [True, False])
def test_an_age_is_by_novas_own_clock(play: Play, offset: float, sends_date: bool) -> None:
    async def story(scene: Scene) -> None:
        def wind(cloud: SimCloud) -> None:
            cloud.world.clock_offset = offset
            cloud.world.sends_date = sends_date
            cloud.hosts.power_off(HOST)

        scene.do(wind)
        await asyncio.sleep(2.5)
        view = await service(scene)
        assert 1 <= view.age <= 4
        assert view.age_is_bound is not sends_date
        assert -1 <= (await service(scene, "cmp2")).age <= 2

    play(story)


def test_updated_at_moves_with_reports_and_with_our_own_put(play: Play) -> None:
    async def story(scene: Scene) -> None:
        seen = {(await service(scene, "cmp2")).updated_at}
        await asyncio.sleep(1.5)
        seen.add((await service(scene, "cmp2")).updated_at)
        assert len(seen) == 2
        scene.do(lambda cloud: cloud.hosts.power_off(HOST))
        await asyncio.sleep(1.2)
        before = await service(scene)
        await scene.port.force_down(before.service_id, "fenced")
        after = await service(scene)
        assert after.updated_at > before.updated_at
        await asyncio.sleep(1.2)
        await scene.port.force_down(before.service_id, "fenced")
        assert (await service(scene)).updated_at == after.updated_at

    play(story)


def test_force_down_of_a_freshly_dead_host_is_quick(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(lambda cloud: cloud.hosts.power_off(HOST))
        before = await service(scene)
        assert before.is_up
        await scene.port.force_down(before.service_id, "fenced by kasugai")
        view = await service(scene)
        assert (view.is_up, view.is_enabled, view.forced_down) == (False, False, True)
        assert view.disabled_reason == "fenced by kasugai"
        with pytest.raises(CloudRefused) as refusal:
            await scene.port.force_down("00000000-0000-0000-0000-000000000000", "x")
        assert refusal.value.status == 404

    play(story)


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
        def mark(cloud: SimCloud) -> None:
            cloud.user_locks("web")
            cloud.nova.guests.pause(cloud.uuid("app"))
            bury(cloud)
            cloud.user_stops("web")
            cloud.no_valid_host()
            cloud.operator_evacuates("db")

        scene.do(mark)
        await until(lambda: migrations(scene) == ["error"])
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
        assert await scene.port.guest("00000000-0000-0000-0000-000000000000") is None
        uuid = (await guest(scene, "web")).uuid
        scene.do(lambda cloud: cloud.user_deletes("web"))
        assert await scene.port.guest(uuid) is None
        assert len(await scene.port.guests(HOST)) == 2

    play(story)


def last_a_while(cloud: SimCloud) -> None:
    """Let the newest record say that it ended seven seconds after it was made."""
    cloud.world.migrations[-1].updated_at = cloud.world.migrations[-1].created_at + 7


def test_migrations_of_every_type_by_source(play: Play) -> None:
    async def story(scene: Scene) -> None:
        def move(cloud: SimCloud) -> None:
            cloud.operator_live_migrates("web", "cmp2")
            cloud.operator_live_migrates("other", "cmp2")
            bury(cloud)
            cloud.operator_evacuates("db")

        scene.do(move)
        await until(lambda: migrations(scene)[-1] == "done")
        scene.do(last_a_while)
        web, db = [await guest(scene, name) for name in ("web", "db")]
        first, second = await scene.port.migrations(HOST)
        assert (first.guest, first.migration_type, first.status) == (web.uuid, "live-migration", "running")
        assert (first.source, first.dest, first.is_ended) == (HOST, "cmp2", False)
        assert (second.guest, second.migration_type, second.status) == (db.uuid, "evacuation", "done")
        assert (second.source, second.dest, second.has_landed) == (HOST, db.host, True)
        assert second.lasted == 7_000
        assert first.migration_id < second.migration_id
        assert web.in_migration
        assert await scene.port.migrations("CMP1.rack1") == ()

    play(story)


def test_an_evacuation_starts_the_guest_elsewhere(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(bury)
        view = await guest(scene, "web")
        await scene.port.evacuate(view.uuid)
        (record,) = await scene.port.migrations(HOST)
        assert (record.guest, record.status in ("accepted", "pre-migrating")) == (view.uuid, True)
        await until(lambda: migrations(scene) == ["done"])
        landed = await guest(scene, "web")
        assert landed.host != HOST
        assert (landed.vm_state, landed.task_state, landed.power_state) == ("active", None, 1)
        assert scene.do(lambda cloud: cloud.running_on("web")) == {landed.host}

    play(story)


def test_a_second_evacuation_is_accepted_and_does_harm(play: Play) -> None:
    async def story(scene: Scene) -> None:
        def slow_down(cloud: SimCloud) -> None:
            cloud.world.pace = replace(SWIFT, spawn=0.8)

        scene.do(slow_down)
        scene.do(bury)
        uuid = (await guest(scene, "web")).uuid
        await scene.port.evacuate(uuid)
        await until(lambda: scene.do(lambda cloud: cloud.world.guest("web").task_state) == "rebuild_spawning")
        await scene.port.evacuate(uuid)
        await until(lambda: migrations(scene) == ["done", "failed"])
        assert len(scene.do(lambda cloud: cloud.running_on("web"))) == 2

    play(story)


def test_all_services_are_listed_and_a_disabled_one_is_enabled_again(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(lambda cloud: cloud.operator_disables("cmp2"))
        listed = {view.host: view for view in await scene.port.services()}
        assert set(listed) == {HOST, "cmp1.rack2", "CMP1.rack1", "cmp2"}
        assert [host for host, view in listed.items() if not view.is_enabled] == ["cmp2"]
        assert listed["cmp2"].is_up and listed["cmp2"].disabled_reason == "maintenance"
        for _ in range(2):
            await scene.port.enable(listed["cmp2"].service_id)
        assert (await service(scene, "cmp2")).is_enabled
        with pytest.raises(CloudRefused) as refusal:
            await scene.port.enable("00000000-0000-0000-0000-000000000000")
        assert refusal.value.status == 404

    play(story)


def test_a_host_joins_an_aggregate_once(play: Play) -> None:
    async def story(scene: Scene) -> None:
        (racks,) = await scene.port.aggregates()
        assert racks.name == "racks"
        assert racks.hosts == {HOST, "cmp1.rack2"}
        await scene.port.add_to_aggregate(racks.aggregate_id, "cmp2")
        assert (await scene.port.aggregates())[0].hosts == {HOST, "cmp1.rack2", "cmp2"}
        for aggregate, host, status in (
            (racks.aggregate_id, "cmp2", 409),
            (racks.aggregate_id, "nope", 404),
            (9, "cmp2", 404),
        ):
            with pytest.raises(CloudRefused) as refusal:
                await scene.port.add_to_aggregate(aggregate, host)
            assert refusal.value.status == status

    play(story)


def test_an_evacuation_may_be_directed(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(bury)
        scene.do(lambda cloud: setattr(cloud.world.host("cmp1.rack2"), "capacity", 0))
        web, db = [await guest(scene, name) for name in ("web", "db")]
        await scene.port.evacuate(web.uuid, "CMP1.rack1")
        await scene.port.evacuate(db.uuid, "cmp1.rack2")
        await until(lambda: migrations(scene) == ["done", "error"])
        assert (await guest(scene, "web")).host == "CMP1.rack1"
        assert (await guest(scene, "db")).host == HOST
        for target, status in ((HOST, 400), ("nope", 404)):
            with pytest.raises(CloudRefused) as refusal:
                await scene.port.evacuate(db.uuid, target)
            assert refusal.value.status == status

    play(story)


def test_what_a_policy_looks_at_is_told_of_a_guest(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(
            lambda cloud: cloud.add_guest(
                "rich",
                HOST,
                tags=("a", "b=1"),
                image="img1",
                flavor="m1.big",
                extra_specs={"k": "v"},
                project="p1",
            )
        )
        rich, plain = await guest(scene, "rich"), await guest(scene, "web")
        assert (rich.tags, rich.image, rich.flavor, rich.project) == (("a", "b=1"), "img1", "m1.big", "p1")
        assert rich.extra_specs == {"k": "v"}
        assert (plain.tags, plain.image, plain.extra_specs) == ((), "", {})
        listed = {view.name: view for view in await scene.port.guests(HOST)}
        assert listed["rich"] == rich

    play(story)


def test_what_a_flavor_and_an_image_add_to_a_guest_s_disks_is_told(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(
            lambda cloud: cloud.add_guest("full", HOST, ephemeral=10, swap=512, config_drive=True, image="i")
        )
        full, plain = await guest(scene, "full"), await guest(scene, "web")
        assert (full.has_ephemeral, full.has_swap, full.has_config_drive) == (True, True, True)
        assert (plain.has_ephemeral, plain.has_swap, plain.has_config_drive) == (False, False, False)

    play(story)


def test_an_aggregate_s_metadata_is_told(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(lambda cloud: cloud.add_aggregate("gold", HOST).metadata.update(HA_Enabled="yes"))
        (gold,) = (each for each in await scene.port.aggregates() if each.name == "gold")
        assert gold.metadata["HA_Enabled"] == "yes"

    play(story)


def test_an_image_s_properties_and_tags_are_glance_s(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(lambda cloud: cloud.add_image("i1", "amphora", HA_Priority="7"))
        image = await scene.port.image("i1")
        assert (image.properties["HA_Priority"], image.tags) == ("7", ("amphora",))
        with pytest.raises(CloudRefused) as refusal:
            await scene.port.image("gone")
        assert refusal.value.status == 404, "Glance's own sentence is in HTML"

    play(story)


def test_a_project_s_tags_are_keystone_s(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(lambda cloud: cloud.add_project("p1", "gold", "a b"))
        assert await scene.port.project_tags("p1") == ("gold", "a b")
        assert await scene.port.project_tags("demo") == ()

    play(story)


def test_a_project_that_keystone_does_not_tell_about_is_refused(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(lambda cloud: cloud.add_project("gone", known=False))
        with pytest.raises(CloudRefused) as refusal:
            await scene.port.project_tags("gone")
        assert (refusal.value.status, refusal.value.message) == (404, "Could not find project: gone.")
        scene.do(lambda cloud: setattr(cloud.world, "hides_project_tags", True))
        with pytest.raises(CloudRefused, match="identity:list_project_tags") as refusal:
            await scene.port.project_tags("demo")
        assert refusal.value.status == 403

    play(story)


def test_a_keystone_that_is_away_is_away(play: Play) -> None:
    async def story(scene: Scene) -> None:
        troubles: tuple[Callable[[SimCloud], None], ...] = (
            lambda cloud: cloud.wire.answer_503(10**6, action="project-tags"),
            lambda cloud: cloud.wire.lose_replies("project-tags", times=1),
            lambda cloud: cloud.wire.refuse_connections(10**6),
        )
        for trouble in troubles:
            scene.do(trouble)
            with pytest.raises(CloudAway):
                await scene.port.project_tags("demo")
            scene.do(lambda cloud: cloud.wire.heal())
        asked = scene.do(lambda cloud: [r.action for r in cloud.wire.requests].count("project-tags"))
        assert asked == 3, "no request was repeated"
        assert await scene.port.project_tags("demo") == ()

    play(story)


def test_what_nova_refuses_carries_its_status_and_sentence(play: Play) -> None:
    async def story(scene: Scene) -> None:
        web, app = [(await guest(scene, name)).uuid for name in ("web", "app")]
        unknown = "00000000-0000-0000-0000-000000000000"
        for act, status, sentence in (
            (scene.port.evacuate(web), 400, f"Compute service of {HOST} is still in use."),
            (scene.port.evacuate(unknown), 404, f"Instance {unknown} could not be found."),
            (scene.port.start(web), 409, f"Cannot 'start' instance {web} while it is in vm_state active"),
        ):
            with pytest.raises(CloudRefused) as refusal:
                await act
            assert (refusal.value.status, refusal.value.message) == (status, sentence)
        scene.do(lambda cloud: cloud.nova.guests.pause(app))
        scene.do(bury)
        with pytest.raises(CloudRefused, match="vm_state paused"):
            await scene.port.evacuate(app)
        assert migrations(scene) == []

    play(story)


def test_reset_stop_and_start(play: Play) -> None:
    async def story(scene: Scene) -> None:
        def vm_state() -> str:
            return scene.do(lambda cloud: cloud.world.guest("web").vm_state)

        uuid = (await guest(scene, "web")).uuid
        await scene.port.reset_state(uuid)
        assert (await guest(scene, "web")).vm_state == "error"
        await scene.port.stop(uuid)
        await until(lambda: vm_state() == "stopped")
        assert scene.do(lambda cloud: cloud.running_on("web")) == frozenset()
        await scene.port.start(uuid)
        await until(lambda: vm_state() == "active")

    play(story)


def test_503_is_away_for_reads_and_calls(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(bury)
        uuid = (await guest(scene, "web")).uuid
        scene.do(lambda cloud: cloud.wire.answer_503(10**6))
        with pytest.raises(CloudAway):
            await scene.port.service(HOST)
        with pytest.raises(CloudAway):
            await scene.port.evacuate(uuid)
        scene.do(lambda cloud: cloud.wire.heal())
        assert await scene.port.guest(uuid) is not None
        assert migrations(scene) == []

    play(story)


def test_a_refused_connection_is_away_for_reads_and_calls(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(bury)
        uuid = (await guest(scene, "web")).uuid
        scene.refuse()
        with pytest.raises(CloudAway):
            await scene.port.guests(HOST)
        with pytest.raises(CloudAway):
            await scene.port.evacuate(uuid)
        scene.accept()
        assert len(await scene.port.guests(HOST)) == 3
        assert migrations(scene) == []

    play(story)


def test_a_lost_reply_is_unsure_for_a_call_and_the_call_happened(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(bury)
        uuid = (await guest(scene, "web")).uuid
        scene.do(lambda cloud: cloud.wire.lose_replies(times=2))
        began = asyncio.get_running_loop().time()
        with pytest.raises(CloudUnsure):
            await scene.port.evacuate(uuid)
        assert CLIENT <= asyncio.get_running_loop().time() - began < CLIENT + 1
        with pytest.raises(CloudAway):
            await scene.port.guest(uuid)
        assert migrations(scene) == ["done"]

    play(story)


def test_a_late_call_is_unsure_and_happens_once(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(bury)
        uuid = (await guest(scene, "web")).uuid
        scene.do(lambda cloud: cloud.wire.slow(CLIENT + 0.5, action="evacuate", times=1))
        with pytest.raises(CloudUnsure):
            await scene.port.evacuate(uuid)
        assert migrations(scene) == []
        await until(lambda: migrations(scene) == ["done"])
        await asyncio.sleep(0.5)
        assert migrations(scene) == ["done"]

    play(story)


def test_a_call_outlives_its_caller(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(bury)
        uuid = (await guest(scene, "web")).uuid
        scene.do(lambda cloud: cloud.wire.slow(0.5, action="evacuate", times=1))
        call = asyncio.create_task(scene.port.evacuate(uuid))
        await until(lambda: scene.do(lambda cloud: cloud.wire.requests[-1].action) == "evacuate")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await until(lambda: migrations(scene) == ["done"])

    play(story)


def test_a_silent_cell_is_missing_from_lists_and_away_by_id(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.do(bury)
        uuid = (await guest(scene, "web")).uuid
        await scene.port.evacuate(uuid)
        scene.do(lambda cloud: cloud.silence_cell())
        assert await scene.port.service(HOST) is None
        assert await scene.port.guests(HOST) == ()
        assert await scene.port.migrations(HOST) == ()
        with pytest.raises(CloudAway):
            await scene.port.guest(uuid)
        with pytest.raises(CloudUnsure):
            await scene.port.reset_state(uuid)

    play(story)


@pytest.mark.parametrize("act", ["force_down", "evacuate", "reset_state", "stop", "start"])
def test_no_call_is_ever_repeated(play: Play, act: str) -> None:
    """Not after a time-out, and not after any answer: one call of ours is one request."""
    troubles: tuple[Callable[[SimCloud], None], ...] = (
        lambda cloud: cloud.wire.lose_replies(times=1),
        lambda cloud: cloud.wire.answer_503(10**6),
        lambda cloud: cloud.silence_cell(),
        lambda cloud: None,
    )

    async def story(scene: Scene) -> None:
        scene.do(bury)
        subject = (await guest(scene, "web")).uuid
        parameters = [(await service(scene)).service_id, "x"] if act == "force_down" else [subject]
        for trouble in troubles:
            scene.do(trouble)
            before = scene.do(lambda cloud: len(cloud.wire.requests))
            await asyncio.gather(getattr(scene.port, act)(*parameters), return_exceptions=True)
            assert scene.do(lambda cloud: len(cloud.wire.requests)) == before + 1
            scene.do(lambda cloud: cloud.wire.heal())
            scene.do(lambda cloud: cloud.wake_cell())

    play(story)
