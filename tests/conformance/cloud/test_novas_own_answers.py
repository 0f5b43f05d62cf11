"""What the port does not tell and its users stand on: requests that Nova lost half of, records that never end, what
lists hide, and what is known of a call whose answer was lost. On a real Nova alone."""

from datetime import UTC, datetime, timedelta

import pytest

from kasugai.workers.ports import CloudRefused, CloudUnsure
from tests.support.clouds import until
from tests.support.real_scene import OnRealNova, RealPlay
from tests.support.scenes import HOST, Record, bury, statuses

OURS = "req-11111111-2222-3333-4444-555555555555"
AN_HOUR_AGO = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S")


def test_500_is_perhaps_accepted_and_the_next_landing_is_written_into_the_first_record(
    play_real: RealPlay,
) -> None:
    async def story(scene: OnRealNova) -> None:
        bury(scene)
        scene.lose_casts()
        with pytest.raises(CloudUnsure):
            await scene.port.evacuate(scene.uuid("web"))
        assert scene.states("web") == ("active", "rebuilding")
        assert scene.actions("web")[-1]["action"] == "evacuate"
        scene.lose_casts(False)
        await scene.port.evacuate(scene.uuid("web"), "cmp2")
        await until(lambda: "done" in statuses(scene))
        first, second = scene.records()
        assert (first.status, first.dest) == ("done", "cmp2")
        assert second == Record("web", "accepted", HOST, "cmp2"), "it stays for good"
        assert scene.running_on("web") == {"cmp2"}

    play_real(story)


def test_a_source_with_a_dangling_record_must_start_twice_to_be_free(play_real: RealPlay) -> None:
    """A start completes one record of each guest, the newest: the one that landed still counts as `done`."""

    async def story(scene: OnRealNova) -> None:
        bury(scene)
        scene.lose_casts()
        with pytest.raises(CloudUnsure):
            await scene.port.evacuate(scene.uuid("web"))
        scene.lose_casts(False)
        await scene.port.evacuate(scene.uuid("web"), "cmp2")
        await until(lambda: "done" in statuses(scene))
        told = []
        for _ in range(2):
            scene.start_compute(HOST)
            freed = scene.nova.api("PUT", f"/os-services/{scene.service_id(HOST)}", {"forced_down": False})
            told.append((freed.status, statuses(scene)))
            scene.kill_compute(HOST)
        assert told == [(400, ["done", "completed"]), (200, ["completed", "completed"])]

    play_real(story)


def test_a_conductor_that_waits_in_vain_for_the_scheduler_leaves_the_record_accepted(
    play_real: RealPlay,
) -> None:
    async def story(scene: OnRealNova) -> None:
        bury(scene)
        scene.hold_scheduler(patience=1)
        await scene.port.evacuate(scene.uuid("web"))
        await until(lambda: [e["result"] for e in scene.actions("web")[-1]["events"]] == ["Error"])
        action = scene.actions("web")[-1]
        (event,) = action["events"]
        assert (action["action"], action["message"]) == ("evacuate", "Error")
        assert (event["event"], event["details"]) == ("rebuild_server", "MessagingTimeout")
        assert event["finish_time"] is not None
        assert (statuses(scene), scene.states("web")) == (["accepted"], ("active", "rebuilding"))
        view = await scene.port.guest(scene.uuid("web"))
        assert view is not None and view.fault == ""
        scene.release_scheduler()
        await scene.port.evacuate(scene.uuid("web"))
        await until(lambda: "done" in statuses(scene))
        assert statuses(scene) == ["done", "accepted"], "it ended on the record of the first"

    play_real(story)


def test_a_call_that_waited_lands_although_the_source_completed_its_record(play_real: RealPlay) -> None:
    """The conductor finds no accepted record, and the destination makes one of its own, which never ends."""

    async def story(scene: OnRealNova) -> None:
        scene.kill_compute(HOST)
        scene.forces_down(HOST)
        scene.hold_conductor()
        await scene.port.evacuate(scene.uuid("web"))
        scene.start_compute(HOST)
        await until(lambda: statuses(scene) == ["completed"])
        scene.release_conductor()
        await until(lambda: len(scene.running_on("web")) == 1)
        await until(lambda: scene.states("web") == ("active", None))
        (dest,) = scene.running_on("web")
        assert dest != HOST
        assert scene.records() == [
            Record("web", "completed", HOST, ""),
            Record("web", "pre-migrating", HOST, dest),
        ]
        assert [each.migration_type for each in await scene.port.migrations(HOST)] == ["evacuation"] * 2

    play_real(story)


