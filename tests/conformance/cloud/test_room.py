"""Whether Nova can evacuate and who has room: its own services, Placement, and its account of what was asked."""

from dataclasses import replace

from tests.support.clouds import until
from tests.support.scenes import Play, Scene, bury, statuses


def test_placement_says_for_how_many_more_a_host_has_room(play: Play) -> None:
    async def story(scene: Scene) -> None:
        web = await scene.port.guest(scene.uuid("web"))
        assert web is not None and web.needs is not None
        assert dict(web.needs.resources).keys() >= {"VCPU", "MEMORY_MB"}
        room = await scene.port.room(web.needs)
        assert room["cmp2"] >= 1
        bury(scene)
        await scene.port.evacuate(scene.uuid("web"), "cmp2")
        await until(lambda: statuses(scene) == ["done"])
        assert (await scene.port.room(web.needs)).get("cmp2", 0) == room["cmp2"] - 1
        greedy = replace(web.needs, resources=(("MEMORY_MB", 1 << 30), ("VCPU", 1)))
        assert await scene.port.room(greedy) == {}

    play(story)


def test_novas_own_services_are_there(play: Play) -> None:
    async def story(scene: Scene) -> None:
        assert (await scene.port.services()).unwell == frozenset()

    play(story)


def test_nova_keeps_an_account_of_an_evacuation(play: Play) -> None:
    async def story(scene: Scene) -> None:
        uuid = scene.uuid("web")
        assert await scene.port.last_evacuation(uuid) is None
        bury(scene)
        await scene.port.evacuate(uuid)
        await until(lambda: statuses(scene) == ["done"])
        last = await scene.port.last_evacuation(uuid)
        assert last is not None and last.request.startswith("req-") and not last.has_failed

    play(story)
