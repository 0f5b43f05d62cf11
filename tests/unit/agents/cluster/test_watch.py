"""A watch says what stays so, looks sooner when a word is near, and outlives whatever happens to a look."""

import asyncio
import logging
from collections.abc import Sequence

import pytest

from kasugai.agents.cluster.options import Pace
from kasugai.agents.cluster.picture import Picture, blind, down, shown, up
from kasugai.agents.cluster.watch import ClusterWatch
from kasugai.agents.ports import Watch
from kasugai.core.words.signals import Symptom
from tests.support.voices import Heard, Seconds

WELL = shown([up("cmp1", "here"), up("cmp2", "member")])
LOST = shown([up("cmp1", "here"), down("cmp2", "lost")])
PACE = Pace()


class Scripted:
    """Looks that are given beforehand, the last one for ever."""

    name = "pacemaker"

    def __init__(self, pictures: Sequence[Picture | Exception]) -> None:
        self.pictures = list(pictures)
        self.closely: list[bool] = []

    async def look(self, closely: bool) -> Picture:
        self.closely.append(closely)
        picture = self.pictures.pop(0) if len(self.pictures) > 1 else self.pictures[0]
        if isinstance(picture, Exception):
            raise picture
        return picture


def watching(*pictures: Picture | Exception, pace: Pace = PACE) -> tuple[ClusterWatch, Heard, Scripted]:
    heard, look = Heard(), Scripted(pictures)
    return ClusterWatch(look, heard, host="cmp1", pace=pace, clock=Seconds()), heard, look


def looks(watch: ClusterWatch, times: int) -> None:
    for _ in range(times):
        asyncio.run(watch.once())


def test_what_stays_so_is_said_with_its_witness() -> None:
    watch, heard, _ = watching(WELL, LOST)
    looks(watch, 3)
    assert [(word.host, word.symptom, word.again, word.seen) for word in heard.words] == [
        ("cmp2", Symptom.DOWN, False, "pacemaker: lost")
    ]


def test_it_looks_sooner_and_more_closely_when_a_word_is_near() -> None:
    watch, _, look = watching(WELL, LOST, LOST, WELL, WELL, pace=Pace(interval=60, samples=2))
    pauses = []
    for _ in range(5):
        looks(watch, 1)
        pauses.append(watch.pause)
    assert pauses == [60, 12, 30, 12, 60]
    assert look.closely == [False, False, True, True, True]


def test_it_is_in_trouble_until_it_has_seen_and_while_it_sees_nobody() -> None:
    watch, _, _ = watching(WELL, blind("no quorum"))
    a_watch: Watch = watch
    assert a_watch.trouble == "has not looked yet"
    looks(watch, 1)
    assert a_watch.trouble == ""
    looks(watch, 1)
    assert a_watch.trouble == "no quorum"


def test_trouble_and_remarks_are_told_once_each(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watch, _, _ = watching(blind("no quorum", "storage is left out"))
    looks(watch, 5)
    assert [getattr(record, "why", "") for record in caplog.records] == ["no quorum", "storage is left out"]


def test_a_look_that_fails_is_trouble_that_passes() -> None:
    watch, heard, _ = watching(KeyError("a bug"), LOST, LOST, KeyError("a bug"), LOST)
    looks(watch, 1)
    assert "KeyError" in watch.trouble
    looks(watch, 4)
    assert watch.trouble == ""
    assert heard.take() == [("cmp2", Symptom.DOWN)]


def test_it_runs_until_it_is_cancelled() -> None:
    watch, heard, look = watching(LOST, pace=Pace(interval=0.01, samples=2))

    async def some_time() -> None:
        running = asyncio.create_task(watch.run())
        async with asyncio.timeout(10):
            while len(look.closely) < 3:  # noqa: ASYNC110 - a watch tells nobody
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert running.cancelled()

    asyncio.run(some_time())
    assert heard.take() == [("cmp2", Symptom.DOWN)]
