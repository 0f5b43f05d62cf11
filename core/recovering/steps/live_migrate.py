"""The guest runs on another host, by Nova's word, and was not stopped for it. A live migration is called only after a
look that saw the guest on its host without a task and with no migration of it under way, whoever asked for one.

Nova 34: the API sets the task `migrating` and refuses a second call while there is one (compute/api.py, live_migrate);
the conductor writes the record (conductor/manager.py, _live_migrate), and clears the task where it finds no host. The
record goes accepted, queued, preparing, running, and ends as completed, error, failed or cancelled
(compute/manager.py). A guest that could not be moved runs on where it is.
"""

from kasugai.core.recovering.calls import LiveMigrate
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Move, Pending
from kasugai.core.recovering.nova_views import LIVE_MIGRATION, GuestView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.spread import ANYWHERE
from kasugai.core.recovering.steps.evacuations import Notes, done, in_vain, noted
from kasugai.core.recovering.steps.guests import GONE, MOVED
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.leaving import CANCELLED, LONGEST, call, under_way, wait_for
from kasugai.core.recovering.steps.records import as_a_client, settles_after, unseen
from kasugai.core.recovering.steps.traces import is_answered, unresolved
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind, StepRecord
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import between
from kasugai.core.words.verdicts import Reason

LIVE_STATES = ("active", "paused")
"""The vm_states in which Nova migrates a guest live (compute/api.py, check_instance_state of live_migrate)."""
NOT_RUNNING = "not-running"
"""Reason of a step whose guest has been stopped, or put into another state, since it was planned."""


def assess(s: Situation, step: Step) -> Move:
    """Call it if it may be called, else find out what has become of it."""
    record = s.record(step)
    guest = s.look.sees_on_source(step.subject, s.order.host)
    if guest is None:
        return _away(s, step, record)
    if guest.task_state is not None or under_way(s, step):
        return wait_for(s, step, guest)
    if record is not None and record.state.is_open:
        return _ended(s, step, record)
    if step.subject not in s.look.guests:
        # A cell that is silent in lists hides the migration records as well.
        return Pending(reads=(step.subject,))
    return _call(s, step, record, guest)


def _away(s: Situation, step: Step, record: StepRecord | None) -> Move:
    """It is not on its host's list, which is no evidence: it is read by id."""
    if step.subject not in s.look.read:
        return Pending(reads=(step.subject,))
    guest = s.look.read[step.subject]
    if guest is None or guest.deleted:
        return done(s, step, GONE)
    is_ours = record is not None and record.state.is_open
    is_moving = guest.in_migration or any(m.migration_type == LIVE_MIGRATION for m in under_way(s, step))
    if is_moving and between(s.intent_at(step.key), s.now) <= LONGEST:
        return Pending(reads=(step.subject,))
    if is_ours and guest.vm_state == "error":
        return noted(s, step, FactKind.FAILED, Reason.DESTINATION_FAILED, guest.host)
    return done(s, step, "" if is_ours else MOVED, guest.host)


def _ended(s: Situation, step: Step, record: StepRecord) -> Move:
    """It was called, and the guest lies on its host without a task."""
    notes = Notes.of(record)
    ours = [
        m
        for m in s.look.migrations.get(step.subject, ())
        if m.migration_type == LIVE_MIGRATION and m.migration_id > notes.seen_migration
    ]
    if not ours:
        if is_answered(s, step):
            return unresolved(s, step, "its live migration")
        return unseen(s, step, settles_after(s, step), record.notes)
    last = ours[-1]
    if not last.has_failed:
        return unresolved(s, step, "its live migration")  # the list of guests is older than the record
    place = last.dest or notes.target
    why = f"{last.status}{f' on the way to {place}' if place else ', Nova found no host'}"
    reason = CANCELLED if last.status == CANCELLED else why
    return in_vain(s, step, FactKind.ABSOLVED, reason, place or ANYWHERE, failed_on=last.dest)


def _call(s: Situation, step: Step, record: StepRecord | None, guest: GuestView) -> Move:
    """Call, unless the guest does not run any more."""
    if guest.vm_state not in LIVE_STATES:
        return done(s, step, NOT_RUNNING)
    return call(s, step, record, guest)


def _effect(order: Open, begin: Begin, look: Look) -> LiveMigrate:
    return LiveMigrate(guest=begin.step.subject, target=Notes.of(begin.record).target)


def _carry_on(entry: Entry, record: StepRecord) -> tuple[Step, ...]:
    """A call that may be under way is never forgotten, also when the guest has left its host or was excluded since."""
    is_open = record.state.is_open
    return (Step(action=Action.LIVE_MIGRATE, subject=record.subject),) if is_open else ()


LIVE_MIGRATE = StepKind(
    words=WORDINGS[Action.LIVE_MIGRATE],
    assess=assess,
    effect=_effect,
    limit=as_a_client,
    look_after=LookAfter.IN_TURN,
    needs_silence=False,
    ends_what_was_begun=False,
    takes_room=True,
    rank=1,
    landing=None,
    carry_on=_carry_on,
    together=None,  # one at a time
)
