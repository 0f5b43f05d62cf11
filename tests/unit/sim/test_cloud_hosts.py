"""Machines, power devices and guests of the simulated cloud, and the census of where everything is."""

import asyncio

import pytest

from kasugai.core.recovering.look import PowerState
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Refused
from tests.unit.sim.lab import bury, play, state, statuses


def test_guests_run_until_the_power_goes_off() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        for trouble in (cloud.hosts.unplug, cloud.hosts.kill_compute, cloud.hosts.hang):
            trouble("host1")
            await asyncio.sleep(1000)
            assert cloud.running_on("web") == {"host1"}
        cloud.hosts.power_off("host1")
        assert cloud.running_on("web") == set()
        assert state(cloud, "web") == ("ACTIVE", "active", None, "host1")

    play(story)


@pytest.mark.parametrize("autostart", [False, True])
def test_what_runs_after_the_power_is_back(autostart: bool) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.world.autostart = autostart
        for name in ("moved", "left"):
            cloud.add_guest(name, "host1")
        bury(cloud)
        cloud.operator_evacuates("moved", "host2")
        await asyncio.sleep(5)
        cloud.hosts.power_on("host1")
        await asyncio.sleep(40)
        assert cloud.running_on("moved") == ({"host1", "host2"} if autostart else {"host2"})
        await asyncio.sleep(40)
        assert cloud.running_on("moved") == {"host2"}
        assert cloud.running_on("left") == ({"host1"} if autostart else set())
        assert statuses(cloud) == ["completed"]

    play(story)


def test_a_reboot_keeps_the_power_on() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.hosts.reboot("host1")
        assert cloud.running_on("web") == set()
        assert cloud.power.read("host1") is PowerState.ON
        assert not cloud.world.host("host1").answers
        await asyncio.sleep(61)
        assert cloud.world.host("host1").answers

    play(story)


def test_power_that_goes_off_during_a_boot_stops_it() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.hosts.reboot("host1")
        await asyncio.sleep(10)
        cloud.hosts.power_off("host1")
        await asyncio.sleep(10)
        cloud.hosts.power_on("host1")
        await asyncio.sleep(55)
        assert not cloud.world.host("host1").compute_runs
        await asyncio.sleep(10)
        assert cloud.world.host("host1").compute_runs

    play(story)


def test_power_comes_back_by_itself() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.power.comes_back_by_itself("host1", after=20)
        cloud.power.switch_off("host1")
        await asyncio.sleep(19)
        assert cloud.power.read("host1") is PowerState.OFF
        await asyncio.sleep(2)
        assert cloud.power.read("host1") is PowerState.ON

    play(story)


def test_devices_refuse_fall_silent_and_are_missing() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.power.refuse_fencing("host1")
        cloud.power.cut_bmc("host2")
        cloud.power.remove_device("host3")
        assert [cloud.power.read(f"host{n}") for n in (1, 2, 3)] == [
            PowerState.ON,
            PowerState.UNKNOWN,
            PowerState.UNKNOWN,
        ]
        for host in ("host1", "host2", "host3", "host"):
            with pytest.raises(Refused):
                cloud.power.switch_off(host)
        assert [cloud.power.has(host) for host in ("host1", "host3", "host", "HOST1")] == [
            True,
            False,
            False,
            False,
        ]
        assert all(host.power_on for host in cloud.world.hosts.values())

    play(story)


def test_a_stop_on_a_dead_host_is_carried_out_when_it_returns() -> None:
    """nova.md: 202, powering-off until then; the stop came 3.6 s after the restart began."""

    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.hosts.kill_compute("host1")
        cloud.user_stops("web")
        await asyncio.sleep(500)
        assert state(cloud, "web") == ("ACTIVE", "active", "powering-off", "host1")
        cloud.hosts.start_compute("host1")
        await asyncio.sleep(3.5)
        assert cloud.running_on("web") == {"host1"}
        await asyncio.sleep(0.2)
        assert state(cloud, "web") == ("SHUTOFF", "stopped", None, "host1")
        assert cloud.running_on("web") == set()

    play(story)


