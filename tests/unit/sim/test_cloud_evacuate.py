"""The simulated evacuation behaves as nova.md measured it: each test fails if the simulation loses that behaviour."""

import asyncio

import pytest

from kasugai.sim.cloud import SimCloud, two_cores
from kasugai.sim.cloud.model import Refused
from tests.unit.sim.lab import SLOW_SPAWN, bury, play, state, statuses, watch


def test_the_host_changes_last() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_evacuates("web", "host2")
        assert await watch(cloud, "web", 5) == [
            ("REBUILD", "active", "rebuilding", "host1"),
            ("REBUILD", "active", "rebuild_block_device_mapping", "host1"),
            ("REBUILD", "active", "rebuild_spawning", "host1"),
            ("ACTIVE", "active", None, "host1"),
            ("ACTIVE", "active", None, "host2"),
        ]

    cloud = play(story, pace=SLOW_SPAWN)
    assert statuses(cloud) == ["done"]
    assert cloud.running_on("web") == {"host2"}


def test_an_idle_laboratory_needs_about_a_second() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        began = cloud.world.now()
        cloud.operator_evacuates("web")
        while state(cloud, "web")[3] == "host1":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert 0.8 <= cloud.world.now() - began <= 1.2

    play(story)


def test_the_record_goes_from_accepted_to_completed() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_evacuates("web")
        record = cloud.world.migrations[0]
        assert (record.status, record.source, record.dest) == ("accepted", "host1", None)
        await asyncio.sleep(0.6)
        assert (record.status, record.dest) == ("accepted", None)
        await asyncio.sleep(0.2)
        assert (record.status, record.dest) == ("pre-migrating", "host2")
        await asyncio.sleep(1)
        assert record.status == "done"
        cloud.hosts.power_on("host1")
        await asyncio.sleep(100)
        assert record.status == "completed"

    play(story)


@pytest.mark.parametrize(
    ("vm_state", "microversion", "end", "running"),
    [
        ("active", (2, 93), "active", True),
        ("active", (2, 95), "stopped", False),
        ("stopped", (2, 93), "stopped", False),
        ("stopped", (2, 95), "stopped", False),
        ("error", (2, 93), "active", True),
        ("error", (2, 95), "active", True),
    ],
)
def test_how_a_guest_ends(vm_state: str, microversion: tuple[int, int], end: str, running: bool) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1", vm_state=vm_state)
        bury(cloud)
        cloud.nova.evacuate(cloud.uuid("web"), "host2", microversion)
        seen = await watch(cloud, "web", 3)
        if end == "stopped":
            assert ("ACTIVE", "active", "powering-off", "host1") in seen
            assert seen[-2:] == [("SHUTOFF", "stopped", None, "host1"), ("SHUTOFF", "stopped", None, "host2")]
        assert state(cloud, "web")[1:] == (end, None, "host2")

    assert play(story).running_on("web") == ({"host2"} if running else set())


def test_a_second_call_builds_the_guest_on_two_hosts() -> None:
    """nova.md: 5 of 5 end ERROR on the first destination, 3 of 3 spawned to the end on two hosts."""

    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_evacuates("web")
        await asyncio.sleep(2.3)
        assert state(cloud, "web")[2] == "rebuild_spawning"
        cloud.operator_evacuates("web")
        await asyncio.sleep(120)

    cloud = play(story, pace=SLOW_SPAWN)
    assert state(cloud, "web") == ("ERROR", "error", None, "host2")
    assert cloud.running_on("web") == {"host2", "host3"}
    assert cloud.running_twice() == (cloud.uuid("web"),)
    assert [(entry.host, entry.event) for entry in cloud.diary.entries[-2:]] == [
        ("host2", "started"),
        ("host3", "started"),
    ]
    assert cloud.world.guest("web").fault.startswith("Conflict updating instance")
    assert cloud.world.guest("web").fault.endswith(
        "Expected: {'task_state': ['rebuild_spawning']}. Actual: {'task_state': None}"
    )
    assert statuses(cloud) == ["done", "failed"]


