"""What a person's command does: who hears it, what stands afterwards, and what does not fit (told, never dropped).

A command changes at most two rows, the segment's and then the subject's, and each remembers its id. Whether an
incident is then stopped, resumed or opened is decided where that is always decided, by what stands.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from kasugai.core.deciding import evidence
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.kinds import KINDS
from kasugai.core.deciding.proof import proof
from kasugai.core.deciding.rows import COMMANDS_LIMIT, IncidentRow, SegmentRow, SubjectRow, Word
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.storm import CALM
from kasugai.core.deciding.telling import remembered, verb_rank
from kasugai.core.deciding.tending import publish_again
from kasugai.core.deciding.view import Change, SegmentView
from kasugai.core.words.identity import verdict_id
from kasugai.core.words.incident import Phase, move
from kasugai.core.words.signals import Command, Instruction, Limit
from kasugai.core.words.subject import segment_subject
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.core.words.verdicts import Reason, Verb, Verdict

KEPT = 200
"""So many characters of a person's reason are kept in a row."""
COMMAND_LASTS: Millis = Millis(24 * 3_600_000)
"""A command that comes later than this is not carried out: whoever said it knew another world. A route that lost its
place reads all of the last 30 days again, and an old `arm` or `approve` must not undo what was said since."""
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
        refused = _refusal(view, command, subjects, times) is not None and not is_general(command)
        return Hearing(view=view, subjects=() if refused else subjects)
    row = replace(segment, recent=(*segment.recent, command.command_id)[-COMMANDS_LIMIT:])
    if command.command_id in segment.recent:
        return _answered(view, segment, command, (Verb.IGNORE, Reason.STALE), times, offset)
    refusal = _refusal(view, command, subjects, times)
    if refusal is not None:
        hearing = _answered(view, row, command, (Verb.REFUSE, refusal), times, offset)
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


def is_general(command: Command) -> bool:
    """Whether the command is about the segment, not about one of its hosts."""
    named = command.subject is not None or command.incident is not None
    return command.order in (Instruction.ARM, Instruction.DISARM) or (
        command.order is Instruction.APPROVE and not named
    )


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


def _refusal(view: SegmentView, command: Command, subjects: tuple[str, ...], times: Times) -> Reason | None:
    """Return why the command does not fit, or None."""
    segment = view.described
    if segment is None:
        return Reason.UNKNOWN_SUBJECT
    if 0 < command.said_at < times.moment.at - COMMAND_LASTS:
        return Reason.STALE
    if is_general(command):
        return _refusal_by_segment(view, segment, command)
    if not subjects:
        return Reason.NOT_OPEN
    row = view.subjects.get(subjects[0])
    if command.host and view.host(command.host) is None and (row is None or row.incident is None):
        return Reason.UNKNOWN_SUBJECT
    return _refusal_by_subject(row, command, view, times)


def _refusal_by_segment(view: SegmentView, segment: SegmentRow, command: Command) -> Reason | None:
    match command.order:
        case Instruction.ARM:
            lifts = segment.disarmed is not None or segment.undecidable
            return None if lifts else (Reason.ALREADY_SO if segment.record.armed else Reason.DISARMED)
        case Instruction.DISARM:
            return None if segment.disarmed is None else Reason.ALREADY_SO
        case _:
            if command.limit is None or (command.limit is Limit.STORM and not command.up_to):
                return Reason.NO_LIMIT
            can = command.limit is Limit.STORM and view.tally.is_storm
            return None if can else Reason.NOTHING_TO_APPROVE


def _refusal_by_subject(
    row: SubjectRow | None, command: Command, view: SegmentView, times: Times
) -> Reason | None:
    incident = row.incident if row else None
    match command.order:
        case Instruction.HOLD:
            if command.incident is not None and incident is None:
                return Reason.NOT_OPEN
            return Reason.ALREADY_SO if row is not None and row.hold is not None else None
        case Instruction.CANCEL:
            if incident is None:
                return Reason.NOT_OPEN
            return Reason.ALREADY_SO if incident.cancelled else None
        case Instruction.RETRY:
            return _refusal_to_retry(row, view, times)
        case _:
            if command.limit is None:
                return Reason.NO_LIMIT
            if row is None or not _stands_at(row, command.limit):
                return Reason.NOTHING_TO_APPROVE
            has_lived = command.limit is Limit.FENCE and _has_lived_since(row, command, times)
            return Reason.SIGN_OF_LIFE if has_lived else None


