"""Assesses the steps about one guest. An evacuation ends only by Nova's word, and is called only after a look that saw
the guest on the source with nothing of it under way (architecture.md 5)."""

from kasugai.core.recovering.host_steps import begin, is_first_empty, list_is_believed, note
from kasugai.core.recovering.look import EVACUATION, GuestView, Look, MigrationView
from kasugai.core.recovering.moves import Blocked, Move, Note, Pending
from kasugai.core.recovering.planning import EVACUABLE
from kasugai.core.recovering.reserve_steps import is_ready, is_unfit
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.targets import SCHEDULER, targets
from kasugai.core.words.facts import FactKind, StepRecord
from kasugai.core.words.identity import step_key
from kasugai.core.words.plan import Action, Prior, Step
from kasugai.core.words.timing import Millis
from kasugai.core.words.verdicts import Reason

CALL_TRIES = 3
"""How often a call that Nova refused without effect is made in one attempt."""
GONE = "deleted"
"""Reason of a step whose guest does not exist any more."""
MOVED = "moved"
"""Reason of a step whose guest had left the source by another hand."""


def assess_evacuate(s: Situation, step: Step) -> Move:
    """The guest is on another host."""
    record = s.record(step)
    if record is not None and record.state.is_open:
        return _resolve(s, step, record)
    others = s.look.migrations.get(step.subject, ())
    under_way = [m for m in others if m.migration_type == EVACUATION and not m.is_ended]
    if under_way:
        return _await_other(s, step, under_way[-1])
    guest = s.look.sees_on_source(step.subject, s.order.host)
    if guest is None:
        return _absent(s, step)
    if step.subject not in s.look.guests:
        # A cell that is silent in lists hides the migration records as well.
        return Pending(reads=(step.subject,))
    if guest.in_migration or any(m.migration_type != EVACUATION and not m.is_ended for m in others):
        return Blocked(reason=Reason.IN_MIGRATION, detail=f"{guest.name} may already run elsewhere")
    if guest.in_evacuation and not any(m.migration_type == EVACUATION for m in others):
        return _await_hidden(s, step)
    return _call(s, step, record)


def has_landed(move: Note) -> bool:
    """Whether the guest was seen to have arrived by a call of ours, or of an owner before."""
    return move.step.action is Action.EVACUATE and move.kind is FactKind.DONE and not move.record.reason


def lasted(move: Note, look: Look) -> Millis | None:
    """Return how long the evacuation of a guest that has landed took by Nova's record; None when it does not say."""
    landed = [m for m in _ours(look, move.step, move.record) if m.has_landed]
    return landed[-1].lasted if landed else None


def _await_hidden(s: Situation, step: Step) -> Move:
    """The guest is being rebuilt and no record says by whom: one list was answered without the other's cell."""
    if s.now - s.memory.owner_since > s.timing.landing:
        return Blocked(
            reason=Reason.EVACUATION_UNRESOLVED, detail=f"{step.name}: Nova shows no record of its rebuild"
        )
    return Pending()


def _call(s: Situation, step: Step, record: StepRecord | None) -> Move:
    """Call, unless Nova has refused often enough in this attempt, or found no place anywhere under this owner."""
    if record is not None and record.attempt == s.order.attempt and _is_refused(record):
        return note(s, step, FactKind.FAILED, record.reason)
    target = next_target(s, record)
    if target is None:
        return Blocked(reason=Reason.NO_CAPACITY, detail=f"{step.name}: Nova finds no valid host")
    if target != SCHEDULER and not is_ready(s, target):
        return Pending(hosts=(target,))
    return begin(s, step, s.look.newest_migration(step.subject), target)


def next_target(s: Situation, record: StepRecord | None) -> str | None:
    """Return where the guest is to go next: the first place that this owner has not tried in vain; None when it has
    tried all. A new owner begins anew: there may be room by now."""
    places = targets(s.order)
    if record is not None and _found_no_host(s, record) and record.target in places:
        places = places[places.index(record.target) + 1 :]
    return next((place for place in places if place == SCHEDULER or not is_unfit(s, place)), None)


def _found_no_host(s: Situation, record: StepRecord) -> bool:
    """Whether Nova's last word to this owner was that there is no place."""
    return record.reason == Reason.NO_VALID_HOST and record.epoch == s.memory.epoch


