"""The guest, which is off, is on another host, by Nova's word, and nothing of that waits for a confirmation.

Nova 34: a cold migration is a resize to the same flavor (compute/api.py, resize). The guest that has come over is
`resized` until somebody confirms it, or has it moved back; both stand in Nova's account of the guest, and so does who
asked for the migration, which its record does not say. So the intent stays open until nothing waits any more: what
ends an incident waits for open ones.
"""

from kasugai.core.recovering.calls import Migrate
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Blocked, Move, Pending
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.spread import ANYWHERE
from kasugai.core.recovering.steps.accounts import Account, is_reverted, newest_request, our_move, our_records
from kasugai.core.recovering.steps.confirm_cold import RESIZED, confirmation_of, what_bars
from kasugai.core.recovering.steps.evacuations import Notes, done, in_vain, noted
from kasugai.core.recovering.steps.guests import GONE, MOVED
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.leaving import LONGEST, call, under_way, wait_for
from kasugai.core.recovering.steps.records import as_a_client, is_settled, settles_after, unseen
from kasugai.core.recovering.steps.traces import is_answered, unresolved
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind, StepRecord
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import between
from kasugai.core.words.verdicts import Reason

OFF = "stopped"
"""The vm_state in which a guest is moved so. Nova would also switch one off that runs: nobody asks it to."""
NOT_OFF = "not-off"
"""Reason of a step whose guest has been started, or put into another state, since it was planned."""
REVERTED = "reverted"
"""Reason of a step whose guest somebody has had moved back: it is left as he wished."""
HIDDEN = "account-hidden"
"""Reason of a step whose guest is left because Nova does not let us see who asks what of it."""


def assess(s: Situation, step: Step) -> Move:
    """Call it if it may be called, else find out what has become of it."""
    record = s.record(step)
    mine = record if record is not None and record.state.is_open else None
    guest = s.look.sees_on_source(step.subject, s.order.host)
    if guest is None:
        return _away(s, step, mine)
    if mine is None and guest.task_state is None and guest.vm_state != OFF:
        return done(s, step, NOT_OFF)
    if guest.task_state is not None or under_way(s, step):
        return wait_for(s, step, guest)
    if step.subject not in s.look.histories or step.subject not in s.look.guests:
        # A cell that is silent in lists hides the migration records as well.
        return Pending(reads=(step.subject,), histories=(step.subject,))
    account = s.look.histories[step.subject]
    if account is None:
        return done(s, step, HIDDEN) if mine is None else _untold(s, step, guest)
    if mine is not None:
        return _ended(s, step, mine, guest, account)
    if is_reverted(account):
        return done(s, step, REVERTED)
    return call(s, step, record, guest, newest_request(account))


def _away(s: Situation, step: Step, mine: StepRecord | None) -> Move:
    """It is not on its host's list, which is no evidence: it is read by id."""
    again = Pending(reads=(step.subject,), histories=(step.subject,))
    if step.subject not in s.look.read:
        return again
    guest = s.look.read[step.subject]
    if guest is None or guest.deleted:
        return done(s, step, GONE)
    if mine is None:
        return done(s, step, MOVED, guest.host)
    if guest.task_state is not None:
        late = between(s.intent_at(step.key), s.now) > LONGEST
        told = Blocked(reason=Reason.GUEST_BUSY, detail=f"{guest.name} is {guest.task_state}")
        return told if late else Pending(reads=(step.subject,))
    if step.subject not in s.look.histories:
        return again
    account = s.look.histories[step.subject]
    if account is None:
        return _untold(s, step, guest)
    return _landed(s, step, mine, guest, account)


def _landed(s: Situation, step: Step, mine: StepRecord, guest: GuestView, account: Account) -> Move:
    """It was called, and the guest lies elsewhere without a task: by our call, or by another's."""
    ours = our_move(mine, account)
    if ours is None and not is_answered(s, step) and not is_settled(s, step, settles_after(s, step)):
        return Pending(reads=(step.subject,), histories=(step.subject,))  # a late call would move it on
    if ours is None:
        return done(s, step, MOVED, guest.host)
    if guest.vm_state == "error":
        return noted(s, step, FactKind.FAILED, Reason.DESTINATION_FAILED, guest.host)
    if guest.vm_state == RESIZED:
        bar = what_bars(s, confirmation_of(step), guest, account)
        return bar or Pending(reads=(step.subject,), histories=(step.subject,))
    return done(s, step, "", guest.host)


def _ended(s: Situation, step: Step, mine: StepRecord, guest: GuestView, account: Account) -> Move:
    """It was called, and the guest lies on its host without a task."""
    ours, records = our_move(mine, account), our_records(s, step, mine)
    if ours is not None and is_reverted(account):
        return done(s, step, REVERTED)
    if not records:
        if ours is not None or is_answered(s, step):
            return unresolved(s, step, "its cold migration")
        waits = Pending(reads=(step.subject,), histories=(step.subject,))
        return unseen(s, step, settles_after(s, step), mine.notes, waits)
    last = records[-1]
    if not last.has_failed:
        return unresolved(s, step, "its cold migration")  # the list of guests is older than the record
    if guest.vm_state == "error":
        return noted(s, step, FactKind.FAILED, Reason.DESTINATION_FAILED)
    place = last.dest or Notes.of(mine).target
    why = f"{last.status}{f' on the way to {place}' if place else ', Nova found no host'}"
    return in_vain(s, step, FactKind.ABSOLVED, why, place or ANYWHERE, failed_on=last.dest)


def _untold(s: Situation, step: Step, guest: GuestView) -> Blocked:
    told = f"{guest.name}: Nova does not show any more who asked for its migration"
    return Blocked(reason=Reason.EVACUATION_UNRESOLVED, detail=told)


def _effect(order: Open, begin: Begin, look: Look) -> Migrate:
    return Migrate(guest=begin.step.subject, target=Notes.of(begin.record).target)


def _carry_on(entry: Entry, record: StepRecord) -> tuple[Step, ...]:
    """A call that may be under way, or waits for its confirmation, is never forgotten."""
    if not record.state.is_open:
        return ()
    step = Step(action=Action.COLD_MIGRATE, subject=record.subject)
    return step, confirmation_of(step)


COLD_MIGRATE = StepKind(
    words=WORDINGS[Action.COLD_MIGRATE],
    assess=assess,
    effect=_effect,
    limit=as_a_client,
    look_after=LookAfter.IN_TURN,
    needs_silence=False,
    ends_what_was_begun=False,
    takes_room=True,
    rank=2,
    landing=None,
    carry_on=_carry_on,
    together=None,  # one at a time
)
