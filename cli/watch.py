"""Watches one incident to its end: a live view on a terminal, one narrated line per fact where stdout is piped."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from kasugai.adapters.settings import KafkaSettings
from kasugai.cli.clock import now
from kasugai.cli.exits import Exit
from kasugai.cli.finding import find
from kasugai.cli.live import frame
from kasugai.cli.recorded import Step, follow, segment_names
from kasugai.cli.terminal import console, data, is_live, talk
from kasugai.core.telling.incident_views import IncidentView, Seen, fold
from kasugai.core.telling.timeline import Teller
from kasugai.core.words.incident import Phase

REFRESH = 8
"""Frames per second of the live view."""
LAST_READS = 10
"""How often Kafka is read after the incident was closed, for the worker's last word about it."""


@dataclass(slots=True)
class Watched:
    """What has been read so far, and which incident is being watched."""

    wanted: str | None
    seen: list[Seen] = field(default_factory=list)
    chosen: IncidentView | None = None

    def take(self, seen: Sequence[Seen], is_current: bool) -> IncidentView | None:
        """Add records; return the incident as it looks now, if it is known yet."""
        self.seen += seen
        if not is_current:
            return None
        views = [view for view in fold(self.seen) if view.incident is not None]
        if self.chosen is None:
            self.chosen = self._choose(views)
        else:
            self.chosen = next(view for view in views if view.incident == self.chosen.incident)
        return self.chosen

    def _choose(self, views: Sequence[IncidentView]) -> IncidentView | None:
        if self.wanted is not None:
            return find(views, self.wanted)
        return max(
            (view for view in views if not view.phase.is_final), key=lambda view: view.since, default=None
        )


async def watch(kafka: KafkaSettings, wanted: str | None) -> int:
    """Watch until the incident is over, and return the exit code."""
    async with aclosing(follow(kafka)) as steps:
        last = await (_live(kafka, steps, wanted) if is_live() else _piped(steps, wanted))
    return Exit.OK if last.phase is Phase.RECOVERED else Exit.NO


async def _views(steps: AsyncIterator[Step], wanted: str | None) -> AsyncIterator[IncidentView]:
    """Yield the incident as it looks after each read, up to its end."""
    watched, waits, patience = Watched(wanted), False, LAST_READS
    async for step in steps:
        view = watched.take(step.seen, step.is_current)
        if view is None:
            if step.is_current and not waits:
                waits = True
                talk("No open incidents. Waiting for one (Ctrl-C ends it); what was: kasugai incident list")
            continue
        yield view
        patience -= view.until is not None
        if view.is_told or not patience:
            return


async def _piped(steps: AsyncIterator[Step], wanted: str | None) -> IncidentView:
    teller, last = Teller(), None
    async for view in _views(steps, wanted):
        for record in view.records:
            line = teller.tell(record)
            if line is not None:
                data(line.text(view.since))
        last = view
    assert last is not None, "it ends only after a view"
    return last


async def _live(kafka: KafkaSettings, steps: AsyncIterator[Step], wanted: str | None) -> IncidentView:
    from rich.live import Live

    names, last = await segment_names(kafka), None
    with Live(console=console(), auto_refresh=False, transient=False) as live:
        async for view in _views(steps, wanted):
            live.update(frame(view, names, now()), refresh=True)
            last = view
            await asyncio.sleep(1 / REFRESH)
    assert last is not None, "it ends only after a view"
    return last
