"""What has become of an evacuation that was called, or may have been: Nova's records above the one that the intent
carries tell, and where the guest is now. It never calls; what nobody ends is told after the time of a landing.
"""

from kasugai.core.recovering.look import is_first_empty, list_is_believed
from kasugai.core.recovering.moves import Blocked, Move, Note, Pending
from kasugai.core.recovering.nova_views import ACCEPTED, GuestView, MigrationView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.spread import ANYWHERE, black_holes
from kasugai.core.recovering.steps.evacuations import Notes, done, in_vain, left_open, noted, ours
from kasugai.core.recovering.steps.guests import CALL_TRIES, GONE
from kasugai.core.recovering.steps.records import NO_TRACE, is_settled, settles_after
from kasugai.core.words.facts import FactKind, StepRecord
from kasugai.core.words.plan import Prior, Step
from kasugai.core.words.timing import NOVA_SKEW, MonoTime, between
from kasugai.core.words.verdicts import Reason

COMPLETED = "completed"
"""The status that a source writes when its nova-compute starts: no word about any landing."""
_UNREAD = GuestView(uuid="", name="", host="", vm_state="", task_state=None, power_state=0)


def resolve(s: Situation, step: Step, record: StepRecord) -> Move:
    """A call is under way, or may be: find out by Nova's records above the one that the intent carries."""
    if s.look.at < s.intent_at(step.key):
        return Pending()
    own, dead = ours(s.look, step, record), Notes.of(record).reused
    if not any(m.is_ended or m.migration_id not in dead for m in own):
        return _without_trace(
            s, step
        )  # what was left open before says nothing of the call: it may be on the wire
    if any(m.has_landed for m in own):
        return _landed(s, step, own)
    since = s.intent_at(step.key)
    under_way = [m for m in own if m.migration_id not in dead and may_be_under_way(s, m, since)]
    if under_way:
        return _await_own(s, step, under_way)
    failed = [m for m in own if m.has_failed]
    return _failure(s, step, record, failed[-1]) if failed else _came_to_nothing(s, step, own[-1])


def may_be_under_way(s: Situation, migration: MigrationView, since: MonoTime = MonoTime(0)) -> bool:
    """Whether an evacuation that Nova has not ended may still come to something. Not so one that its destination had
    begun with before it died and was forced down by us, after its fence; nor one whose guest has lain on the source
    without a task ever since, and was not built anew (the task is set before the record is made; the record of a
    conductor that gave up stays `accepted` for ever: nova.md 12)."""
    if migration.is_ended:
        return False
    return not _has_died(s, migration) and not _lies_idle(s, migration, since)


def _has_died(s: Situation, migration: MigrationView) -> bool:
    """Whether its destination had begun with it and was fenced. `accepted` proves that none has begun: the call may
    still be the conductor's, or wait for that host's return in its queue. One that returns begins with it while Nova
    shows it forced down as before, and reports: so it must have been silent for longer than anybody who lives, while
    this owner saw the record begun with. The list of computes may be a report interval old."""
    taken = s.memory.taken.get(migration.migration_id, s.look.at)
    if not migration.is_taken or not is_fenced(s, migration.dest):
        return False
    silent = (s.look.computes or {})[migration.dest].age * 1000 >= s.timing.stale_after
    return silent and between(taken, s.look.at) >= s.timing.stale_after + s.timing.report_interval


def is_fenced(s: Situation, host: str) -> bool:
    """Whether another host was fenced: Nova shows it forced down for our reason, which is written after the fence."""
    view = (s.look.computes or {}).get(host)
    return view is not None and view.forced_down and view.disabled_reason == s.order.policy.disable_reason


def _lies_idle(s: Situation, migration: MigrationView, since: MonoTime) -> bool:
    """Whether all looks of a report interval have shown the guest on the source without any task, and none of its hosts
    has built it since the record was made."""
    idle = s.memory.idle.get(migration.guest)
    lies = idle is not None and idle >= since and between(idle, s.look.at) >= s.timing.report_interval
    return lies and not _may_be_built(s, migration)


def _may_be_built(s: Situation, migration: MigrationView) -> bool:
    """Whether a destination may have built the guest by that record: it runs there then. Its task is cleared before its
    host changes; how long before is up to the destination, its message bus and Nova's conductor (seconds under load,
    seen on Nova 34). A second call in that time is accepted."""
    guest = s.look.guests.get(migration.guest)
    if guest is None or guest.launched_at is None or migration.made_at is None:
        return True
    return between(migration.made_at, guest.launched_at) >= -NOVA_SKEW


