"""What has been begun and is not finished, partition by partition: each lane finishes its records in their order.

A lane is a task with a queue in front; a full one makes whoever begins records wait. It knows neither records nor rows.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

DEPTH = 256
"""So many records of one partition may be begun and not finished."""


@dataclass(frozen=True, slots=True)
class Job:
    """One record's rest."""

    finish: Callable[[], Awaitable[None]]
    """Never raises: in doubt it ends the process."""
    drop: Callable[[], None]


@dataclass(slots=True)
class _Lane:
    jobs: asyncio.Queue[Job] = field(default_factory=lambda: asyncio.Queue(DEPTH))
    running: Job | None = None
    task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        while True:
            self.running = await self.jobs.get()
            await self.running.finish()
            self.running = None
            self.jobs.task_done()


class Lanes:
    """The lanes of one process."""

    def __init__(self) -> None:
        """Begin empty."""
        self._lanes: dict[int, _Lane] = {}

    async def put(self, partition: int, job: Job) -> None:
        """Queue a record's rest behind those of the records before it."""
        lane = self._lanes.get(partition)
        if lane is None:
            lane = self._lanes[partition] = _Lane()
            lane.task = asyncio.get_running_loop().create_task(lane.run())
        await lane.jobs.put(job)

    async def settle(self, patience: float) -> None:
        """Return when all is finished that was begun, or after `patience` seconds."""
        waiting = [asyncio.ensure_future(lane.jobs.join()) for lane in self._lanes.values()]
        if waiting:
            _, late = await asyncio.wait(waiting, timeout=patience)
            for task in late:
                task.cancel()

    async def drop(self) -> None:
        """End all lanes; what is not finished never will be by us."""
        lanes, self._lanes = list(self._lanes.values()), {}
        tasks = [lane.task for lane in lanes if lane.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for lane in lanes:
            _drop_all(lane)


def _drop_all(lane: _Lane) -> None:
    if lane.running is not None:
        lane.running.drop()
    while not lane.jobs.empty():
        lane.jobs.get_nowait().drop()
