"""What `kasugai observe nova` makes of Nova's service records, on the simulated cloud and on a real Nova."""

import asyncio

from kasugai.core.words.signals import Symptom
from kasugai.observers.nova import NovaWatch
from tests.support.scenes import HOST, HOSTS, Play, Scene

WITHIN = 20.0


async def until(scene: Scene, watch: NovaWatch, symptom: Symptom | None) -> str:
    """Look until that is said of HOST, and of nobody else anything; return the episode."""
    async with asyncio.timeout(WITHIN + scene.client):
        while True:
            seen = {each.host: each for each in await watch.look(HOSTS, 0.0)}
            found = seen.pop(HOST, None)
            assert all(each.symptom is not Symptom.DOWN for each in seen.values())
            if (found.symptom if found else None) is symptom:
                return found.episode if found else ""
            await asyncio.sleep(0.2)


def test_a_host_that_falls_silent_is_down_by_novas_clock_and_our_mark_is_no_sign_of_life(play: Play) -> None:
    async def story(scene: Scene) -> None:
        watch = NovaWatch(scene.port, stale=2.5 + scene.client)
        await until(scene, watch, None)
        scene.power_off(HOST)
        episode = await until(scene, watch, Symptom.DOWN)
        view = await scene.port.service(HOST)
        assert view is not None
        await scene.port.force_down(view.service_id, "fenced by kasugai")
        for _ in range(3):
            assert await until(scene, watch, Symptom.DOWN) == episode
            await asyncio.sleep(0.5)

    play(story)