@pytest.mark.parametrize("gap", [0.0, 0.05, 0.1, 0.2])
@pytest.mark.parametrize("seed", range(8))
def test_two_calls_at_once_leave_a_guest_in_error_on_its_new_host(gap: float, seed: int) -> None:
    """nova.md: 5 of 5 REBUILD, vm_state error, on the new host; spawned once. Whoever comes when the guest is there
    already finds that it exists, and leaves no task."""

    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_evacuates("web")
        await asyncio.sleep(gap)
        cloud.operator_evacuates("web")
        await asyncio.sleep(130)

    cloud = play(story, seed=seed)
    status, vm_state, task, host = state(cloud, "web")
    tasks: tuple[str | None, ...] = ("rebuilding", "rebuild_block_device_mapping")
    assert vm_state == "error"
    assert (status == "REBUILD" and task in tasks) or (gap and (status, task) == ("ERROR", None))
    assert host == "host2"
    assert cloud.running_on("web") == {host}


def test_a_third_call_cannot_repair() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_evacuates("web")
        cloud.operator_evacuates("web")
        await asyncio.sleep(5)
        with pytest.raises(Refused, match=r"400 Compute service of host\d is still in use\."):
            cloud.operator_evacuates("web")

    play(story)


def test_no_valid_host_is_an_error_on_the_source_after_a_moment() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.no_valid_host()
        cloud.operator_evacuates("web")
        await asyncio.sleep(0.3)
        assert statuses(cloud) == ["accepted"]
        await asyncio.sleep(0.3)
        assert state(cloud, "web") == ("ERROR", "error", None, "host1")
        assert cloud.world.guest("web").fault.startswith("No valid host was found.")
        assert statuses(cloud) == ["error"]
        cloud.no_valid_host(False)
        cloud.operator_evacuates("web")
        await asyncio.sleep(2)
        assert state(cloud, "web") == ("ACTIVE", "active", None, "host2")

    play(story)


@pytest.mark.parametrize("why", ["down", "disabled", "full"])
def test_a_target_that_cannot_take_it_is_no_valid_host(why: str) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        match why:
            case "down":
                cloud.operator_forces_down("host2")
            case "disabled":
                cloud.operator_disables("host2")
            case _:
                cloud.world.host("host2").capacity = 0
        cloud.operator_evacuates("web", "host2")
        await asyncio.sleep(1)

    cloud = play(story)
    assert statuses(cloud) == ["error"]


def test_a_destination_that_fails_to_spawn() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.fail_spawns("host2", "out of memory")
        cloud.operator_evacuates("web", "host2")
        await asyncio.sleep(2)
        assert state(cloud, "web") == ("ERROR", "error", None, "host1")
        assert cloud.world.guest("web").fault == "out of memory"
        assert statuses(cloud) == ["failed"]
        cloud.operator_evacuates("web", "host3")
        await asyncio.sleep(2)
        assert state(cloud, "web") == ("ACTIVE", "active", None, "host3")

    assert play(story).running_on("web") == {"host3"}


def test_a_destination_that_dies_in_mid_spawn_is_never_told_of() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_evacuates("web", "host2")
        await asyncio.sleep(2)
        cloud.hosts.power_off("host2")
        await asyncio.sleep(600)
        assert state(cloud, "web") == ("REBUILD", "active", "rebuild_spawning", "host1")
        cloud.hosts.power_on("host2")
        await asyncio.sleep(600)
        assert statuses(cloud) == ["pre-migrating"]
        assert cloud.running_on("web") == set()
        cloud.operator_evacuates("web", "host3")
        await asyncio.sleep(10)
        assert state(cloud, "web") == ("ACTIVE", "active", None, "host3")

    cloud = play(story, pace=SLOW_SPAWN)
    assert statuses(cloud) == ["pre-migrating", "done"]
    assert cloud.nova.evacuations.in_progress == []


