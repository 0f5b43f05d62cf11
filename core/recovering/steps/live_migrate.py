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
from kasugai.core.recovering.moves import Begin, Blocked, Move, Pending
from kasugai.core.recovering.nova_views import LIVE_MIGRATION, GuestView, MigrationView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.spread import ANYWHERE, choose, load_of
from kasugai.core.recovering.steps.evacuations import Notes, done, in_vain, noted
from kasugai.core.recovering.steps.guests import GONE, MOVED
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import as_a_client, begin, settles_after, unseen
from kasugai.core.recovering.steps.traces import is_answered, unresolved
from kasugai.core.recovering.targets import SCHEDULER, doubtful, is_living, usable
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind, StepRecord
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import Millis, between
from kasugai.core.words.verdicts import Reason

TRIES = 3
"""So often a guest is tried in one attempt, each time elsewhere where there is another host. That Nova finds no host at
all counts for none."""
LONGEST: Millis = Millis(3_600_000)
"""So long one migration that Nova shows as under way is waited for before a person is told: a large guest takes long,
and Nova itself gives up in the end (live_migration_completion_timeout)."""
LIVE_STATES = ("active", "paused")
"""The vm_states in which Nova migrates a guest live (compute/api.py, check_instance_state of live_migrate)."""
NOT_RUNNING = "not-running"
"""Reason of a step whose guest has been stopped, or put into another state, since it was planned."""
CANCELLED = "cancelled"
"""How a record ends whose migration somebody has aborted: a person's word, which is not overruled."""


def assess(s: Situation, step: Step) -> Move:
    """Call it if it may be called, else find out what has become of it."""
    record = s.record(step)
    guest = s.look.sees_on_source(step.subject, s.order.host)
    if guest is None:
        return _away(s, step, record)
    if guest.task_state is not None or _under_way(s, step):
        return _await(s, step, guest)
    if record is not None and record.state.is_open:
        return _ended(s, step, record)
    if step.subject not in s.look.guests:
        # A cell that is silent in lists hides the migration records as well.
        return Pending(reads=(step.subject,))
    return _call(s, step, record, guest)


def _under_way(s: Situation, step: Step) -> tuple[MigrationView, ...]:
    """Return the migrations of the guest, of any type and by anybody, that Nova has not ended."""
    return tuple(m for m in s.look.migrations.get(step.subject, ()) if not m.is_ended)


def _away(s: Situation, step: Step, record: StepRecord | None) -> Move:
    """It is not on its host's list, which is no evidence: it is read by id."""
    if step.subject not in s.look.read:
        return Pending(reads=(step.subject,))
    guest = s.look.read[step.subject]
    if guest is None or guest.deleted:
        return done(s, step, GONE)
    is_ours = record is not None and record.state.is_open
    is_moving = guest.in_migration or any(m.migration_type == LIVE_MIGRATION for m in _under_way(s, step))
    if is_moving and between(s.intent_at(step.key), s.now) <= LONGEST:
        return Pending(reads=(step.subject,))
    if is_ours and guest.vm_state == "error":
        return noted(s, step, FactKind.FAILED, Reason.DESTINATION_FAILED, guest.host)
    return done(s, step, "" if is_ours else MOVED, guest.host)


