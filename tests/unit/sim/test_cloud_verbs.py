"""What users ask of guests of the simulated Nova: states, what runs, and whom the instance actions name."""

import asyncio

import pytest

from kasugai.core.recovering.nova_views import By
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Refused
from kasugai.sim.cloud.verbs import VERBS
from tests.unit.sim.lab import asked, play, state


@pytest.mark.parametrize(
    ("before", "what", "vm_state", "power_state", "runs"),
    [
        ("active", "stop", "stopped", 4, False),
        ("error", "stop", "stopped", 4, False),
        ("stopped", "start", "active", 1, True),
        ("active", "reboot", "active", 1, True),
        ("stopped", "hard reboot", "active", 1, True),
        ("error", "hard reboot", "active", 1, True),
        ("active", "pause", "paused", 3, True),
        ("paused", "unpause", "active", 1, True),
        ("active", "suspend", "suspended", 4, False),
        ("suspended", "resume", "active", 1, True),
        ("active", "rescue", "rescued", 1, True),
        ("rescued", "unrescue", "active", 1, True),
        ("active", "shelve", "shelved_offloaded", 4, False),
        ("suspended", "shelve", "shelved_offloaded", 4, False),
    ],
)
def test_a_verb_is_carried_out_and_names_its_user(
    before: str, what: str, vm_state: str, power_state: int, runs: bool
) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1", vm_state=before)
        cloud.user_asks("web", what)
        await asyncio.sleep(1)
        guest = cloud.world.guest("web")
        assert (guest.vm_state, guest.task_state, guest.power_state) == (vm_state, None, power_state)
        assert bool(cloud.running_on("web")) is runs
        (action,) = asked(cloud)
        assert (action.action, action.by) == (VERBS[what].action, By.OTHERS)
        assert [each.result for each in action.events] == ["Success"]

    play(story)


@pytest.mark.parametrize("what", sorted(VERBS))
def test_a_verb_is_refused_in_other_states_and_leaves_no_action(what: str) -> None:
    async def story(cloud: SimCloud) -> None:
        for vm_state in ("active", "building", "deleted", "stopped", "paused", "resized"):
            guest = cloud.add_guest(vm_state, "host1", vm_state=vm_state)
            if vm_state in VERBS[what].vm_states:
                guest.task_state = "image_uploading"
            with pytest.raises(Refused, match=f"^409 Cannot '{VERBS[what].action}' instance"):
                cloud.user_asks(vm_state, what)
            assert asked(cloud, guest.name) == []

    play(story)


def test_a_host_that_does_not_answer_does_it_when_it_does() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.hosts.unplug("host1")
        cloud.user_asks("web", "pause")
        assert state(cloud, "web")[1:3] == ("active", "pausing")
        cloud.hosts.plug("host1")
        assert state(cloud, "web")[1:3] == ("paused", None)

    play(story)


def test_a_reboot_ends_one_run_and_begins_another() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.user_asks("web", "reboot")
        await asyncio.sleep(1)
        assert [entry.event for entry in cloud.diary.entries] == ["started", "stopped", "started"]

    play(story)


def test_a_shelved_guest_is_on_no_host_until_it_is_unshelved() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.user_asks("web", "shelve")
        await asyncio.sleep(1)
        assert (cloud.world.guest("web").host, cloud.diary.copies_of(cloud.uuid("web"))) == (
            None,
            frozenset(),
        )
        cloud.no_valid_host()
        cloud.user_asks("web", "unshelve")
        await asyncio.sleep(1)
        assert state(cloud, "web") == ("SHELVED_OFFLOADED", "shelved_offloaded", None, None)
        assert cloud.nova.list_actions(cloud.uuid("web")).value[0].message == "Error"
        cloud.no_valid_host(False)
        cloud.user_asks("web", "unshelve")
        await asyncio.sleep(1)
        assert state(cloud, "web")[1:3] == ("active", None)
        assert cloud.running_on("web") == {cloud.world.guest("web").host}

    play(story)


def test_a_guest_that_is_deleted_while_it_is_unshelved_goes_nowhere() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.user_asks("web", "shelve")
        await asyncio.sleep(1)
        cloud.user_asks("web", "unshelve")
        cloud.user_deletes("web")
        await asyncio.sleep(1)
        assert not cloud.running_on("web")

    play(story)


def test_an_operator_is_not_us() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.hosts.power_off("host1")
        cloud.operator_forces_down("host1")
        cloud.operator_evacuates("web")
        cloud.nova.reset_state(cloud.uuid("web"))
        assert [(each.action, each.by) for each in asked(cloud)] == [
            ("resetState", By.US),
            ("evacuate", By.OTHERS),
        ]

    play(story)
