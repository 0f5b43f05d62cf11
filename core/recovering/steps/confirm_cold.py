"""The degraded host has let go of a guest that a drain has moved while it was off.

It belongs to a step of a cold migration, and begins only while that is open, the guest waits for a confirmation, and
Nova's account of it shows our request as the last move: a resize of the user's is never confirmed. Where that was
from this host, Nova's record of it is finished, and the host is up.
It begins after a Stop too, for nobody else would.
"""

from dataclasses import replace

from kasugai.core.recovering.calls import ConfirmMigration
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Blocked, Move, Pending
from kasugai.core.recovering.nova_views import FINISHED, GuestView, MigrationView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.accounts import (
    Account,
    newest_request,
    our_confirmation,
    our_move,
    our_records,
)
from kasugai.core.recovering.steps.evacuations import Notes
from kasugai.core.recovering.steps.guests import CALL_TRIES, GONE
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.leaving import LONGEST
from kasugai.core.recovering.steps.records import (
    NO_TRACE,
    as_a_client,
    begin,
    is_open,
    is_settled,
    note,
    settles_after,
)
from kasugai.core.recovering.steps.traces import is_answered, unresolved
from kasugai.core.recovering.targets import is_living
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind, StepRecord
from kasugai.core.words.identity import step_key
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import between
from kasugai.core.words.verdicts import Reason

RESIZED = "resized"
"""The vm_state of a guest whose move waits for a confirmation."""


def confirmation_of(migration: Step) -> Step:
    """Return the step that confirms what a step of a cold migration has begun. It needs nothing but that this is
    open."""
    return replace(migration, action=Action.CONFIRM_COLD, needs=())


def is_due(s: Situation, step: Step) -> bool:
    """Whether a call of the step may be under way, or is to be made now: its migration is open, the guest waits for the
    confirmation of just that, and nothing bars it. What else there is to wait for, the migration's own step does."""
    guest, account = s.look.seen.get(step.subject), s.look.histories.get(step.subject)
    if is_open(s, step):
        return True
    if guest is None or account is None or guest.task_state is not None or guest.vm_state != RESIZED:
        return False
    return _is_ours(s, step, guest, account) and what_bars(s, step, guest, account) is None


def what_bars(s: Situation, step: Step, guest: GuestView, account: Account) -> Blocked | None:
    """Return what keeps the guest's former host from letting go of it, for people to see; None for nothing."""
    host = s.order.host
    waits = f"{guest.name} is on {guest.host}, and its migration waits for a confirmation"
    has_left_it = bool(_records(s, step))
    if has_left_it and host in s.look.recovering:
        return Blocked(reason=Reason.HOST_FIRST, detail=f"{waits}: {host} is being recovered")
    if has_left_it and not is_living(s.look.service):
        told = f"{waits}: Nova holds the compute service for down of {host}"
        return Blocked(reason=Reason.HOST_NOT_UP, detail=told)
    record = s.record(step)
    is_own = record is not None and record.attempt == s.order.attempt
    if record is not None and record.state.is_open:
        late = between(s.intent_at(step.key), s.now) > s.timing.landing
        told = f"{waits}, which Nova does not end"
        return Blocked(reason=Reason.EVACUATION_UNRESOLVED, detail=told) if late else None
    if record is not None and is_own and record.tries >= CALL_TRIES:
        said = s.memory.said.get(step.key) or record.reason
        again = f"openstack server resize confirm {step.subject}"
        return Blocked(reason=Reason.MIGRATION_FAILED, detail=f"{waits} ({again}): {said}")
    late = between(s.intent_at(step_key(Action.COLD_MIGRATE, step.subject)), s.now) > LONGEST
    if late and not _is_ours(s, step, guest, account):
        return Blocked(
            reason=Reason.EVACUATION_UNRESOLVED, detail=f"{waits}, which Nova does not show as ours"
        )
    return None


def _is_ours(s: Situation, step: Step, guest: GuestView, account: Account) -> bool:
    """Whether what waits is our migration, and has arrived: Nova's account says so, and its record does not say
    otherwise. There is no such record of this host where the call came late, after the guest had been evacuated: then
    it was another host that it left, of which Nova itself knows whether it is up."""
    moved = s.entry.steps.get(step_key(Action.COLD_MIGRATE, step.subject))
    if moved is None or not moved.state.is_open or our_move(moved, account) is None:
        return False
    records = _records(s, step)
    return not records or any(m.status == FINISHED and m.dest == guest.host for m in records)


def _records(s: Situation, step: Step) -> tuple[MigrationView, ...]:
    moved = s.entry.steps.get(step_key(Action.COLD_MIGRATE, step.subject))
    return our_records(s, step, moved) if moved is not None else ()


def assess(s: Situation, step: Step) -> Move:
    """Call it when it is due, else find out what has become of it."""
    again = Pending(reads=(step.subject,), histories=(step.subject,))
    if s.look.at < s.intent_at(step.key) or step.subject not in s.look.seen:
        return again
    guest, account = s.look.seen[step.subject], s.look.histories.get(step.subject)
    if guest is None or guest.deleted:
        return note(s, step, FactKind.DONE, GONE)
    if guest.task_state is not None or account is None:
        told = unresolved(s, step, "the confirmation of its migration")
        return told if isinstance(told, Blocked) else again
    if not is_open(s, step):
        return begin(s, step, Notes(seen_action=newest_request(account)).texts)
    if _may_arrive(s, step, account):
        return again
    return _ended(s, step, account) if guest.vm_state == RESIZED else note(s, step, FactKind.DONE)


def _may_arrive(s: Situation, step: Step, account: Account) -> bool:
    record = s.record(step)
    if record is None or is_answered(s, step):
        return False
    return our_confirmation(record, account) is None and not is_settled(s, step, settles_after(s, step))


def _ended(s: Situation, step: Step, account: Account) -> Move:
    """It was called, and the guest waits still. One look reads the account and the guest one after the other: only the
    next one surely shows the guest as the call has made it."""
    record, before = s.record(step), s.memory.before
    assert record is not None
    ours = our_confirmation(record, account)
    if ours is None and not is_answered(s, step):
        return note(s, step, FactKind.ABSOLVED, NO_TRACE)
    earlier = before.histories.get(step.subject) if before is not None else None
    was_seen = earlier is not None and our_confirmation(record, earlier) is not None
    if ours is not None and ours.has_failed and was_seen:
        return note(s, step, FactKind.ABSOLVED, Reason.REFUSED)
    return unresolved(s, step, "the confirmation of its migration")


def _effect(order: Open, begin: Begin, look: Look) -> ConfirmMigration:
    return ConfirmMigration(guest=begin.step.subject)


def _carry_on(entry: Entry, record: StepRecord) -> tuple[Step, ...]:
    """A call that may be under way is never forgotten; what is still to be called its migration's step knows."""
    return (Step(action=Action.CONFIRM_COLD, subject=record.subject),) if record.state.is_open else ()


CONFIRM_COLD = StepKind(
    words=WORDINGS[Action.CONFIRM_COLD],
    assess=assess,
    effect=_effect,
    limit=as_a_client,
    look_after=LookAfter.NOW,
    needs_silence=False,
    ends_what_was_begun=True,
    takes_room=False,
    rank=0,
    landing=None,
    carry_on=_carry_on,
    together=None,
)
