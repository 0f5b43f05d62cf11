"""The guest is on another host, by Nova's word. An evacuation is called only after a look that saw the guest on the
source with nothing of it under way, and ends only by what Nova says of it (architecture.md 5)."""

from dataclasses import dataclass, replace

from kasugai.core.recovering.calls import Evacuate
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import (
    EVACUATION,
    GuestView,
    Look,
    MigrationView,
    is_first_empty,
    list_is_believed,
)
from kasugai.core.recovering.moves import Begin, Blocked, Move, Note, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps import restore
from kasugai.core.recovering.steps.guests import CALL_TRIES, GONE, absent
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import NO_TRACE, as_a_client, begin, blank, is_settled, note
from kasugai.core.recovering.steps.reserves import is_ready, is_unfit
from kasugai.core.recovering.targets import SCHEDULER, targets
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import DESTINATION, TARGET, FactKind, StepRecord, StepState
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Prior, Step
from kasugai.core.words.timing import Millis
from kasugai.core.words.verdicts import Reason

_SEEN = "seen_migration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notes:
    """What an evacuation's record says besides its state."""

    seen_migration: int = 0
    """The highest migration id of the guest that the look before the last begin saw: higher ones are ours."""
    target: str = ""
    """Where the last call was directed; empty when Nova was to choose."""
    destination: str = ""
    """Once done: the host on which the guest was seen."""

    @classmethod
    def of(cls, record: StepRecord) -> "Notes":
        """Return what a record's notes say."""
        notes = record.notes
        return cls(
            seen_migration=int(notes.get(_SEEN, 0)),
            target=notes.get(TARGET, ""),
            destination=notes.get(DESTINATION, ""),
        )

    @property
    def texts(self) -> FrozenMap[str]:
        """The same as a record keeps it: what says nothing is left out."""
        seen = str(self.seen_migration) if self.seen_migration else ""
        texts = {_SEEN: seen, TARGET: self.target, DESTINATION: self.destination}
        return FrozenMap({name: text for name, text in texts.items() if text})


def assess(s: Situation, step: Step) -> Move:
    """Call it if it may be called, else find out what has become of it."""
    record = s.record(step)
    if record is not None and record.state.is_open:
        return _resolve(s, step, record)
    others = s.look.migrations.get(step.subject, ())
    under_way = [m for m in others if m.migration_type == EVACUATION and not m.is_ended]
    if under_way:
        return _await_other(s, step, under_way[-1])
    guest = s.look.sees_on_source(step.subject, s.order.host)
    if guest is None:
        return absent(s, step, _done)
    if step.subject not in s.look.guests:
        # A cell that is silent in lists hides the migration records as well.
        return Pending(reads=(step.subject,))
    if guest.in_migration or any(m.migration_type != EVACUATION and not m.is_ended for m in others):
        return Blocked(reason=Reason.IN_MIGRATION, detail=f"{guest.name} may already run elsewhere")
    if guest.in_evacuation and not any(m.migration_type == EVACUATION for m in others):
        return _await_hidden(s, step)
    return _call(s, step, record)


def landing(move: Note, look: Look) -> Millis | None:
    """Return how long an evacuation took by Nova's record whose guest was seen to have arrived by a call of ours, or of
    an owner before; None for other notes, and when the record does not say."""
    if move.kind is not FactKind.DONE or move.record.reason:
        return None
    landed = [m for m in _ours(look, move.step, move.record) if m.has_landed]
    return landed[-1].lasted if landed else None


def _note(s: Situation, step: Step, kind: FactKind, reason: str = "", destination: str = "") -> Note:
    """Record what was seen; what the intent noted stays."""
    notes = replace(Notes.of(blank(s, step)), destination=destination)
    return note(s, step, kind, reason, notes.texts)


