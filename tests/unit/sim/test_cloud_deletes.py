"""Guests of the simulated Nova that somebody deletes, stops or resets around an evacuation, and calls that end in 500
(a real Nova 34, measured)."""

import asyncio

import pytest

from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Refused
from tests.unit.sim.lab import SLOW_SPAWN, bury, play, state, statuses


@pytest.mark.parametrize(("after", "is_built"), [(0.2, False), (0.75, False), (2.0, True), (3.85, True)])
def test_a_guest_that_is_deleted_while_it_is_built_runs_on_until_the_next_round(
    after: float, is_built: bool
) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_evacuates("web")
        await asyncio.sleep(after)
        cloud.user_deletes("web")
        await asyncio.sleep(60)
        assert cloud.running_on("web") == ({"host2"} if is_built else set())
        await asyncio.sleep(1800)

    cloud = play(story, pace=SLOW_SPAWN)
    assert cloud.running_on("web") == set()
    assert statuses(cloud)[0] in ("error", "failed")
    assert cloud.nova.evacuations.in_progress == []


def test_a_destination_that_starts_forgets_deleted_guests_at_once() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_evacuates("web")
        await asyncio.sleep(2)
        cloud.user_deletes("web")
        await asyncio.sleep(60)
        cloud.hosts.restart_compute("host2")
        await asyncio.sleep(5)

    assert play(story, pace=SLOW_SPAWN).running_on("web") == set()


def test_a_delete_waits_for_a_dead_host_that_nova_believes_up_and_an_evacuation_overtakes_it() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.hosts.power_off("host1")
        cloud.user_deletes("web")
        assert state(cloud, "web") == ("ACTIVE", "active", "deleting", "host1")
        cloud.operator_forces_down("host1")
        cloud.operator_evacuates("web")
        await asyncio.sleep(5)
        assert state(cloud, "web") == ("ACTIVE", "active", None, "host2")
        cloud.hosts.power_on("host1")
        await asyncio.sleep(100)
        with pytest.raises(Refused, match=r"^404"):
            cloud.nova.show_server(cloud.uuid("web"))
        assert cloud.running_on("web") == {"host2"}
        assert str(cloud.census()[1]) == "host2: on  web(unrecorded)"
        await asyncio.sleep(1800)

    assert play(story).running_on("web") == set()


@pytest.mark.parametrize(
    ("task", "evacuated", "ends"),
    [
        ("deleting", False, "gone"),
        ("deleting", True, "gone"),
        ("soft-deleting", False, "soft-delete"),
        ("soft-deleting", True, "active"),
    ],
)
def test_what_becomes_of_a_deletion_that_was_under_way(task: str, evacuated: bool, ends: str) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1", task_state=task)
        bury(cloud)
        if evacuated:
            cloud.operator_evacuates("web")
        await asyncio.sleep(5)
        cloud.hosts.power_on("host1")
        await asyncio.sleep(100)

    guest = play(story).world.guest("web")
    assert ("gone" if guest.deleted else guest.vm_state) == ends


def test_the_second_try_starts_a_stopped_guest() -> None:
    """No valid host leaves it in error, and the wish `stopped` is lost; so does a reset."""

    async def story(cloud: SimCloud) -> None:
        for name in ("tried", "reset", "plain"):
            cloud.add_guest(name, "host1", vm_state="stopped")
        bury(cloud)
        cloud.no_valid_host()
        cloud.operator_evacuates("tried")
        await asyncio.sleep(1)
        cloud.no_valid_host(False)
        cloud.nova.reset_state(cloud.uuid("reset"))
        for name in ("tried", "reset", "plain"):
            cloud.nova.evacuate(cloud.uuid(name), None, (2, 95))
        await asyncio.sleep(5)

    cloud = play(story)
    assert [state(cloud, name)[1] for name in ("tried", "reset", "plain")] == ["active", "active", "stopped"]
    assert [bool(cloud.running_on(name)) for name in ("tried", "reset", "plain")] == [True, True, False]


