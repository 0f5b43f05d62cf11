"""decide(view, signal, now): what correlate does about one record of the mailbox. Total, pure, and replayable.

It folds over the subjects that the record touches, in key order, each seeing what those before it left. Whoever
calls it publishes verdicts and orders, awaits them, and then writes the rows in the order given.
"""

from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from kasugai.core.deciding import (
    commands,
    condemning,
    ending,
    evidence,
    keeping,
    plannedstop,
    readiness,
    readmission,
    returning,
    testimony,
    undoing,
    waking,
)
from kasugai.core.deciding.describing import is_repeated, take_description, take_silence
from kasugai.core.deciding.destinations import HEALTH, has_turned, may_take
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.gates import DESCRIPTIONS, SEGMENT, described
from kasugai.core.deciding.neighbours import concerns_host, follow, warn
from kasugai.core.deciding.opening import weigh_idle
from kasugai.core.deciding.outcomes import take_outcome
from kasugai.core.deciding.pending import Pending
from kasugai.core.deciding.refusals import is_general
from kasugai.core.deciding.rows import OfSegment, SubjectRow, Tombstone
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
    Signal,
    Symptom,
    Tick,
)
from kasugai.core.words.silences import Silence
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
            change = _decide_subject(draft, signal if is_own else None)
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
            view, changes, names = readiness.pass_tick(view, times, offset)
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


def _decide_subject(draft: Draft, signal: Signal | None) -> Change | None:
    """Decide about one subject; `signal` is None when it only waits on what the record changes."""
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
    """Decide after time has passed or something else has changed."""
    deadline = draft.times.deadline
    conditions = evidence.expire(draft.row.conditions, deadline)
    if draft.row.incident is None:
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
