"""When a planned stop is over: by readiness and not by time.

By itself once every host has gone and is back; after a person has said that it ends, as soon as nothing stands against
any host. A sign of life is asked for in either case: that nobody speaks proves nothing while observers may be off too.
"""

from dataclasses import replace

from kasugai.core.deciding import evidence
from kasugai.core.deciding.gates import SEGMENT
from kasugai.core.deciding.plannedstop import over
from kasugai.core.deciding.rows import SegmentRow, SubjectRow, Word
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.telling import plain_word
from kasugai.core.deciding.view import Change, Decision, SegmentView
from kasugai.core.words.subject import host_subject, segment_subject
from kasugai.core.words.verdicts import Reason, Verb, Verdict


def is_over(view: SegmentView) -> bool:
    """Whether the segment's stop is over by this tick: all hosts that are described and not in maintenance are ready.
    One that was out of service before is not waited for."""
    segment = view.described
    stop = segment.stop if segment is not None else None
    if segment is None or stop is None:
        return False
    named = [
        name for name, row in view.hosts.items() if not row.record.deleted and not row.record.on_maintenance
    ]
    rows = [view.subjects.get(host_subject(name).name) for name in named]
    awaited = [row for row in rows if row is None or row.returned is not None or not row.is_out]
    if segment.stop_ends:
        return all(row is None or _is_ready(row) for row in awaited)
    return bool(awaited) and all(row is not None and _is_back(row, stop) for row in awaited)


def _is_ready(row: SubjectRow) -> bool:
    """Whether nothing is said against the host, and it has shown life since it was last said to have gone."""
    if evidence.standing(row.conditions):
        return False
    return row.gone is None or (row.alive is not None and row.alive.steady >= row.gone.steady)


def _is_back(row: SubjectRow, stop: Word) -> bool:
    return row.gone is not None and row.gone.steady >= stop.at.steady and _is_ready(row)


def pass_tick(view: SegmentView, times: Times, offset: int) -> tuple[SegmentView, Decision, frozenset[str]]:
    """Return the view after a tick, which may end the segment's stop: with the row to be written, and what that
    changes for others. Who waits is asked again also where this very record ended it before a crash."""
    row = view.segment
    if row is None:
        return view, (), frozenset()
    if row.offset == offset and row.stop is None:
        return view, (), frozenset({SEGMENT})
    if row.offset >= offset or not is_over(view):
        return view, (), frozenset()
    ended = over(row, times.moment).at_offset(offset)
    change = Change(row=ended, verdicts=(_told_over(view, row, times, offset),))
    return replace(view, segment=ended), (change,), frozenset({SEGMENT})


def _told_over(view: SegmentView, row: SegmentRow, times: Times, offset: int) -> Verdict:
    subject = segment_subject(row.record.name)
    word = row.stop
    return plain_word(
        view.segment_id,
        subject,
        Verb.END_STOP,
        Reason.STOP_OVER,
        at=times.moment.at,
        offset=offset,
        detail=f"begun by {word.author}: {word.reason}" if word is not None else "",
    )