def _has_lived_since(row: SubjectRow, command: Command, times: Times) -> bool:
    """Whether the host has shown life since a person vouched that it is off: the word was kept on the way."""
    return row.alive is not None and row.alive.at > _vouched_at(command, times)


def _vouched_at(command: Command, times: Times) -> BrokerTime:
    now = times.moment.at
    return BrokerTime(min(command.said_at, now) if command.said_at > 0 else now)


def _stands_at(row: SubjectRow, limit: Limit) -> bool:
    match limit:
        case Limit.HOLD:
            return row.hold is not None
        case Limit.STORM:
            return row.reason in CALM.reasons
        case Limit.FENCE:
            return bool(evidence.standing(row.conditions))
        case _:
            assert_never(limit)


def _refusal_to_retry(row: SubjectRow | None, view: SegmentView, times: Times) -> Reason | None:
    if row is None:
        return Reason.NOT_OPEN
    if row.hold is not None:
        return Reason.HELD_BY_COMMAND
    if row.incident is not None:
        return None if row.incident.is_waiting else Reason.NOT_WAITING
    if row.closed is None or row.closed.last is None:
        return Reason.NOT_OPEN
    if not row.conditions:
        return Reason.NO_EVIDENCE
    policy = row.closed.last.order.policy
    why = proof(KINDS[row.kind].proof, row, row.conditions, policy, times.deadline)
    return None if why in evidence.PROOFS else why


def _about(view: SegmentView, row: SegmentRow, command: Command, times: Times) -> SegmentRow:
    match command.order:
        case Instruction.ARM:
            return replace(row, disarmed=None, undecidable=False)
        case Instruction.DISARM:
            return replace(row, disarmed=_word(command, times))
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
    return Verdict(
        verdict_id=verdict_id(view.segment_id, subject.name, offset, 100 * verb_rank(verb)),
        verb=verb,
        subject=subject,
        segment=view.segment_id,
        reason=reason,
        evidence=(),
        count=0,
        at=times.moment.at,
        incident=command.incident,
        also=(Reason.DISARMED,) if still else (),
        detail=said_by(command, verb),
    )


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
        case Instruction.ARM | Instruction.DISARM:
            raise ValueError(f"{command.order} is about a segment")
        case _:
            assert_never(command.order)


def _approve(draft: Draft, command: Command) -> None:
    if command.limit is Limit.HOLD:
        draft.row = replace(draft.row, hold=None)
        if draft.row.incident is not None:
            draft.change(replace(draft.incident, cancelled=False))
        return
    if command.limit is Limit.FENCE:
        word = _word(command, draft.times)
        said = _vouched_at(command, draft.times)
        draft.row = replace(draft.row, vouch=replace(word, at=replace(word.at, at=said)))
        if draft.row.incident is not None and draft.row.incident.is_waiting:
            _at_once(draft)
        return
    up_to = command.up_to or draft.asked.tally.unhealthy(draft.times.deadline)
    draft.row = replace(draft.row, approval=_word(command, draft.times, up_to))


def _retry(draft: Draft) -> None:
    """Publish a waiting incident now, or open a failed one again: the same incident, with a new attempt. One that is
    held in its last attempt may have given up a guest beside what holds it: it gets another one too."""
    closed = draft.row.closed
    if draft.row.incident is None and closed is not None and closed.last is not None:
        last, now = closed.last, draft.times.moment
        conditions = tuple(replace(c, explained=False) for c in draft.row.conditions)
        order = last.order if last.stopped else replace(last.order, attempt=last.order.attempt + 1)
        phase = move(Phase.FAILED, Phase.OPENED)
        closed = replace(closed, last=None)
        draft.row = replace(draft.row, conditions=conditions, returned=None, closed=closed)
        draft.change(replace(last, order=order, phase=phase, heard=now, unanswered=0))
    elif _is_in_its_last(draft.incident):
        order = draft.incident.order
        draft.change(replace(draft.incident, order=replace(order, attempt=order.attempt + 1)))
    _at_once(draft)


def _is_in_its_last(incident: IncidentRow) -> bool:
    return (
        incident.phase is Phase.HELD
        and incident.effects
        and not incident.stopped
        and incident.order.attempt >= incident.order.policy.attempts
    )


def _at_once(draft: Draft) -> None:
    """Publish the incident now, whatever pause it was in."""
    draft.change(replace(draft.incident, back_off=Millis(0)))
    publish_again(draft, Reason.COMMAND)
