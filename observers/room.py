"""How many hosts of each segment may be lost, read from Nova and Placement now and then, and shown as a gauge.

It is no witness: it publishes nothing and nothing is decided upon it. A read that fails leaves the last numbers, whose
age is shown beside them.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from kasugai.adapters.inventory import Inventory
from kasugai.adapters.nova.survey import NovaSurvey
from kasugai.adapters.nova.surveying import survey
from kasugai.adapters.telemetry.meters import Reading, watched
from kasugai.adapters.telemetry.room_metrics import ROOM_AGE, SURVIVABLE, UNCOVERED
from kasugai.core.recovering.described import Described
from kasugai.core.recovering.doors import CloudAway, CloudRefused
from kasugai.core.telling.survivable import Promises, Survivable
from kasugai.core.words.capacity import Snapshot
from kasugai.core.words.timing import Timing
from kasugai.observers.rounds import Trouble, at_intervals

LOG = logging.getLogger(__name__)


class Room:
    """The newest numbers, and how they come."""

    def __init__(
        self,
        cloud: NovaSurvey,
        inventory: Callable[[], Inventory],
        timing: Timing,
        *,
        every: float,
        now: Callable[[], float],
    ) -> None:
        """Nothing was read. `every`: seconds between the beginnings of two reads; `now`: a monotonic clock."""
        self._cloud, self._inventory, self._timing, self._every = cloud, inventory, timing, every
        self._now = now
        self.promises: Sequence[Survivable] = ()
        self._read_at: float | None = None
        self.trouble = Trouble("room")

    async def run(self) -> None:
        """Read for ever."""
        await at_intervals(self.once, self._every)

    async def once(self) -> None:
        """Read once; what is computed from it is computed beside the loop, for others look at hosts meanwhile."""
        now = self._now()
        try:
            snapshot = await survey(self._cloud, described(self._inventory()), self._timing)
        except (CloudAway, CloudRefused) as why:
            self.trouble.note(f"how many hosts may be lost is not read: {why}", now)
            return
        self.promises = await asyncio.to_thread(promises, snapshot)
        self._read_at = now
        self.trouble.over()
        LOG.info("room of %d segments read in %.1f s", len(self.promises), self._now() - now)

    def shown(self) -> ExitStack:
        """Show the numbers for as long as the block lasts."""
        stack = ExitStack()
        stack.enter_context(watched(SURVIVABLE, self._survivable))
        stack.enter_context(watched(UNCOVERED, self._uncovered))
        stack.enter_context(watched(ROOM_AGE, self._age))
        return stack

    def _survivable(self) -> list[Reading]:
        return [(each.lost, {"segment": each.segment}) for each in self.promises if each.lost is not None]

    def _uncovered(self) -> list[Reading]:
        return [(each.uncovered, {"segment": each.segment}) for each in self.promises]

    def _age(self) -> list[Reading]:
        return [] if self._read_at is None else [(self._now() - self._read_at, {})]


def described(inventory: Inventory) -> Described:
    """Return the descriptions; devices and the log say nothing about room."""
    return Described(
        segments={segment.segment_id: segment for segment in inventory.segments()},
        hosts={host.name: host for host in inventory.hosts()},
        devices={},
    )


def promises(snapshot: Snapshot) -> tuple[Survivable, ...]:
    """Return what is promised of each segment that has hosts."""
    return tuple(map(Promises(snapshot).of, (each for each in snapshot.segments.values() if each.hosts)))
