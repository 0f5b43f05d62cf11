"""One question that many ask at about the same time: asked once for all of them, after each of them has asked.

Nobody gets an answer to a request that was under way when he asked: it would not answer for what he had seen before.
So one request about a key is on its way at a time, and who asks meanwhile is served by the next one. For threads:
together.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
W = TypeVar("W")
A = TypeVar("A")


@dataclass(slots=True, eq=False)
class _Round(Generic[W, A]):
    """Those who are served by one request."""

    wishes: list[W] = field(default_factory=list)
    answer: "asyncio.Future[A] | None" = None


@dataclass(slots=True, eq=False)
class _Queue(Generic[W, A]):
    """Those who wait for an answer about one key."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    gathering: _Round[W, A] = field(default_factory=_Round)
    """Its request has not been sent: who asks now joins it."""
    waiting: int = 0


class Coalescing(Generic[K, W, A]):
    """Asks once for all who wait. Nothing is kept when nobody waits any more."""

    def __init__(self, read: Callable[[K, list[W]], Awaitable[A]]) -> None:
        """`read` gets a key and what each of those who wait wishes to know of it; what it raises, all of them get."""
        self._read = read
        self._queues: dict[K, _Queue[W, A]] = {}

    async def ask(self, key: K, wish: W) -> A:
        """Return the answer to a request that is sent from now on. One who is cancelled in the middle of the request is
        followed by the next, who sends it again."""
        queue = self._queues.setdefault(key, _Queue())
        mine = queue.gathering
        mine.wishes.append(wish)
        queue.waiting += 1
        try:
            async with queue.turn:
                if mine.answer is None:
                    mine.answer = await self._answer(key, queue, mine)
        finally:
            queue.waiting -= 1
            if not queue.waiting:
                del self._queues[key]
        return mine.answer.result()

    async def _answer(self, key: K, queue: _Queue[W, A], served: _Round[W, A]) -> "asyncio.Future[A]":
        await asyncio.sleep(0)  # whoever is about to ask in this very turn of the loop joins
        if queue.gathering is served:
            queue.gathering = _Round()
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        try:
            answer.set_result(await self._read(key, served.wishes))
        except Exception as error:
            answer.set_exception(error)
            answer.exception()  # it is told to those who wait, by `result`
        return answer
