"""decide(view, signal, now): what correlate does about one record of the mailbox. Total, pure, and replayable.

It folds over the subjects that the record touches, in key order, each seeing what those before it left. Whoever
calls it publishes verdicts and orders, awaits them, and then writes the rows in the order given.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from kasugai.core.deciding import (
    blasts,
    commands,
    condemning,
    ending,
    readiness,
    waking,
)
from kasugai.core.deciding.describing import is_repeated, take_description, take_silence
from kasugai.core.deciding.destinations import HEALTH, has_turned, may_take
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.gates import DESCRIPTIONS, SEGMENT, described
from kasugai.core.deciding.neighbours import concerns_host
from kasugai.core.deciding.one_subject import decide_subject
from kasugai.core.deciding.pending import Pending
from kasugai.core.deciding.rows import OfSegment, SubjectRow, Tombstone
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.view import Change, Decision, SegmentView
from kasugai.core.words.inventory import HostRecord
from kasugai.core.words.signals import (
    Command,
    Fault,
    InventoryChange,
    Outcome,
    Signal,
    Tick,
)
from kasugai.core.words.silences import Silence
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import PRODUCTION, Timing


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """Whom a record is about."""

    subjects: frozenset[str] = frozenset()
    """Who is decided because of the record itself, by name."""
    names: frozenset[str] = frozenset()
    """What else it changes: who waits on that is asked again."""


def decide(
    view: SegmentView, signal: Signal, times: Times, offset: int, timing: Timing = PRODUCTION
) -> Decision:
    """Return what the signal at `offset` changes. Rows that this very record wrote already (offset reached) are left
    alone, so that a record may be decided again after a crash between two of its row writes; who waits on them is asked
    again."""
    view, changes, touch = _taken(view, signal, times, offset, timing)
    waiting = view.waits.on(touch.names) - touch.subjects if touch.names else ()
    pending = Pending(view=view, heap=[*touch.subjects, *waiting])
    decided = list(changes)
    neighbours: dict[str, SubjectRow] = {}
    while (subject := pending.take()) is not None:
        known = pending.view.subjects.get(subject)
        is_own = subject in touch.subjects
        row = known or (_new_row(view, signal) if is_own else neighbours[subject])
        change = None
        if row is not None and row.offset < offset:
            draft = Draft(
                surroundings=pending.view.asked(row, times, timing),
                times=times,
                timing=timing,
                offset=offset,
                touched=touch.names,
                follows=is_own or subject in neighbours,
            )
            change = decide_subject(draft, signal if is_own else None)
            if is_own and known is None:
                change = _kept(pending.view, signal, change)
        decided += [change] if change is not None else []
        neighbours |= _host_of(pending, change.row if change is not None else row, times)
        if change is not None or (row is not None and row.offset >= offset):
            pending.has_changed(subject, change, _turned(row, change))
    return tuple(decided)


def _host_of(pending: Pending, row: OfSegment | None, times: Times) -> dict[str, SubjectRow]:
    """Have a subject's host decided behind it where that concerns the host; by name, its row if it has none yet."""
    if not isinstance(row, SubjectRow) or not concerns_host(row, pending.view, times):
        return {}
    host = condemning.new_host(row, pending.view.host(row.host))
    pending.add(host.name)
    return {host.name: host}


def _turned(row: SubjectRow | None, change: Change | None) -> frozenset[str]:
    """What else changes with a subject's row: of one that this very record wrote already nobody knows."""
    if change is None:
        return frozenset({HEALTH})
    match change.row:
        case SubjectRow() as after:
            turned = row is not None and has_turned(row, after)
        case Tombstone():
            turned = row is not None and not may_take(row)
        case _:
            turned = False
    return frozenset({HEALTH}) if turned else frozenset()


def _taken(
    view: SegmentView, signal: Signal, times: Times, offset: int, timing: Timing
) -> tuple[SegmentView, Decision, Touch]:
    """Return the view after what the signal changes about the segment itself, and who is weighed because of it."""
    match signal:
        case InventoryChange():
            view, changes = take_description(view, signal.record, times, offset)
            return view, changes, _touched(view, signal, times, timing)
        case Silence():
            touch = _silenced(view, signal, offset)
            view, changes = take_silence(view, signal, offset)
            return view, changes, touch
        case Command():
            hearing = commands.take_command(view, signal, times, offset)
            return hearing.view, hearing.changes, Touch(subjects=frozenset(hearing.subjects))
        case Tick():
            view, ended, names = readiness.pass_tick(view, times, offset)
            view, told = blasts.pass_tick(view, times, offset)
            changes = (*ended, *told)
            touch = _touched(view, signal, times, timing)
            return view, changes, replace(touch, names=touch.names | names)
        case _:
            return view, (), _touched(view, signal, times, timing)


def _touched(
    view: SegmentView,
    signal: Fault | Tick | Outcome | InventoryChange,
    times: Times,
    timing: Timing,
) -> Touch:
    match signal:
        case Fault():
            return Touch(subjects=frozenset({signal.subject.name}))
        case Outcome(fact=fact):
            return Touch(subjects=frozenset({fact.subject.name}))
        case Tick():
            return Touch(subjects=frozenset(waking.due(view, times, timing)))
        case InventoryChange(record=HostRecord(name=name)):
            own = frozenset(key for key, row in view.subjects.items() if row.host == name)
            return Touch(subjects=own, names=frozenset({described(name), DESCRIPTIONS}))
        case InventoryChange():
            return Touch(subjects=frozenset(view.subjects), names=frozenset({SEGMENT, DESCRIPTIONS}))
        case _:
            assert_never(signal)


def _silenced(view: SegmentView, silence: Silence, offset: int) -> Touch:
    """Whom a silence concerns: everybody on its host, unless it says again what stands. Decided again after a crash it
    stands in the host's row already, and those behind it have yet to hear of it."""
    known = view.host(silence.host)
    if known is None or (known.offset < offset and is_repeated(known, silence)):
        return Touch()
    own = frozenset(key for key, row in view.subjects.items() if row.host == silence.host)
    return Touch(subjects=own, names=frozenset({described(silence.host)}))


def _new_row(view: SegmentView, signal: Signal) -> SubjectRow | None:
    match signal:
        case Fault(subject=subject, host_uuid=host_uuid):
            return SubjectRow(segment=view.segment_id, subject=subject, host_uuid=host_uuid)
        case Outcome(fact=fact):
            return SubjectRow(segment=view.segment_id, subject=fact.subject, host_uuid="")
        case Command(subject=Subject() as subject):
            return SubjectRow(segment=view.segment_id, subject=subject, host_uuid="")
        case _:
            return None


def _kept(view: SegmentView, signal: Signal, change: Change | None) -> Change | None:
    """Return what becomes of a subject that has no row: a worker's word about an incident that nobody knows makes
    none."""
    is_kept = not isinstance(signal, Outcome) and ending.has_room(view.segment_id, len(view.subjects))
    return change if change is None or is_kept else replace(change, row=None)
