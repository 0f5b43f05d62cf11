"""Whether this host is about to go, so that an orderly end is said and nobody takes it for death.

What counts is systemd's own list of jobs: a machine that goes down has one for reboot.target, poweroff.target or
halt.target, whoever asked for it and however, from the moment on at which the first unit is stopped. logind's
PrepareForShutdown comes a little earlier, where logind was asked, and does not say what follows; then
ScheduledShutdown says it, or nothing does and `shutdown` is said until the jobs are there. Nothing else is believed:
/run/systemd/shutdown/scheduled speaks of a plan that may be cancelled, and the runlevel is written too late.
"""

import asyncio
from collections.abc import Callable

from kasugai.adapters.systemd.bus import SYSTEM, Bus, BusAway, Refused, opened
from kasugai.adapters.systemd.units import Units, going, on_going, on_prepare, preparing, scheduled
from kasugai.core.words.heartbeats import Leave

AGAIN = 5.0
"""Seconds before a bus that was away is looked for again."""
SLOWEST = 60.0
"""Seconds after which levels are read without a signal."""
LAST_QUESTION = 2.0
"""Seconds that the question at the agent's own end may take."""


class Leaving:
    """A `Watch` that tells nobody anything: the next beat asks it."""

    name = "shutdown"

    def __init__(self, changed: Callable[[], None], address: str = SYSTEM) -> None:
        """Call `changed` when what is to be said changes; `address` is the bus."""
        self._changed = changed
        self._address = address
        self._look = asyncio.Event()
        self.now = Leave.STAYS
        self.trouble = ""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                async with opened(self._address) as bus:
                    await self._follow(bus)
                self.trouble = "the system bus has ended the connection: it is looked for again"
            except (BusAway, Refused) as error:
                self.trouble = f"an orderly shutdown cannot be said: {error}"
            await asyncio.sleep(AGAIN)

    async def asked(self) -> Leave:
        """Return whether the machine goes, at the moment at which the agent itself is told to end."""
        try:
            async with asyncio.timeout(LAST_QUESTION), opened(self._address) as bus:
                self._take(await _leave(bus))
        except (BusAway, Refused, TimeoutError):
            pass  # what was known before counts
        return self.now

    async def _follow(self, bus: Bus) -> None:
        await Units(bus).subscribe()
        await on_going(bus, self._look.set)
        await on_prepare(bus, self._look.set)
        self.trouble = ""
        ended = asyncio.create_task(bus.ended())
        try:
            while not ended.done():
                self._look.clear()
                self._take(await _leave(bus))
                looked = asyncio.create_task(self._look.wait())
                await asyncio.wait({looked, ended}, timeout=SLOWEST, return_when=asyncio.FIRST_COMPLETED)
                looked.cancel()
        finally:
            ended.cancel()

    def _take(self, leave: Leave) -> None:
        if leave is not self.now:
            self.now = leave
            self._changed()


async def _leave(bus: Bus) -> Leave:
    if by_jobs := await going(bus):
        return Leave(by_jobs)
    try:
        if not await preparing(bus):
            return Leave.STAYS
        return Leave.REBOOT if await scheduled(bus) in ("reboot", "kexec", "soft-reboot") else Leave.SHUTDOWN
    except Refused:
        return Leave.STAYS  # a machine without logind: the jobs say it all
