"""Evacuation records of the simulated Nova that never end, and whose record a landing is written into (nova.md section
12, measured on a real Nova 34)."""

import asyncio

import pytest

from kasugai.sim.cloud import SimCloud
from tests.unit.sim.lab import bury, play, state, statuses, strand

STRANDED = ("REBUILD", "active", "rebuilding", "host1")


def test_a_scheduler_that_is_away_too_long_leaves_an_accepted_record_for_ever() -> None:
    async def story(cloud: SimCloud) -> None:
        await strand(cloud)
        await asyncio.sleep(10_000)

    cloud = play(story)
    assert state(cloud, "web") == STRANDED
    assert [(m.status, m.dest) for m in cloud.world.migrations] == [("accepted", None)]
    assert cloud.world.guest("web").fault == ""
    assert cloud.nova.evacuations.in_progress == []


@pytest.mark.parametrize(("called_after", "lands"), [(0.0, False), (29.0, False), (31.0, True)])
def test_a_scheduler_that_is_back_within_a_minute_goes_on(called_after: float, lands: bool) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.scheduler_away(90)
        await asyncio.sleep(called_after)
        cloud.operator_evacuates("web")
        await asyncio.sleep(100)

    assert (state(play(story), "web")[3] == "host2") == lands


@pytest.mark.parametrize(("away", "lands"), [(30, True), (90, False)])
def test_a_conductor_that_stands_still_forgets_what_it_was_asking(away: float, lands: bool) -> None:
    async def story(cloud: SimCloud) -> None:
        for name in ("asked", "queued"):
            cloud.add_guest(name, "host1")
        bury(cloud)
        cloud.operator_evacuates("asked")
        await asyncio.sleep(0.2)
        cloud.conductor_away(away)
        cloud.operator_evacuates("queued")
        await asyncio.sleep(away - 1)
        assert state(cloud, "asked") == state(cloud, "queued") == STRANDED
        await asyncio.sleep(100)

    cloud = play(story)
    assert (state(cloud, "asked")[3] == "host2") == lands
    assert state(cloud, "queued")[:3] == ("ACTIVE", "active", None)
    assert state(cloud, "queued")[3] != "host1"


def test_the_next_evacuation_ends_on_the_first_accepted_record() -> None:
    async def story(cloud: SimCloud) -> None:
        await strand(cloud)
        cloud.operator_evacuates("web")
        await asyncio.sleep(100)

    cloud = play(story)
    assert state(cloud, "web") == ("ACTIVE", "active", None, "host2")
    assert [(m.status, m.dest) for m in cloud.world.migrations] == [("done", "host2"), ("accepted", None)]


def test_two_calls_at_once_share_the_first_record() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_evacuates("web")
        cloud.operator_evacuates("web")
        await asyncio.sleep(100)

    assert statuses(play(story))[1] == "accepted"
