"""A thread that asks what blocks, so that the agent's loop never does. One that a daemon has hung stays hung with it,
ends with the process, and keeps nobody else."""

import asyncio
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


class Asker:
    """One daemon thread, which carries out calls in the order in which they came."""

    def __init__(self, name: str) -> None:
        """Start it."""
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        Thread(target=self._run, name=name, daemon=True).start()

    def ask(self, call: Callable[[], T]) -> "asyncio.Future[T]":
        """Have a call carried out; what it returns or raises is the future's. One that is given up is carried out all
        the same."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[T] = loop.create_future()
        self._calls.put(lambda: _carry_out(call, answer, loop))
        return answer

    def end(self) -> None:
        """Let the thread end behind the calls that it has."""
        self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _carry_out(call: Callable[[], T], answer: "asyncio.Future[T]", loop: asyncio.AbstractEventLoop) -> None:
    try:
        value = call()
    except Exception as error:
        _tell(loop, answer, answer.set_exception, error)
    else:
        _tell(loop, answer, answer.set_result, value)


def _tell(
    loop: asyncio.AbstractEventLoop, answer: "asyncio.Future[T]", tell: Callable[[Any], None], what: object
) -> None:
    try:
        loop.call_soon_threadsafe(lambda: None if answer.done() else tell(what))
    except RuntimeError:
        return  # the loop has ended meanwhile, and with it whoever asked
