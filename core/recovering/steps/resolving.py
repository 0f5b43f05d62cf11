"""What has become of an evacuation that was called, or may have been: Nova's records above the one that the intent
carries tell, and where the guest is now. It never calls; what nobody ends is told after the time of a landing.
"""

from kasugai.core.recovering.look import GuestView, MigrationView, is_first_empty, list_is_believed
from kasugai.core.recovering.moves import Blocked, Move, Note, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.evacuations import done, noted, ours
from kasugai.core.recovering.steps.guests import GONE
from kasugai.core.recovering.steps.records import NO_TRACE, is_settled
from kasugai.core.words.facts import FactKind, StepRecord
from kasugai.core.words.plan import Prior, Step
from kasugai.core.words.timing import between
from kasugai.core.words.verdicts import Reason

_UNREAD = GuestView(uuid="", name="", host="", vm_state="", task_state=None, power_state=0)


def resolve(s: Situation, step: Step, record: StepRecord) -> Move:
    """A call is under way, or may be: find out by Nova's records above the one that the intent carries."""
    if s.look.at < s.intent_at(step.key):
        return Pending()
    own = ours(s.look, step, record)
    if not own:
        return _without_trace(s, step)
    if any(m.has_landed for m in own):
        return _landed(s, step, own)
    if all(m.has_failed for m in own):
        return _failure(s, step, own[-1])
    return _await_own(s, step, own[-1])


def _failure(s: Situation, step: Step, migration: MigrationView) -> Move:
    """`error` is the scheduler's no, which leaves the guest where it was; `failed` the destination's (nova.md)."""
    if migration.status == "error":
        return noted(s, step, FactKind.ABSOLVED, Reason.NO_VALID_HOST)
    return noted(s, step, FactKind.FAILED, Reason.DESTINATION_FAILED)


def _await_own(s: Situation, step: Step, migration: MigrationView) -> Move:
    """A guest that two lists in a row do not show may have been deleted; one may be read right after it landed."""
    guest = s.look.read.get(step.subject, _UNREAD)
    if guest is None or (guest is not _UNREAD and guest.deleted):
        return done(s, step, GONE)
    if between(s.intent_at(step.key), s.now) > s.timing.landing:
        return Blocked(
            reason=Reason.EVACUATION_UNRESOLVED,
            detail=f"{step.name}: migration {migration.migration_id} to {migration.dest or '?'} is {migration.status}",
        )
    before = s.memory.before
    listed = step.subject in s.look.guests or (before is not None and step.subject in before.guests)
    return Pending() if listed else Pending(reads=(step.subject,))


def _landed(s: Situation, step: Step, own: list[MigrationView]) -> Move:
    """The record says done, and the host must have changed as well: by the guest itself where it was read by id, else
    by its absence from a list of the source that is believed, when the record is the only one and names the host."""
    guest = s.look.read.get(step.subject, _UNREAD)
    if guest is None or (guest is not _UNREAD and guest.deleted):
        return done(s, step, GONE)
    if guest is not _UNREAD and guest.host != s.order.host and step.subject not in s.look.guests:
        return done(s, step, destination=guest.host)
    move = Pending() if step.subject in s.look.guests else _left(s, step, own)
    if isinstance(move, Pending) and between(s.intent_at(step.key), s.now) > s.timing.landing:
        return Blocked(
            reason=Reason.EVACUATION_UNRESOLVED, detail=f"{step.name}: its record is done, its host unchanged"
        )
    return move


def _left(s: Situation, step: Step, own: list[MigrationView]) -> Note | Pending:
    """The source's list does not show the guest any more, and nobody has read it elsewhere by id. One that is to be
    stopped again is read by id in any case; a list that has just become empty is read once more before that (most often
    it is then believed)."""
    doubt = len(own) > 1 or not own[0].dest or step.subject in s.look.read
    if doubt or step.prior is Prior.STOPPED:
        return Pending(reads=(step.subject,))
    if list_is_believed(s.look, s.memory.before):
        return done(s, step, destination=own[0].dest)
    return Pending() if is_first_empty(s.look, s.memory.before) else Pending(reads=(step.subject,))


def _without_trace(s: Situation, step: Step) -> Move:
    """No record above the intent's: believed after the settle time, and only by two looks in a row in which the
    guest's own cell answered (the source's list shows the guest)."""
    if step.subject not in s.look.guests:
        return _gone_or_wait(s, step)
    settled = is_settled(s, step, s.timing.settle)
    seen_before = s.memory.before is not None and step.subject in s.memory.before.guests
    if settled and seen_before and step.key not in s.memory.accepted:
        return noted(s, step, FactKind.ABSOLVED, NO_TRACE)
    return _unresolved_after(s, step)


def _gone_or_wait(s: Situation, step: Step) -> Move:
    if step.subject in s.look.read:
        guest = s.look.read[step.subject]
        if guest is None or guest.deleted:
            return done(s, step, GONE)
        return _unresolved_after(s, step)
    return Pending(reads=(step.subject,))


def _unresolved_after(s: Situation, step: Step) -> Move:
    if between(s.intent_at(step.key), s.now) > s.timing.landing:
        return Blocked(
            reason=Reason.EVACUATION_UNRESOLVED, detail=f"{step.name}: Nova shows no record of the call"
        )
    return Pending(reads=(step.subject,))
