"""How many effects on guests of one host may be in progress: opens as congestion control does, and closes when it must.

A large cloud opens the window within seconds, a small one is not drowned (architecture.md 5, Pace). It hears when a
guest has landed and how long that took; it knows no step and calls nobody.
"""

from dataclasses import dataclass, replace

from kasugai.core.timing import Instant, Millis

START = 8
"""In progress at first: lands fastest on a small Nova (nova.md: measured)."""
LEAST = 2
"""It never closes further."""
TOLERANCE = 1.3
"""How much longer than the best round seen a round may take before the window counts as too wide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The window of one owner; a new owner starts anew, for what was true of Nova may be no more."""

    most: int = 50
    """The window never opens further (a segment's policy)."""
    slack: Millis = 0
    """How exactly a landing is seen: the pause between two looks."""
    window: int = START
    """How many may be in progress now."""
    too_wide: int = 0
    """The last window that Nova was too slow for; 0 for none yet. Up to it the window doubles, then it grows by one."""
    best: Millis | None = None
    """The shortest median time to land of any round."""
    round: tuple[Millis, ...] = ()
    """Times to land since the window last changed: with as many as the window is wide, a round is over."""
    since: Instant = 0
    """Since when the window is no wider than now: what began before landed under a wider one and tells nothing."""
    landed: int = 0
    """How many guests have landed under this owner."""


def open_pace(most: int, slack: Millis) -> Pace:
    """Return the pace of a new owner."""
    return Pace(most=most, slack=slack, window=min(START, most))


def land(pace: Pace, begun: Instant, at: Instant) -> Pace:
    """Return the pace after a guest whose evacuation was `begun` was seen to have landed `at`."""
    pace = replace(pace, landed=pace.landed + 1)
    if begun < pace.since:
        return pace
    pace = replace(pace, round=(*pace.round, at - begun))
    return pace if len(pace.round) < pace.window else _end_round(pace, at)


def _end_round(pace: Pace, at: Instant) -> Pace:
    took = sorted(pace.round)[len(pace.round) // 2]
    best = took if pace.best is None else min(pace.best, took)
    judged = replace(pace, best=best, round=())
    return _open(judged) if took <= TOLERANCE * best + pace.slack else _close(judged, at)


def _open(pace: Pace) -> Pace:
    """Double, or beyond what was too wide before feel the way."""
    wider = 2 * pace.window
    if pace.too_wide and wider >= pace.too_wide:
        wider = pace.window + 1
    return replace(pace, window=min(wider, pace.most))


def _close(pace: Pace, at: Instant) -> Pace:
    return replace(pace, window=max(min(LEAST, pace.most), pace.window // 2), too_wide=pace.window, since=at)
