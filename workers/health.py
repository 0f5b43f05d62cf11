"""How a worker stands, as an operator asks: its loop turns, what waits for a lane and since when, which lanes work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from kasugai.adapters.telemetry.meters import Reading, watched
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.adapters.telemetry.worker_metrics import LANES
from kasugai.core.words.subject import Kind
from kasugai.schemas.topics import INCIDENTS
from kasugai.workers.pool import Pool

Question = Callable[[], Awaitable[str]]
"""Returns why something does not serve; empty when it does."""


class Upkeep:
    """Why a worker could not do its work now, by what is in the way: readiness tells it."""

    def __init__(self, vitals: Vitals) -> None:
        """Nothing is in the way."""
        self._said: dict[str, str] = {}
        vitals.watch(lambda: self.why)

    @property
    def why(self) -> str:
        """All that is in the way; empty for nothing."""
        return "; ".join(filter(None, self._said.values()))

    def say(self, what: str, why: str) -> None:
        """Say what is in the way, or that it is not any more (empty)."""
        self._said[what] = why

    async def keep_asking(self, what: str, question: Question, every: float, again: float) -> None:
        """Ask every so many seconds, for ever; `again` after so many while something is in the way."""
        while True:
            await asyncio.sleep(again if self._said.get(what) else every)
            self.say(what, await question())


class PoolHealth:
    """What `vitals` is told about a worker's pools, as soon as there are any."""

    def __init__(self, vitals: Vitals) -> None:
        """Without a pool nothing waits."""
        self._vitals = vitals
        self.pools: dict[Kind, Pool] = {}

    def sample(self) -> None:
        """Tell what waits now."""
        waiting = {
            (INCIDENTS[kind], number): at
            for kind, pool in self.pools.items()
            for number, at in pool.waiting().items()
        }
        self._vitals.lags.waiting(waiting)

    def lanes(self) -> list[Reading]:
        """Return the lanes as the metric shows them."""
        return [
            (number, {"kind": kind, "state": state})
            for kind, pool in list(self.pools.items())
            for state, number in pool.lanes().items()
        ]


@asynccontextmanager
async def reporting(vitals: Vitals) -> AsyncIterator[PoolHealth]:
    """Tell `vitals` how the worker stands for the length of the block."""
    told = PoolHealth(vitals)
    beating = asyncio.create_task(vitals.keep_beating(told.sample))
    try:
        with watched(LANES, told.lanes):
            yield told
    finally:
        beating.cancel()
