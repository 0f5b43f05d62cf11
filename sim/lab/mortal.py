"""What makes a simulated process mortal: its tasks are known, its effects are counted, it can die before or right
after each of them, and it can be paused in front of one.

A dead process does nothing more: its tasks are cancelled, and whatever they still try on their way out never happens.
A call that has left goes on without its caller.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")

_PROCESS: ContextVar["Process | None"] = ContextVar("process", default=None)


def current() -> "Process | None":
    """Return the process whose task runs; None for what belongs to nobody."""
    return _PROCESS.get()


class When(StrEnum):
    """On which side of an effect a process dies."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Death:
    """Die at the `index`-th effect (from 1) of all processes of this kind."""

    index: int
    when: When


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect of a process: a publish, a write, a call."""

    name: str
    at: float
    """The loop's time in seconds at which it was sent."""


class Counter:
    """Counts the effects of all incarnations of one kind of process and says where one dies."""

    def __init__(
        self, death: Death | None = None, branch: Callable[[int], Death | None] = lambda _: None
    ) -> None:
        """Let nobody die, or somebody at `death`. `branch` is asked at each effect for a death that begins there."""
        self.effects: list[Effect] = []
        self._death = death
        self._branch = branch

    def count(self, name: str) -> When | None:
        """Count one effect; return on which side of it the process dies, if it does."""
        self.effects.append(Effect(name, asyncio.get_running_loop().time()))
        death = self._branch(len(self.effects)) or self._death
        return death.when if death is not None and len(self.effects) == death.index else None


class Process:
    """One incarnation."""

    def __init__(self, name: str, counter: Counter, bury: Callable[["Process"], None]) -> None:
        """`bury` is called once, at its death."""
        self.name = name
        self.is_dead = False
        self._counter = counter
        self._bury = bury
        self._tasks: set[asyncio.Task[Any]] = set()
        self._runs = asyncio.Event()
        self._runs.set()
        self._trap: tuple[str, Callable[[], None]] | None = None

    def start(self, main: Coroutine[Any, Any, None]) -> None:
        """Run `main` as this process."""
        token = _PROCESS.set(self)
        try:
            self.adopt(asyncio.get_running_loop().create_task(main))
        finally:
            _PROCESS.reset(token)

    def adopt(self, task: "asyncio.Task[Any]") -> None:
        """A task belongs to this process."""
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)

    def kill(self, *, bury: bool = True) -> None:
        """Die at this instant; with `bury`, whoever started it is told."""
        if self.is_dead:
            return
        self.is_dead = True
        for task in list(self._tasks):
            task.cancel()
        if bury:
            self._bury(self)

    def pause(self, before: str, then: Callable[[], None]) -> None:
        """Stand still as a whole as soon as an effect whose name begins with `before` is about to happen, and say so
        by `then`."""
        self._trap = (before, then)

    def wake(self) -> None:
        """Go on."""
        self._runs.set()

    async def effect(self, name: str, do: Callable[[], Awaitable[T]]) -> T:
        """Carry out one effect, unless the process dies before it. After a death right behind it, `do` has been
        started and goes on alone."""
        await self.alive(name)
        when = self._counter.count(name)
        if when is When.BEFORE:
            self.kill()
        if when is When.AFTER:
            _outlive(do)
            self.kill()
        await self.alive("")
        result = await do()
        await self.alive("")
        return result

    async def alive(self, name: str) -> None:
        """Return if the process lives; wait while it is paused; never return to the dead."""
        if self._trap is not None and name.startswith(self._trap[0]):
            (_, then), self._trap = self._trap, None
            self._runs.clear()
            then()
        if not self._runs.is_set():
            await self._runs.wait()
        if self.is_dead:
            raise asyncio.CancelledError


def _outlive(do: Callable[[], Awaitable[Any]]) -> None:
    """Start something that belongs to nobody."""

    async def run() -> None:
        await do()

    token = _PROCESS.set(None)
    try:
        task = asyncio.get_running_loop().create_task(run())
        _ALONE.add(task)
        task.add_done_callback(_forget)
    finally:
        _PROCESS.reset(token)


_ALONE: set["asyncio.Task[None]"] = set()


def _forget(task: "asyncio.Task[None]") -> None:
    _ALONE.discard(task)
    if not task.cancelled():
        task.exception()


def follow_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Let every task belong to the process whose task created it."""

    def factory(loop: asyncio.AbstractEventLoop, main: Any, **options: Any) -> "asyncio.Task[Any]":
        task: asyncio.Task[Any] = asyncio.Task(main, loop=loop, **options)
        process = _PROCESS.get()
        if process is not None:
            process.adopt(task)
            if process.is_dead:
                task.cancel()
        return task

    loop.set_task_factory(factory)
