"""From pictures to words: who has been seen in the same standing often enough, in a row, to be spoken of.

Pure: time is a value. The first picture counts as every other one; mixed samples and pictures of nobody say nothing.
"""

from dataclasses import dataclass
from typing import assert_never

from kasugai.agents.cluster.picture import Member, Picture, Standing
from kasugai.core.words.signals import Symptom

REPEAT = 30.0
"""Seconds between two words about a standing condition: evidence that is not repeated expires after 90 s."""
SLACK = 1.0
"""So many seconds early is in time: looks are not made to the millisecond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What is to be said of a host."""

    host: str
    symptom: Symptom
    again: bool = False
    """Whether it repeats the last one."""
    seen: str = ""


@dataclass(slots=True)
class _Run:
    """How a host was seen lately."""

    standing: Standing | None = None
    """None: not at all, it is no member or nothing could be seen."""
    times: int = 0
    """In a row."""
    said: float | None = None
    """When it was last said to be down; None: that word does not stand."""


class Samples:
    """What has been seen of each host so far."""

    def __init__(self, *, own: str, needed: int) -> None:
        """`own` is never spoken of; `needed` samples in a row make a word."""
        self._own = own
        self._needed = max(1, needed)
        self._runs: dict[str, _Run] = {}

    @property
    def standing(self) -> bool:
        """Whether a host is said to be down."""
        return any(run.said is not None for run in self._runs.values())

    @property
    def open(self) -> bool:
        """Whether a word is near: a further sample in a row would say something new."""
        return any(self._is_near(run) for run in self._runs.values())

    def take(self, picture: Picture, now: float) -> list[Word]:
        """Return what is to be said after this picture; `now` in seconds that only grow."""
        if picture.trouble:
            for run in self._runs.values():
                run.standing, run.times = None, 0
            return []
        seen = {member.name: member for member in picture.members if member.name != self._own}
        said = [word for member in seen.values() if (word := self._see(member, now))]
        return said + [word for name in self._missing(seen) if (word := self._miss(name))]

    def _see(self, member: Member, now: float) -> Word | None:
        run = self._runs.setdefault(member.name, _Run())
        run.times = run.times + 1 if run.standing is member.standing else 1
        run.standing = member.standing
        if run.times < self._needed:
            return None
        match member.standing:
            case Standing.DOWN:
                return self._down(run, member, now)
            case Standing.UP if run.said is not None:
                run.said = None
                return Word(host=member.name, symptom=Symptom.CLEAR, seen=member.why)
            case Standing.UP | Standing.UNTOLD:
                return None
            case _:
                assert_never(member.standing)

    def _down(self, run: _Run, member: Member, now: float) -> Word | None:
        again = run.said is not None
        if run.said is not None and now - run.said < REPEAT - SLACK:
            return None
        run.said = now
        return Word(host=member.name, symptom=Symptom.DOWN, again=again, seen=member.why)

    def _missing(self, seen: dict[str, Member]) -> list[str]:
        return [name for name in self._runs if name not in seen]

    def _miss(self, name: str) -> Word | None:
        """A host that is no member any more is nobody of whom this cluster can speak: a word about it is taken back."""
        run = self._runs[name]
        run.times = run.times + 1 if run.standing is None else 1
        run.standing = None
        if run.times < self._needed:
            return None
        del self._runs[name]
        if run.said is None:
            return None
        return Word(host=name, symptom=Symptom.CLEAR, seen="no member of the cluster any more")

    def _is_near(self, run: _Run) -> bool:
        if run.times >= self._needed:
            return False
        news = Standing.UP if run.said is not None else Standing.DOWN
        return run.standing is news
