"""What is not Nova's: images in Glance, tags of projects in Keystone. There is no real one of them here."""

from collections.abc import Callable

import pytest

from kasugai.sim.cloud.wire import Wire
from kasugai.workers.ports import CloudAway, CloudRefused
from tests.support.clouds import NEVER
from tests.support.scenes import Play, Scene


def test_an_image_s_properties_and_tags_are_glance_s(play_simulated: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.around(lambda cloud: cloud.add_image("i1", "amphora", HA_Priority="7"))
        image = await scene.port.image("i1")
        assert (image.properties["HA_Priority"], image.tags) == ("7", ("amphora",))
        with pytest.raises(CloudRefused) as refusal:
            await scene.port.image("gone")
        assert refusal.value.status == 404, "Glance's own sentence is in HTML"

    play_simulated(story)


def test_a_project_s_tags_are_keystone_s(play_simulated: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.around(lambda cloud: cloud.add_project("p1", "gold", "a b"))
        assert await scene.port.project_tags("p1") == ("gold", "a b")
        assert await scene.port.project_tags("demo") == ()

    play_simulated(story)


def test_a_project_that_keystone_does_not_tell_about_is_refused(play_simulated: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.around(lambda cloud: cloud.add_project("gone", known=False))
        with pytest.raises(CloudRefused) as refusal:
            await scene.port.project_tags("gone")
        assert (refusal.value.status, refusal.value.message) == (404, "Could not find project: gone.")
        scene.around(lambda cloud: setattr(cloud.world, "hides_project_tags", True))
        with pytest.raises(CloudRefused, match="identity:list_project_tags") as refusal:
            await scene.port.project_tags("demo")
        assert refusal.value.status == 403

    play_simulated(story)


def test_a_keystone_that_is_away_is_away(play_simulated: Play) -> None:
    async def story(scene: Scene) -> None:
        troubles: tuple[Callable[[Wire], None], ...] = (
            lambda wire: wire.answer_503(NEVER, action="project-tags"),
            lambda wire: wire.lose_replies("project-tags", times=1),
            lambda wire: wire.refuse_connections(NEVER),
        )
        for trouble in troubles:
            scene.wire(trouble)
            with pytest.raises(CloudAway):
                await scene.port.project_tags("demo")
            scene.wire(lambda wire: wire.heal())
        asked = scene.wire(lambda wire: [request.action for request in wire.requests].count("project-tags"))
        assert asked == 3, "no request was repeated"
        assert await scene.port.project_tags("demo") == ()

    play_simulated(story)