def test_a_destination_that_is_cut_off_builds_the_guest_all_the_same() -> None:
    """Nova keeps the guest on the source; it lands if the network is back within an RPC time-out, else never."""

    async def story(cloud: SimCloud) -> None:
        for name in ("web", "db"):
            cloud.add_guest(name, "host1")
        bury(cloud)
        cloud.operator_evacuates("web", "host2")
        cloud.operator_evacuates("db", "host3")
        await asyncio.sleep(2)
        cloud.hosts.unplug("host2")
        cloud.hosts.unplug("host3")
        await asyncio.sleep(30)
        assert cloud.running_on("web") == {"host2"}
        assert state(cloud, "web") == ("REBUILD", "active", "rebuild_spawning", "host1")
        cloud.hosts.plug("host2")
        await asyncio.sleep(60)
        cloud.hosts.plug("host3")
        await asyncio.sleep(60)

    cloud = play(story, pace=SLOW_SPAWN)
    assert state(cloud, "web") == ("ACTIVE", "active", None, "host2")
    assert state(cloud, "db") == ("REBUILD", "active", "rebuild_spawning", "host1")
    assert cloud.running_on("db") == {"host3"}
    assert statuses(cloud) == ["done", "pre-migrating"]


def test_a_destination_that_hangs_goes_on_when_it_wakes() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_evacuates("web", "host2")
        await asyncio.sleep(2)
        cloud.hosts.hang("host2")
        await asyncio.sleep(1000)
        assert statuses(cloud) == ["pre-migrating"]
        cloud.hosts.wake("host2")
        await asyncio.sleep(1)
        assert state(cloud, "web") == ("ACTIVE", "active", None, "host2")

    play(story, pace=SLOW_SPAWN)


def test_a_message_waits_for_a_destination_that_died_unnoticed() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.hosts.power_off("host2")
        cloud.operator_evacuates("web", "host2")
        await asyncio.sleep(300)
        assert [(r.status, r.dest) for r in cloud.world.migrations] == [("accepted", "host2")]
        cloud.hosts.power_on("host2")
        await asyncio.sleep(100)
        assert state(cloud, "web") == ("ACTIVE", "active", None, "host2")

    play(story)


def test_reset_state_and_another_call_end_on_a_third_host() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_evacuates("web", "host2")
        await asyncio.sleep(2)
        cloud.hosts.power_off("host2")
        cloud.nova.reset_state(cloud.uuid("web"))
        cloud.operator_evacuates("web", "host4")
        await asyncio.sleep(10)

    cloud = play(story, pace=SLOW_SPAWN)
    assert state(cloud, "web") == ("ACTIVE", "active", None, "host4")
    assert statuses(cloud) == ["pre-migrating", "done"]


def test_a_slow_conductor_carries_a_call_out_much_later() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.slow_conductor(1200)
        cloud.operator_evacuates("web")
        cloud.slow_conductor(0)
        await asyncio.sleep(1199)
        assert state(cloud, "web") == ("REBUILD", "active", "rebuilding", "host1")
        assert statuses(cloud) == ["accepted"]
        await asyncio.sleep(3)
        assert state(cloud, "web") == ("ACTIVE", "active", None, "host2")

    play(story)


def test_a_late_call_does_not_choose_the_source_that_came_back() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        for host in ("host2", "host3"):
            cloud.add_guest(f"other on {host}", host)
        bury(cloud)
        cloud.slow_conductor(300)
        cloud.operator_evacuates("web")
        cloud.hosts.power_on("host1")
        cloud.operator_forces_down("host1", False)
        await asyncio.sleep(299)
        assert cloud.nova.services.takes_guests(cloud.world.host("host1"))
        await asyncio.sleep(3)

    cloud = play(story, hosts=3)
    assert state(cloud, "web")[3] == "host2"


