"""decide(view, signal, now): what correlate does about one record of the mailbox. Total, pure, and replayable.

It folds over the subjects that the record touches, in key order, each seeing what those before it left. Whoever
calls it publishes verdicts and orders, awaits them, and then writes the rows in the order given.
"""

from dataclasses import replace
from typing import assert_never

from kasugai.core.deciding import commands, evidence, readmission, reserves
from kasugai.core.deciding.describing import described
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.gates import Setting
from kasugai.core.deciding.opening import weigh_idle
from kasugai.core.deciding.outcomes import obey
from kasugai.core.deciding.rows import SubjectRow
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.storm import STORMY, look_at, turn
from kasugai.core.deciding.telling import remember
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
from kasugai.core.words.timing import PRODUCTION, Instant, Timing
from kasugai.core.words.verdicts import Reason, Verb


def decide(
    view: SegmentView, signal: Signal, times: Times, offset: int, timing: Timing = PRODUCTION
) -> Decision:
    """Return what the signal at `offset` changes. Rows that this very record wrote already (offset reached) are left
    alone, so that a record may be decided again after a crash between two of its row writes."""
    view, changes, touched = _taken(view, signal, times, offset, timing)
    decided = list(changes)
    if len(touched) > 1:
        view = replace(view, subjects=dict(view.subjects), tally=view.tally.copy())
    for subject in touched:
        row = view.subjects.get(subject) or _new_row(view, signal)
        if row is None or row.offset >= offset:
            continue
        change = _decide_subject(view, row, signal, times, offset, timing)
        if change is None:
            continue
        decided.append(change)
        if len(touched) > 1 and isinstance(change.row, SubjectRow):
            view = _seen(view, change.row)
    return tuple(decided)


def _seen(view: SegmentView, row: SubjectRow) -> SegmentView:
    """Return the view with a row that this record changed (the mapping and the tally are this decision's own)."""
    assert isinstance(view.subjects, dict)
    view.subjects[row.name] = row
    view.tally.put(row)
    return view


def due_of(view: SegmentView, row: SubjectRow, after: Instant, timing: Timing = PRODUCTION) -> Instant | None:
    """Return the next steady time later than `after` at which a tick must touch the row; None for never."""
    dues = evidence.dues(row.conditions, view.segment.record.policy) if view.segment else []
    if row.incident is not None and row.incident.due is not None:
        dues.append(row.incident.due)
    waits = reserves.look_at(row, after)
    if waits is not None:
        dues.append(waits)
    if row.incident is None and row.reason in STORMY:
        dues.append(look_at(view.tally, after, timing.cooldown))
    readmitted = readmission.due(row, timing.probation)
    if readmitted is not None:
        dues.append(readmitted)
    return min((due for due in dues if due > after), default=None)


def _taken(
    view: SegmentView, signal: Signal, times: Times, offset: int, timing: Timing
) -> tuple[SegmentView, Decision, tuple[str, ...]]:
    """Return the view after what the signal changes about the segment itself, and who is weighed because of it."""
    match signal:
        case InventoryChange():
            view, changes = described(view, signal.record, times, offset)
            return view, changes, _touched(view, signal, times, timing)
        case Command():
            hearing = commands.hear(view, signal, times, offset)
            return hearing.view, hearing.changes, hearing.subjects
        case _:
            return view, (), _touched(view, signal, times, timing)


def _touched(
    view: SegmentView,
    signal: Fault | Tick | Reached | Outcome | InventoryChange,
    times: Times,
    timing: Timing,
) -> tuple[str, ...]:
    match signal:
        case Fault():
            return (signal.subject.name,)
        case Outcome(fact=fact):
            return (fact.subject.name,)
        case Tick():
            return tuple(
                sorted(key for key, row in view.subjects.items() if _is_due(view, row, times, timing))
            )
        case InventoryChange(record=HostRecord(name=name)):
            waiting = (key for key, row in view.subjects.items() if reserves.waits_for_room(row))
            own = (key for key, row in view.subjects.items() if row.host == name)
            return tuple(sorted({*own, *waiting}))
        case InventoryChange():
            return tuple(sorted(view.subjects))
        case Reached():
            return ()
        case _:
            assert_never(signal)


def _is_due(view: SegmentView, row: SubjectRow, times: Times, timing: Timing) -> bool:
    due = due_of(view, row, times.before, timing)
    if due is not None and due <= times.deadline:
        return True
    host = view.hosts.get(row.host)
    return host is not None and times.struck_before < host.record.maintenance_until <= times.struck


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


def _decide_subject(
    view: SegmentView, row: SubjectRow, signal: Signal, times: Times, offset: int, timing: Timing
) -> Change | None:
    draft = Draft(
        row=row,
        setting=_setting(view, row, times, timing),
        times=times,
        timing=timing,
        offset=offset,
        fresh=None,
    )
    match signal:
        case Fault():
            _decide_fault(draft, signal)
        case Outcome(fact=fact):
            obey(draft, fact)
        case Tick() | InventoryChange():
            draft.row = replace(row, conditions=evidence.expire(row.conditions, times.deadline))
            _weigh(draft)
            if isinstance(signal, InventoryChange):
                look_for_room(draft)
        case Command():
            _decide_command(draft, signal)
        case Reached():
            pass
        case _:
            assert_never(signal)
    return _change(row, draft, offset)


def _setting(view: SegmentView, row: SubjectRow, times: Times, timing: Timing) -> Setting:
    return Setting(
        segment=view.described,
        host=view.host(row.host),
        deadline=times.deadline,
        struck=times.struck,
        cooldown=timing.cooldown,
        tally=view.tally,
        hosts=view.hosts,
        subjects=view.subjects,
    )


def _change(before: SubjectRow, draft: Draft, offset: int) -> Change | None:
    if draft.row == before and not draft.verdicts and not draft.orders:
        return None
    row = turn(before, draft.row, draft.times.deadline, draft.times.moment.steady)
    return Change(row=row.at_offset(offset), verdicts=tuple(draft.verdicts), orders=tuple(draft.orders))


def _decide_fault(draft: Draft, fault: Fault) -> None:
    heard = fault.event_id in draft.row.recent
    draft.fresh = None if heard else fault
    if not heard:
        draft.row = remember(draft.row, fault.event_id)
    if evidence.is_stale(draft.row, fault, heard=heard):
        if draft.fresh is not None or fault.symptom not in (Symptom.ALIVE, Symptom.CLEAR):
            draft.mention(Verb.IGNORE, Reason.STALE)
        return
    draft.row = evidence.hear(draft.row, fault, draft.times.moment)
    draft.row = readmission.hear(draft.row, fault, draft.times.moment)
    if fault.host_uuid and not draft.row.host_uuid:
        draft.row = replace(draft.row, host_uuid=fault.host_uuid)
    if heard and _is_repetition(draft, fault):
        return
    _weigh(draft)


def _is_repetition(draft: Draft, fault: Fault) -> bool:
    """A standing condition said again: time passes at ticks, so there is nothing to weigh."""
    return fault.symptom in (Symptom.DOWN, Symptom.OFF) and draft.row.incident is not None


def _decide_command(draft: Draft, command: Command) -> None:
    """A command about this subject changes it, one about its segment has changed that; then all is weighed anew."""
    if not commands.is_general(command):
        if command.command_id in draft.row.recent:
            return
        commands.obey(draft, command)
    draft.row = replace(draft.row, conditions=evidence.expire(draft.row.conditions, draft.times.deadline))
    _weigh(draft)


def _weigh(draft: Draft) -> None:
    if draft.row.incident is None:
        weigh_idle(draft)
    else:
        weigh_open(draft)
