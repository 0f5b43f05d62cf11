"""The guest is on another host, by Nova's word. An evacuation is called only after a look that saw the guest on the
source with nothing of it under way (architecture.md 5)."""

from dataclasses import replace

from kasugai.core.recovering.calls import Evacuate
from kasugai.core.recovering.cutoff import disks_of, held_back, refused, stands_alone
from kasugai.core.recovering.disks import waits_for_its_host
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Blocked, Move, Note, Pending
from kasugai.core.recovering.nova_views import EVACUATION, MigrationView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.spread import Load, choose, load_of
from kasugai.core.recovering.states import WISHES, during, treatment
from kasugai.core.recovering.steps import restore
from kasugai.core.recovering.steps.evacuations import Notes, done, noted, open_records, ours, wish_of
from kasugai.core.recovering.steps.guests import CALL_TRIES, absent
from kasugai.core.recovering.steps.hidden import await_hidden
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import as_a_client, begin
from kasugai.core.recovering.steps.reserves import is_ready, is_unfit
from kasugai.core.recovering.steps.resolving import asks_conductor, has_given_up, may_be_under_way, resolve
from kasugai.core.recovering.targets import SCHEDULER, targets
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind, StepRecord, StepState
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import Millis, between
from kasugai.core.words.verdicts import Reason

NOBODY = Load()


def assess(s: Situation, step: Step) -> Move:
    """Call it if it may be called, else find out what has become of it."""
    record = s.record(step)
    if record is not None and record.state.is_open:
        return resolve(s, step, record)
    others = s.look.migrations.get(step.subject, ())
    dead = Notes.of(record).reused if record is not None else ()
    under_way = [
        m
        for m in others
        if m.migration_type == EVACUATION and m.migration_id not in dead and may_be_under_way(s, m)
    ]
    if under_way and not has_given_up(s, under_way):
        return _await_other(s, step, under_way[-1])
    guest = s.look.sees_on_source(step.subject, s.order.host)
    if guest is None:
        return absent(s, step, done)
    if step.subject not in s.look.guests:
        # A cell that is silent in lists hides the migration records as well.
        return Pending(reads=(step.subject,))
    if guest.in_migration or any(m.migration_type != EVACUATION and not m.is_ended for m in others):
        return Blocked(reason=Reason.IN_MIGRATION, detail=f"{guest.name} may already run elsewhere")
    hidden = await_hidden(s, step, guest)
    if hidden is not None:
        return hidden
    if why := treatment(guest.vm_state, guest.task_state).why:
        return done(s, step, why)
    return (
        held_back(s, step)
        or waits_for_its_host(s, step)
        or refused(s, step, record)
        or _call(s, step, record)
    )


def landing(move: Note, look: Look) -> Millis | None:
    """Return how long an evacuation took by Nova's record whose guest was seen to have arrived by a call of ours, or of
    an owner before; None for other notes, and when the record does not say."""
    if move.kind is not FactKind.DONE or move.record.reason:
        return None
    landed = [m for m in ours(look, move.step, move.record) if m.has_landed]
    return landed[-1].lasted if landed else None


def _call(s: Situation, step: Step, record: StepRecord | None) -> Move:
    """Call, unless Nova has refused often enough in this attempt, or found no place anywhere under this owner."""
    if record is not None and record.attempt == s.order.attempt and _is_refused(record):
        return noted(s, step, FactKind.FAILED, record.reason)
    target = next_target(s, step, record, NOBODY)
    if target is None:
        return Blocked(reason=Reason.NO_CAPACITY, detail=_nowhere(s, step, record))
    if _is_to_be_made_ready(s, target):
        return Pending(hosts=(target,))
    guest = s.look.guests[step.subject]
    notes = Notes(
        seen_migration=s.look.newest_migration(step.subject),
        target=target,
        wish=WISHES.get(during(guest.task_state)) or wish_of(record),
        tried=tried_by(s, record),
        failed_on=Notes.of(record).failed_on if record is not None else (),
        reused=open_records(s.look, step),
    )
    return begin(s, step, notes.texts)


def _is_to_be_made_ready(s: Situation, target: str) -> bool:
    return target in s.order.reserves and not is_ready(s, target)


def _nowhere(s: Situation, step: Step, record: StepRecord | None) -> str:
    failed = Notes.of(record).failed_on if record is not None else ()
    if failed:
        return f"{step.name}: could not be started on {', '.join(dict.fromkeys(failed))}, and there is no other host"
    return f"{step.name}: Nova finds no valid host"


def tried_by(s: Situation, record: StepRecord | None) -> tuple[str, ...]:
    """Return where this owner has asked in vain. A new owner begins anew: there may be room by now."""
    return Notes.of(record).tried if record is not None and record.epoch == s.memory.epoch else ()


def next_target(s: Situation, step: Step, record: StepRecord | None, load: Load) -> str | None:
    """Return where the guest is to go next: the first place that this owner has not tried in vain; None when it has
    tried all. `load`: whom hosts have got already."""
    tried, failed = tried_by(s, record), Notes.of(record).failed_on if record is not None else ()
    for place in targets(s.order):
        if place != SCHEDULER and place not in tried and not is_unfit(s, place):
            return place
        if place == SCHEDULER:
            host = choose(s, s.look.guests[step.subject], tried, failed, load)
            if host is not None:
                return host
    return None


def _deal(s: Situation, begins: tuple[Begin, ...]) -> tuple[Begin, ...]:
    """Give each of the guests that go together its host: none of them is begun yet, so none has seen where the others
    go. One for whom those before it have left no place, or a reserve that is not ready, does not go now."""
    load, dealt = load_of(s), []
    for each in begins:
        notes = Notes.of(each.record)
        target = next_target(s, each.step, s.record(each.step), load)
        if target is None or _is_to_be_made_ready(s, target):
            continue
        load.add(target)
        dealt.append(replace(each, record=replace(each.record, notes=replace(notes, target=target).texts)))
    return tuple(dealt)


def _is_refused(record: StepRecord) -> bool:
    return record.reason == Reason.REFUSED and record.tries >= CALL_TRIES


def _await_other(s: Situation, step: Step, migration: MigrationView) -> Move:
    """Somebody else's evacuation, or one of an earlier attempt, is under way: it is waited for, never doubled."""
    if between(s.memory.owner_since, s.now) > s.timing.landing:
        return Blocked(
            reason=Reason.EVACUATION_UNRESOLVED,
            detail=f"{step.name}: migration {migration.migration_id} to {migration.dest or '?'} is {migration.status}",
        )
    asks = (step.subject,) if asks_conductor(s, [migration], s.memory.owner_since) else ()
    return Pending(evacuations=asks)


def _effect(order: Open, begin: Begin, look: Look) -> Evacuate:
    guest, target = begin.step.subject, Notes.of(begin.record).target
    if not stands_alone(order, look):
        return Evacuate(guest=guest, target=target)
    return Evacuate(guest=guest, target=target, closed=order.host, disks=disks_of(look.guests[guest]))


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
    ends_what_was_begun=False,
    takes_room=True,
    rank=1,
    landing=landing,
    carry_on=_carry_on,
    together=_deal,
)
