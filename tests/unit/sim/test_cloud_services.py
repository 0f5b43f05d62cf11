"""The simulated os-services behave as nova.md measured them."""

import asyncio

import pytest

from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Refused, Service
from tests.unit.sim.lab import bury, play


def service(cloud: SimCloud, host: str = "host1") -> Service:
    return cloud.world.host(host).service


def updated_at(cloud: SimCloud, host: str = "host1") -> float:
    return cloud.nova.services.updated_at(service(cloud, host))


def is_up(cloud: SimCloud, host: str = "host1") -> bool:
    return cloud.nova.services.is_up(cloud.world.host(host))


def disable(cloud: SimCloud, *, reason: str = "x", forced_down: bool | None = None) -> float:
    """Disable host1 and return the seconds until Nova answers."""
    service_id = service(cloud).service_id
    return cloud.nova.update_service(
        service_id, status="disabled", reason=reason, forced_down=forced_down
    ).took


def test_a_live_service_moves_its_record_every_report_interval() -> None:
    async def story(cloud: SimCloud) -> None:
        moved = set()
        for _ in range(600):
            moved.add(updated_at(cloud))
            assert 0 <= cloud.world.now() - updated_at(cloud) < 10
            await asyncio.sleep(0.1)
        gaps = {round(b - a, 6) for a, b in zip(sorted(moved), sorted(moved)[1:], strict=False)}
        assert gaps == {10.0}
        assert len(moved) in (6, 7)

    play(story)


def test_every_service_has_a_phase_of_its_own() -> None:
    async def story(cloud: SimCloud) -> None:
        assert len({updated_at(cloud, host) for host in cloud.world.hosts}) == 4

    play(story)


@pytest.mark.parametrize("death", ["power_off", "kill_compute", "hang", "unplug", "reboot"])
def test_a_death_is_noticed_late(death: str) -> None:
    async def story(cloud: SimCloud) -> None:
        getattr(cloud.hosts, death)("host1")
        await asyncio.sleep(50)
        assert is_up(cloud)
        await asyncio.sleep(10.2)
        assert is_up(cloud) == (death == "reboot")

    play(story)


@pytest.mark.parametrize(("cut", "mend"), [("hang", "wake"), ("unplug", "plug")])
def test_a_host_that_comes_back_reports_again(cut: str, mend: str) -> None:
    async def story(cloud: SimCloud) -> None:
        getattr(cloud.hosts, cut)("host1")
        await asyncio.sleep(100)
        assert not is_up(cloud)
        getattr(cloud.hosts, mend)("host1")
        assert is_up(cloud)
        assert updated_at(cloud) == cloud.world.now()

    play(story)


def test_another_network_does_not_stop_reports() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.hosts.unplug("host1", "storage")
        await asyncio.sleep(100)
        assert is_up(cloud)

    play(story)


def test_disabling_a_freshly_dead_host_takes_a_minute_and_is_written_at_once() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.hosts.power_off("host1")
        assert 60.04 <= disable(cloud) <= 60.1
        assert not service(cloud).enabled
        assert disable(cloud, reason="y") < 0.1

    play(story)


def test_force_down_first_makes_it_quick() -> None:
    async def together(cloud: SimCloud) -> None:
        cloud.hosts.power_off("host1")
        assert disable(cloud, forced_down=True) < 0.1
        assert not is_up(cloud)

    async def before(cloud: SimCloud) -> None:
        cloud.hosts.power_off("host1")
        cloud.operator_forces_down("host1")
        assert disable(cloud) < 0.1

    async def alive(cloud: SimCloud) -> None:
        assert disable(cloud) < 0.1
        assert service(cloud).has_trait

    play(together)
    play(before)
    play(alive)


def test_the_record_moves_with_every_put_that_changes_something() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.hosts.power_off("host1")
        moments = [updated_at(cloud)]
        for reason, down in (("a", True), ("a", True), ("b", None), ("b", True)):
            await asyncio.sleep(2)
            disable(cloud, reason=reason, forced_down=down)
            moments.append(updated_at(cloud))
        assert moments[0] < moments[1] == moments[2] < moments[3] == moments[4]

    play(story)


def test_what_a_put_refuses() -> None:
    async def story(cloud: SimCloud) -> None:
        with pytest.raises(Refused, match=r"^404"):
            cloud.nova.update_service("0", forced_down=True)
        with pytest.raises(Refused, match=r"^400 No updates were requested"):
            cloud.nova.update_service(service(cloud).service_id, reason="only this")

    play(story)


def test_a_host_is_not_forced_up_while_evacuations_of_it_are_done() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_guest("web", "host1")
        bury(cloud)
        cloud.operator_evacuates("web")
        await asyncio.sleep(5)
        with pytest.raises(Refused, match=r"^400 Unable to force up host host1 as `done` evacuation"):
            cloud.operator_forces_down("host1", False)
        cloud.hosts.power_on("host1")
        await asyncio.sleep(100)
        cloud.operator_forces_down("host1", False)
        assert is_up(cloud)

    play(story)


def test_a_forced_down_service_reports_and_stays_down() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.operator_forces_down("host1")
        await asyncio.sleep(100)
        assert not is_up(cloud)
        assert cloud.world.now() - updated_at(cloud) < 10

    play(story)


def test_a_host_enabled_while_down_is_ignored_for_a_while() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.operator_disables("host1")
        cloud.operator_forces_down("host1")
        cloud.operator_enables("host1")
        cloud.operator_forces_down("host1", False)
        host = cloud.world.host("host1")
        assert is_up(cloud) and host.service.enabled
        assert not cloud.nova.services.takes_guests(host)
        await asyncio.sleep(61)
        assert cloud.nova.services.takes_guests(host)

    play(story)


def test_a_reserve_that_is_enabled_takes_guests() -> None:
    async def story(cloud: SimCloud) -> None:
        spare = cloud.add_host("spare", enabled=False)
        assert not cloud.nova.services.takes_guests(spare)
        cloud.operator_enables("spare")
        assert cloud.nova.services.takes_guests(spare)

    play(story)


def test_a_silent_cell_is_missing_from_lists() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.add_host("far", cell="cell2")
        cloud.add_guest("web", "far")
        uuid = cloud.uuid("web")
        cloud.hosts.power_off("far")
        cloud.operator_forces_down("far")
        cloud.operator_evacuates("web")
        cloud.silence_cell("cell2")
        assert cloud.nova.list_services("far").value == []
        assert len(cloud.nova.list_services().value) == 4
        assert cloud.nova.list_servers("far").value == []
        assert cloud.nova.list_migrations("far").value == []
        with pytest.raises(Refused, match=r"^500"):
            cloud.nova.show_server(uuid)
        cloud.silence_cell("cell2", ids_readable=True)
        assert cloud.nova.show_server(uuid).value.name == "web"
        cloud.wake_cell("cell2")
        assert len(cloud.nova.list_servers("far").value) == 1

    play(story)
