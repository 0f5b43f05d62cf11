"""Live migrations in the simulated Nova: records and tasks on the way, what is refused, and how they fail."""

import asyncio

import pytest

from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Refused
from tests.unit.sim.lab import asked, play, state, statuses


def test_a_guest_moves_while_it_runs() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        uuid = cloud.uuid("web")
        cloud.nova.live_migrate(uuid, "host2")
        seen = [("", *state(cloud, "web")[1:])]
        for _ in range(400):
            now = (statuses(cloud)[0] if statuses(cloud) else "", *state(cloud, "web")[1:])
            if now != seen[-1]:
                seen.append(now)
            await asyncio.sleep(0.01)
            assert cloud.running_on("web")
        assert seen == [
            ("", "active", "migrating", "host1"),
            ("accepted", "active", "migrating", "host1"),
            ("preparing", "active", "migrating", "host1"),
            ("running", "active", "migrating", "host1"),
            ("completed", "active", None, "host2"),
        ]
        assert cloud.running_on("web") == {"host2"} and cloud.diary.copies_of(uuid) == {"host2"}
        assert next(each.action for each in asked(cloud, "web")) == "live-migration"

    play(story)


def test_a_source_migrates_one_guest_at_a_time() -> None:
    async def story(cloud: SimCloud) -> None:
        for name in ("web", "db"):
            cloud.add_guest(name, "host1")
            cloud.nova.live_migrate(cloud.uuid(name), "host2")
        await asyncio.sleep(1.5)
        assert statuses(cloud) == ["running", "queued"]
        await asyncio.sleep(4)
        assert statuses(cloud) == ["completed", "completed"]

    play(story)


@pytest.mark.parametrize(
    "why", ["nowhere", "no room for it there", "its destination refuses", "it dies on the way"]
)
def test_a_guest_that_cannot_move_runs_on_where_it_is(why: str) -> None:
    status = {"its destination refuses": "error", "it dies on the way": "failed"}.get(why, "error")

    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        if why == "nowhere":
            cloud.no_valid_host()
        if why == "no room for it there":
            cloud.operator_disables("host2")
        if why == "its destination refuses":
            cloud.fail_live("host2")
        cloud.nova.live_migrate(cloud.uuid("web"), "host2")
        if why == "it dies on the way":
            await asyncio.sleep(1.5)
            cloud.hosts.power_off("host2")
        await asyncio.sleep(5)
        assert statuses(cloud) == [status]
        assert state(cloud, "web")[1:] == ("active", None, "host1")
        assert cloud.running_on("web") == {"host1"}

    play(story)


def test_what_is_refused() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.add_guest("db", "host1", vm_state="stopped")
        web = cloud.uuid("web")
        with pytest.raises(Refused, match=r"^409 Cannot 'os-migrateLive' instance .* vm_state stopped"):
            cloud.nova.live_migrate(cloud.uuid("db"))
        with pytest.raises(Refused, match=r"^400 Compute host host9 could not be found"):
            cloud.nova.live_migrate(web, "host9")
        cloud.nova.live_migrate(web)
        with pytest.raises(Refused, match=r"^409 Cannot 'os-migrateLive' instance .* task_state migrating"):
            cloud.nova.live_migrate(web)

    play(story)


def test_an_abort_leaves_the_guest_where_it_is() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        with pytest.raises(Refused, match=r"^400 .* has no live migration"):
            cloud.operator_aborts("web")
        cloud.nova.live_migrate(cloud.uuid("web"))
        await asyncio.sleep(1)
        cloud.operator_aborts("web")
        await asyncio.sleep(5)
        assert (statuses(cloud), state(cloud, "web")[1:]) == (["cancelled"], ("active", None, "host1"))

    play(story)


def test_a_source_that_dies_leaves_record_and_task_until_it_is_back() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        cloud.nova.live_migrate(cloud.uuid("web"), "host2")
        await asyncio.sleep(1.5)
        cloud.hosts.power_off("host1")
        await asyncio.sleep(60)
        assert (statuses(cloud), state(cloud, "web")[2:]) == (["running"], ("migrating", "host1"))
        cloud.hosts.power_on("host1")
        await asyncio.sleep(120)
        assert (statuses(cloud), state(cloud, "web")[2:]) == (["error"], (None, "host1"))

    play(story)
