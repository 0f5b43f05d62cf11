"""Which hosts the simulated scheduler gives guests to, as a real Nova 34 does (nova.md): a host counts as alive for as
long as Nova believes it, and a named target is checked by nobody else."""

import asyncio

import pytest

from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Refused
from tests.unit.sim.lab import bury, play, state


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
    assert [evacuation.dest and evacuation.dest.name for evacuation in cloud.nova.evacuations.in_progress] == [
        "host2"
    ]
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