def _is_refused(record: StepRecord) -> bool:
    return record.reason == Reason.REFUSED and record.tries >= CALL_TRIES


def _await_other(s: Situation, step: Step, migration: MigrationView) -> Move:
    """Somebody else's evacuation, or one of an earlier attempt, is under way: it is waited for, never doubled."""
    if s.now - s.memory.owner_since > s.timing.landing:
        return Blocked(
            reason=Reason.EVACUATION_UNRESOLVED,
            detail=f"{step.name}: migration {migration.migration_id} to {migration.dest or '?'} is {migration.status}",
        )
    return Pending()


def _absent(s: Situation, step: Step) -> Move:
    """Absence from the list is no evidence: the guest is read by id."""
    if step.subject not in s.look.read:
        return Pending(reads=(step.subject,))
    guest = s.look.read[step.subject]
    if guest is None or guest.deleted:
        return note(s, step, FactKind.DONE, GONE)
    return note(s, step, FactKind.DONE, MOVED, destination=guest.host)


def _resolve(s: Situation, step: Step, record: StepRecord) -> Move:
    """A call is under way, or may be: find out by Nova's records above the one that the intent carries."""
    if s.look.at < s.intent_at(step.key):
        return Pending()
    ours = _ours(s.look, step, record)
    if not ours:
        return _without_trace(s, step)
    if any(m.has_landed for m in ours):
        return _landed(s, step, ours)
    if all(m.has_failed for m in ours):
        return _failure(s, step, ours[-1])
    return _await_own(s, step, ours[-1])


def _ours(look: Look, step: Step, record: StepRecord) -> list[MigrationView]:
    """The records of the guest's evacuations above the one that the intent carries, oldest first."""
    return [
        m
        for m in look.migrations.get(step.subject, ())
        if m.migration_type == EVACUATION and m.migration_id > record.seen_migration
    ]


def _failure(s: Situation, step: Step, migration: MigrationView) -> Move:
    """`error` is the scheduler's no, which leaves the guest where it was; `failed` the destination's (nova.md)."""
    if migration.status == "error":
        return note(s, step, FactKind.ABSOLVED, Reason.NO_VALID_HOST)
    return note(s, step, FactKind.FAILED, Reason.DESTINATION_FAILED)


def _await_own(s: Situation, step: Step, migration: MigrationView) -> Move:
    """A guest that two lists in a row do not show may have been deleted; one may be read right after it landed."""
    guest = s.look.read.get(step.subject, _UNREAD)
    if guest is None or (guest is not _UNREAD and guest.deleted):
        return note(s, step, FactKind.DONE, GONE)
    if s.now - s.intent_at(step.key) > s.timing.landing:
        return Blocked(
            reason=Reason.EVACUATION_UNRESOLVED,
            detail=f"{step.name}: migration {migration.migration_id} to {migration.dest or '?'} is {migration.status}",
        )
    before = s.memory.before
    listed = step.subject in s.look.guests or (before is not None and step.subject in before.guests)
    return Pending() if listed else Pending(reads=(step.subject,))


def _landed(s: Situation, step: Step, ours: list[MigrationView]) -> Move:
    """The record says done, and the host must have changed as well: by the guest itself where it was read by id, else
    by its absence from a list of the source that is believed, when the record is the only one and names the host."""
    guest = s.look.read.get(step.subject, _UNREAD)
    if guest is None or (guest is not _UNREAD and guest.deleted):
        return note(s, step, FactKind.DONE, GONE)
    if guest is not _UNREAD and guest.host != s.order.host and step.subject not in s.look.guests:
        return note(s, step, FactKind.DONE, destination=guest.host)
    move = Pending() if step.subject in s.look.guests else _left(s, step, ours)
    if isinstance(move, Pending) and s.now - s.intent_at(step.key) > s.timing.landing:
        return Blocked(
            reason=Reason.EVACUATION_UNRESOLVED, detail=f"{step.name}: its record is done, its host unchanged"
        )
    return move


