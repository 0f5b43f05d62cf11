"""The slow round over all fence devices: each is asked now and then whether it still answers, and that is shown.

It is no witness: it publishes nothing, whatever a device says of its host, and a restart begins anew. Suspected hosts
are left out, for their devices are being read already and some answer one at a time.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack

from kasugai.adapters.power.checking import Asked, Finding, check
from kasugai.adapters.telemetry.meters import Reading, watched
from kasugai.adapters.telemetry.observer_metrics import ANSWERS, CHECKED
from kasugai.adapters.wall import Wall
from kasugai.observers.rounds import at_intervals

LOG = logging.getLogger(__name__)

LANES = 4
"""Hosts whose devices are asked at a time."""


class DeviceChecks:
    """When the devices of each host answered last, and whether they did when they were asked last."""

    def __init__(
        self,
        devices: Mapping[str, Sequence[Asked]],
        suspected: Callable[[], Collection[str]],
        *,
        every: float,
        wall: Wall | None = None,
    ) -> None:
        """Nothing was asked. `every`: seconds between two checks of one host at least."""
        self._devices, self._suspected, self._every = devices, suspected, every
        self._wall = wall or Wall()
        self._answered: dict[str, float] = {}
        """By host: when all of its devices answered last, in seconds since 1970."""
        self._answers: dict[str, bool] = {}
        """By host that was checked: whether all did the last time."""

    async def run(self) -> None:
        """Check for ever, each lane a part of the hosts, evenly over the interval."""
        hosts = sorted(self._devices)
        async with asyncio.TaskGroup() as tasks:
            for lane in filter(None, (hosts[n::LANES] for n in range(LANES))):
                tasks.create_task(self._run(lane))

    async def _run(self, hosts: Sequence[str]) -> None:
        turn = 0

        async def once() -> None:
            nonlocal turn
            await self.check(hosts[turn % len(hosts)])
            turn += 1

        await at_intervals(once, self._every / len(hosts))

    async def check(self, host: str) -> None:
        """Ask all devices of a host, one after the other, unless the host is suspected; note whether all answered."""
        if host in self._suspected():
            return
        async for found in check({host: self._devices[host]}, 1):
            self._note(host, found)

    def _note(self, host: str, found: Sequence[Finding]) -> None:
        silent = [finding for finding in found if not finding.answers]
        if not silent:
            self._answered[host] = self._wall.now() / 1000
        if self._answers.get(host, True) and silent:
            why = "; ".join(f"{finding.device}: {finding.why}" for finding in silent)
            LOG.warning("%s could not be fenced by every device that it has: %s", host, why)
        if not silent and not self._answers.get(host, True):
            LOG.info("all fence devices of %s answer again", host)
        self._answers[host] = not silent

    def shown(self) -> ExitStack:
        """Show it for as long as the block lasts."""
        stack = ExitStack()
        stack.enter_context(watched(CHECKED, self._when))
        stack.enter_context(watched(ANSWERS, self._whether))
        return stack

    def _when(self) -> list[Reading]:
        return [(at, {"hostname": host}) for host, at in list(self._answered.items())]

    def _whether(self) -> list[Reading]:
        return [(float(does), {"hostname": host}) for host, does in list(self._answers.items())]
