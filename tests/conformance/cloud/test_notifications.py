"""What Nova notifies of its guests, as the bridge reads it: the same of the simulated Nova and of a real one."""

import asyncio
from collections.abc import Sequence

from kasugai.bridge.envelope import unwrap
from kasugai.bridge.reading.conclusions import Conclusion
from kasugai.bridge.reading.reader import Reader
from tests.support.clouds import until
from tests.support.nova_samples import enveloped
from tests.support.scenes import HOST, Play, Scene, bury, statuses


def concluded(scene: Scene) -> Sequence[Conclusion]:
    reader = Reader()
    return [reader.read(unwrap(enveloped(message))) for message in scene.told()]


def faults(scene: Scene) -> list[str]:
    return [f"{f.symptom} {f.host}" for each in concluded(scene) for f in each.faults]


def landings(scene: Scene) -> list[tuple[str, str, str]]:
    return [(x.guest, x.source, x.destination) for each in concluded(scene) for x in each.landings]


def test_a_guest_that_has_ended_by_itself_has_failed_until_its_user_starts_it(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.listens()
        scene.guest_dies("web")
        scene.notices("web")
        await until(lambda: scene.states("web") == ("stopped", None))
        assert faults(scene) == [f"down {HOST}"]
        scene.asks("web", "start")
        await until(lambda: scene.states("web") == ("active", None))
        await until(lambda: faults(scene) == [f"down {HOST}", f"clear {HOST}"])

    play(story)


def test_what_a_user_does_to_his_guest_is_no_failure(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.listens()
        scene.stops("web")
        scene.pauses("db")
        await until(lambda: scene.states("web") == ("stopped", None))
        scene.deletes("app")
        await until(lambda: len([w for each in concluded(scene) for w in each.wishes if not w.runs]) >= 3)
        assert faults(scene) == []

    play(story)


def test_an_evacuation_lands_once_where_it_lands(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.listens()
        bury(scene)
        await scene.port.evacuate(scene.uuid("web"), "cmp2")
        await until(lambda: statuses(scene) == ["done"])
        await until(lambda: landings(scene) == [(scene.uuid("web"), HOST, "cmp2")])
        assert faults(scene) == []

    play(story)


def test_a_destination_that_cannot_build_a_guest_has_failed_its_caller(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.listens()
        bury(scene)
        scene.fail_spawns("cmp2", "the disk is full")
        await scene.port.evacuate(scene.uuid("web"), "cmp2")
        await until(lambda: statuses(scene) == ["failed"])
        await until(lambda: faults(scene) == ["failing cmp2"])
        assert landings(scene) == []

    play(story)


def test_a_live_migration_lands_once_where_it_lands(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.listens()
        scene.live_migrates("web", "cmp2", ends=True)
        await until(lambda: landings(scene) == [(scene.uuid("web"), HOST, "cmp2")])
        assert faults(scene) == []

    play(story)


def test_a_live_migration_under_way_is_neither_a_failure_nor_a_landing(play: Play) -> None:
    async def story(scene: Scene) -> None:
        scene.listens()
        scene.live_migrates("web", "cmp2")
        await until(lambda: any(m["event_type"] == "instance.live_migration_pre.start" for m in scene.told()))
        await asyncio.sleep(0)
        assert (faults(scene), landings(scene)) == ([], [])

    play(story)
