"""A small cloud in virtual time for the tests of the simulated Nova."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from kasugai.sim.cloud import REAL, Pace, SimCloud
from kasugai.sim.cloud.actions import Action
from kasugai.sim.loop import run

Story = Callable[[SimCloud], Coroutine[Any, Any, None]]

SLOW_SPAWN = replace(REAL, spawn=3.0)
"""nova.md's second series: three seconds per spawn."""


def play(story: Story, *, hosts: int = 4, seed: int = 1, pace: Pace = REAL) -> SimCloud:
    """Run a story on a cloud of hosts host1, host2, ... and return the cloud as it ended."""

    async def main() -> SimCloud:
        cloud = SimCloud(asyncio.get_running_loop(), seed=seed, pace=pace)
        for number in range(1, hosts + 1):
            cloud.add_host(f"host{number}")
        await story(cloud)
        return cloud

    return run(main(), start=1000.0)


def bury(cloud: SimCloud, host: str = "host1") -> None:
    """Switch the host off and let Nova know."""
    cloud.hosts.power_off(host)
    cloud.operator_forces_down(host)


async def strand(cloud: SimCloud, guest: str = "web") -> None:
    """Let Nova forget an evacuation of a guest of host1: its scheduler answers too late, and the record stays open."""
    cloud.add_guest(guest, "host1")
    bury(cloud)
    cloud.scheduler_away(90)
    cloud.operator_evacuates(guest)
    await asyncio.sleep(100)


def state(cloud: SimCloud, guest: str) -> tuple[str, str, str | None, str | None]:
    """Return (status, vm_state, task_state, host) as Nova shows them."""
    record = cloud.world.guest(guest)
    return record.status, record.vm_state, record.task_state, record.host


def asked(cloud: SimCloud, guest: str = "web") -> list[Action]:
    """Return what was asked of a guest since the story began, newest first."""
    return [each for each in cloud.nova.list_actions(cloud.uuid(guest)).value if each.start > 0]


def statuses(cloud: SimCloud) -> list[str]:
    """Return the states of all migration records, oldest first."""
    return [record.status for record in cloud.world.migrations]


async def watch(cloud: SimCloud, guest: str, seconds: float) -> list[tuple[str, str, str | None, str | None]]:
    """Poll every 30 ms, as nova.md did, and return each state once."""
    seen = [state(cloud, guest)]
    until = cloud.world.now() + seconds
    while cloud.world.now() < until:
        await asyncio.sleep(0.03)
        if state(cloud, guest) != seen[-1]:
            seen.append(state(cloud, guest))
    return seen
