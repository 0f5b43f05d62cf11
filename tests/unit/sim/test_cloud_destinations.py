"""Which hosts the simulated scheduler gives guests to, as a real Nova 34 does (nova.md): a host counts as alive for as
long as Nova believes it, and a named target is checked by nobody else."""

import asyncio

import pytest

from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Refused
from tests.unit.sim.lab import SLOW_SPAWN, bury, play, state


def test_a_dead_host_is_chosen_until_nova_knows() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.hosts.power_off("host2")
        cloud.operator_evacuates("web")
        await asyncio.sleep(30)

    cloud = play(story, hosts=3)
    record = cloud.world.migrations[0]
    assert (record.status, record.dest) == ("accepted", None)
    assert [
        evacuation.dest and evacuation.dest.name for evacuation in cloud.nova.evacuations.in_progress
    ] == ["host2"]
    assert state(cloud, "web")[2] == "rebuilding"


@pytest.mark.parametrize("how", ["forced down", "disabled", "silent for a minute"])
def test_a_host_of_which_nova_knows_is_never_chosen(how: str) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        match how:
            case "forced down":
                cloud.operator_forces_down("host2")
            case "disabled":
                cloud.operator_disables("host2")
            case _:
                cloud.hosts.power_off("host2")
                await asyncio.sleep(61)
        cloud.operator_evacuates("web")
        await asyncio.sleep(5)

    assert state(play(story, hosts=3), "web")[3] == "host3"


def test_a_named_target_stands_in_the_record_at_once() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_evacuates("web", "host3")
        record = cloud.world.migrations[0]
        assert (record.status, record.dest) == ("accepted", "host3")
        await asyncio.sleep(5)
        assert (record.status, record.dest) == ("done", "host3")

    play(story)


def test_a_named_target_is_no_way_around_the_checks() -> None:
    """404 and 400 come from the API and change nothing; what the scheduler refuses is told by the record."""

    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        for target, status in (("nope", 404), ("host1", 400)):
            with pytest.raises(Refused) as refused:
                cloud.operator_evacuates("web", target)
            assert refused.value.status == status
        assert cloud.world.migrations == []
        cloud.operator_disables("host2")
        cloud.operator_evacuates("web", "host2")
        await asyncio.sleep(1)
        assert state(cloud, "web") == ("ERROR", "error", None, "host1")
        assert [(m.status, m.dest) for m in cloud.world.migrations] == [("error", "host2")]

    play(story)


def spread(cloud: SimCloud) -> dict[str | None, int]:
    """Return how many guests each host has."""
    where = [guest.host for guest in cloud.world.guests.values()]
    return {host: where.count(host) for host in sorted(set(where), key=str)}


async def move_eight(cloud: SimCloud, pause: float) -> None:
    """Evacuate eight guests of host1, one each so many seconds, and let them land."""
    for number in range(8):
        cloud.add_guest(f"web{number}", "host1")
    bury(cloud)
    for number in range(8):
        cloud.operator_evacuates(f"web{number}")
        await asyncio.sleep(pause)
    await asyncio.sleep(5)


def test_calls_at_once_all_go_to_the_emptiest_host() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("old", "host2")
        await move_eight(cloud, 0.0)

    assert spread(play(story)) == {"host2": 1, "host3": 8}


def test_calls_one_after_the_other_are_spread() -> None:
    """A claim is written down at once, so the next call sees it."""

    async def story(cloud: SimCloud) -> None:
        await move_eight(cloud, 1.0)

    assert spread(play(story)) == {"host2": 3, "host3": 3, "host4": 2}


def test_a_host_takes_no_more_than_it_has_room_for_and_no_guest_of_another_cell() -> None:
    async def story(cloud: SimCloud) -> None:
        for host in ("host2", "host3"):
            cloud.world.host(host).capacity = 3
        cloud.add_guest("old", "host3")
        cloud.add_host("elsewhere", cell="cell2")
        cloud.add_host("spare", enabled=False)
        await move_eight(cloud, 0.0)

    cloud = play(story, hosts=3)
    assert spread(cloud) == {"host1": 3, "host2": 3, "host3": 3}
    assert sorted(m.status for m in cloud.world.migrations) == ["done"] * 5 + ["error"] * 3


def test_a_host_that_fails_every_spawn_stays_the_emptiest() -> None:
    async def story(cloud: SimCloud) -> None:
        for host in ("host3", "host4"):
            cloud.add_guest(f"old on {host}", host)
        cloud.add_guest("web", "host1")
        cloud.fail_spawns("host2")
        bury(cloud)
        for _ in range(3):
            cloud.operator_evacuates("web")
            await asyncio.sleep(5)
        assert state(cloud, "web") == ("ERROR", "error", None, "host1")

    assert [(m.status, m.dest) for m in play(story).world.migrations] == [("failed", "host2")] * 3


@pytest.mark.parametrize("death", ["power_off", "kill_compute", "hang", "unplug"])
def test_a_dead_hosts_last_word_stands(death: str) -> None:
    """host2 had two guests when it died and host3 has one: that host2's have left since is not seen."""

    async def story(cloud: SimCloud) -> None:
        for name, host in (("a", "host2"), ("b", "host2"), ("c", "host3")):
            cloud.add_guest(name, host)
        getattr(cloud.hosts, death)("host2")
        for name in ("a", "b"):
            cloud.nova.guests.find(cloud.uuid(name)).host = "host4"
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_forces_down("host4")
        cloud.operator_evacuates("web")
        await asyncio.sleep(5)

    assert state(play(story), "web")[3] == "host3"


def test_what_a_destination_was_building_when_it_died_is_in_its_last_word() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("old", "host3")
        for name in ("web1", "web2", "web3"):
            cloud.add_guest(name, "host1")
        bury(cloud)
        cloud.operator_evacuates("web1")
        cloud.operator_evacuates("web2")
        await asyncio.sleep(2)
        cloud.hosts.power_off("host2")
        cloud.operator_evacuates("web3")
        await asyncio.sleep(10)

    assert state(play(story, hosts=3, pace=SLOW_SPAWN), "web3")[3] == "host3"
