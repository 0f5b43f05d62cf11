"""Compute services, their hosts and aggregates."""

import asyncio

import pytest

from kasugai.core.recovering.nova_views import ServiceView
from kasugai.workers.ports import CloudRefused, CloudUnsure
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
        listed = {view.host: view for view in (await scene.port.services()).computes}
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


def test_a_disabled_service_stays_up_and_says_why(play: Play) -> None:
    async def story(scene: Scene) -> None:
        before = await service(scene)
        for reason in ("kasugai: process ovs", "another incident"):
            await scene.port.disable(before.service_id, reason)
            view = await service(scene)
            assert (view.is_up, view.is_enabled, view.forced_down) == (True, False, False)
            assert view.disabled_reason == reason, "the last one to say why is right"
        await scene.port.disable(before.service_id, "x" * 300)
        assert (await service(scene)).disabled_reason == "x" * 255
        await scene.port.enable(before.service_id)
        assert ((await service(scene)).is_enabled, (await service(scene)).disabled_reason) == (True, "")
        with pytest.raises(CloudRefused) as refusal:
            await scene.port.disable(UNKNOWN, "x")
        assert refusal.value.status == 404

    play(story)


def test_disabling_a_freshly_dead_service_is_unsure_and_takes_effect_at_once(play: Play) -> None:
    """Nova writes its record, and then waits for the nova-compute whose death it does not know of yet."""

    async def story(scene: Scene) -> None:
        before = await service(scene)
        scene.kill_compute(HOST)
        with pytest.raises(CloudUnsure):
            await scene.port.disable(before.service_id, "kasugai: nova-compute has stopped")
        view = await service(scene)
        assert (view.is_up, view.is_enabled, view.forced_down) == (True, False, False)
        assert view.disabled_reason == "kasugai: nova-compute has stopped"

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


def test_a_service_that_was_forced_down_is_taken_back_or_stays_disabled_for_a_reason(play: Play) -> None:
    async def story(scene: Scene) -> None:
        before = await service(scene, "cmp2")
        await scene.port.force_down(before.service_id, "fenced by kasugai")
        await scene.port.reenable(before.service_id, "rack 7")
        view = await service(scene, "cmp2")
        assert (view.is_enabled, view.forced_down, view.disabled_reason) == (False, False, "rack 7")
        await scene.port.force_down(before.service_id, "fenced by kasugai")
        await scene.port.reenable(before.service_id)
        view = await service(scene, "cmp2")
        assert (view.is_enabled, view.forced_down, view.disabled_reason) == (True, False, "")

    play(story)


def test_a_service_of_a_host_with_guests_is_not_deleted(play: Play) -> None:
    async def story(scene: Scene) -> None:
        known = await service(scene)
        with pytest.raises(CloudRefused) as refusal:
            await scene.port.delete_service(known.service_id)
        assert refusal.value.status == 409
        with pytest.raises(CloudRefused) as refusal:
            await scene.port.delete_service(UNKNOWN)
        assert refusal.value.status == 404

    play(story)
