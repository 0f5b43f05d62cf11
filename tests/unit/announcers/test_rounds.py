"""A round tells each decision at least once, in order, and waits for who is away as a member that reads nothing."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from kasugai.adapters.kafka.records import Incoming
from kasugai.announcers import round as rounds
from kasugai.announcers.round import EVERYTHING, NOTHING, Round
from kasugai.core.words.verdicts import Verdict
from kasugai.schemas.codec import encode
from kasugai.schemas.topics import VERDICTS
from kasugai.sim.loop import run
from tests.support.announced import STORY
from tests.unit.announcers.test_notifiers import PLAIN, Scene


class Log:
    """A partition in memory, and its one reader."""

    def __init__(self, *values: Verdict | bytes) -> None:
        self.records = [
            Incoming(
                topic=VERDICTS,
                partition=0,
                offset=offset,
                at=0,
                key=None,
                value=value if isinstance(value, bytes) else encode(value),
            )
            for offset, value in enumerate(values)
        ]
        self.place = self.committed = 0
        self.resting: list[frozenset[str]] = [NOTHING]
        self.asked_while_resting = 0

    async def next(self, limit: int = 500, wait: float = 0.2) -> list[Incoming]:
        if self.resting[-1]:
            self.asked_while_resting += 1
            await asyncio.sleep(wait)
            return []
        found = self.records[self.place : self.place + limit]
        self.place += len(found)
        return found

    async def commit(self, records: Sequence[Incoming]) -> bool:
        self.committed = records[-1].offset + 1
        return True

    async def rewind(self, records: Sequence[Incoming]) -> None:
        self.place = records[0].offset

    async def rest(self, topics: frozenset[str]) -> None:
        self.resting.append(topics)


def texts(scene: Scene) -> list[str]:
    return [sent.body["text"].split(": ")[1] for sent in scene.chat.sent]


WHOLE = ["opened (confirmed)", "held (no-fence-device)", "goes-on (command)", "recovered (recovered)"]


def test_what_was_told_is_committed_and_what_nobody_understands_is_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scene, log = Scene(tmp_path, PLAIN), Log(STORY[0], b"rubbish", *STORY[1:], b"")
    run(Round(scene.notifier, log).once())
    assert texts(scene) == WHOLE and log.committed == 6
    assert caplog.text.count("cannot be told") == 2


def test_who_dies_before_the_commit_tells_it_again_with_the_same_ids(tmp_path: Path) -> None:
    scene, log = Scene(tmp_path, PLAIN), Log(*STORY)
    run(Round(scene.notifier, log).once())
    log.place = 2
    run(Round(scene.notifier, log).once())
    ids = [sent.body["id"] for sent in scene.chat.sent]
    assert ids[2:4] == ids[4:] and len(ids) == 6


def test_who_is_away_is_waited_for_with_longer_pauses_and_hears_everything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    scene, log = Scene(tmp_path, PLAIN), Log(*STORY)
    scene.chat.is_away = True
    round_ = Round(scene.notifier, log)
    pauses = []

    async def outage() -> None:
        for _ in range(9):
            before = asyncio.get_running_loop().time()
            await round_.once()
            pauses.append(round(asyncio.get_running_loop().time() - before))
            assert log.committed == 0 and log.resting[-2:] == [EVERYTHING, NOTHING]
        assert round_.trouble.text == "does not answer: Connection refused"
        scene.chat.is_away = False
        await round_.once()

    run(outage())
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert log.asked_while_resting >= sum(pauses), "a member that asks nothing for minutes loses its place"
    assert texts(scene) == WHOLE and log.committed == 4 and round_.trouble.text == ""
    assert "it works again" in caplog.text


def test_what_was_told_before_it_went_away_is_not_told_again(tmp_path: Path) -> None:
    scene, log = Scene(tmp_path, PLAIN), Log(*STORY)
    tell, told = scene.notifier.tell, []

    async def once_away(verdict: Verdict) -> object:
        told.append(verdict)
        scene.chat.is_away = len(told) == 3
        return await tell(verdict)

    scene.notifier.tell = once_away  # type: ignore[method-assign,assignment]
    round_ = Round(scene.notifier, log)

    async def twice() -> None:
        await round_.once()
        assert log.committed == 2
        await round_.once()

    run(twice())
    assert texts(scene) == WHOLE


def test_a_batch_has_a_bound(tmp_path: Path) -> None:
    scene, log = Scene(tmp_path, PLAIN), Log(*[STORY[0]] * (rounds.BATCH + 5))
    run(Round(scene.notifier, log).once())
    assert len(scene.chat.sent) == rounds.BATCH
