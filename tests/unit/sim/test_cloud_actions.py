"""Instance actions of the simulated Nova: what tells how an evacuation ended when no record does."""

import asyncio

import pytest

from kasugai.core.recovering.nova_views import By
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.actions import ActionEvent
from kasugai.sim.cloud.model import Refused
from kasugai.sim.door import CloudDoor
from tests.unit.sim.lab import SLOW_SPAWN, asked, bury, play


def results(cloud: SimCloud, guest: str = "web") -> list[list[tuple[str, str | None]]]:
    """Return the events with their results, action by action, newest first."""
    return [[(event.event, event.result) for event in action.events] for action in asked(cloud, guest)]


def first_event(cloud: SimCloud) -> ActionEvent:
    return cloud.nova.list_actions(cloud.uuid("web")).value[0].events[0]


def test_an_evacuation_has_two_parts() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        request_id = cloud.nova.evacuate(cloud.uuid("web")).request_id
        assert results(cloud) == [[("rebuild_server", None)]]
        await asyncio.sleep(2)
        assert results(cloud) == [[("rebuild_server", "Success"), ("compute_rebuild_instance", None)]]
        await asyncio.sleep(5)
        action = cloud.nova.show_action(cloud.uuid("web"), request_id).value
        assert (action.action, action.message) == ("evacuate", None)
        assert [(event.host, event.result) for event in action.events] == [
            ("ctl1", "Success"),
            ("host2", "Success"),
        ]
        with pytest.raises(Refused, match=r"^404 Action req-1 not found"):
            cloud.nova.show_action(cloud.uuid("web"), "req-1")

    play(story, pace=SLOW_SPAWN)


def test_only_the_action_tells_that_the_scheduler_did_not_answer() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.scheduler_away(90)
        cloud.operator_evacuates("web")
        await asyncio.sleep(59)
        assert first_event(cloud).finish is None
        await asyncio.sleep(2)
        assert first_event(cloud).result == "Error"
        assert first_event(cloud).finish == pytest.approx(1060.04)
        assert cloud.nova.list_actions(cloud.uuid("web")).value[0].message == "Error"

    play(story)


def test_no_valid_host_and_a_failed_spawn_are_errors_of_different_parts() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.no_valid_host()
        cloud.operator_evacuates("web")
        await asyncio.sleep(1)
        cloud.no_valid_host(False)
        cloud.fail_spawns("host2")
        cloud.operator_evacuates("web")
        await asyncio.sleep(5)

    assert results(play(story)) == [
        [("rebuild_server", "Success"), ("compute_rebuild_instance", "Error")],
        [("rebuild_server", "Error")],
    ]


def test_a_part_of_a_dead_destination_never_ends() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_evacuates("web")
        await asyncio.sleep(2)
        cloud.hosts.power_off("host2")
        await asyncio.sleep(1000)

    assert results(play(story, pace=SLOW_SPAWN)) == [
        [("rebuild_server", "Success"), ("compute_rebuild_instance", None)]
    ]


def test_a_stop_and_a_start_leave_actions_too() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.user_stops("web")
        assert results(cloud) == [[]]
        await asyncio.sleep(1)
        cloud.user_starts("web")
        await asyncio.sleep(1)
        cloud.user_deletes("web")

    assert results(play(story)) == [
        [],
        [("compute_start_instance", "Success")],
        [("compute_stop_instance", "Success")],
    ]


def test_the_wire_keeps_novas_id_of_a_call_whose_reply_is_lost() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.wire.lose_replies("evacuate", times=1)
        call = asyncio.create_task(CloudDoor(cloud, client=5).evacuate(cloud.uuid("web")))
        await asyncio.sleep(1)
        (sent,) = cloud.wire.requests
        (seen,) = asked(cloud)
        assert (seen.action, seen.request_id) == ("evacuate", sent.request_id)
        call.cancel()

    play(story)


@pytest.mark.parametrize(
    ("vm_state", "history"),
    [
        ("active", ["create"]),
        ("error", ["create"]),
        ("stopped", ["create", "stop"]),
        ("paused", ["create", "pause"]),
    ],
)
def test_a_guest_has_the_history_that_its_state_has_until_it_is_purged(
    vm_state: str, history: list[str]
) -> None:
    async def story(cloud: SimCloud) -> None:
        guest = cloud.add_guest("web", "host1", vm_state=vm_state)
        told = cloud.nova.list_actions(guest.uuid).value[::-1]
        assert [each.action for each in told] == history
        assert {(each.by, each.start) for each in told} == {(By.OTHERS, guest.created_at)}
        cloud.purge_actions("web")
        assert cloud.nova.list_actions(guest.uuid).value == []
        cloud.user_asks("web", "hard reboot")
        assert [each.action for each in cloud.nova.list_actions(guest.uuid).value] == ["reboot"]

    play(story)
