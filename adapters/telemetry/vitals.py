"""Whether a process is alive (its loop turns) and ready (connected, assigned, caught up), for /healthz and /readyz.

It believes a beat that is young enough, and whatever the process's parts say of themselves. It ends nothing: that is
the business of watchdogs and supervisors.
"""

import asyncio
import time
from collections.abc import Callable

from kasugai.adapters.telemetry.lags import Lags

PATIENCE = 10.0
"""Seconds without a beat after which a process does not count as alive."""
BEHIND = 10.0
"""Seconds of age of the oldest unprocessed record from which on a process does not count as caught up."""
EVERY = 1.0

Check = Callable[[], str]
"""Says why a part is not ready; empty when it is."""


class Vitals:
    """One process's signs of life."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """A new process is alive until its first beat, however long it waits for Kafka before that, and not ready
        before somebody says what to wait for."""
        self._clock = clock
        self._beaten: float | None = None
        self._checks: list[Check] = []
        self._watches: list[Check] = []
        self.lags = Lags()
        self.is_served = False
        """Whether anybody can ask; what costs something to find out is not found out otherwise."""

    def beat(self) -> None:
        """Say that the loop has turned."""
        self._beaten = self._clock()

    def expect(self, *checks: Check) -> None:
        """Be ready only when these have nothing to say."""
        self._checks += checks

    def watch(self, *checks: Check) -> None:
        """Be ready only when these have nothing to say either; they alone make nothing ready."""
        self._watches += checks

    async def keep_beating(self, sample: Callable[[], None] | None = None) -> None:
        """Beat from the running loop, for ever; `sample` brings the lags up to date."""
        while True:
            self.beat()
            if sample is not None:
                sample()
            await asyncio.sleep(EVERY)

    @property
    def age(self) -> float:
        """Seconds since the last beat; 0 before the first."""
        return 0.0 if self._beaten is None else self._clock() - self._beaten

    def unhealthy(self) -> list[str]:
        """Return why it does not count as alive; empty when it does."""
        return [f"the loop has not turned for {self.age:.0f} s"] if self.age > PATIENCE else []

    def unready(self) -> list[str]:
        """Return what it waits for; empty when it is ready."""
        waiting = [why for check in (*self._checks, *self._watches) if (why := check())]
        if not self._checks:
            return waiting or ["starting"]
        return self.unhealthy() + (waiting or self._behind())

    def _behind(self) -> list[str]:
        late = max(self.lags.read(), key=lambda lag: lag.age, default=None)
        if late is None or late.age <= BEHIND:
            return []
        return [
            f"{late.records} records behind in {late.topic}/{late.partition}, the oldest {late.age:.0f} s old"
        ]
