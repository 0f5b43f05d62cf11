"""Small background tasks on behalf of a partition. One that fails stays, so that its failure is found."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from kasugai.workers.ending import end


class Background:
    """Tasks by partition."""

    def __init__(self) -> None:
        """Nothing is to be done."""
        self._tasks: dict[asyncio.Task[None], int] = {}

    def start(self, partition: int, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` beside."""
        task = asyncio.create_task(work)
        self._tasks[task] = partition
        task.add_done_callback(self._forget)

    async def drop(self, partitions: set[int]) -> None:
        """Cancel what belongs to these partitions: their next owner does it anew."""
        await end([task for task, partition in self._tasks.items() if partition in partitions])

    def failed(self) -> BaseException | None:
        """Return what ended a task that should not have ended so."""
        errors = (task.exception() for task in self._tasks if task.done() and not task.cancelled())
        return next((error for error in errors if error is not None), None)

    def _forget(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or task.exception() is None:
            self._tasks.pop(task, None)
