"""What a client says of a wire that fails: away, unsure, and never twice.

Nothing here is Nova's rule, and a real one stands behind the same wire: it plays only where a call goes on after its
caller has gone.
"""

import asyncio
from collections.abc import Callable

import pytest

from kasugai.workers.ports import CloudAway, CloudUnsure
from tests.support.clouds import NEVER, until
from tests.support.scenes import HOST, Play, Scene, bury, statuses


def test_503_is_away_for_reads_and_calls(play_simulated: Play) -> None:
    async def story(scene: Scene) -> None:
        bury(scene)
        uuid = scene.uuid("web")
        scene.wire(lambda wire: wire.answer_503(NEVER))
        with pytest.raises(CloudAway):
            await scene.port.service(HOST)
        with pytest.raises(CloudAway):
            await scene.port.evacuate(uuid)
        scene.wire(lambda wire: wire.heal())
        assert await scene.port.guest(uuid) is not None
        assert statuses(scene) == []

    play_simulated(story)


def test_a_refused_connection_is_away_for_reads_and_calls(play_simulated: Play) -> None:
    async def story(scene: Scene) -> None:
        bury(scene)
        uuid = scene.uuid("web")
        scene.refuse()
        with pytest.raises(CloudAway):
            await scene.port.guests(HOST)
        with pytest.raises(CloudAway):
            await scene.port.evacuate(uuid)
        scene.accept()
        assert len(await scene.port.guests(HOST)) == 3
        assert statuses(scene) == []

    play_simulated(story)


def test_a_lost_reply_is_unsure_for_a_call_and_the_call_happened(play_simulated: Play) -> None:
    async def story(scene: Scene) -> None:
        bury(scene)
        uuid = scene.uuid("web")
        scene.wire(lambda wire: wire.lose_replies(times=2))
        began = asyncio.get_running_loop().time()
        with pytest.raises(CloudUnsure):
            await scene.port.evacuate(uuid)
        assert scene.client <= asyncio.get_running_loop().time() - began < scene.client + 1
        with pytest.raises(CloudAway):
            await scene.port.guest(uuid)
        assert statuses(scene) == ["done"]

    play_simulated(story)


def test_a_late_call_is_unsure_and_happens_once(play_simulated: Play) -> None:
    async def story(scene: Scene) -> None:
        bury(scene)
        uuid = scene.uuid("web")
        scene.wire(lambda wire: wire.slow(scene.client + 0.5, action="evacuate", times=1))
        with pytest.raises(CloudUnsure):
            await scene.port.evacuate(uuid)
        assert statuses(scene) == []
        await until(lambda: statuses(scene) == ["done"])
        await asyncio.sleep(0.5)
        assert statuses(scene) == ["done"]

    play_simulated(story)


def test_a_call_outlives_its_caller(play: Play) -> None:
    async def story(scene: Scene) -> None:
        bury(scene)
        uuid = scene.uuid("web")
        scene.wire(lambda wire: wire.slow(0.5, action="evacuate", times=1))
        call = asyncio.create_task(scene.port.evacuate(uuid))
        await until(
            lambda: scene.wire(lambda wire: [each.action for each in wire.requests][-1:]) == ["evacuate"]
        )
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await until(lambda: statuses(scene) == ["done"])

    play(story)


@pytest.mark.parametrize("act", ["force_down", "evacuate", "reset_state", "stop", "start"])
def test_no_call_is_ever_repeated(play_simulated: Play, act: str) -> None:
    """Not after a time-out, and not after any answer: one call of ours is one request."""
    troubles: tuple[Callable[[Scene], None], ...] = (
        lambda scene: scene.wire(lambda wire: wire.lose_replies(times=1)),
        lambda scene: scene.wire(lambda wire: wire.answer_503(NEVER)),
        lambda scene: scene.silence_cell(),
        lambda scene: None,
    )

    async def story(scene: Scene) -> None:
        bury(scene)
        subject = scene.uuid("web")
        parameters = [scene.service_id(HOST), "x"] if act == "force_down" else [subject]
        for trouble in troubles:
            trouble(scene)
            before = scene.wire(lambda wire: len(wire.requests))
            await asyncio.gather(getattr(scene.port, act)(*parameters), return_exceptions=True)
            assert scene.wire(lambda wire: len(wire.requests)) == before + 1
            scene.wire(lambda wire: wire.heal())
            scene.wake_cell()

    play_simulated(story)
