"""What the simulated Nova tells before anybody is evacuated (its controllers, Placement's room), and server groups."""

import asyncio

from kasugai.sim.cloud import SimCloud
from kasugai.sim.door import CloudDoor
from kasugai.sim.views import NEEDS
from tests.unit.sim.lab import bury, play, state, statuses


def controllers(cloud: SimCloud) -> dict[str, bool]:
    return {one.binary: one.is_up for one in cloud.nova.list_controllers().value}


def test_a_controller_that_is_away_is_down_after_a_minute_and_up_when_it_is_back() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.scheduler_away(100)
        await asyncio.sleep(59)
        assert controllers(cloud) == {"nova-conductor": True, "nova-scheduler": True}
        await asyncio.sleep(2)
        assert controllers(cloud) == {"nova-conductor": True, "nova-scheduler": False}
        assert (await CloudDoor(cloud).services()).unwell == {"nova-scheduler"}
        await asyncio.sleep(40)
        assert controllers(cloud) == {"nova-conductor": True, "nova-scheduler": True}

    play(story)


def test_placement_counts_what_is_on_its_way_and_offers_dead_hosts() -> None:
    async def story(cloud: SimCloud) -> None:
        for host in ("host2", "host3"):
            cloud.world.host(host).capacity = 1
        for name in ("web", "db"):
            cloud.add_guest(name, "host1")
        bury(cloud)
        cloud.operator_disables("host4")

        async def offered(guests: int = 1) -> list[str]:
            return [room.host for room in cloud.nova.placement.candidates(guests).value]

        assert await offered() == ["host1", "host2", "host3"]
        assert (await CloudDoor(cloud).room(NEEDS))["host2"] == 1
        assert await offered(2) == ["host1"]
        cloud.operator_evacuates("web", "host2")
        await asyncio.sleep(0.5)
        assert await offered() == ["host1", "host3"]
        cloud.operator_evacuates("db", "host3")
        await asyncio.sleep(5)
        assert await offered() == ["host1"]

    play(story)


def group(cloud: SimCloud, *names: str) -> None:
    for name in names:
        cloud.add_guest(name, "host1" if name == names[0] else f"host{names.index(name) + 1}")
    cloud.add_group("apart", *names)


def test_the_scheduler_keeps_members_of_a_group_apart() -> None:
    async def story(cloud: SimCloud) -> None:
        group(cloud, "a", "b")
        for number in range(5):
            for host in ("host3", "host4"):
                cloud.add_guest(f"filler{number} on {host}", host)
        bury(cloud)
        cloud.operator_evacuates("a")
        await asyncio.sleep(5)

    assert state(play(story), "a")[3] == "host3"


def test_of_two_members_that_come_at_once_the_second_fails() -> None:
    async def story(cloud: SimCloud) -> None:
        for name in ("a", "b"):
            cloud.add_guest(name, "host1")
        cloud.add_group("apart", "a", "b")
        bury(cloud)
        for name in ("a", "b"):
            cloud.operator_evacuates(name)
        await asyncio.sleep(5)
        assert sorted(statuses(cloud)) == ["done", "failed"]
        (late,) = [name for name in ("a", "b") if state(cloud, name)[0] == "ERROR"]
        assert cloud.world.guest(late).fault == "Anti-affinity instance group policy was violated"
        cloud.operator_evacuates(late)
        await asyncio.sleep(5)

    cloud = play(story)
    assert {state(cloud, name)[3] for name in ("a", "b")} == {"host2", "host3"}
