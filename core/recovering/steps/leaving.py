"""What the two ways share by which a guest leaves a host that lives: what is waited for, where it goes, and when enough
has been tried.
"""

from kasugai.core.recovering.moves import Blocked, Move, Pending
from kasugai.core.recovering.nova_views import GuestView, MigrationView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.spread import choose, load_of
from kasugai.core.recovering.steps.evacuations import Notes
from kasugai.core.recovering.steps.records import begin
from kasugai.core.recovering.targets import SCHEDULER, doubtful, is_living, usable
from kasugai.core.words.facts import StepRecord
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import Millis, between
from kasugai.core.words.verdicts import Reason

TRIES = 3
"""So often a guest is tried in one attempt, each time elsewhere where there is another host. That Nova finds no host at
all counts for none."""
LONGEST: Millis = Millis(3_600_000)
"""So long one migration that Nova shows as under way is waited for before a person is told: a large guest takes long,
and Nova itself gives up in the end (live_migration_completion_timeout)."""
CANCELLED = "cancelled"
"""How a record ends whose migration somebody has aborted: a person's word, which is not overruled."""


def under_way(s: Situation, step: Step) -> tuple[MigrationView, ...]:
    """Return the migrations of the guest, of any type and by anybody, that Nova has not ended."""
    return tuple(m for m in s.look.migrations.get(step.subject, ()) if not m.is_ended)


def wait_for(s: Situation, step: Step, guest: GuestView) -> Move:
    """Something is under way, ours or another's: it is waited for, never doubled and never aborted. What a host has in
    hand that is not up goes on with its return, if at all."""
    waited, moving = between(s.intent_at(step.key), s.now), under_way(s, step)
    if moving and (waited > LONGEST or not is_living(s.look.service)):
        told = f"migration {moving[-1].migration_id} to {moving[-1].dest or '?'} is {moving[-1].status}"
        return Blocked(reason=Reason.EVACUATION_UNRESOLVED, detail=f"{guest.name}: {told}")
    if not moving and waited > s.timing.landing:
        return Blocked(reason=Reason.GUEST_BUSY, detail=f"{guest.name} is {guest.task_state}")
    return Pending()


def call(
    s: Situation, step: Step, record: StepRecord | None, guest: GuestView, seen_action: str = ""
) -> Move:
    """Call, unless it was called in vain often enough in this attempt, or there is nowhere to go. `seen_action`: the
    newest request in Nova's account of the guest, where that tells which call was whose."""
    if record is not None and _is_over(s, record):
        return Blocked(reason=Reason.MIGRATION_FAILED, detail=_why(s, step, guest, record))
    if (unfit := unfit_source(s)) is not None:
        return unfit
    target = _target(s, guest, record)
    if target is None:
        return Blocked(reason=Reason.NO_CAPACITY, detail=_nowhere(guest, _failed_on(s, record)))
    notes = Notes(
        seen_migration=s.look.newest_migration(step.subject),
        seen_action=seen_action,
        target=target,
        tried=_tried(s, record),
        failed_on=_failed_on(s, record),
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
    return len(_failed_on(s, record)) >= TRIES or is_refused or record.reason == CANCELLED


def _failed_on(s: Situation, record: StepRecord | None) -> tuple[str, ...]:
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
    host = choose(s, guest, _tried(s, record), _failed_on(s, record), load_of(s))
    is_open = host == SCHEDULER and bool(doubtful(usable(s.order, s.look), s.look, s.timing))
    return None if is_open else host


def _nowhere(guest: GuestView, failed: tuple[str, ...]) -> str:
    tried = f": it could not be moved to {', '.join(dict.fromkeys(failed))}" if failed else ""
    return f"{guest.name}: there is no other host for it{tried}"
