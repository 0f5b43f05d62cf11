"""Many questions of one moment are one request, which is sent after each of them was asked."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from kasugai.adapters.coalescing import Coalescing
from kasugai.sim.loop import run

SLOW = 1.0


class Source:
    """Answers with when it was asked; remembers what for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[int]]] = []
        self.fails: set[int] = set()
        """By the number of the request, from 1."""

    async def read(self, key: str, wishes: list[int]) -> float:
        self.asked.append((key, list(wishes)))
        number, at = len(self.asked), asyncio.get_running_loop().time()
        await asyncio.sleep(SLOW)
        if number in self.fails:
            raise ValueError(f"no answer to {number}")
        return at


Asking = Coalescing[str, int, float]


def play(story: Callable[[Source, Asking], Awaitable[None]]) -> None:
    async def main() -> None:
        source = Source()
        await asyncio.wait_for(story(source, Coalescing(source.read)), 60)

    run(main(), start=1000.0)


def test_who_asks_in_the_same_turn_of_the_loop_shares_one_request() -> None:
    async def story(source: Source, asking: Asking) -> None:
        found = await asyncio.gather(*(asking.ask("cmp1", number) for number in range(64)))
        assert source.asked == [("cmp1", list(range(64)))] and set(found) == {1000.0}

    play(story)


def test_who_asks_while_a_request_is_under_way_is_answered_by_the_next_one() -> None:
    async def story(source: Source, asking: Asking) -> None:
        async def after(seconds: float, number: int) -> tuple[float, float]:
            await asyncio.sleep(seconds)
            asked = asyncio.get_running_loop().time()
            return asked, await asking.ask("cmp1", number)

        found = await asyncio.gather(*(after(number / 10, number) for number in range(40)))
        assert all(asked <= sent for asked, sent in found)
        assert [number for _, wishes in source.asked for number in wishes] == list(range(40))
        assert len(source.asked) == 5, "one a second: two of them are never on their way together"

    play(story)


def test_keys_do_not_wait_for_one_another() -> None:
    async def story(source: Source, asking: Asking) -> None:
        found = await asyncio.gather(asking.ask("cmp1", 1), asking.ask("cmp2", 2))
        assert set(found) == {1000.0} and source.asked == [("cmp1", [1]), ("cmp2", [2])]

    play(story)


def test_nothing_is_kept_for_who_comes_later() -> None:
    async def story(source: Source, asking: Asking) -> None:
        first = await asking.ask("cmp1", 1)
        assert await asking.ask("cmp1", 1) == first + SLOW
        assert len(source.asked) == 2 and asking._queues == {}

    play(story)


def test_a_failure_is_everybodys_of_that_request_and_nobody_elses() -> None:
    async def story(source: Source, asking: Asking) -> None:
        source.fails = {1}
        early = [asyncio.create_task(asking.ask("cmp1", number)) for number in (1, 2)]
        await asyncio.sleep(SLOW / 2)
        late = asyncio.create_task(asking.ask("cmp1", 3))
        for task in early:
            with pytest.raises(ValueError, match="no answer to 1"):
                await task
        assert await late == 1000.0 + SLOW and asking._queues == {}

    play(story)


@pytest.mark.parametrize("when", [0.0, SLOW / 2])
def test_one_who_leaves_takes_nobodys_answer_along(when: float) -> None:
    async def story(source: Source, asking: Asking) -> None:
        first, second, third = (asyncio.create_task(asking.ask("cmp1", number)) for number in (1, 2, 3))
        await asyncio.sleep(when)
        first.cancel()
        assert await second == await third
        assert asking._queues == {} and first.cancelled()

    play(story)


def test_all_who_leave_leave_nothing_behind() -> None:
    async def story(source: Source, asking: Asking) -> None:
        tasks = [asyncio.create_task(asking.ask("cmp1", number)) for number in range(3)]
        await asyncio.sleep(SLOW / 2)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert asking._queues == {}
        await asking.ask("cmp1", 9)
        assert source.asked[-1] == ("cmp1", [9])

    play(story)
