"""How many effects on guests of one host may be in progress: opens as congestion control does, and closes when it must.

A large cloud opens the window within a second, a small one is not drowned (architecture.md 5, Pace; ADR 10). At first
it goes by how fast Nova answers, which is known long before anything has landed; then by how long guests take to land.
It knows no step and calls nobody.
"""

from dataclasses import dataclass, replace
from statistics import median_high

from kasugai.core.recovering.answers import Answer, slow_down
from kasugai.core.words.timing import Millis, MonoTime

START = 8
"""In progress at first: lands fastest on a small Nova (nova.md: measured)."""
PROBE = 25
"""Sixteen answers may still deceive, twenty-five do not: the window stops here before it doubles again."""
LEAST = 2
"""It never closes further."""
TOLERANCE = 1.3
"""How much longer than the best round seen a round may take before the window counts as too wide."""
SLACK: Millis = Millis(1_000)
"""How exactly the time to land is known: Nova's records count whole seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The window of one owner; a new owner starts anew, for what was true of Nova may be no more."""

    most: int = 50
    """The window never opens further (a segment's policy)."""
    window: int = START
    """How many may be in progress now."""
    answers: tuple[Answer, ...] | None = ()
    """Of this owner's calls so far; None: answers open it no more, landings judge."""
    too_wide: int = 0
    """The last window that Nova was too slow for; 0 for none yet. Up to it the window doubles, then it grows by one."""
    best: Millis | None = None
    """The shortest median time to land of any round."""
    took: Millis | None = None
    """How long guests take to land at present; None: nothing has landed yet."""
    round: tuple[Millis, ...] = ()
    """Times to land since the window last changed: with as many as the window is wide, a round is over."""
    since: MonoTime = MonoTime(0)
    """Since when the window is no wider than now: what began before landed under a wider one and tells nothing."""
    landed: int = 0
    """How many guests have landed under this owner."""


def open_pace(most: int) -> Pace:
    """Return the pace of a new owner."""
    return Pace(most=most, window=min(START, most))


def answer(pace: Pace, place: int, took: Millis, at: MonoTime) -> Pace:
    """Return the pace after Nova has accepted, `at`, this owner's call number `place` (from 1) within `took`, the way
    there and back not counted.

    Once as many are answered as the window is wide, it opens (8, 16, 25, 50); unless they were answered the more slowly
    the more of them there were: then it is halved, and from then on landings judge. The first eight answers have
    nothing to be compared with."""
    if pace.answers is None:
        return pace
    answers = (*pace.answers, (place, took))
    if len(answers) < pace.window:
        return replace(pace, answers=answers)
    if pace.window > START and slow_down(answers):
        return replace(pace, window=pace.window // 2, since=at, round=(), answers=None)
    if pace.window == pace.most:
        return replace(pace, answers=None)
    wider = PROBE if pace.window == 2 * START else 2 * pace.window
    return replace(pace, window=min(wider, pace.most), answers=answers, round=())


def land(pace: Pace, begun: MonoTime, lasted: Millis, at: MonoTime) -> Pace:
    """Return the pace after a guest whose evacuation was `begun`, and `lasted` by Nova's own record, was seen to have
    landed `at`."""
    pace = replace(pace, landed=pace.landed + 1, took=lasted)
    if begun < pace.since:
        return pace
    times = (*pace.round, lasted)
    pace = replace(pace, round=times, took=median_high(times))
    return pace if len(times) < pace.window else _end_round(pace, at)


def _end_round(pace: Pace, at: MonoTime) -> Pace:
    took = median_high(pace.round)
    best = took if pace.best is None else min(pace.best, took)
    judged = replace(pace, best=best, round=(), answers=None)
    return _open(judged) if took <= TOLERANCE * best + SLACK else _close(judged, at)


def _open(pace: Pace) -> Pace:
    """Double, or beyond what was too wide before feel the way."""
    wider = 2 * pace.window
    if pace.too_wide and wider >= pace.too_wide:
        wider = pace.window + 1
    return replace(pace, window=min(wider, pace.most))


def _close(pace: Pace, at: MonoTime) -> Pace:
    return replace(pace, window=max(min(LEAST, pace.most), pace.window // 2), too_wide=pace.window, since=at)
