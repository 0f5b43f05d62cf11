"""What a person's command does: who hears it and what stands afterwards. What does not fit (refusals) is told.

A command changes at most two rows, the segment's and then the subject's, and each remembers its id. Whether an
incident is then stopped, resumed or opened is decided where that is always decided, by what stands.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from kasugai.core.deciding import plannedstop, quarantine
from kasugai.core.deciding.budget import BUDGET
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.opening import pay
from kasugai.core.deciding.refusals import beyond_budget, is_general, refusal, vouched_at
from kasugai.core.deciding.rows import COMMANDS_LIMIT, IncidentRow, SegmentRow, SubjectRow, Word
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.telling import plain_word, remembered
from kasugai.core.deciding.tending import publish_again
from kasugai.core.deciding.view import Change, SegmentView
from kasugai.core.words.incident import Phase, move
from kasugai.core.words.signals import Command, Instruction, Limit
from kasugai.core.words.subject import segment_subject
from kasugai.core.words.timing import Millis
from kasugai.core.words.verdicts import Reason, Verb, Verdict

KEPT = 200
"""So many characters of a person's reason are kept in a row."""
TOLD = 1_000
"""And so many in a verdict."""

Answer = tuple[Verb, Reason]

VERBS = {
    Instruction.ARM: Verb.ARM,
    Instruction.DISARM: Verb.DISARM,
    Instruction.HOLD: Verb.HOLD,
    Instruction.APPROVE: Verb.APPROVE,
    Instruction.CANCEL: Verb.CANCEL,
    Instruction.RETRY: Verb.RETRY,
    Instruction.RETIRE: Verb.RETIRE,
    Instruction.BEGIN_STOP: Verb.BEGIN_STOP,
    Instruction.END_STOP: Verb.END_STOP,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """How a command was taken."""

    view: SegmentView
    """With the segment's row as it is now."""
    changes: tuple[Change, ...] = ()
    subjects: tuple[str, ...] = ()
    """Who is weighed because of it, in key order."""


def take_command(view: SegmentView, command: Command, times: Times, offset: int) -> Hearing:
    """Take a command. The segment's row is written first, so what follows from it is the same when the record at
    `offset` is decided again after a crash between two rows."""
    segment = view.segment
    if segment is None:
        told = _verdict(view, command, (Verb.REFUSE, Reason.UNKNOWN_SUBJECT), times, offset)
        return Hearing(view=view, changes=(Change(row=None, verdicts=(told,)),))
    subjects = _subjects(view, command)
    if segment.offset >= offset:
        refused_before = refusal(view, command, subjects, times) is not None and not is_general(command)
        return Hearing(view=view, subjects=() if refused_before else subjects)
    row = replace(segment, recent=(*segment.recent, command.command_id)[-COMMANDS_LIMIT:])
    if command.command_id in segment.recent:
        return _answered(view, segment, command, (Verb.IGNORE, Reason.STALE), times, offset)
    refused = refusal(view, command, subjects, times)
    if refused is not None:
        hearing = _answered(view, row, command, (Verb.REFUSE, refused), times, offset)
        return replace(hearing, subjects=subjects if is_general(command) else ())
    if not is_general(command):
        after = row.at_offset(offset)
        return Hearing(view=replace(view, segment=after), changes=(Change(row=after),), subjects=subjects)
    row = _about(view, row, command, times)
    hearing = _answered(view, row, command, (VERBS[command.order], Reason.COMMAND), times, offset)
    return replace(hearing, subjects=subjects)


def _answered(
    view: SegmentView, row: SegmentRow, command: Command, answer: Answer, times: Times, offset: int
) -> Hearing:
    row = row.at_offset(offset)
    told = _verdict(view, command, answer, times, offset)
    return Hearing(view=replace(view, segment=row), changes=(Change(row=row, verdicts=(told,)),))


def _subjects(view: SegmentView, command: Command) -> tuple[str, ...]:
    if is_general(command):
        return tuple(sorted(view.subjects))
    if command.incident is not None:
        return tuple(key for key, row in sorted(view.subjects.items()) if _has(row, command))
    return (command.subject.name,) if command.subject is not None else ()


def _has(row: SubjectRow, command: Command) -> bool:
    """Whether the named incident is the subject's open one, or the last one that it had."""
    known = {row.incident.order.incident} if row.incident else {row.closed.incident} if row.closed else set()
    return command.incident in known and command.host in ("", row.host)


def _about(view: SegmentView, row: SegmentRow, command: Command, times: Times) -> SegmentRow:
    match command.order:
        case Instruction.ARM:
            return replace(row, disarmed=None, undecidable=False)
        case Instruction.DISARM:
            return replace(row, disarmed=_word(command, times))
        case Instruction.BEGIN_STOP:
            return plannedstop.begun(row, _word(command, times))
        case Instruction.END_STOP:
            return plannedstop.ending(row, times.moment, at_once=command.at_once)
        case _:
            return replace(row, approval=_word(command, times, command.up_to))


def _word(command: Command, times: Times, up_to: int = 0) -> Word:
    return Word(
        command=command.command_id,
        author=command.author[:KEPT],
        reason=command.reason[:KEPT],
        at=times.moment,
        up_to=up_to,
    )


def _verdict(view: SegmentView, command: Command, answer: Answer, times: Times, offset: int) -> Verdict:
    """Return the segment's answer: by the host's name where the command had one."""
    verb, reason = answer
    name = view.segment.record.name if view.segment else view.segment_id
    subject = command.subject or segment_subject(name)
    still = verb is Verb.ARM and view.segment is not None and not view.segment.record.armed
    return plain_word(
        view.segment_id,
        subject,
        verb,
        reason,
        at=times.moment.at,
        offset=offset,
        incident=command.incident,
        also=_also(command, verb, is_still_disarmed=still),
        detail=said_by(command, verb),
    )


def _also(command: Command, verb: Verb, *, is_still_disarmed: bool) -> tuple[Reason, ...]:
    if verb is Verb.END_STOP and command.at_once:
        return (Reason.STOP_OVER,)
    return (Reason.DISARMED,) if is_still_disarmed else ()


def said_by(command: Command, verb: Verb) -> str:
    """Return who said it and why; of what was not carried out also what it was."""
    what = "" if verb is VERBS[command.order] else f"{command.order} by "
    return f"{what}{command.author}: {command.reason}"[:TOLD]


def carry_out(draft: Draft, command: Command) -> None:
    """Change the one subject that a command is about; what follows is for the caller to weigh."""
    draft.row = replace(draft.row, recent=remembered(draft.row, command.command_id))
    verb = VERBS[command.order]
    draft.tell(verb, Reason.COMMAND, detail=said_by(command, verb), aside=True)
    match command.order:
        case Instruction.HOLD:
            draft.row = replace(draft.row, hold=_word(command, draft.times))
        case Instruction.CANCEL:
            draft.row = replace(draft.row, hold=_word(command, draft.times))
            draft.change(replace(draft.incident, cancelled=True))
        case Instruction.APPROVE:
            _approve(draft, command)
        case Instruction.RETRY:
            _retry(draft)
        case Instruction.RETIRE:
            _retire(draft, command)
        case Instruction.ARM | Instruction.DISARM | Instruction.BEGIN_STOP | Instruction.END_STOP:
            raise ValueError(f"{command.order} is about a segment")
        case _:
            assert_never(command.order)


def _approve(draft: Draft, command: Command) -> None:
    if command.limit is Limit.HOLD:
        draft.row = replace(draft.row, hold=None)
        if draft.row.incident is not None:
            draft.change(replace(draft.incident, cancelled=False))
        return
    if command.limit is Limit.QUARANTINE:
        draft.row = quarantine.lifted(draft.row)
        return
    if command.limit is Limit.FENCE:
        word = _word(command, draft.times)
        said = vouched_at(command, draft.times)
        draft.row = replace(draft.row, vouch=replace(word, at=replace(word.at, at=said)))
        if draft.row.incident is not None and draft.row.incident.is_waiting:
            _at_once(draft)
        return
    up_to = command.up_to or draft.asked.tally.unhealthy(draft.times.deadline)
    draft.row = replace(draft.row, approval=_word(command, draft.times, up_to))


def _retire(draft: Draft, command: Command) -> None:
    """Have the host's service deleted: by the return that waits for it, in another attempt, or by one that is opened
    now."""
    draft.row = replace(draft.row, retired=_word(command, draft.times))
    if draft.row.incident is not None:
        order = draft.incident.order
        draft.change(replace(draft.incident, order=replace(order, attempt=order.attempt + 1)))
        _at_once(draft)


def _retry(draft: Draft) -> None:
    """Publish a waiting incident now, or open a failed one again: the same incident, with a new attempt. One that is
    held in its last attempt may have given up a guest beside what holds it, and one that is held for a live migration
    has: it gets another one too. A budget that is
    used up is counted on, and holds nobody whom a person wants to be restarted."""
    closed = draft.row.closed
    if beyond_budget(draft.row):
        draft.waived = BUDGET.reasons
        return
    if draft.row.incident is None and closed is not None and closed.last is not None:
        last, now = closed.last, draft.times.moment
        conditions = tuple(replace(c, explained=False) for c in draft.row.conditions)
        order = last.order if last.stopped else replace(last.order, attempt=last.order.attempt + 1)
        phase = move(Phase.FAILED, Phase.OPENED)
        closed = replace(closed, last=None)
        draft.row = replace(draft.row, conditions=conditions, returned=None, closed=closed)
        draft.change(replace(last, order=order, phase=phase, heard=now, unanswered=0))
    elif _has_given_up_some(draft.incident):
        order = draft.incident.order
        draft.change(replace(draft.incident, order=replace(order, attempt=order.attempt + 1)))
    pay(draft)
    _at_once(draft)


def _has_given_up_some(incident: IncidentRow) -> bool:
    return (
        incident.phase is Phase.HELD
        and incident.effects
        and not incident.stopped
        and (
            incident.order.attempt >= incident.order.policy.attempts
            or incident.reason == Reason.MIGRATION_FAILED
        )
    )


def _at_once(draft: Draft) -> None:
    """Publish the incident now, whatever pause it was in."""
    draft.change(replace(draft.incident, back_off=Millis(0)))
    publish_again(draft, Reason.COMMAND)
