"""Lanes: each partition's records are finished in their order, and what is dropped is never finished."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from kasugai.adapters.faust.lanes import DEPTH, Job, Lanes


class Book:
    """Notes what was finished and dropped; a name that is blocked finishes only when let go."""

    def __init__(self) -> None:
        """Nothing noted."""
        self.finished: list[str] = []
        self.dropped: list[str] = []
        self.blocked = asyncio.Event()

    def job(self, name: str, *, blocks: bool = False) -> Job:
        """A job of that name."""

        async def finish() -> None:
            if blocks:
                await self.blocked.wait()
            self.finished.append(name)

        return Job(finish, lambda: self.dropped.append(name))


def play(story: Coroutine[Any, Any, None]) -> None:
    """Run it."""
    asyncio.run(asyncio.wait_for(story, 10))


def test_a_lane_that_waits_keeps_its_order_and_holds_up_no_other() -> None:
    async def story() -> None:
        book, lanes = Book(), Lanes()
        await lanes.put(0, book.job("a1", blocks=True))
        await lanes.put(0, book.job("a2"))
        await lanes.put(1, book.job("b1"))
        await lanes.settle(0.05)
        assert book.finished == ["b1"]
        book.blocked.set()
        await lanes.settle(5)
        assert book.finished == ["b1", "a1", "a2"]
        await lanes.drop()

    play(story())


def test_what_is_dropped_is_told_and_never_finished() -> None:
    async def story() -> None:
        book, lanes = Book(), Lanes()
        await lanes.put(0, book.job("in hand", blocks=True))
        await lanes.put(0, book.job("waiting"))
        await asyncio.sleep(0)
        await lanes.drop()
        book.blocked.set()
        await lanes.put(0, book.job("anew"))
        await lanes.settle(5)
        assert book.dropped == ["in hand", "waiting"]
        assert book.finished == ["anew"]
        await lanes.drop()

    play(story())


def test_a_full_lane_makes_its_filler_wait() -> None:
    async def story() -> None:
        book, lanes = Book(), Lanes()
        await lanes.put(0, book.job("first", blocks=True))
        await asyncio.sleep(0)
        for n in range(DEPTH):
            await lanes.put(0, book.job(str(n)))
        late = asyncio.ensure_future(lanes.put(0, book.job("late")))
        await asyncio.sleep(0.01)
        assert not late.done()
        book.blocked.set()
        await late
        await lanes.settle(5)
        assert book.finished[-1] == "late"
        await lanes.drop()

    play(story())


def test_nothing_begun_settles_at_once() -> None:
    play(Lanes().settle(0.0))
