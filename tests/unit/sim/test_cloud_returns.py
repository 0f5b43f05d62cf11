"""What a source that comes back does to guests that were only asked to leave it (a real Nova 34: measured, and read in
_destroy_evacuated_instances)."""

import asyncio
from dataclasses import replace

import pytest

from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Refused
from tests.unit.sim.lab import SLOW_SPAWN, bury, play, state, strand


def records(cloud: SimCloud) -> list[tuple[str, str | None]]:
    return [(m.status, m.dest) for m in cloud.world.migrations]


def is_nowhere(cloud: SimCloud, guest: str = "web") -> bool:
    return cloud.uuid(guest) in cloud.nowhere()


async def come_back(cloud: SimCloud, host: str = "host1") -> None:
    """Switch the host on and wait until its nova-compute has started."""
    cloud.hosts.power_on(host)
    await asyncio.sleep(61)


def test_a_source_that_starts_while_its_guest_is_only_asked_for_destroys_it() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.conductor_away(200)
        cloud.operator_evacuates("web")
        assert cloud.diary.copies_of(cloud.uuid("web")) == {"host1"}
        await come_back(cloud)
        assert records(cloud) == [("completed", None)]
        assert cloud.diary.copies_of(cloud.uuid("web")) == set()
        assert not is_nowhere(cloud)
        await asyncio.sleep(300)

    cloud = play(story)
    assert state(cloud, "web") == ("ACTIVE", "active", None, "host2")
    assert cloud.running_on("web") == {"host2"}
    assert records(cloud) == [("completed", None), ("pre-migrating", "host2")]


def test_a_failed_destination_then_leaves_it_nowhere() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.world.pace = replace(SLOW_SPAWN, spawn=100.0)
        cloud.fail_spawns("host2")
        cloud.operator_evacuates("web", "host2")
        await asyncio.sleep(2)
        await come_back(cloud)
        assert records(cloud) == [("completed", "host2")]
        assert not is_nowhere(cloud)
        await asyncio.sleep(100)

    cloud = play(story)
    assert records(cloud) == [("failed", "host2")]
    assert state(cloud, "web") == ("ERROR", "error", None, "host1")
    assert is_nowhere(cloud)
    assert str(cloud.census()[0]) == "host1: on  web(error, nowhere)"


def test_a_record_that_was_completed_too_early_is_done_in_the_end_and_hinders_until_the_next_start() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.world.pace = replace(SLOW_SPAWN, spawn=100.0)
        cloud.operator_evacuates("web", "host2")
        await asyncio.sleep(2)
        await come_back(cloud)
        cloud.operator_forces_down("host1", False)
        cloud.operator_forces_down("host1")
        await asyncio.sleep(100)
        assert records(cloud) == [("done", "host2")]
        with pytest.raises(Refused, match=r"^400 Unable to force up host host1"):
            cloud.operator_forces_down("host1", False)
        cloud.hosts.restart_compute("host1")
        assert records(cloud) == [("completed", "host2")]
        cloud.operator_forces_down("host1", False)

    assert play(story).running_on("web") == {"host2"}


def test_a_start_ends_one_record_of_a_guest() -> None:
    """The newest; an older one that nobody worked on needs another start."""

    async def story(cloud: SimCloud) -> None:
        await strand(cloud)
        cloud.operator_evacuates("web")
        await asyncio.sleep(100)
        await come_back(cloud)
        assert records(cloud) == [("done", "host2"), ("completed", None)]
        cloud.hosts.restart_compute("host1")
        assert records(cloud) == [("completed", "host2"), ("completed", None)]

    play(story)


def test_a_deleted_guests_record_stays_once_its_copy_is_gone() -> None:
    async def story(cloud: SimCloud) -> None:
        for name in ("web", "db"):
            cloud.add_guest(name, "host1")
        bury(cloud)
        for name in ("web", "db"):
            cloud.operator_evacuates(name)
        await asyncio.sleep(5)
        for name in ("web", "db"):
            cloud.user_deletes(name)
        cloud.diary.destroy(cloud.uuid("db"), "host1")
        await come_back(cloud)

    assert [m.status for m in play(story).world.migrations] == ["completed", "done"]