def test_stop_and_start_on_a_living_host() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        with pytest.raises(Refused, match=r"^409 Cannot 'start' instance .* while it is in vm_state active"):
            cloud.user_starts("web")
        cloud.user_stops("web")
        with pytest.raises(Refused, match=r"^409 .* task_state powering-off"):
            cloud.user_stops("web")
        await asyncio.sleep(0.4)
        with pytest.raises(Refused, match=r"^409 Cannot 'stop' instance .* while it is in vm_state stopped"):
            cloud.user_stops("web")
        cloud.user_starts("web")
        await asyncio.sleep(0.4)
        assert state(cloud, "web") == ("ACTIVE", "active", None, "host1")
        cloud.nova.reset_state(cloud.uuid("web"))
        with pytest.raises(Refused, match="vm_state error"):
            cloud.user_starts("web")
        cloud.user_stops("web")
        await asyncio.sleep(0.4)
        assert state(cloud, "web") == ("SHUTOFF", "stopped", None, "host1")

    cloud = play(story)
    assert [entry.event for entry in cloud.diary.entries] == ["started", "stopped", "started", "stopped"]


def test_a_start_of_nova_compute_puts_half_done_rebuilds_into_error() -> None:
    async def story(cloud: SimCloud) -> None:
        for name in ("stuck", "moving"):
            cloud.add_guest(name, "host1")
        cloud.world.guest("stuck").task_state = "rebuilding"
        cloud.operator_live_migrates("moving", "host2")
        cloud.hosts.restart_compute("host1")
        assert state(cloud, "stuck") == ("ERROR", "error", None, "host1")
        assert state(cloud, "moving") == ("ACTIVE", "active", None, "host1")
        assert statuses(cloud) == ["error"]

    play(story)


def test_a_live_migration_ends_well_or_half_way() -> None:
    async def story(cloud: SimCloud) -> None:
        for name in ("well", "half", "early"):
            cloud.add_guest(name, "host1")
        cloud.operator_live_migrates("well", "host2", switch_after=1, finish_after=2)
        cloud.operator_live_migrates("half", "host2", switch_after=3, finish_after=6)
        cloud.operator_live_migrates("early", "host2", switch_after=10, finish_after=12)
        await asyncio.sleep(4)
        cloud.hosts.power_off("host1")
        await asyncio.sleep(60)
        assert state(cloud, "well") == ("ACTIVE", "active", None, "host2")
        assert state(cloud, "half") == ("MIGRATING", "active", "migrating", "host1")
        assert cloud.running_on("half") == {"host2"}
        assert cloud.running_on("early") == set()
        assert statuses(cloud) == ["completed", "running", "running"]

    play(story)


def test_a_deleted_guest_ceases_unless_its_host_does_not_answer() -> None:
    async def story(cloud: SimCloud) -> None:
        for name, host in (("near", "host1"), ("cut", "host2")):
            cloud.add_guest(name, host)
        cloud.hosts.unplug("host2")
        cloud.user_deletes("near")
        cloud.user_deletes("cut")
        assert not cloud.running_on("near")
        assert cloud.running_on("cut") == {"host2"}
        with pytest.raises(Refused, match=r"^404"):
            cloud.nova.show_server(cloud.uuid("near"))

    play(story)


def test_lock_pause_and_names() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.nova.guests.lock(cloud.uuid("web"), "kept")
        assert cloud.world.guest("web").locked_by == "admin"
        cloud.nova.guests.unlock(cloud.uuid("web"))
        assert cloud.world.guest("web").locked_by is None
        cloud.user_asks("web", "pause")
        assert state(cloud, "web")[:2] == ("PAUSED", "paused")
        with pytest.raises(ValueError, match="a guest 'web' already"):
            cloud.add_guest("web", "host2")
        with pytest.raises(KeyError, match="no guest 'wep'"):
            cloud.uuid("wep")
        with pytest.raises(KeyError, match="no host 'host9'; there are: host1"):
            cloud.hosts.power_off("host9")

    play(story)


def test_the_census_tells_where_everything_is() -> None:
    async def story(cloud: SimCloud) -> None:
        for name, host in (("web", "host1"), ("db", "host1"), ("app", "host2"), ("gone", "host3")):
            cloud.add_guest(name, host)
        cloud.add_guest("old", "host2", vm_state="stopped")
        cloud.guest_dies("gone")
        bury(cloud)
        cloud.operator_evacuates("web", "host3")
        await asyncio.sleep(0.9 + cloud.world.pace.land)
        cloud.diary.start(cloud.uuid("app"), "host4")
        cloud.operator_evacuates("db", "host2")
        cloud.user_stops("app")
        assert [str(place) for place in cloud.census()] == [
            "host1: off  db(rebuild)",
            "host2: on  app(powering-off) old(stopped)",
            "host3: on  gone(not running) web",
            "host4: on  app(unrecorded)",
        ]

    play(story)