def _await(s: Situation, step: Step, guest: GuestView) -> Move:
    """Something is under way, ours or another's: it is waited for, never doubled and never aborted. What a host has in
    hand that is not up goes on with its return, if at all."""
    waited, moving = between(s.intent_at(step.key), s.now), _under_way(s, step)
    if moving and (waited > LONGEST or not is_living(s.look.service)):
        told = f"migration {moving[-1].migration_id} to {moving[-1].dest or '?'} is {moving[-1].status}"
        return Blocked(reason=Reason.EVACUATION_UNRESOLVED, detail=f"{guest.name}: {told}")
    if not moving and waited > s.timing.landing:
        return Blocked(reason=Reason.GUEST_BUSY, detail=f"{guest.name} is {guest.task_state}")
    return Pending()


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
    """Call, unless it was called in vain often enough in this attempt, or there is nowhere to go."""
    if guest.vm_state not in LIVE_STATES:
        return done(s, step, NOT_RUNNING)
    if record is not None and _is_over(s, record):
        return Blocked(reason=Reason.MIGRATION_FAILED, detail=_why(s, step, guest, record))
    if (unfit := unfit_source(s)) is not None:
        return unfit
    target = _target(s, guest, record)
    if target is None:
        return Blocked(reason=Reason.NO_CAPACITY, detail=_nowhere(guest, _failed(s, record)))
    notes = Notes(
        seen_migration=s.look.newest_migration(step.subject),
        target=target,
        tried=_tried(s, record),
        failed_on=_failed(s, record),
    )
    return begin(s, step, notes.texts)


def _why(s: Situation, step: Step, guest: GuestView, record: StepRecord) -> str:
    said = s.memory.said.get(step.key) or record.reason
    failed = ", ".join(dict.fromkeys(Notes.of(record).failed_on))
    return f"{guest.name}: {said}{f'; could not be moved to {failed}' if failed else ''}"


def _is_over(s: Situation, record: StepRecord) -> bool:
    """Whether this attempt has tried often enough, or somebody has aborted what it asked for."""
    if record.attempt != s.order.attempt:
        return False
    is_refused = record.reason == Reason.REFUSED and record.tries >= TRIES
    return len(_failed(s, record)) >= TRIES or is_refused or record.reason == CANCELLED


def _failed(s: Situation, record: StepRecord | None) -> tuple[str, ...]:
    """Return where the guest could not be moved to in this attempt."""
    is_own = record is not None and record.attempt == s.order.attempt
    return Notes.of(record).failed_on if record is not None and is_own else ()


def unfit_source(s: Situation) -> Blocked | None:
    """Return what keeps guests from being moved away from their host now: it is not up, a worker is recovering it, or
    Nova's own services are away. None for nothing."""
    host = s.order.host
    if host in s.look.recovering:
        return Blocked(reason=Reason.HOST_FIRST, detail=f"{host} is being recovered")
    if not is_living(s.look.service):
        return Blocked(reason=Reason.HOST_NOT_UP, detail=f"Nova holds the compute service for down of {host}")
    if s.look.unwell:
        silent = ", ".join(sorted(s.look.unwell))
        return Blocked(
            reason=Reason.CONTROL_PLANE_UNWELL, detail=f"Nova cannot migrate: no answer of {silent}"
        )
    if host not in (s.look.computes or {}):
        told = "Nova's list of services lacks the host itself"
        return Blocked(reason=Reason.CONTROL_PLANE_UNWELL, detail=told)
    return None


def _tried(s: Situation, record: StepRecord | None) -> tuple[str, ...]:
    """Return where this owner has asked in vain. A new owner begins anew: there may be room by now."""
    return Notes.of(record).tried if record is not None and record.epoch == s.memory.epoch else ()


def _target(s: Situation, guest: GuestView, record: StepRecord | None) -> str | None:
    """Return where the guest is to go; None where there is no place. Nova chooses only where it can choose nobody who
    may not be sent to."""
    host = choose(s, guest, _tried(s, record), _failed(s, record), load_of(s))
    is_open = host == SCHEDULER and bool(doubtful(usable(s.order, s.look), s.look, s.timing))
    return None if is_open else host


def _nowhere(guest: GuestView, failed: tuple[str, ...]) -> str:
    tried = f": it could not be moved to {', '.join(dict.fromkeys(failed))}" if failed else ""
    return f"{guest.name}: there is no other host for it{tried}"


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
    takes_room=True,
    rank=1,
    landing=None,
    carry_on=_carry_on,
    together=None,  # one at a time
)
