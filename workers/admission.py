"""Which of a worker's kinds may begin: one waits for as long as the user of [nova] lacks a right that it needs.

What is lacking for one kind holds no other: it is said in the log once a minute, and in readiness.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection

from kasugai.adapters.nova import NovaCloud, Right, Standing, missing
from kasugai.core.recovering.doors import CloudAway
from kasugai.core.words.subject import Kind
from kasugai.workers.health import Upkeep
from kasugai.workers.outages import Outages

AGAIN = 10.0
"""Seconds between two questions about the rights in Nova while some are missing."""

LOG = logging.getLogger(__name__)


class Admission:
    """Asks for the rights of all kinds at once."""

    def __init__(self, cloud: NovaCloud, kinds: Collection[Kind], outages: Outages, upkeep: Upkeep) -> None:
        """Nobody may begin yet."""
        self._cloud = cloud
        self._waiting = list(kinds)
        self._admitted: set[Kind] = set()
        self._outages = outages
        self._upkeep = upkeep

    async def kinds(self) -> AsyncIterator[Kind]:
        """Yield each kind as soon as it may begin."""
        has_told = False
        while self._waiting:
            found = await self._ask()
            if found is not None and not has_told:
                has_told = True
                _tell(found)
            for kind in list(self._waiting) if found is not None else ():
                if self._may_begin(kind, found or ()):
                    self._waiting.remove(kind)
                    self._admitted.add(kind)
                    yield kind
            if self._waiting:
                await asyncio.sleep(AGAIN)

    async def lacking(self) -> str:
        """Return what those who have begun lack by now; empty for nothing, and while Nova is away: work under way says
        so itself, and an idle worker need not be taken out for it."""
        try:
            return _lines(missing(await self._cloud.rights(), frozenset(self._admitted)))
        except CloudAway:
            return ""

    async def _ask(self) -> tuple[Right, ...] | None:
        try:
            found = await self._cloud.rights()
        except CloudAway as away:
            self._outages.tell("nova", str(away))
            return None
        self._outages.over("nova")
        return found

    def _may_begin(self, kind: Kind, found: tuple[Right, ...]) -> bool:
        """Whether nothing is missing for that kind, and say what is."""
        lines, whose = _lines(missing(found, frozenset({kind}))), f"nova, for the kind {kind},"
        self._upkeep.say(whose, f"{kind}: {lines}" if lines else "")
        if not lines:
            self._outages.over(whose)
            return True
        how = f"refuses what a recovery needs, no {kind} is taken until it is allowed"
        self._outages.tell(whose, lines, how)
        return False


def _tell(found: tuple[Right, ...]) -> None:
    """Tell what is missing for some recoveries only."""
    for right in found:
        if right.standing is Standing.MISSING and not right.is_needed:
            LOG.warning("Nova refuses what some recoveries need: %s", right.line)


def _lines(lacking: tuple[Right, ...]) -> str:
    return "; ".join(right.line for right in lacking)
