"""decide(view, signal, now): what correlate does about one record of the mailbox. Total, pure, and replayable.

It folds over the subjects that the record touches, in key order, each seeing what those before it left. Whoever
calls it publishes verdicts and orders, awaits them, and then writes the rows in the order given.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from kasugai.core.deciding import commands, evidence, readmission, waking
from kasugai.core.deciding.describing import take_description
from kasugai.core.deciding.destinations import HEALTH, has_turned
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.gates import DESCRIPTIONS, SEGMENT, described
from kasugai.core.deciding.opening import weigh_idle
from kasugai.core.deciding.outcomes import take_outcome
from kasugai.core.deciding.pending import Pending
from kasugai.core.deciding.refusals import is_general
from kasugai.core.deciding.rows import SubjectRow
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.tally import turn
from kasugai.core.deciding.telling import remembered
from kasugai.core.deciding.tending import look_for_room, weigh_open
from kasugai.core.deciding.view import Change, Decision, SegmentView
from kasugai.core.words.inventory import HostRecord
from kasugai.core.words.signals import (
    Command,
    Fault,
    InventoryChange,
    Outcome,
    Reached,
    Signal,
    Symptom,
    Tick,
)
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import PRODUCTION, Timing
from kasugai.core.words.verdicts import Reason, Verb


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
    while (subject := pending.take()) is not None:
        row = pending.view.subjects.get(subject) or _new_row(view, signal)
        change = None
        if row is not None and row.offset < offset:
            asked = pending.view.asked(row, times, timing)
            draft = Draft(surroundings=asked, times=times, timing=timing, offset=offset, touched=touch.names)
            change = _decide_subject(draft, signal if subject in touch.subjects else None)
        if change is not None:
            decided.append(change)
        if change is not None or (row is not None and row.offset >= offset):
            pending.has_changed(subject, change, _turned(row, change))
    return tuple(decided)


def _turned(row: SubjectRow | None, change: Change | None) -> frozenset[str]:
    """What else changes with a subject's row: of one that this very record wrote already nobody knows."""
    if change is None:
        return frozenset({HEALTH})
    turned = row is not None and isinstance(change.row, SubjectRow) and has_turned(row, change.row)
    return frozenset({HEALTH}) if turned else frozenset()


def _taken(
    view: SegmentView, signal: Signal, times: Times, offset: int, timing: Timing
) -> tuple[SegmentView, Decision, Touch]:
    """Return the view after what the signal changes about the segment itself, and who is weighed because of it."""
    match signal:
        case InventoryChange():
            view, changes = take_description(view, signal.record, times, offset)
            return view, changes, _touched(view, signal, times, timing)
        case Command():
            hearing = commands.take_command(view, signal, times, offset)
            return hearing.view, hearing.changes, Touch(subjects=frozenset(hearing.subjects))
        case _:
            return view, (), _touched(view, signal, times, timing)


def _touched(
    view: SegmentView,
    signal: Fault | Tick | Reached | Outcome | InventoryChange,
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
        case Reached():
            return Touch()
        case _:
            assert_never(signal)


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


def _decide_subject(draft: Draft, signal: Signal | None) -> Change | None:
    """Decide about one subject; `signal` is None when it only waits on what the record changes."""
    row = draft.row
    match signal:
        case Fault():
            _decide_fault(draft, signal)
        case Outcome(fact=fact):
            take_outcome(draft, fact)
        case Command():
            _decide_command(draft, signal)
        case Tick() | InventoryChange() | None:
            _weigh_again(draft)
        case Reached():
            pass
        case _:
            assert_never(signal)
    return _change(row, draft)


def _change(before: SubjectRow, draft: Draft) -> Change | None:
    unchanged = draft.row is before or draft.row == before
    if unchanged and not draft.verdicts and not draft.orders:
        return None
    row = turn(before, draft.row, draft.times.deadline, draft.times.moment.steady)
    return Change(row=row.at_offset(draft.offset), verdicts=tuple(draft.verdicts), orders=tuple(draft.orders))


def _decide_fault(draft: Draft, fault: Fault) -> None:
    heard = draft.row.remembers(fault.event_id)
    draft.fresh = None if heard else fault
    recent = draft.row.recent if heard else remembered(draft.row, fault.event_id)
    if evidence.is_stale(draft.row, fault, heard=heard):
        draft.row = draft.row if heard else replace(draft.row, recent=recent)
        if draft.fresh is not None or fault.symptom not in (Symptom.ALIVE, Symptom.CLEAR):
            draft.mention(Verb.IGNORE, Reason.STALE)
        return
    draft.row = evidence.note(draft.row, fault, draft.times.moment, recent)
    draft.row = readmission.follow(draft.row, fault, draft.times.moment)
    if fault.host_uuid and not draft.row.host_uuid:
        draft.row = replace(draft.row, host_uuid=fault.host_uuid)
    if heard and _is_repetition(draft):
        return
    _weigh(draft)


def _is_repetition(draft: Draft) -> bool:
    """A standing condition said again: time passes at ticks, so there is nothing to weigh about an open incident, nor
    about a mere suspicion, which nothing but its own evidence and what its closed gates name can turn into more."""
    suspected = draft.row.verb is Verb.SUSPECT and draft.row is draft.surroundings.row
    return draft.row.incident is not None or suspected


def _decide_command(draft: Draft, command: Command) -> None:
    """A command about this subject changes it, one about its segment has changed that; then all is weighed anew."""
    if not is_general(command):
        if draft.row.remembers(command.command_id):
            return
        commands.carry_out(draft, command)
    _weigh_again(draft)


def _weigh_again(draft: Draft) -> None:
    """Decide after time has passed or something else has changed."""
    draft.row = replace(draft.row, conditions=evidence.expire(draft.row.conditions, draft.times.deadline))
    _weigh(draft)


def _weigh(draft: Draft) -> None:
    if draft.row.incident is None:
        weigh_idle(draft)
    else:
        weigh_open(draft)
        look_for_room(draft)