def _left(s: Situation, step: Step, ours: list[MigrationView]) -> Note | Pending:
    """The source's list does not show the guest any more, and nobody has read it elsewhere by id. One that is to be
    stopped again is read by id in any case; a list that has just become empty is read once more before that (most often
    it is then believed)."""
    doubt = len(ours) > 1 or not ours[0].dest or step.subject in s.look.read
    if doubt or step.prior is Prior.STOPPED:
        return Pending(reads=(step.subject,))
    if list_is_believed(s.look, s.memory.before):
        return note(s, step, FactKind.DONE, destination=ours[0].dest)
    return Pending() if is_first_empty(s.look, s.memory.before) else Pending(reads=(step.subject,))


def _without_trace(s: Situation, step: Step) -> Move:
    """No record above the intent's: believed after the settle time, and only by two looks in a row in which the
    guest's own cell answered (the source's list shows the guest)."""
    if step.subject not in s.look.guests:
        return _gone_or_wait(s, step)
    waited = s.look.at - s.intent_at(step.key)
    seen_before = s.memory.before is not None and step.subject in s.memory.before.guests
    if waited >= s.timing.settle and seen_before and step.key not in s.memory.accepted:
        return note(s, step, FactKind.ABSOLVED, "no trace")
    return _unresolved_after(s, step)


def _gone_or_wait(s: Situation, step: Step) -> Move:
    if step.subject in s.look.read:
        guest = s.look.read[step.subject]
        if guest is None or guest.deleted:
            return note(s, step, FactKind.DONE, GONE)
        return _unresolved_after(s, step)
    return Pending(reads=(step.subject,))


def _unresolved_after(s: Situation, step: Step) -> Move:
    if s.now - s.intent_at(step.key) > s.timing.landing:
        return Blocked(
            reason=Reason.EVACUATION_UNRESOLVED, detail=f"{step.name}: Nova shows no record of the call"
        )
    return Pending(reads=(step.subject,))


def assess_reset(s: Situation, step: Step) -> Move:
    """The guest's vm_state is one that Nova evacuates."""
    if s.look.at < s.intent_at(step.key):
        return Pending()
    guest = s.look.sees_on_source(step.subject, s.order.host)
    if guest is None:
        return _absent(s, step)
    if guest.vm_state in EVACUABLE:
        return note(s, step, FactKind.DONE)
    record = s.record(step)
    if guest.in_migration:
        return Blocked(reason=Reason.IN_MIGRATION, detail=f"{guest.name} may already run elsewhere")
    if record is not None and record.state.is_open:
        settled = s.look.at - s.intent_at(step.key) >= s.timing.settle
        return note(s, step, FactKind.ABSOLVED, "no trace") if settled else Pending()
    return _again(s, step, record)


def assess_restore(s: Situation, step: Step) -> Move:
    """The guest is stopped again; only guests that were are ever stopped."""
    moved = s.entry.steps.get(step_key(Action.EVACUATE, step.subject))
    if moved is not None and moved.reason in (GONE, MOVED):
        return note(s, step, FactKind.DONE, moved.reason)
    if step.subject not in s.look.read or s.look.at < s.intent_at(step.key):
        return Pending(reads=(step.subject,))
    guest = s.look.read[step.subject]
    if guest is None or guest.deleted:
        return note(s, step, FactKind.DONE, GONE)
    if guest.vm_state == Prior.STOPPED:
        return note(s, step, FactKind.DONE)
    record = s.record(step)
    if guest.task_state is not None:
        return _await_task(s, step)
    if record is not None and record.state.is_open:
        settled = s.look.at - s.intent_at(step.key) >= s.timing.wire
        return note(s, step, FactKind.ABSOLVED, "no trace") if settled else Pending(reads=(step.subject,))
    return _again(s, step, record)


def _await_task(s: Situation, step: Step) -> Move:
    """Nova is at it; what it has not brought to an end in the time of a landing has failed (its host died as well)."""
    if s.now - s.intent_at(step.key) > s.timing.landing:
        return note(s, step, FactKind.FAILED, Reason.DESTINATION_FAILED)
    return Pending(reads=(step.subject,))


def _again(s: Situation, step: Step, record: StepRecord | None) -> Move:
    tries = record.tries if record is not None and record.attempt == s.order.attempt else 0
    if record is not None and tries >= CALL_TRIES:
        return note(s, step, FactKind.FAILED, record.reason or Reason.REFUSED)
    return begin(s, step)


_UNREAD = GuestView(uuid="", name="", host="", vm_state="", task_state=None, power_state=0)
