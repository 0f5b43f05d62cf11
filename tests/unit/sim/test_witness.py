"""The laboratory's witness: what it writes down, and what it lets pass."""

import asyncio

import pytest

from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.witness import Wrong
from kasugai.sim.door import CloudDoor
from kasugai.sim.power_door import SimDevice
from tests.unit.sim.lab import SLOW_SPAWN, bury, play


def told(cloud: SimCloud) -> list[tuple[Wrong, str]]:
    return [(breach.wrong, breach.subject) for breach in cloud.witness.breaches]


def test_one_evacuation_of_a_dead_host_is_right() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web1", "host1")
        bury(cloud)
        await CloudDoor(cloud).evacuate(cloud.uuid("web1"))
        await asyncio.sleep(10)
        assert cloud.running_on("web1")

    assert told(play(story)) == []


def test_a_second_call_while_the_first_is_under_way_is_doubled_and_runs_twice() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web1", "host1")
        bury(cloud)
        door = CloudDoor(cloud)
        await door.evacuate(cloud.uuid("web1"))
        await asyncio.sleep(2.0)
        await door.evacuate(cloud.uuid("web1"))
        await asyncio.sleep(20)

    cloud = play(story, pace=SLOW_SPAWN)
    assert (Wrong.DOUBLED, cloud.uuid("web1")) in told(cloud)
    assert (Wrong.RAN_TWICE, cloud.uuid("web1")) in told(cloud)


def test_a_call_after_one_that_failed_is_right() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web1", "host1")
        bury(cloud)
        door = CloudDoor(cloud)
        cloud.no_valid_host()
        await door.evacuate(cloud.uuid("web1"))
        await asyncio.sleep(5)
        cloud.no_valid_host(False)
        await door.evacuate(cloud.uuid("web1"))
        await asyncio.sleep(10)
        assert cloud.running_on("web1")

    assert told(play(story)) == []


def test_the_next_loss_of_the_same_host_is_another_one() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web1", "host1")
        door = CloudDoor(cloud)
        for source, other in (("host1", "host2"), ("host2", "host1"), ("host1", "host2")):
            bury(cloud, source)
            await door.evacuate(cloud.uuid("web1"))
            await asyncio.sleep(10)
            assert cloud.running_on("web1") == {other}
            cloud.hosts.power_on(source)
            await asyncio.sleep(100)
            cloud.operator_forces_down(source, False)

    assert told(play(story, hosts=2)) == []


@pytest.mark.parametrize("call", ["force down", "evacuate"])
def test_whoever_is_alive_is_shot(call: str) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web1", "host1")
        door = CloudDoor(cloud)
        if call == "force down":
            await door.force_down(cloud.world.host("host1").service.service_id, "a mistake")
        else:
            cloud.operator_forces_down("host1")
            await door.evacuate(cloud.uuid("web1"))

    cloud = play(story)
    assert told(cloud)[0] == (Wrong.SHOT, "host1" if call == "force down" else cloud.uuid("web1"))


@pytest.mark.parametrize(
    ("state", "wrong"), [("reports", Wrong.SHOT), ("is cut off", Wrong.FENCED), ("is off", None)]
)
def test_who_is_switched_off_by_a_device_is_told_by_what_he_was(state: str, wrong: Wrong | None) -> None:
    async def story(cloud: SimCloud) -> None:
        if state == "is cut off":
            cloud.hosts.unplug("host1")
        elif state == "is off":
            cloud.hosts.power_off("host1")
        await SimDevice(cloud, "host1", 1, 60.0, "").off()

    assert told(play(story)) == ([] if wrong is None else [(wrong, "host1")])
