"""Cold migrations in the simulated Nova: states and records on the way, and what a host that dies leaves."""

import asyncio

import pytest

from kasugai.core.recovering.nova_views import By
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Refused
from tests.unit.sim.lab import asked, play, state, statuses


def results(
    cloud: SimCloud, guest: str = "web"
) -> list[tuple[str, str | None, list[tuple[str, str | None]]]]:
    """Return a guest's actions, newest first: name, message, events with results."""
    return [
        (each.action, each.message, [(event.event, event.result) for event in each.events])
        for each in asked(cloud, guest)
    ]


@pytest.mark.parametrize(("before", "runs"), [("active", True), ("stopped", False)])
def test_a_guest_moves_and_is_as_it_was_after_the_confirmation(before: str, runs: bool) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1", vm_state=before)
        uuid = cloud.uuid("web")
        cloud.nova.migrate(uuid)
        seen = []
        for _ in range(300):
            now = (statuses(cloud)[0], *state(cloud, "web")[1:])
            if now not in seen:
                seen.append(now)
            await asyncio.sleep(0.01)
        dest = cloud.world.guest("web").host
        assert dest != "host1"
        assert seen == [
            ("pre-migrating", before, "resize_prep", "host1"),
            ("migrating", before, "resize_migrating", "host1"),
            ("post-migrating", before, "resize_migrated", dest),
            ("finished", "resized", None, dest),
        ]
        assert cloud.running_on("web") == ({dest} if runs else frozenset())
        assert cloud.diary.copies_of(uuid) == {"host1", dest}
        cloud.nova.confirm_migration(uuid)
        assert (statuses(cloud), state(cloud, "web")[1:3]) == (["confirming"], ("resized", None))
        with pytest.raises(Refused, match=r"^400 Instance has not been resized"):
            cloud.nova.confirm_migration(uuid)
        await asyncio.sleep(1)
        assert (statuses(cloud), state(cloud, "web")[1:]) == (["confirmed"], (before, None, dest))
        assert cloud.diary.copies_of(uuid) == {dest}
        with pytest.raises(Refused, match=rf"^409 Cannot 'confirmResize' instance .* vm_state {before}"):
            cloud.nova.confirm_migration(uuid)
        assert not cloud.running_twice() and not cloud.nowhere()

    cloud = play(story)
    assert [(name, message) for name, message, _ in results(cloud)] == [
        ("confirmResize", None),
        ("migrate", None),
    ]


def test_nowhere_to_go_is_told_by_the_action_and_the_record() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.no_valid_host()
        cloud.nova.migrate(cloud.uuid("web"))
        await asyncio.sleep(1)
        assert state(cloud, "web") == ("ACTIVE", "active", None, "host1")
        assert cloud.running_on("web") == {"host1"}

    cloud = play(story)
    assert statuses(cloud) == ["error"]
    assert results(cloud) == [("migrate", "Error", [("cold_migrate", "Error")])]


def test_a_host_that_is_down_moves_and_confirms_nobody() -> None:
    async def story(cloud: SimCloud) -> None:
        for name in ("web", "db"):
            cloud.add_guest(name, "host1")
        cloud.nova.migrate(cloud.uuid("web"))
        await asyncio.sleep(3)
        cloud.hosts.power_off("host1")
        cloud.operator_forces_down("host1")
        with pytest.raises(Refused, match=r"^409 Service is unavailable"):
            cloud.nova.migrate(cloud.uuid("db"))
        with pytest.raises(Refused, match=r"^409 Service is unavailable"):
            cloud.nova.confirm_migration(cloud.uuid("web"))
        assert statuses(cloud) == ["finished"], "a refusal writes nothing"

    play(story)


@pytest.mark.parametrize("vm_state", ["paused", "suspended", "rescued", "error", "resized"])
def test_only_what_is_active_or_stopped_moves(vm_state: str) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1", vm_state=vm_state)
        with pytest.raises(Refused, match=rf"^409 Cannot 'migrate' instance .* vm_state {vm_state}"):
            cloud.nova.migrate(cloud.uuid("web"))

    play(story)