@pytest.mark.parametrize(("fault", "status"), [("", "done"), ("the disk is full", "failed")])
def test_a_build_under_way_ends_the_record_that_the_source_completed(
    play_real: RealPlay, fault: str, status: str
) -> None:
    """If it fails, the guest is nowhere: the source has destroyed it."""

    async def story(scene: OnRealNova) -> None:
        scene.hold_spawns()
        scene.fail_spawns("cmp2", fault)
        scene.kill_compute(HOST)
        scene.forces_down(HOST)
        await scene.port.evacuate(scene.uuid("web"), "cmp2")
        await until(lambda: scene.states("web") == ("active", "rebuild_spawning"))
        scene.start_compute(HOST)
        await until(lambda: statuses(scene) == ["completed"])
        scene.release_spawns("cmp2")
        await until(lambda: scene.states("web")[1] is None)
        await until(lambda: statuses(scene) == [status])
        assert scene.running_on("web") == (frozenset() if fault else {"cmp2"})

    play_real(story)


def test_an_action_and_a_record_are_written_before_the_answer_and_our_request_id_is_not_kept(
    play_real: RealPlay,
) -> None:
    """Nova takes it for the id of the whole undertaking, logs it, and gives the action an id of its own making, which
    only the answer tells. Whose an action is, its user tells."""

    async def story(scene: OnRealNova) -> None:
        bury(scene)
        scene.hold_conductor()
        said = scene.nova.api(
            "POST",
            f"/servers/{scene.uuid('web')}/action",
            {"evacuate": {}},
            headers={"X-OpenStack-Request-ID": OURS},
        )
        assert said.status == 200
        given = said.headers["x-openstack-request-id"]
        action = scene.actions("web")[-1]
        assert (action["action"], action["request_id"], action["events"]) == ("evacuate", given, [])
        assert given != OURS
        unknown = scene.nova.api("GET", f"/servers/{scene.uuid('web')}/os-instance-actions/{OURS}")
        assert unknown.status == 404
        assert OURS not in str(action)
        assert action["user_id"] == "admin"
        assert statuses(scene) == ["accepted"]

    play_real(story)


def test_a_round_of_nova_compute_stops_what_died_unheard_and_names_no_user(play_real: RealPlay) -> None:
    async def story(scene: OnRealNova) -> None:
        scene.guest_dies("web")
        scene.nova.say("compare", host=HOST)
        await until(lambda: scene.states("web") == ("stopped", None))
        action = scene.actions("web")[-1]
        assert (action["action"], action["user_id"], action["project_id"]) == ("stop", None, None)
        assert [(each["event"], each["result"]) for each in action["events"]] == [
            ("compute_stop_instance", "Success")
        ]

    play_real(story)


def test_a_confirmation_under_way_leaves_the_guest_resized_and_is_refused_otherwise(
    play_real: RealPlay,
) -> None:
    """Nothing waits for it any more: 400, where 409 says that the guest is not resized."""

    async def story(scene: OnRealNova) -> None:
        await scene.port.migrate(scene.uuid("web"))
        await until(lambda: scene.states("web") == ("resized", None))
        scene.power_off(HOST)
        await scene.port.confirm_migration(scene.uuid("web"))
        assert (statuses(scene), scene.states("web")) == (["confirming"], ("resized", None))
        with pytest.raises(CloudRefused, match="400 Instance has not been resized"):
            await scene.port.confirm_migration(scene.uuid("web"))

    play_real(story)


def test_a_refused_evacuation_leaves_no_action_and_no_record(play_real: RealPlay) -> None:
    async def story(scene: OnRealNova) -> None:
        for body, status in (({"evacuate": {}}, 400), ({"evacuate": {"host": "nope"}}, 404)):
            said = scene.nova.api("POST", f"/servers/{scene.uuid('web')}/action", body)
            assert said.status == status
        assert [each["action"] for each in scene.actions("web")] == ["create"]
        assert scene.records() == []

    play_real(story)


def test_changes_since_hides_accepted_records_and_status_active_lists_guests_in_rebuild(
    play_real: RealPlay,
) -> None:
    async def story(scene: OnRealNova) -> None:
        bury(scene)
        scene.hold_conductor()
        await scene.port.evacuate(scene.uuid("web"))

        def records(more: str) -> list[str]:
            path = f"/os-migrations?source_compute={HOST}&migration_type=evacuation{more}"
            return [each["status"] for each in scene.nova.done("GET", path)["migrations"]]

        assert records("") == records("&status=accepted") == ["accepted"]
        assert records(f"&changes-since={AN_HOUR_AGO}") == []
        path = f"/servers/detail?all_tenants=True&status=ACTIVE&host={HOST}"
        listed = {each["name"]: each["status"] for each in scene.nova.done("GET", path)["servers"]}
        assert listed == {"web": "REBUILD", "db": "ACTIVE", "app": "ACTIVE"}

    play_real(story)


def test_the_host_changes_after_everything_else(play_real: RealPlay) -> None:
    async def story(scene: OnRealNova) -> None:
        bury(scene)
        await scene.port.evacuate(scene.uuid("web"), "cmp2")
        await until(lambda: statuses(scene) == ["done"])
        told = scene.updates("web")
        assert ("active", None, HOST) in told
        assert told.index(("active", None, HOST)) < told.index(("active", None, "cmp2")) == len(told) - 1

    play_real(story)
