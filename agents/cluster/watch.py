"""Looks at a cluster again and again, and says what stays so.

It knows neither what is looked at nor how words are carried.
"""

import asyncio
import logging
from collections.abc import Callable

from kasugai.agents.cluster.options import Pace
from kasugai.agents.cluster.picture import Look, Picture, blind
from kasugai.agents.cluster.samples import REPEAT, Samples, Word
from kasugai.agents.ports import Voice
from kasugai.core.words.subject import host_subject

log = logging.getLogger(__name__)


class ClusterWatch:
    """A `Watch` over one cluster stack."""

    def __init__(
        self, look: Look, voice: Voice, *, host: str, pace: Pace, clock: Callable[[], float]
    ) -> None:
        """`host` is this host's own name, of which it never speaks; `clock` gives seconds that only grow."""
        self._look, self._voice, self._pace, self._clock = look, voice, pace, clock
        self._samples = Samples(own=host, needed=pace.samples)
        self._told: set[str] = set()
        self._trouble = "has not looked yet"

    @property
    def name(self) -> str:
        """Its name: which stack it watches."""
        return self._look.name

    @property
    def trouble(self) -> str:
        """Why it sees nobody, and what to do; empty while it sees."""
        return self._trouble

    async def run(self) -> None:
        """Watch until cancelled; each look begins when the pause after the last one has ended."""
        while True:
            await self.once()
            await asyncio.sleep(self.pause)

    async def once(self) -> Picture:
        """Look once, say what follows, and return what was seen."""
        picture = await self._seen()
        for word in self._samples.take(picture, self._clock()):
            self._say(word)
        self._tell(picture)
        return picture

    @property
    def pause(self) -> float:
        """Seconds until the next look: fewer while a word is near, and while one has to be repeated."""
        if self._samples.open:
            return self._pace.between
        return min(self._pace.interval, REPEAT) if self._samples.standing else self._pace.interval

    async def _seen(self) -> Picture:
        try:
            return await self._look.look(self._samples.standing or self._samples.open)
        except Exception as error:  # what is wrong with one cluster must not end the agent
            log.exception("a look at a cluster failed", extra={"watch": self.name})
            return blind(
                f"looking at {self.name} failed ({type(error).__name__}), the log says where: report it"
            )

    def _say(self, word: Word) -> None:
        self._voice.say(
            host_subject(word.host), word.symptom, again=word.again, seen=f"{self.name}: {word.seen}"
        )

    def _tell(self, picture: Picture) -> None:
        if picture.trouble != self._trouble:
            self._trouble = picture.trouble
            if picture.trouble:
                log.warning("sees nobody", extra={"watch": self.name, "why": picture.trouble})
            else:
                log.info("sees", extra={"watch": self.name, "members": len(picture.members)})
        for remark in picture.remarks:
            if remark not in self._told:
                self._told.add(remark)
                log.warning("does not watch all", extra={"watch": self.name, "why": remark})
