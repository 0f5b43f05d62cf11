"""Guests of the simulated Nova land as a convoy when its computes work in turns (nova.md section 12)."""

import asyncio

import pytest

from kasugai.sim.cloud import CONVOY, SimCloud
from tests.unit.sim.lab import bury, play, state


async def landings(cloud: SimCloud, guests: int, *, within: float, targets: tuple[str, ...]) -> list[float]:
    """Call so many evacuations within some seconds, by turns to the targets; return when each was done, from the first
    call on, in order."""
    for number in range(guests):
        cloud.add_guest(f"web{number}", "host1")
    bury(cloud)
    began = cloud.world.now()
    for number in range(guests):
        cloud.operator_evacuates(f"web{number}", targets[number % len(targets)])
        await asyncio.sleep(within / guests)
    await asyncio.sleep(200)
    assert {record.status for record in cloud.world.migrations} == {"done"}
    return sorted(record.updated_at - began for record in cloud.world.migrations)


@pytest.mark.parametrize(
    ("guests", "within", "first", "rest"), [(25, 3.0, (12, 17), 5.0), (50, 0.0, (40, 47), 7.0)]
)
def test_one_destination_lands_its_guests_nearly_together(
    guests: int, within: float, first: tuple[float, float], rest: float
) -> None:
    async def story(cloud: SimCloud) -> None:
        done = await landings(cloud, guests, within=within, targets=("host2",))
        assert first[0] <= done[0] <= first[1]
        assert done[-1] - done[0] <= rest

    play(story, pace=CONVOY)


def test_four_destinations_need_less_than_one_and_more_than_a_quarter() -> None:
    async def story(cloud: SimCloud) -> None:
        done = await landings(cloud, 50, within=0.0, targets=("host2", "host3", "host4", "host5"))
        assert 25 <= done[-1] <= 35

    play(story, hosts=5, pace=CONVOY)


def test_what_a_dead_compute_had_in_hand_is_lost_and_its_next_life_begins_anew() -> None:
    async def story(cloud: SimCloud) -> None:
        for name in ("lost1", "lost2", "later"):
            cloud.add_guest(name, "host1")
        bury(cloud)
        for name in ("lost1", "lost2"):
            cloud.operator_evacuates(name, "host2")
        await asyncio.sleep(1)
        cloud.hosts.restart_compute("host2")
        cloud.operator_evacuates("later", "host2")
        await asyncio.sleep(100)

    cloud = play(story, pace=CONVOY)
    assert [record.status for record in cloud.world.migrations] == ["pre-migrating", "pre-migrating", "done"]
    assert state(cloud, "later")[3] == "host2"
