"""The way of a record: begun at once, finished in its turn, and acknowledged only when all of it is done."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field

import pytest

from kasugai.adapters.faust.care import Care
from kasugai.adapters.faust.exits import Exit
from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.port import Ended, Poison, Record, Rest, Write
from kasugai.adapters.faust.progress import Pending
from kasugai.adapters.faust.settings import ProcessorSettings
from kasugai.adapters.faust.taking import Taking
from kasugai.core.words.log import LogAway
from kasugai.sim.loop import run
from tests.support.shell import Left

SETTINGS = ProcessorSettings(app_id="app", bootstrap="", topic="topic", instance_id="one")


@dataclass
class Scene:
    """Handler, table, grave and rest in one; `story` is what happened in order."""

    story: list[str] = field(default_factory=list)
    acknowledged: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether what was decided has reached the broker."""
    begins_badly: Exception | None = None
    ends_badly: Exception | None = None
    row: bytes = b"row"
    writes: list[Pending] = field(default_factory=list)
    writes_are_done: bool = True

    def __post_init__(self) -> None:
        """Own partition 0 from its beginning."""
        membership = Membership(10.0, asyncio.get_running_loop().time)
        membership.confirmed(membership.now() + 1e6)
        self.care = Care(settings=SETTINGS, handler=self, membership=membership)
        self.care.progress.begin(0, 0)
        self.taking = Taking(self.care, bury=self.bury, put=self.put)

    def restore(self, partition: int, rows: Iterable[tuple[str, bytes]]) -> None:
        """Nothing is kept."""

    def revoke(self, partition: int) -> None:
        """Nothing is kept."""

    def tick(self, partition: int) -> None:
        """No ticks."""

    def begin(self, record: Record) -> Rest:
        """Decide."""
        if self.begins_badly is not None:
            raise self.begins_badly
        self.story.append(f"begin {record.offset}")
        return _Rest(self, record.offset)

    async def put(self, partition: int, key: str, value: bytes | Ended) -> Pending | None:
        """Take a row, whose write may stay on its way."""
        self.story.append(f"put {key}")
        self.writes.append(asyncio.get_running_loop().create_future())
        if self.writes_are_done:
            self.writes[-1].set_result(None)
        return self.writes[-1]

    async def bury(self, record: Record, poison: Poison) -> None:
        """Take a dead letter."""
        self.story.append(f"bury {record.offset}: {poison}")

    async def take(self, *offsets: int) -> None:
        """Bring records."""
        for offset in offsets:
            await self.taking.take(Record(partition=0, offset=offset, at=0, key=None, value=b""))

    @property
    def done(self) -> int | None:
        """What may be committed."""
        return self.care.progress.committable(0)


@dataclass(frozen=True)
class _Rest:
    scene: Scene
    offset: int

    async def finish(self, write: Write) -> None:
        await self.scene.acknowledged.wait()
        if self.scene.ends_badly is not None:
            raise self.scene.ends_badly
        await write(str(self.offset), self.scene.row)

    def drop(self) -> None:
        self.scene.story.append(f"drop {self.offset}")


def play(story: Callable[[Scene], Awaitable[None]]) -> None:
    """Play a story under virtual time."""

    async def main() -> None:
        await story(Scene())

    run(main())


def test_decisions_run_ahead_and_rows_wait_for_the_acknowledgement() -> None:
    async def story(scene: Scene) -> None:
        await scene.take(0, 1)
        await asyncio.sleep(1)
        assert (scene.story, scene.done) == (["begin 0", "begin 1"], 0)
        scene.acknowledged.set()
        await asyncio.sleep(1)
        assert (scene.story[2:], scene.done) == (["put 0", "put 1"], 2)

    play(story)


def test_a_record_is_not_done_before_its_rows_are_in_the_changelog() -> None:
    async def story(scene: Scene) -> None:
        scene.acknowledged.set()
        scene.writes_are_done = False
        await scene.take(0)
        await asyncio.sleep(1)
        assert scene.done == 0
        scene.writes[0].set_result(None)
        assert scene.done == 1

    play(story)


def test_poison_is_buried_in_its_turn_whenever_it_is_found() -> None:
    async def story(scene: Scene) -> None:
        await scene.take(0)
        scene.begins_badly = Poison("no value")
        await scene.take(1)
        await asyncio.sleep(1)
        assert scene.story == ["begin 0"], "not before the record in front of it"
        scene.ends_badly = Poison("a bug")
        scene.acknowledged.set()
        await asyncio.sleep(1)
        assert (scene.story[1:], scene.done) == (["bury 0: a bug", "bury 1: no value"], 2)

    play(story)


def test_what_was_handled_comes_twice_and_is_passed_over() -> None:
    async def story(scene: Scene) -> None:
        await scene.take(0, 0)
        assert scene.story == ["begin 0"]

    play(story)


def test_a_gap_ends_the_process() -> None:
    async def story(scene: Scene) -> None:
        with pytest.raises(Left, match="offset 1 came where 0 was expected") as left:
            await scene.take(1)
        assert left.value.code is Exit.SKIPPED

    play(story)


def test_what_kafka_does_not_take_ends_the_process_as_no_bug_does() -> None:
    async def story(scene: Scene) -> None:
        scene.begins_badly = LogAway("kasugai.verdicts: timed out")
        with pytest.raises(Left, match="record 0 of partition 0: LogAway") as left:
            await scene.take(0)
        assert left.value.code is Exit.SEND_FAILED

    play(story)


def test_a_handler_that_raises_ends_the_process_after_what_was_begun_before_is_finished() -> None:
    async def story(scene: Scene) -> None:
        await scene.take(0)
        asyncio.get_running_loop().call_later(1, scene.acknowledged.set)
        scene.begins_badly = ZeroDivisionError("a bug")
        with pytest.raises(Left, match="record 1 of partition 0: ZeroDivisionError") as left:
            await scene.take(1)
        assert left.value.code is Exit.UNHANDLED
        assert (scene.story, scene.done) == (["begin 0", "put 0"], 1)

    play(story)