def has_given_up(s: Situation, open_records: list[MigrationView]) -> bool:
    """Whether Nova's conductor ended the only evacuation that is open with an error: its record says `accepted` for
    ever."""
    if len(open_records) != 1 or open_records[0].status != ACCEPTED:
        return False
    last = s.look.evacuations.get(open_records[0].guest)
    return last is not None and last.has_failed


def asks_conductor(s: Situation, open_records: list[MigrationView], since: MonoTime) -> bool:
    """Whether no destination has begun with an evacuation for so long that Nova is asked what its conductor did. A
    destination that was named stands in the record from the beginning."""
    return open_records[-1].status == ACCEPTED and between(since, s.now) > s.timing.settle


def _failure(s: Situation, step: Step, record: StepRecord, migration: MigrationView) -> Move:
    """`error` is the scheduler's no, which leaves the guest where it was; `failed` the destination's (nova.md). A guest
    that could not be started three times, where others can, is at fault itself."""
    place = record.target or ANYWHERE
    if migration.status == "error":
        return in_vain(s, step, FactKind.ABSOLVED, Reason.NO_VALID_HOST, place)
    host = migration.dest or record.target
    failures = len(Notes.of(record).failed_on) + 1
    is_its_own = min(record.tries, failures) >= CALL_TRIES and host not in black_holes(s.entry)
    kind = FactKind.FAILED if is_its_own else FactKind.ABSOLVED
    return in_vain(s, step, kind, Reason.DESTINATION_FAILED, host or place, failed_on=host)


def _came_to_nothing(s: Situation, step: Step, migration: MigrationView) -> Move:
    """Nobody will ever end its record."""
    if is_fenced(s, migration.dest):
        return left_open(s, step, Reason.DESTINATION_DIED, migration.dest)
    return left_open(s, step, Reason.RECORD_LEFT_OPEN)


def _await_own(s: Situation, step: Step, under_way: list[MigrationView]) -> Move:
    """A guest that two lists in a row do not show may have been deleted; one may be read right after it landed."""
    guest, since = s.look.read.get(step.subject, _UNREAD), s.intent_at(step.key)
    if guest is None or (guest is not _UNREAD and guest.deleted):
        return done(s, step, GONE)
    if has_given_up(s, under_way):
        return left_open(s, step, Reason.CONDUCTOR_GAVE_UP)
    if between(since, s.now) > s.timing.landing:
        migration = under_way[-1]
        return Blocked(
            reason=Reason.EVACUATION_UNRESOLVED,
            detail=f"{step.name}: migration {migration.migration_id} to {migration.dest or '?'} is {migration.status}",
        )
    before = s.memory.before
    listed = step.subject in s.look.guests or (before is not None and step.subject in before.guests)
    asks = (step.subject,) if asks_conductor(s, under_way, since) else ()
    return Pending(reads=() if listed else (step.subject,), evacuations=asks)


def _landed(s: Situation, step: Step, own: list[MigrationView]) -> Move:
    """The record says done, and the host must have changed as well: by the guest itself where it was read by id, else
    by its absence from a list of the source that is believed, when the record is the only one and names the host."""
    guest = s.look.read.get(step.subject, _UNREAD)
    if guest is None or (guest is not _UNREAD and guest.deleted):
        return done(s, step, GONE)
    if guest is not _UNREAD and guest.host != s.order.host and step.subject not in s.look.guests:
        return done(s, step, destination=guest.host)
    if _is_nowhere(s, step, own):
        return _lost(s, step)
    move = Pending() if step.subject in s.look.guests else _left(s, step, own)
    if isinstance(move, Pending) and between(s.intent_at(step.key), s.now) > s.timing.landing:
        if _says_completed_only(own):
            return _lost(s, step)
        return Blocked(
            reason=Reason.EVACUATION_UNRESOLVED, detail=f"{step.name}: its record is done, its host unchanged"
        )
    return move


def _lost(s: Situation, step: Step) -> Blocked:
    return Blocked(
        reason=Reason.GUEST_LOST,
        detail=f"{step.name}: {s.order.host} came back while it was being evacuated, and has destroyed it",
    )


def _is_nowhere(s: Situation, step: Step, own: list[MigrationView]) -> bool:
    """Whether the record says `completed`, and two looks show the guest on the source. That word proves no landing: a
    source whose nova-compute starts while an evacuation is under way destroys the guest and writes it (discovered.md,
    Nova 1)."""
    before = s.memory.before
    both = (s.look.guests.get(step.subject), before.guests.get(step.subject) if before else None)
    lies = all(guest is not None and not guest.in_evacuation for guest in both)
    return lies and _says_completed_only(own)


def _says_completed_only(own: list[MigrationView]) -> bool:
    return all(m.status == COMPLETED for m in own if m.has_landed)


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
    settled = is_settled(s, step, settles_after(s, step))
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
