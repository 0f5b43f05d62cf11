"""An event loop in a thread of its own, for callers that block: the REST API's threads ask, coroutines answer."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import Future
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


class Background:
    """The loop, from its making until it is closed."""

    def __init__(self, name: str) -> None:
        """Start it."""
        self.loop = asyncio.new_event_loop()
        self._thread = Thread(target=self.loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def begin(self, work: Coroutine[Any, Any, T]) -> "Future[T]":
        """Run a coroutine there without waiting for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    def ask(self, work: Coroutine[Any, Any, T], patience: float) -> T:
        """Run a coroutine there and return what it returns; TimeoutError after `patience` seconds."""
        return self.begin(asyncio.wait_for(work, patience)).result()

    def close(self) -> None:
        """End it; what still runs there is cancelled."""
        asyncio.run_coroutine_threadsafe(self._cancel(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()

    async def _cancel(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
