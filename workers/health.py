"""How a worker stands, as an operator asks: its loop turns, what waits for a lane and since when, which lanes work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from kasugai.adapters.telemetry.catalogue import LANES
from kasugai.adapters.telemetry.meters import Reading, watched
from kasugai.adapters.telemetry.vitals import Vitals
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

    async def keep_asking(self, what: str, question: Question, every: float) -> None:
        """Ask every so many seconds, for ever."""
        while True:
            await asyncio.sleep(every)
            self.say(what, await question())


class PoolHealth:
    """What `vitals` is told about a pool, once there is one."""

    def __init__(self, vitals: Vitals, topic: str) -> None:
        """Without a pool nothing waits."""
        self._vitals = vitals
        self._topic = topic
        self.pool: Pool | None = None

    def sample(self) -> None:
        """Tell what waits now."""
        if self.pool is not None:
            waiting = self.pool.waiting()
            self._vitals.lags.waiting({(self._topic, number): at for number, at in waiting.items()})

    def lanes(self) -> list[Reading]:
        """Return the lanes as the metric shows them."""
        return [
            (number, {"state": state}) for state, number in (self.pool.lanes() if self.pool else {}).items()
        ]


@asynccontextmanager
async def reporting(vitals: Vitals, topic: str) -> AsyncIterator[PoolHealth]:
    """Tell `vitals` how the worker stands for the length of the block."""
    told = PoolHealth(vitals, topic)
    beating = asyncio.create_task(vitals.keep_beating(told.sample))
    try:
        with watched(LANES, told.lanes):
            yield told
    finally:
        beating.cancel()
