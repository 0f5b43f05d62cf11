"""What one record changes for one subject: its word is taken over, and what stands is weighed anew.

Whom a record touches, and in which order, is `decide`'s business; what the conditions prove is `evidence`'s; what is
done about it stands behind `opening` and `tending`.
"""

from dataclasses import replace
from typing import assert_never
from uuid import UUID

from kasugai.core.deciding import (
    commands,
    ending,
    evidence,
    gray,
    keeping,
    plannedstop,
    readmission,
    returning,
    testimony,
    undoing,
)
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.neighbours import follow, warn
from kasugai.core.deciding.opening import weigh_idle
from kasugai.core.deciding.outcomes import take_outcome
from kasugai.core.deciding.refusals import is_general
from kasugai.core.deciding.rows import SubjectRow, Tombstone
from kasugai.core.deciding.tally import turn
from kasugai.core.deciding.telling import remembered
from kasugai.core.deciding.tending import look_for_room, weigh_open
from kasugai.core.deciding.view import Change
from kasugai.core.words.hardware import is_hardware
from kasugai.core.words.signals import Command, Fault, InventoryChange, Outcome, Signal, Symptom, Tick
from kasugai.core.words.silences import Silence
from kasugai.core.words.verdicts import Reason, Verb


def decide_subject(draft: Draft, signal: Signal | None) -> Change | None:
    """Decide about one subject; `signal` is None when it only waits on what the record changes. None: nothing is to be
    written or said."""
    row = draft.row
    if isinstance(signal, Tick) and ending.is_over(draft.asked):
        return Change(row=Tombstone(segment=row.segment, subject=row.subject, offset=draft.offset))
    if row.undecidable:
        draft.row = replace(row, undecidable=False)
    match signal:
        case Fault():
            _decide_fault(draft, signal)
        case Outcome(fact=fact):
            take_outcome(draft, fact)
        case Command():
            _decide_command(draft, signal)
        case Tick() | InventoryChange() | Silence() | None:
            _weigh_again(draft)
        case _:
            assert_never(signal)
    return _change(row, draft)


def _change(before: SubjectRow, draft: Draft) -> Change | None:
    draft.row = keeping.forget(draft.row)
    unchanged = draft.row is before or draft.row == before
    if unchanged and not draft.verdicts and not draft.orders:
        return None
    now = draft.times.moment.steady
    row = turn(before, draft.row, draft.times.deadline, now)
    row = replace(row, offset=draft.offset, touched=now)
    return Change(row=row, verdicts=tuple(draft.verdicts), orders=tuple(draft.orders))


def _decide_fault(draft: Draft, fault: Fault) -> None:
    if fault.symptom is Symptom.FAILING:
        gray.take(draft, fault)
        return
    known = draft.row.remembers(fault.event_id)
    heard = known and not testimony.upgrades(draft.row, fault)
    draft.fresh = None if heard else fault
    recent = draft.row.recent if known else remembered(draft.row, fault.event_id)
    if testimony.is_late(fault, draft.times.moment):
        _decide_late(draft, fault, recent)
        return
    if testimony.is_stale(draft.row, fault, heard=heard):
        draft.row = draft.row if heard else replace(draft.row, recent=recent)
        if draft.fresh is not None or fault.symptom not in (Symptom.ALIVE, Symptom.CLEAR):
            draft.mention(Verb.IGNORE, Reason.STALE)
        return
    if heard and draft.kind.occurs and not fault.source.repeats:
        return
    if _is_for_a_look(draft, fault):
        draft.row = replace(draft.row, recent=recent)
    else:
        _take(draft, fault, recent, heard=heard)
    if heard and _is_repetition(draft):
        return
    _weigh(draft)


def _is_for_a_look(draft: Draft, fault: Fault) -> bool:
    """Whether a sign of life decides nothing about an open incident."""
    good = fault.symptom in (Symptom.ALIVE, Symptom.CLEAR)
    return good and draft.kind.looked_at and draft.row.incident is not None


def _take(draft: Draft, fault: Fault, recent: tuple[UUID, ...], *, heard: bool) -> None:
    """Take over what is neither late nor stale."""
    if not heard and fault.subject != draft.row.subject and fault.symptom.blames:
        draft.move(fault.subject, fault.host_uuid)
    draft.row = testimony.note(draft.row, fault, draft.times.moment, recent)
    draft.row = undoing.follow(draft.row, fault, draft.times.moment)
    draft.row = readmission.follow(draft.row, fault, draft.times.moment)
    draft.row = plannedstop.follow(draft.row, draft.surroundings.segment, fault, draft.times.moment)
    draft.row = returning.explained(draft.row)
    if fault.host_uuid and not draft.row.host_uuid:
        draft.row = replace(draft.row, host_uuid=fault.host_uuid)


def _decide_late(draft: Draft, fault: Fault, recent: tuple[UUID, ...]) -> None:
    before = replace(draft.row, recent=recent)
    draft.row = before if _is_for_a_look(draft, fault) else testimony.note_late(before, fault)
    draft.row = undoing.follow(draft.row, fault, draft.times.moment)
    if draft.row is not before:
        _weigh(draft)
    if draft.fresh is not None:
        draft.mention(Verb.IGNORE, Reason.STALE, detail=f"{fault.symptom} by {fault.observer} came too late")


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
    """Decide after time has passed or something else has changed. A person's mark of hardware stands until it is taken
    back."""
    deadline = draft.times.deadline
    conditions = evidence.expire(draft.row.conditions, deadline)
    if draft.row.incident is None and not is_hardware(draft.row.subject):
        occurs = draft.kind.occurs
        conditions = evidence.expire_alone(conditions, draft.asked.policy, deadline, occurs=occurs)
    draft.row = readmission.again(replace(draft.row, conditions=conditions), draft.times.moment)
    _weigh(draft)


def _weigh(draft: Draft) -> None:
    follow(draft)
    if draft.row.incident is None:
        weigh_idle(draft)
    else:
        weigh_open(draft)
        look_for_room(draft)
    if follow(draft):
        weigh_idle(draft)  # it is in service again, and what was explained counts
    warn(draft)
