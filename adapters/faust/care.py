"""What the careful parts of one processor share: progress, membership, the table and the handler.

It knows the order in which a partition is taken over and given away; who calls it when is the business of
`recovering` (taking over) and `processor` (giving away); `taking` counts in it.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

from faust.types import TP

from kasugai.adapters.faust import exits
from kasugai.adapters.faust.exits import Exit
from kasugai.adapters.faust.lanes import Lanes
from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.port import Handler
from kasugai.adapters.faust.progress import Progress
from kasugai.adapters.faust.settings import ProcessorSettings
from kasugai.adapters.faust.table import RowTable

log = logging.getLogger(__name__)

SETTLE_AT_MOST = 5.0
"""Seconds that a last commit, or an end, waits for records in hand and for rows on their way to the changelog."""


@dataclass(slots=True, kw_only=True)
class Care:
    """One processor's shared state."""

    settings: ProcessorSettings
    membership: Membership
    handler: Handler
    progress: Progress = field(default_factory=Progress)
    lanes: Lanes = field(default_factory=Lanes)
    table: RowTable | None = None
    """Set once the app has made it."""

    def take_over(self, starts: Mapping[TP, int]) -> None:
        """Hand every partition's rows to the handler and begin to count at its first record."""
        rows = self.table.rows() if self.table is not None else {}
        for tp, start in sorted(starts.items()):
            try:
                self.handler.restore(tp.partition, rows.get(tp.partition, []))
            except Exception as error:
                exits.leave(Exit.UNTRUSTED_ROWS, f"partition {tp.partition} cannot be restored: {error!r}")
            self.progress.begin(tp.partition, start)
        log.info("owner of partitions %s, %d rows", list(self.progress.owned), sum(map(len, rows.values())))

    async def settle(self, patience: float) -> None:
        """Wait up to `patience` seconds for what is in hand, and as long for its rows on their way to the changelog."""
        await self.lanes.settle(patience)
        if pending := self.progress.pending():
            await asyncio.wait(pending, timeout=patience)

    async def give_away(self) -> None:
        """Drop what is in hand and tell the handler that no partition is its own any more; those that stay are restored
        again."""
        await self.lanes.drop()
        if self.progress.owned:
            log.info("no longer owner of partitions %s", list(self.progress.owned))
        for partition in self.progress.owned:
            self.handler.revoke(partition)
        self.progress.end()


class _HasCare(Protocol):
    care: Care


def care_of(app: object) -> Care:
    """Return the care of a Faust app that was made by `app.CarefulApp`."""
    return cast("_HasCare", app).care
