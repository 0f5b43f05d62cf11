"""The silences' loop: reads Alertmanager, says what is news about a host, and says again what stands every 30 s.

Its memory is the topic: it begins with what was last said of each host, so that an end is seen that came while nobody
looked.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from kasugai.adapters.kafka.records import Sink
from kasugai.adapters.telemetry.meters import count
from kasugai.adapters.telemetry.observer_metrics import OBSERVED_LOOKS
from kasugai.adapters.wall import Wall
from kasugai.core.words.silences import Silence
from kasugai.observers.rounds import Hosts, Trouble, at_intervals, publish
from kasugai.observers.said import REPEAT
from kasugai.observers.seen import NoOpinion
from kasugai.observers.silences import Keeper, Read
from kasugai.schemas.topics import SILENCES

LOG = logging.getLogger(__name__)

NAME = "silences"
"""What it is called in logs and metrics."""


class Alertmanager(Protocol):
    """Who tells the silences."""

    async def silences(self) -> Read:
        """Return what stands there; NoOpinion."""
        ...


@dataclass(slots=True, kw_only=True)
class SilenceRound:
    """Everything about silences that changes."""

    alertmanager: Alertmanager
    keeper: Keeper
    sink: Sink
    hosts: Hosts
    every: float
    wall: Wall = field(default_factory=Wall)
    trouble: Trouble = field(default_factory=lambda: Trouble(NAME))
    _told: dict[str, tuple[Silence, float]] = field(default_factory=dict)
    """By host: what Kafka took last, and when."""
    _near: set[str] = field(default_factory=set)
    """Silences that set nobody aside and were told of."""

    async def run(self) -> None:
        """Look for ever."""
        await at_intervals(self.once, self.every)

    async def once(self) -> None:
        """Look once, and say what follows. While Alertmanager is away, what stands is said on, up to its date."""
        now = asyncio.get_running_loop().time()
        try:
            read = await self.alertmanager.silences()
        except NoOpinion as why:
            self.trouble.note(str(why), now)
            count(OBSERVED_LOOKS, source=NAME, outcome="no-opinion")
            await self._say(self.keeper.standing, now)
            return
        self.trouble.over()
        count(OBSERVED_LOOKS, source=NAME, outcome="seen")
        self._tell_near(read)
        await self._say(self.keeper.judge(read, self.hosts(), self.wall.now()), now)

    async def _say(self, silences: Iterable[Silence], now: float) -> None:
        due = [silence for silence in silences if self._is_due(silence, now)]
        if due:
            await publish(self.sink, SILENCES, due)
            self._told |= {silence.host: (silence, now) for silence in due}

    def _is_due(self, silence: Silence, now: float) -> bool:
        told = self._told.get(silence.host)
        return told is None or told[0] != silence or (silence.until > 0 and now - told[1] >= REPEAT)

    def _tell_near(self, read: Read) -> None:
        for name in set(read.near) - self._near:
            LOG.warning(
                "the silence %s names a host's label and sets nobody aside: its matchers must be exactly the host "
                "(=, no regular expression) and those of [observe] silence_matchers",
                name,
            )
        self._near = set(read.near)


def newest(words: Iterable[object]) -> Mapping[str, Silence]:
    """Return the last word about each host, of the records of one topic in the order of their partitions."""
    return {word.host: word for word in words if isinstance(word, Silence)}
