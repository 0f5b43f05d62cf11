"""A served cloud in a thread of its own, for tests and benches whose client blocks or brings its own loop."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import TypeVar

from kasugai.sim.cloud import REAL, Pace, SimCloud
from kasugai.sim.http.door import HttpDoor, serve

T = TypeVar("T")


class CloudThread:
    """Context manager: builds a cloud in a loop of its own, serves it, and stops."""

    def __init__(self, build: Callable[[SimCloud], None], *, pace: Pace = REAL, seed: int = 0) -> None:
        """`build` adds hosts and guests before the door opens."""
        self._build = build
        self._pace = pace
        self._seed = seed
        self._ready: Future[HttpDoor] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._main()), name="sim-cloud", daemon=True
        )

    def __enter__(self) -> "CloudThread":
        """Start, and wait until it serves."""
        self._thread.start()
        self.door = self._ready.result(timeout=30)
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=30)

    def do(self, act: Callable[[SimCloud], T]) -> T:
        """Call `act` with the cloud in the cloud's own thread, and return what it returns."""

        async def call() -> T:
            return act(self.door.cloud)

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(timeout=30)

    def refuse(self) -> None:
        """Refuse connections."""
        asyncio.run_coroutine_threadsafe(self.door.close(), self._loop).result(timeout=30)

    def accept(self) -> None:
        """Accept them again."""
        asyncio.run_coroutine_threadsafe(self.door.reopen(), self._loop).result(timeout=30)

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            cloud = SimCloud(self._loop, seed=self._seed, pace=self._pace, epoch=wall_epoch(self._loop))
            self._build(cloud)
            door = await serve(cloud)
        except Exception as error:
            return self._ready.set_exception(error)
        self._ready.set_result(door)
        await self._stop.wait()
        return await door.close()


def wall_epoch(loop: asyncio.AbstractEventLoop) -> float:
    """Return the real wall clock at the loop's second 0: keystoneauth compares a token's expiry with the real time."""
    return time.time() - loop.time()  # noqa: TID251 - served over HTTP the cloud lives in real time
