"""A segment that is switched off on purpose: nothing is done there until it is ready again (`readiness`).

What is said of its hosts meanwhile is kept, and what is said of guests and processes is over with the stop.
"""

from collections.abc import Iterable
from dataclasses import replace

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.gates import SEGMENT, Bars, Gate, Wait
from kasugai.core.deciding.rows import Condition, Moment, SegmentRow, Span, SubjectRow, Word
from kasugai.core.words.signals import Fault
from kasugai.core.words.verdicts import Reason


def _announced(asked: Asked) -> Reason | None:
    stands = asked.segment is not None and asked.segment.stop is not None
    return Reason.PLANNED_STOP if stands else None


def _told(asked: Asked, _: Reason) -> str:
    stop = asked.segment.stop if asked.segment is not None else None
    return f"{stop.author}: {stop.reason}" if stop is not None else ""


ANNOUNCED = Gate(
    reasons=frozenset({Reason.PLANNED_STOP}),
    why=_announced,
    wait=lambda _: Wait(on=frozenset({SEGMENT})),
    bars=Bars.EVERYTHING,
    counts=False,
    undoing=True,
    detail=_told,
)
"""Nobody has said that the segment is being switched off."""


def begun(row: SegmentRow, word: Word) -> SegmentRow:
    """Return the segment's row in a planned stop."""
    return replace(row, stop=word, stop_ends=False)


def ending(row: SegmentRow, now: Moment, *, at_once: bool) -> SegmentRow:
    """Return the segment's row after a person has said that its stop ends: as soon as all are ready, or at once."""
    if row.stop is None or at_once:
        return over(row, now)
    return replace(row, stop_ends=True)


def over(row: SegmentRow, now: Moment) -> SegmentRow:
    """Return the segment's row after its planned stop."""
    if row.stop is None:
        return row
    return replace(row, stop=None, stop_ends=False, stopped=Span(begin=row.stop.at.at, end=now.at))


def follow(row: SubjectRow, segment: SegmentRow | None, fault: Fault, now: Moment) -> SubjectRow:
    """Return a host's row after a word about it: that it has gone while a stop lasted is remembered."""
    is_gone = fault.symptom.blames
    lasts = segment is not None and segment.stop is not None
    return replace(row, gone=now) if lasts and is_gone and row.subject.is_host else row


def answered(asked: Asked) -> tuple[Condition, ...]:
    """Return what stands against a guest or a process but what was said while the last stop lasted: it was meant. What
    is repeated stays, explained, until it ends."""
    span = asked.segment.stopped if asked.segment is not None else None
    conditions = asked.row.conditions
    if span is None:
        return conditions
    return tuple(_each(conditions, span))


def _each(conditions: Iterable[Condition], span: Span) -> Iterable[Condition]:
    for condition in conditions:
        if condition.explained or not span.begin <= condition.said <= span.end:
            yield condition
        elif condition.source.repeats:
            yield replace(condition, explained=True)
