"""Which commands of persons do not fit, and why: a closed reason each, told and never dropped."""

from typing import assert_never

from kasugai.core.deciding import evidence, returning
from kasugai.core.deciding.domainstorm import APPROVABLE
from kasugai.core.deciding.kinds import KINDS
from kasugai.core.deciding.proof import proof
from kasugai.core.deciding.rows import SegmentRow, SubjectRow
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.view import SegmentView
from kasugai.core.words.signals import Command, Instruction, Limit
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.core.words.verdicts import Reason

COMMAND_LASTS: Millis = Millis(24 * 3_600_000)
"""A command that comes later than this is not carried out: whoever said it knew another world. A route that lost its
place reads all of the last 30 days again, and an old `arm` or `approve` must not undo what was said since."""


OF_SEGMENT = frozenset({Instruction.ARM, Instruction.DISARM, Instruction.BEGIN_STOP, Instruction.END_STOP})
"""What is ordered of a segment as a whole."""


def is_general(command: Command) -> bool:
    """Whether the command is about the segment, not about one of its hosts."""
    named = command.subject is not None or command.incident is not None
    return command.order in OF_SEGMENT or (command.order is Instruction.APPROVE and not named)


def refusal(view: SegmentView, command: Command, subjects: tuple[str, ...], times: Times) -> Reason | None:
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
        case Instruction.BEGIN_STOP:
            return None if segment.stop is None else Reason.ALREADY_SO
        case Instruction.END_STOP:
            is_so = segment.stop is None or (segment.stop_ends and not command.at_once)
            return Reason.ALREADY_SO if is_so else None
        case _:
            if command.limit is None or (command.limit is Limit.STORM and not command.up_to):
                return Reason.NO_LIMIT
            is_storm = view.tally.is_storm or view.tally.is_domain_storm
            can = command.limit is Limit.STORM and is_storm
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
        case Instruction.RETIRE:
            return _refusal_to_retire(row)
        case _:
            return _refusal_to_approve(row, command, times)


def _refusal_to_approve(row: SubjectRow | None, command: Command, times: Times) -> Reason | None:
    if command.limit is None:
        return Reason.NO_LIMIT
    if row is None or not _stands_at(row, command.limit):
        return Reason.NOTHING_TO_APPROVE
    has_lived = command.limit is Limit.FENCE and _has_lived_since(row, command, times)
    return Reason.SIGN_OF_LIFE if has_lived else None


def _has_lived_since(row: SubjectRow, command: Command, times: Times) -> bool:
    """Whether the host has shown life since a person vouched that it is off: the word was kept on the way."""
    return row.alive is not None and row.alive.at > vouched_at(command, times)


def vouched_at(command: Command, times: Times) -> BrokerTime:
    """Return when a person vouched, at the latest: a clock that is ahead is clamped."""
    now = times.moment.at
    return BrokerTime(min(command.said_at, now) if command.said_at > 0 else now)


def _stands_at(row: SubjectRow, limit: Limit) -> bool:
    match limit:
        case Limit.HOLD:
            return row.hold is not None
        case Limit.STORM:
            return row.reason in APPROVABLE
        case Limit.QUARANTINE:
            return row.quarantined is not None
        case Limit.FENCE:
            return KINDS[row.kind].goes_out and bool(evidence.standing(row.conditions))
        case _:
            assert_never(limit)


def _refusal_to_retire(row: SubjectRow | None) -> Reason | None:
    """Only a host that an incident took out of service and that does not come back is given up."""
    closed = row.closed if row is not None else None
    if row is None or closed is None or closed.shut is None or not KINDS[row.kind].returns:
        return Reason.NOT_OPEN
    if row.retired is not None:
        return Reason.ALREADY_SO
    if row.returned is not None:
        return Reason.SIGN_OF_LIFE
    if row.incident is None:
        return None
    return None if returning.is_return(row.incident) and row.incident.is_waiting else Reason.OTHER_INCIDENT


def beyond_budget(row: SubjectRow) -> bool:
    """Whether nothing but its budget keeps a subject from an incident: a person may have it restarted all the same."""
    held = row.incident is None and row.reason is Reason.RESTART_BUDGET
    return held and bool(evidence.standing(row.conditions))


def _refusal_to_retry(row: SubjectRow | None, view: SegmentView, times: Times) -> Reason | None:
    if row is None:
        return Reason.NOT_OPEN
    if row.hold is not None:
        return Reason.HELD_BY_COMMAND
    if row.incident is not None:
        return None if row.incident.is_waiting else Reason.NOT_WAITING
    if beyond_budget(row):
        return None
    if row.closed is None or row.closed.last is None:
        return Reason.NOT_OPEN
    if row.closed.last.order.undoes is not None:
        return Reason.NOT_OPEN if evidence.standing(row.conditions) else None
    if not row.conditions:
        return Reason.NO_EVIDENCE
    policy = row.closed.last.order.policy
    why = proof(KINDS[row.kind].proof, row, row.conditions, policy, times.deadline)
    return None if why in evidence.PROOFS else why
