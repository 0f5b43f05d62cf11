"""Compute services, their hosts and aggregates."""

import asyncio

import pytest

from kasugai.core.recovering.look import ServiceView
from kasugai.workers.ports import CloudRefused
from tests.support.scenes import HOST, HOSTS, Play, Scene

UNKNOWN = "00000000-0000-0000-0000-000000000000"


async def service(scene: Scene, host: str = HOST) -> ServiceView:
    view = await scene.port.service(host)
    assert view is not None
    return view


async def moved(scene: Scene, before: ServiceView) -> None:
    """Wait until the service has reported again."""
    async with asyncio.timeout(20):
        while (await service(scene, before.host)).updated_at == before.updated_at:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def test_a_service_is_found_byte_for_byte(play: Play) -> None:
    async def story(scene: Scene) -> None:
        wanted = scene.service_id(HOST)
        view = await service(scene)
        assert (view.host, view.service_id) == (HOST, wanted)
        assert (view.is_up, view.is_enabled, view.forced_down) == (True, True, False)
        assert view.disabled_reason == ""
        for stranger in ("cmp1", "CMP1.RACK1", "cmp1.rack", "nope"):
            assert await scene.port.service(stranger) is None
        assert (await service(scene, "CMP1.rack1")).service_id != wanted

    play(story)


@pytest.mark.parametrize("offset", [-30.0, 30.0])
@pytest.mark.parametrize("sends_date", [True, False])
def test_an_age_is_by_novas_own_clock(play: Play, offset: float, sends_date: bool) -> None:
    async def story(scene: Scene) -> None:
        scene.wind(offset, sends_date=sends_date)
        for view in [await service(scene, host) for host in (HOST, "cmp2")]:
            await moved(scene, view)
        scene.power_off(HOST)
        await asyncio.sleep(2.5)
        view = await service(scene)
        assert 1 <= view.age <= 3 + scene.client
        assert view.age_is_bound is not sends_date
        assert -1 <= (await service(scene, "cmp2")).age <= 1 + scene.client

    play(story)


def test_updated_at_moves_with_reports_and_with_our_own_put(play: Play) -> None:
    async def story(scene: Scene) -> None:
        await moved(scene, await service(scene, "cmp2"))
        scene.power_off(HOST)
        await asyncio.sleep(1.2)
        before = await service(scene)
        await scene.port.force_down(before.service_id, "fenced")
        after = await service(scene)
        assert after.updated_at > before.updated_at
        await asyncio.sleep(1.2)
        await scene.port.force_down(before.service_id, "fenced")
        assert (await service(scene)).updated_at == after.updated_at

    play(story)


def test_force_down_of_a_freshly_dead_host_is_quick(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.power_off(HOST)
        before = await service(scene)
        assert before.is_up
        await scene.port.force_down(before.service_id, "fenced by kasugai")
        view = await service(scene)
        assert (view.is_up, view.is_enabled, view.forced_down) == (False, False, True)
        assert view.disabled_reason == "fenced by kasugai"
        with pytest.raises(CloudRefused) as refusal:
            await scene.port.force_down(UNKNOWN, "x")
        assert refusal.value.status == 404

    play(story)


def test_all_services_are_listed_and_a_disabled_one_is_enabled_again(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.disables("cmp2")
        listed = {view.host: view for view in await scene.port.services()}
        assert set(listed) == set(HOSTS)
        assert [host for host, view in listed.items() if not view.is_enabled] == ["cmp2"]
        assert listed["cmp2"].is_up and listed["cmp2"].disabled_reason == "maintenance"
        for _ in range(2):
            await scene.port.enable(listed["cmp2"].service_id)
        assert (await service(scene, "cmp2")).is_enabled
        with pytest.raises(CloudRefused) as refusal:
            await scene.port.enable(UNKNOWN)
        assert refusal.value.status == 404

    play(story)


def test_a_host_joins_an_aggregate_once(play: Play) -> None:
    async def story(scene: Scene) -> None:
        (racks,) = await scene.port.aggregates()
        assert racks.name == "racks"
        assert racks.hosts == {HOST, "cmp1.rack2"}
        await scene.port.add_to_aggregate(racks.aggregate_id, "cmp2")
        assert (await scene.port.aggregates())[0].hosts == {HOST, "cmp1.rack2", "cmp2"}
        for aggregate, host, status in (
            (racks.aggregate_id, "cmp2", 409),
            (racks.aggregate_id, "nope", 404),
            (9, "cmp2", 404),
        ):
            with pytest.raises(CloudRefused) as refusal:
                await scene.port.add_to_aggregate(aggregate, host)
            assert refusal.value.status == status

    play(story)


def test_an_aggregate_s_metadata_is_told(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.add_aggregate("gold", HOST, {"HA_Enabled": "yes"})
        (gold,) = (each for each in await scene.port.aggregates() if each.name == "gold")
        assert gold.metadata["HA_Enabled"] == "yes"

    play(story)
