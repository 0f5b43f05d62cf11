"""An asyncio loop that never sleeps: when nothing is ready, time jumps to the next timer.

What runs under it is ordinary asyncio code; it decides only when a callback runs and what time it is. It knows no
sockets and no threads: whoever asks for them gets a clear error instead of a run that depends on the machine.
"""

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context
from typing import Any, NoReturn, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

PATIENCE = 1_000_000
"""So many callbacks without time passing are an endless loop."""


class Stuck(Exception):
    """Nothing is ready and no timer is set, or callbacks follow one another without time passing."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Time is a number that advances only when nothing is ready.

    Callbacks run in the order in which they became due; timers of one instant in the order in which they were set,
    each exactly at its time: `time()` inside a timer's callback is never less than what was asked for.
    """

    def __init__(self, start: float = 0.0) -> None:
        """Begin at `start` seconds."""
        super().__init__()
        self._now = start
        self._due: deque[asyncio.Handle] = deque()
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._count = 0
        self._since_jump = 0

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self._now

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Run the callback at this instant, after all that is ready already."""
        handle = asyncio.Handle(callback, args, self, context)
        self._due.append(handle)
        return handle

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run the callback after `delay` seconds."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Run the callback at `when`, after the timers that were set for that instant before."""
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, handle))
        return handle

    def call_soon_threadsafe(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> NoReturn:
        """Refuse: another thread's timing is not virtual."""
        raise RuntimeError(f"virtual time has no threads: keep {callback} behind a port that is simulated")

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], Any], *args: *Ts) -> NoReturn:
        """Refuse, for asyncio.to_thread and name look-ups too."""
        raise RuntimeError(f"virtual time has no threads: keep {func} behind a port that is simulated")

    def close(self) -> None:
        """Forget what was still to come."""
        super().close()
        self._due.clear()
        self._timers.clear()

    def _run_once(self) -> None:
        """Run what is ready now (BaseEventLoop calls this until it is told to stop)."""
        if not self._due:
            self._jump()
        self._since_jump += len(self._due)
        if self._since_jump > PATIENCE:
            self._since_jump = 0  # so that the tasks can be cancelled
            raise Stuck(f"time stands still at {self._now:.3f} s: {PATIENCE} callbacks without a pause")
        for _ in range(len(self._due)):
            handle = self._due.popleft()
            if not handle.cancelled():
                handle._run()

    def _jump(self) -> None:
        """Go to the next timer's time and make ready all that are due then."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
        if not self._timers:
            raise Stuck(
                f"nothing is ready and no timer is set at {self._now:.3f} s; waiting: {self._waiting()}"
            )
        if self._timers[0][0] > self._now:
            self._now = self._timers[0][0]
            self._since_jump = 0
        while self._timers and self._timers[0][0] <= self._now:
            self._due.append(heapq.heappop(self._timers)[2])

    def _waiting(self) -> str:
        """Name the tasks that wait for what will never come."""
        tasks = sorted(asyncio.all_tasks(self), key=lambda task: task.get_name())
        return ", ".join(f"{task.get_name()} ({_place(task)})" for task in tasks) or "nobody"


def _place(task: "asyncio.Task[Any]") -> str:
    """Return the innermost line of a task."""
    frames = task.get_stack()
    return f"{frames[-1].f_code.co_qualname}:{frames[-1].f_lineno}" if frames else "ended"


def run(main: Coroutine[Any, Any, T], *, start: float = 0.0) -> T:
    """Run `main` to its end in a virtual loop of its own that begins at `start` seconds, and return its result."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(start)) as runner:
        return runner.run(main)