def _done(s: Situation, step: Step, reason: str = "", destination: str = "") -> Note:
    return _note(s, step, FactKind.DONE, reason, destination)


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
        return _note(s, step, FactKind.FAILED, record.reason)
    target = next_target(s, record)
    if target is None:
        return Blocked(reason=Reason.NO_CAPACITY, detail=f"{step.name}: Nova finds no valid host")
    if target != SCHEDULER and not is_ready(s, target):
        return Pending(hosts=(target,))
    notes = Notes(seen_migration=s.look.newest_migration(step.subject), target=target)
    return begin(s, step, notes.texts)


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
    seen = Notes.of(record).seen_migration
    return [
        m
        for m in look.migrations.get(step.subject, ())
        if m.migration_type == EVACUATION and m.migration_id > seen
    ]


def _failure(s: Situation, step: Step, migration: MigrationView) -> Move:
    """`error` is the scheduler's no, which leaves the guest where it was; `failed` the destination's (nova.md)."""
    if migration.status == "error":
        return _note(s, step, FactKind.ABSOLVED, Reason.NO_VALID_HOST)
    return _note(s, step, FactKind.FAILED, Reason.DESTINATION_FAILED)


def _await_own(s: Situation, step: Step, migration: MigrationView) -> Move:
    """A guest that two lists in a row do not show may have been deleted; one may be read right after it landed."""
    guest = s.look.read.get(step.subject, _UNREAD)
    if guest is None or (guest is not _UNREAD and guest.deleted):
        return _done(s, step, GONE)
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
        return _done(s, step, GONE)
    if guest is not _UNREAD and guest.host != s.order.host and step.subject not in s.look.guests:
        return _done(s, step, destination=guest.host)
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
        return _done(s, step, destination=ours[0].dest)
    return Pending() if is_first_empty(s.look, s.memory.before) else Pending(reads=(step.subject,))


def _without_trace(s: Situation, step: Step) -> Move:
    """No record above the intent's: believed after the settle time, and only by two looks in a row in which the
    guest's own cell answered (the source's list shows the guest)."""
    if step.subject not in s.look.guests:
        return _gone_or_wait(s, step)
    settled = is_settled(s, step, s.timing.settle)
    seen_before = s.memory.before is not None and step.subject in s.memory.before.guests
    if settled and seen_before and step.key not in s.memory.accepted:
        return _note(s, step, FactKind.ABSOLVED, NO_TRACE)
    return _unresolved_after(s, step)


def _gone_or_wait(s: Situation, step: Step) -> Move:
    if step.subject in s.look.read:
        guest = s.look.read[step.subject]
        if guest is None or guest.deleted:
            return _done(s, step, GONE)
        return _unresolved_after(s, step)
    return Pending(reads=(step.subject,))


def _unresolved_after(s: Situation, step: Step) -> Move:
    if s.now - s.intent_at(step.key) > s.timing.landing:
        return Blocked(
            reason=Reason.EVACUATION_UNRESOLVED, detail=f"{step.name}: Nova shows no record of the call"
        )
    return Pending(reads=(step.subject,))


def _effect(order: Open, begin: Begin, look: Look) -> Evacuate:
    return Evacuate(guest=begin.step.subject, target=Notes.of(begin.record).target)


def _carry_on(entry: Entry, record: StepRecord) -> tuple[Step, ...]:
    """A call that may be under way is never forgotten, also when the guest has left the source or was excluded since;
    and who was moved is brought into its state."""
    guest = record.subject
    if record.state is StepState.DONE:
        return restore.left_over(entry, guest)
    if not record.state.is_open:
        return ()
    move = Step(action=Action.EVACUATE, subject=guest, prior=entry.priors.get(guest))
    return (move, *restore.after(move))


EVACUATE = StepKind(
    words=WORDINGS[Action.EVACUATE],
    assess=assess,
    effect=_effect,
    limit=as_a_client,
    look_after=LookAfter.IN_TURN,
    needs_silence=True,
    takes_room=True,
    rank=1,
    landing=landing,
    carry_on=_carry_on,
)

_UNREAD = GuestView(uuid="", name="", host="", vm_state="", task_state=None, power_state=0)