def test_a_500_may_leave_a_call_that_nobody_carries_out() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.answer_500("evacuate")
        with pytest.raises(Refused, match=r"^500") as refused:
            cloud.operator_evacuates("web")
        assert cloud.nova.show_action(cloud.uuid("web"), refused.value.request_id).value.events == []
        await asyncio.sleep(1000)
        assert state(cloud, "web") == ("REBUILD", "active", "rebuilding", "host1")
        cloud.operator_evacuates("web")
        await asyncio.sleep(5)
        assert statuses(cloud) == ["done", "accepted"]
        cloud.hosts.power_on("host1")
        await asyncio.sleep(100)
        assert statuses(cloud) == ["done", "completed"]
        cloud.hosts.restart_compute("host1")

    cloud = play(story)
    assert statuses(cloud) == ["completed", "completed"]
    assert state(cloud, "web")[3] == "host2"


def test_a_list_by_status_is_a_list_by_vm_state() -> None:
    async def story(cloud: SimCloud) -> None:
        for name, vm_state in (("on", "active"), ("moving", "active"), ("off", "stopped"), ("bad", "error")):
            cloud.add_guest(name, "host1", vm_state=vm_state)
        bury(cloud)
        cloud.operator_evacuates("moving")

        def listed(status: str) -> list[str]:
            return [guest.name for guest in cloud.nova.list_servers("host1", status).value]

        assert listed("ACTIVE") == ["on", "moving"]
        assert listed("REBUILD") == ["moving"]
        assert listed("SHUTOFF") == ["off"]
        assert listed("ERROR") == ["bad"]
        assert listed("RESCUE") == []

    play(story)


def test_a_resized_guest_does_not_go_back_to_where_it_came_from() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.resized_from("web", "host2")
        assert cloud.world.guest("web").status == "VERIFY_RESIZE"
        bury(cloud)
        cloud.nova.reset_state(cloud.uuid("web"))
        cloud.operator_evacuates("web", "host2")
        await asyncio.sleep(5)
        assert state(cloud, "web") == ("ERROR", "error", None, "host1")
        assert cloud.world.guest("web").fault.endswith("already exists.")
        cloud.operator_evacuates("web", "host3")
        await asyncio.sleep(5)

    cloud = play(story)
    assert state(cloud, "web") == ("ACTIVE", "active", None, "host3")
    assert statuses(cloud) == ["finished", "failed", "done"]


def test_a_destination_that_was_given_up_with_the_guest_in_it_cannot_have_it_again() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_evacuates("web", "host2")
        await asyncio.sleep(2)
        cloud.hosts.unplug("host2")
        await asyncio.sleep(100)
        cloud.hosts.plug("host2")
        cloud.guest_dies("web")
        cloud.operator_evacuates("web", "host2")
        await asyncio.sleep(5)

    cloud = play(story, pace=SLOW_SPAWN)
    assert statuses(cloud) == ["pre-migrating", "failed"]
    assert state(cloud, "web") == ("ERROR", "error", None, "host1")


def test_a_stop_on_a_dead_host_is_answered_500_now_and_then() -> None:
    def refused(flaky: float, *, ordered: int = 0, dead: bool = True) -> int:
        count = 0

        async def story(cloud: SimCloud) -> None:
            nonlocal count
            cloud.world.flaky_stops = flaky
            cloud.answer_500("stop", ordered)
            for number in range(100):
                cloud.add_guest(f"web{number}", "host1")
            if dead:
                cloud.hosts.power_off("host1")
            for number in range(100):
                try:
                    cloud.user_stops(f"web{number}")
                except Refused as refusal:
                    assert refusal.status == 500
                    count += 1
                assert state(cloud, f"web{number}")[2] == "powering-off"

        play(story)
        return count

    assert 5 < refused(0.1) < 20
    assert refused(0.1) == refused(0.1)
    assert refused(0.0) == refused(0.1, dead=False) == 0
    assert refused(0.0, ordered=3) == 3
