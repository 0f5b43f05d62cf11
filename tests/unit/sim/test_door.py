"""The in-memory doors: time-outs, lost replies, late requests, and calls that outlive their callers."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from kasugai.core.recovering.look import PowerState
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.wire import Request
from kasugai.sim.door import CloudDoor
from kasugai.sim.power_door import PowerDoor
from kasugai.workers.ports import Cloud, CloudAway, CloudRefused, CloudUnsure, FenceRefused, Power
from tests.unit.sim.lab import bury, play, state


def test_the_doors_are_the_ports() -> None:
    async def story(cloud: SimCloud) -> None:
        door: Cloud = CloudDoor(cloud)
        power: Power = PowerDoor(cloud)
        assert await door.guests("host1") == ()
        assert power.has("host1")

    play(story)


def test_a_call_outlives_its_caller() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.wire.slow(20, action="evacuate")
        call = asyncio.create_task(CloudDoor(cloud).evacuate(cloud.uuid("web")))
        await asyncio.sleep(1)
        call.cancel()
        await asyncio.sleep(18)
        assert cloud.world.migrations == []
        await asyncio.sleep(5)
        assert state(cloud, "web") == ("ACTIVE", "active", None, "host2")

    play(story)


def test_a_call_that_arrives_after_the_time_out_is_unsure_and_happens() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.wire.slow(40, action="evacuate", times=1)
        began = cloud.world.now()
        with pytest.raises(CloudUnsure, match="no answer to evacuate within 35 s"):
            await CloudDoor(cloud, client=35).evacuate(cloud.uuid("web"))
        assert cloud.world.now() - began == pytest.approx(35)
        await asyncio.sleep(10)
        assert cloud.world.guest("web").host == "host2"
        assert [request.status for request in cloud.wire.requests] == [200]

    play(story)


def test_a_lost_reply_is_unsure_for_calls_and_away_for_reads() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        door, uuid = CloudDoor(cloud, client=1), cloud.uuid("web")
        cloud.wire.lose_replies(subject=uuid, times=2)
        with pytest.raises(CloudUnsure):
            await door.stop(uuid)
        assert cloud.world.guest("web").vm_state == "stopped"
        with pytest.raises(CloudAway):
            await door.guest(uuid)
        assert await door.guest(uuid) is not None

    play(story)


@pytest.mark.parametrize(
    "trouble", [lambda cloud: cloud.wire.answer_503(5), lambda cloud: cloud.wire.refuse_connections(5)]
)
def test_what_was_surely_not_carried_out_is_away(trouble: Callable[[SimCloud], None]) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        trouble(cloud)
        door = CloudDoor(cloud)
        with pytest.raises(CloudAway):
            await door.evacuate(cloud.uuid("web"))
        with pytest.raises(CloudAway):
            await door.service("host1")
        assert cloud.world.migrations == []
        await asyncio.sleep(6)
        await door.evacuate(cloud.uuid("web"))
        assert len(cloud.world.migrations) == 1

    play(story)


def test_a_silent_cell_is_an_error_500() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.silence_cell()
        door, uuid = CloudDoor(cloud), cloud.uuid("web")
        assert await door.service("host1") is None
        assert await door.guests("host1") == ()
        with pytest.raises(CloudAway):
            await door.guest(uuid)
        with pytest.raises(CloudUnsure):
            await door.stop(uuid)
        cloud.wire.slow(5)
        cloud.wire.heal()
        assert cloud.wire.troubles == []

    play(story)


def test_force_down_of_a_freshly_dead_host_takes_no_minute() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.hosts.power_off("host1")
        door = CloudDoor(cloud)
        before = await door.service("host1")
        assert before is not None and before.is_up
        began = cloud.world.now()
        await door.force_down(before.service_id, "fenced")
        assert cloud.world.now() - began < 0.1
        after = await door.service("host1")
        assert after is not None
        assert (after.is_up, after.is_enabled, after.forced_down) == (False, False, True)
        assert after.disabled_reason == "fenced"
        assert after.updated_at > before.updated_at
        with pytest.raises(CloudRefused, match="404"):
            await door.force_down("0", "x")

    play(story)


@pytest.mark.parametrize("offset", [-30.0, 0.0, 30.0])
def test_an_age_is_by_the_clouds_own_clock(offset: float) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.world.clock_offset = offset
        cloud.hosts.power_off("host1")
        await asyncio.sleep(100)
        view = await CloudDoor(cloud).service("host1")
        assert view is not None
        assert 100 <= view.age <= 111
        assert not view.age_is_bound

    play(story)


def test_without_a_date_the_age_is_a_bound() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.world.sends_date = False
        cloud.hosts.power_off("host1")
        await asyncio.sleep(100)
        view = await CloudDoor(cloud).service("host1")
        assert view is not None
        assert view.age_is_bound
        assert 90 <= view.age <= 111

    async def alone(cloud: SimCloud) -> None:
        cloud.world.sends_date = False
        cloud.hosts.power_off("host1")
        await asyncio.sleep(100)
        view = await CloudDoor(cloud).service("host1")
        assert view is not None
        assert (view.age, view.age_is_bound) == (0.0, True)

    play(story)
    play(alone, hosts=1)


def test_every_request_is_kept_and_told() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        told: list[tuple[str, str, bool]] = []
        cloud.wire.watchers.append(lambda r: told.append((r.action, r.sender, r.arrived is not None)))
        door, power = CloudDoor(cloud, sender="w1"), PowerDoor(cloud, sender="w1")
        view = await door.service("host1")
        assert view is not None
        uuid = cloud.uuid("web")
        await power.read("host1")
        await door.force_down(view.service_id, "x")
        await door.guests("host1")
        await door.migrations("host1")
        await door.reset_state(uuid)
        await door.evacuate(uuid)
        await asyncio.sleep(3)
        await door.stop(uuid)
        await asyncio.sleep(1)
        await door.start(uuid)
        await door.guest(uuid)
        sent = [told_ for told_ in told if not told_[2]]
        assert [action for action, _, _ in sent] == [r.action for r in cloud.wire.requests]
        assert {r.action: (r.method, r.path, r.subject) for r in cloud.wire.requests} == {
            "service": ("GET", "/os-services", "host1"),
            "power": ("GET", "power://host1", "host1"),
            "force-down": ("PUT", f"/os-services/{view.service_id}", "host1"),
            "guests": ("GET", "/servers/detail", "host1"),
            "migrations": ("GET", "/os-migrations", "host1"),
            "reset": ("POST", f"/servers/{uuid}/action", uuid),
            "evacuate": ("POST", f"/servers/{uuid}/action", uuid),
            "stop": ("POST", f"/servers/{uuid}/action", uuid),
            "start": ("POST", f"/servers/{uuid}/action", uuid),
            "guest": ("GET", f"/servers/{uuid}", uuid),
        }

    play(story)


def test_fencing_switches_the_host_off() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        power = PowerDoor(cloud)
        assert await power.read("host1") is PowerState.ON
        await power.fence("host1")
        assert await power.read("host1") is PowerState.OFF
        assert cloud.running_on("web") == set()
        await power.fence("host1")

    play(story)


def test_fencing_says_why_it_did_not() -> None:
    async def story(cloud: SimCloud) -> None:
        power = PowerDoor(cloud, fence=0.5)
        cloud.power.refuse_fencing("host1")
        cloud.power.cut_bmc("host2")
        cloud.power.remove_device("host3")
        patient = PowerDoor(cloud)
        for host, why in (("host1", "refuses"), ("host2", "does not answer"), ("host3", "no power device")):
            with pytest.raises(FenceRefused, match=why):
                await patient.fence(host)
        assert await power.read("host2") is PowerState.UNKNOWN
        with pytest.raises(FenceRefused, match=r"did not switch it off within 0\.45 s"):
            await power.fence("host4")
        await asyncio.sleep(2)
        assert not cloud.world.host("host4").power_on

    play(story)


def test_the_same_seed_gives_the_same_run() -> None:
    def requests(seed: int) -> list[Request]:
        async def story(cloud: SimCloud) -> None:
            for number in range(5):
                cloud.add_guest(f"web{number}", "host1")
            bury(cloud)
            door = CloudDoor(cloud)
            calls: list[Coroutine[Any, Any, None]] = [
                door.evacuate(guest.uuid) for guest in await door.guests("host1")
            ]
            await asyncio.gather(*calls)

        return play(story, seed=seed).wire.requests

    assert requests(1) == requests(1)
    assert requests(1) != requests(2)