def test_nothing_in_nova_stops_a_dual_running_guest() -> None:
    """Forced down on a living compute, evacuate is accepted, and the guest runs on both until that compute starts."""

    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.operator_forces_down("host1")
        cloud.operator_evacuates("web", "host2")
        await asyncio.sleep(5)
        assert cloud.running_on("web") == {"host1", "host2"}
        cloud.hosts.restart_compute("host1")
        assert cloud.running_on("web") == {"host2"}

    play(story)


def test_a_guest_in_live_migration_is_evacuated_like_any_other() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.operator_live_migrates("web", "host2", switch_after=2, finish_after=4)
        await asyncio.sleep(3)
        bury(cloud)
        assert state(cloud, "web") == ("MIGRATING", "active", "migrating", "host1")
        cloud.operator_evacuates("web", "host3")
        await asyncio.sleep(5)
        assert cloud.running_on("web") == {"host2", "host3"}
        assert statuses(cloud) == ["running", "done"]

    play(story)


def test_an_evacuation_while_a_stop_waits_works() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.user_stops("web")
        await asyncio.sleep(1)
        assert state(cloud, "web")[2] == "powering-off"
        cloud.operator_evacuates("web")
        await asyncio.sleep(2)
        assert state(cloud, "web") == ("ACTIVE", "active", None, "host2")

    play(story)


def test_a_locked_guest_is_evacuated_and_stays_locked() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.user_locks("web", "mine")
        bury(cloud)
        cloud.operator_evacuates("web")
        await asyncio.sleep(2)
        guest = cloud.world.guest("web")
        assert (guest.host, guest.locked_by, guest.locked_reason) == ("host2", "owner", "mine")

    play(story)


def test_what_the_api_refuses() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.add_guest("new", "host1", vm_state="active", launched=False)
        cloud.add_guest("homeless", None, vm_state="error")
        for vm_state in ("paused", "suspended", "rescued"):
            cloud.add_guest(vm_state, "host1", vm_state=vm_state)
        with pytest.raises(Refused, match=r"^400 Compute service of host1 is still in use\.$"):
            cloud.operator_evacuates("web")
        bury(cloud)
        with pytest.raises(Refused, match=r"^400 The target host can't be the same one\.$"):
            cloud.operator_evacuates("web", "host1")
        with pytest.raises(Refused, match=r"^400 The target host can't be the same one\.$"):
            cloud.operator_evacuates("homeless")
        with pytest.raises(Refused, match=r"^404 Compute host nope not found\.$"):
            cloud.operator_evacuates("web", "nope")
        with pytest.raises(Refused, match=r"^404 Instance 0 could not be found"):
            cloud.nova.evacuate("0")
        with pytest.raises(Refused, match=r"^409 .* is in an invalid state for 'evacuate'"):
            cloud.operator_evacuates("new")
        for vm_state in ("paused", "suspended", "rescued"):
            with pytest.raises(
                Refused, match=f"^409 Cannot 'evacuate' instance .* while it is in vm_state {vm_state}"
            ):
                cloud.operator_evacuates(vm_state)
        assert cloud.world.migrations == []

    play(story)


def test_service_time_grows_with_what_is_in_progress() -> None:
    ended: dict[str, float] = {}

    async def story(cloud: SimCloud) -> None:
        for number in range(30):
            cloud.add_guest(f"web{number}", "host1")
        bury(cloud)
        began = cloud.world.now()
        for uuid in cloud.world.guests:
            cloud.nova.evacuate(uuid)
        while cloud.nova.evacuations.in_progress:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        ended[cloud.world.congestion.__name__] = cloud.world.now() - began

    async def congested(cloud: SimCloud) -> None:
        cloud.world.congestion = two_cores
        await story(cloud)

    play(story)
    play(congested)
    assert ended["large_cloud"] < 1.5
    assert 25 < ended["two_cores"] < 45
