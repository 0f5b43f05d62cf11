"""Guests that die by themselves in the simulated Nova: who notices, when, and what it calls."""

import asyncio
from dataclasses import replace

import pytest

from kasugai.core.recovering.nova_views import By
from kasugai.sim.cloud import REAL, SimCloud
from tests.unit.sim.lab import asked, play, state

PROMPT = replace(REAL, lifecycle=0.0)


def heard(cloud: SimCloud, guest: str = "web") -> list[tuple[str, By]]:
    """Return what was asked of a guest and by whom, the oldest first."""
    return [(each.action, each.by) for each in reversed(asked(cloud, guest))]


def test_nova_stops_a_guest_that_has_died_after_its_delay() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.guest_dies("web")
        await asyncio.sleep(14.9)
        assert state(cloud, "web") == ("ACTIVE", "active", None, "host1")
        await asyncio.sleep(1)
        assert state(cloud, "web") == ("SHUTOFF", "stopped", None, "host1")
        assert heard(cloud) == [("stop", By.NOVA)]
        cloud.user_starts("web")
        await asyncio.sleep(1)
        assert cloud.running_on("web") == {"host1"}

    play(story)


@pytest.mark.parametrize(
    ("vm_state", "after", "calls"),
    [
        ("active", "stopped", [("stop", By.NOVA)]),
        ("paused", "stopped", [("stop", By.NOVA)]),
        ("rescued", "rescued", []),
        ("error", "error", []),
    ],
)
def test_it_depends_on_the_vm_state_whether_nova_minds(
    vm_state: str, after: str, calls: list[tuple[str, By]]
) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1", vm_state=vm_state)
        cloud.guest_dies("web")
        await asyncio.sleep(5)
        assert (cloud.world.guest("web").vm_state, cloud.world.guest("web").power_state) == (after, 4)
        assert heard(cloud) == calls

    play(story, pace=PROMPT)


def test_a_guest_that_stands_still_is_noted_and_left() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.guest_stalls("web")
        await asyncio.sleep(1000)
        assert (cloud.world.guest("web").vm_state, cloud.world.guest("web").power_state) == ("active", 3)
        assert heard(cloud) == []
        cloud.user_stops("web")
        await asyncio.sleep(1)
        cloud.user_starts("web")
        await asyncio.sleep(1)
        assert cloud.world.guest("web").power_state == 1

    play(story, pace=PROMPT)


def test_without_its_comparison_nova_goes_on_believing() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.world.syncs_power = False
        cloud.add_guest("web", "host1")
        cloud.guest_dies("web")
        await asyncio.sleep(5000)
        cloud.hosts.restart_compute("host1")
        await asyncio.sleep(5000)
        assert state(cloud, "web")[1] == "active"
        cloud.nova.stop(cloud.uuid("web"))
        await asyncio.sleep(1)
        assert (state(cloud, "web")[1], heard(cloud)) == ("stopped", [("stop", By.US)])

    play(story)


def test_a_nova_compute_that_was_away_compares_when_it_starts() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.hosts.kill_compute("host1")
        cloud.guest_dies("web")
        await asyncio.sleep(2000)
        assert state(cloud, "web")[1] == "active"
        cloud.hosts.start_compute("host1")
        await asyncio.sleep(5)
        assert (state(cloud, "web")[1], heard(cloud)) == ("stopped", [("stop", By.NOVA)])

    play(story)


def test_what_was_not_heard_is_seen_in_the_next_round() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.hosts.unplug("host1")
        cloud.guest_dies("web")
        await asyncio.sleep(100)
        cloud.hosts.plug("host1")
        await asyncio.sleep(5)
        assert state(cloud, "web")[1] == "active", "its rounds are ten minutes apart"
        await asyncio.sleep(600)
        assert (state(cloud, "web")[1], heard(cloud)) == ("stopped", [("stop", By.NOVA)])

    play(story)


def test_a_task_under_way_puts_the_comparison_off() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.world.guest("web").task_state = "image_uploading"
        cloud.guest_dies("web")
        await asyncio.sleep(20)
        assert heard(cloud) == []
        cloud.world.guest("web").task_state = None
        await asyncio.sleep(600)
        assert heard(cloud) == [("stop", By.NOVA)]

    play(story)


def test_a_guest_that_was_started_meanwhile_is_left() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.guest_dies("web")
        await asyncio.sleep(1)
        cloud.user_asks("web", "hard reboot")
        await asyncio.sleep(1000)
        assert heard(cloud) == [("reboot", By.OTHERS)]
        assert cloud.running_on("web") == {"host1"}

    play(story)


def test_a_guest_that_is_deleted_or_moved_meanwhile_is_forgotten() -> None:
    async def story(cloud: SimCloud) -> None:
        for name in ("gone", "away"):
            cloud.add_guest(name, "host1")
            cloud.guest_dies(name)
        cloud.user_deletes("gone")
        cloud.world.guest("away").host = None
        await asyncio.sleep(1000)
        assert (heard(cloud, "gone"), heard(cloud, "away")) == ([("delete", By.OTHERS)], [])

    play(story)
