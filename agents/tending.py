"""Runs watches side by side: one that ends or fails is begun again after a pause, and the others never notice.

It also tells in the log when a watch's trouble comes, changes or goes: one line each time.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from kasugai.agents.ports import Watch

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds before a watch that ended is begun again: doubled each time it ends soon."""
LONG_ENOUGH = 120.0
"""Seconds after which a watch that ends is begun again as if for the first time."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Tended:
    """A watch and what became of it."""

    watch: Watch
    ended: str = ""
    """Why it does not run, while it does not."""
    told: str = field(default="", repr=False)

    @property
    def trouble(self) -> str:
        """Why it sees nothing, in one line; empty while it sees."""
        return self.ended or self.watch.trouble


class Tending:
    """All watches of an agent."""

    def __init__(self, watches: Sequence[Watch]) -> None:
        """Tend these."""
        self.all = tuple(Tended(watch) for watch in watches)

    async def run(self) -> None:
        """Run them until cancelled."""
        async with asyncio.TaskGroup() as group:
            for tended in self.all:
                group.create_task(_tend(tended), name=f"watch {tended.watch.name}")

    def tell(self) -> None:
        """Log what has changed of their troubles."""
        for tended in self.all:
            trouble = tended.trouble
            if trouble == tended.told:
                continue
            if trouble:
                log.warning("%s: %s", tended.watch.name, trouble)
            else:
                log.info("%s sees again", tended.watch.name)
            tended.told = trouble


async def _tend(tended: Tended) -> None:
    loop, pause = asyncio.get_running_loop(), FIRST_PAUSE
    while True:
        began, tended.ended = loop.time(), ""
        try:
            await tended.watch.run()
            tended.ended = "it ended by itself: it is begun again"
        except Exception as error:
            log.exception("%s failed", tended.watch.name)
            tended.ended = f"it failed ({type(error).__name__}: {error}): it is begun again"
        if loop.time() - began > LONG_ENOUGH:
            pause = FIRST_PAUSE
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