@pytest.mark.parametrize(("after", "task"), [(0.5, "resize_prep"), (1.1, "resize_migrating")])
def test_a_source_that_dies_in_between_rolls_back_when_it_starts(after: float, task: str) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.nova.migrate(cloud.uuid("web"))
        await asyncio.sleep(after)
        cloud.hosts.kill_compute("host1")
        await asyncio.sleep(10)
        assert state(cloud, "web") == ("ACTIVE", "active", task, "host1")
        cloud.hosts.start_compute("host1")
        await asyncio.sleep(10)
        assert state(cloud, "web") == ("ACTIVE", "active", None, "host1")
        assert cloud.running_on("web") == {"host1"}

    play(story)


def test_a_destination_that_is_away_builds_it_when_it_is_back() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.nova.migrate(cloud.uuid("web"))
        await asyncio.sleep(1.4)
        dest = cloud.world.guest("web").host
        assert state(cloud, "web")[2] == "resize_migrated" and dest is not None
        cloud.hosts.unplug(dest)
        await asyncio.sleep(10)
        assert state(cloud, "web")[2] == "resize_migrated"
        cloud.hosts.plug(dest)
        assert state(cloud, "web")[1] == "resized"
        assert cloud.running_on("web") == {dest}

    play(story)


@pytest.mark.parametrize("after", [0.1, 0.5, 1.1, 1.4, 3.0])
def test_a_guest_that_is_deleted_on_its_way_is_gone(after: float) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.nova.migrate(cloud.uuid("web"))
        await asyncio.sleep(after)
        if cloud.world.guest("web").vm_state == "resized":
            cloud.nova.confirm_migration(cloud.uuid("web"))
        cloud.user_deletes("web")
        await asyncio.sleep(3000)
        assert not cloud.running_on("web") and not cloud.nowhere()

    play(story)


def test_a_named_host_takes_the_guest_or_nobody_does() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        uuid = cloud.uuid("web")
        for target, told in (("host9", "host9 could not be found"), ("host1", "can't be the same")):
            with pytest.raises(Refused, match=rf"^400 .*{told}"):
                cloud.nova.migrate(uuid, target)
        cloud.nova.migrate(uuid, "host3")
        await asyncio.sleep(3)
        assert state(cloud, "web")[3] == "host3"
        cloud.nova.confirm_migration(uuid)
        await asyncio.sleep(1)
        cloud.operator_disables("host2")
        cloud.nova.migrate(uuid, "host2")
        await asyncio.sleep(3)
        assert state(cloud, "web")[1:] == ("active", None, "host3")

    assert statuses(play(story)) == ["confirmed", "error"]


@pytest.mark.parametrize(("before", "runs"), [("active", True), ("stopped", False)])
def test_a_resize_is_the_users_and_can_be_moved_back(before: str, runs: bool) -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1", vm_state=before)
        uuid = cloud.uuid("web")
        with pytest.raises(Refused, match=r"^409 Cannot 'revertResize' instance"):
            cloud.nova.revert(uuid)
        cloud.nova.resize(uuid)
        await asyncio.sleep(3)
        assert state(cloud, "web")[1] == "resized" and state(cloud, "web")[3] != "host1"
        cloud.nova.revert(uuid)
        assert state(cloud, "web")[2] == "resize_reverting"
        await asyncio.sleep(3)
        assert state(cloud, "web")[1:] == (before, None, "host1")
        assert cloud.running_on("web") == ({"host1"} if runs else frozenset())
        assert cloud.diary.copies_of(uuid) == {"host1"} and not cloud.nowhere()

    cloud = play(story)
    assert [(each.migration_type, each.status) for each in cloud.world.migrations] == [("resize", "reverted")]
    assert [(each.action, each.by) for each in asked(cloud)] == [
        ("revertResize", By.OTHERS),
        ("resize", By.OTHERS),
    ]
