"""The loops: look, say what is news, say again what stands, tell once a minute that nothing can be seen.

A word that Kafka does not take is tried until it does; a round is never skipped for it, it is late. What the world
does to a look is trouble that passes; whatever else it raises ends the process.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field

from kasugai.adapters.kafka.records import Sink, outgoing
from kasugai.adapters.telemetry.meters import count
from kasugai.adapters.telemetry.observer_metrics import OBSERVED_LOOKS
from kasugai.adapters.wall import Wall
from kasugai.core.recovering.doors import LogAway
from kasugai.observers.said import Said
from kasugai.observers.seen import NoOpinion, Watch
from kasugai.schemas.keys import Keyed

LOG = logging.getLogger(__name__)

SAY_EVERY = 60.0
"""Seconds between two lines in the log about one trouble."""
PAUSE = 1.0
"""Seconds before Kafka is tried again."""

Hosts = Callable[[], Collection[str]]
"""Says which hosts the inventory has now."""


@dataclass(slots=True)
class Trouble:
    """Why somebody sees nothing, told once and then once a minute."""

    whose: str
    text: str = ""
    """Empty while it sees."""
    _told: float = field(default=float("-inf"))

    def note(self, why: str, now: float) -> None:
        """Nothing could be seen."""
        self.text = why
        if now - self._told >= SAY_EVERY:
            self._told = now
            LOG.warning("%s has no opinion: %s", self.whose, why)

    def over(self) -> None:
        """Something was seen."""
        if self.text:
            LOG.info("%s sees again", self.whose)
        self.text, self._told = "", float("-inf")


@dataclass(slots=True, kw_only=True)
class Round:
    """One watch with its words and where they go."""

    watch: Watch
    topic: str
    sink: Sink
    hosts: Hosts
    every: float
    """Seconds between the beginnings of two looks."""
    wall: Wall = field(default_factory=Wall)
    trouble: Trouble = field(init=False)
    said: Said = field(init=False)

    def __post_init__(self) -> None:
        """Nothing was seen or said."""
        self.trouble = Trouble(self.watch.name)
        self.said = Said(self.watch.name, self.watch.source)

    async def run(self) -> None:
        """Look for ever."""
        await at_intervals(self.once, self.every)

    async def once(self) -> None:
        """Look once, and say what follows."""
        now = asyncio.get_running_loop().time()
        try:
            seen = await self.watch.look(self.hosts(), now)
        except NoOpinion as why:
            self.trouble.note(str(why), now)
            count(OBSERVED_LOOKS, source=self.watch.source, outcome="no-opinion")
            return
        self.trouble.over()
        count(OBSERVED_LOOKS, source=self.watch.source, outcome="seen")
        words = self.said.due(seen, now, self.wall.now())
        if words:
            await publish(self.sink, self.topic, [fault for _, fault in words])
            self.said.took(words, now)


async def publish(sink: Sink, topic: str, words: Sequence[Keyed]) -> None:
    """Have Kafka take all, however long that lasts: each is the same word when it comes twice."""
    records = [outgoing(topic, word) for word in words]
    said = float("-inf")
    while True:
        try:
            await sink.publish_all(records)
            return
        except LogAway as error:
            now = asyncio.get_running_loop().time()
            if now - said >= SAY_EVERY:
                said = now
                LOG.warning("Kafka does not take what was seen, trying on: %s", error)
            await asyncio.sleep(PAUSE)


async def at_intervals(once: Callable[[], Awaitable[None]], every: float) -> None:
    """Do something for ever, `every` seconds from beginning to beginning; what takes longer delays the next."""
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        await once()
        await asyncio.sleep(max(0.0, began + every - loop.time()))
