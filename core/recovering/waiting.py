"""When to look again, and at what. It knows no kind of step by name and no procedure."""

from collections.abc import Iterable, Mapping

from kasugai.core.recovering.look import is_first_empty
from kasugai.core.recovering.moves import Move, Pending, Wait
from kasugai.core.recovering.nova_views import EVACUATION
from kasugai.core.recovering.situation import RECORDED, Situation
from kasugai.core.recovering.steps.kind import StepKind
from kasugai.core.recovering.steps.kinds import find
from kasugai.core.recovering.steps.records import settles_after
from kasugai.core.words.facts import StepState
from kasugai.core.words.plan import Prior, Step
from kasugai.core.words.timing import Millis, MonoTime, between

RARELY = 5
"""While calls move, looks are at most so many look intervals apart, and whole ones twice as many."""
GATHER: Millis = Millis(1_000)
"""Landings come in numbers: a look that serves many waits so long after the last tale."""


def wait(
    s: Situation,
    reads: Iterable[str],
    hosts: Iterable[str] = (),
    awaited: frozenset[str] = frozenset(),
    evacuations: Iterable[str] = (),
    *,
    custom: Iterable[str] = (),
    room_is_wanted: bool = False,
) -> Wait:
    """Look again soon while things move, and ten times less often when nothing has begun for long. Where only landings
    are waited for, look when it has something to show; the sooner if others wait for the room of those who land."""
    looked = max(s.look.at, s.look.row_at or 0)
    quiet = (looked - last_change(s)) // 10
    pause = min(max(s.timing.look_interval, quiet), 2 * RARELY * s.timing.look_interval)
    latest = s.look.at + 2 * RARELY * s.timing.look_interval
    until, enough = looked + pause, 1
    if awaited:
        seen = MonoTime(max(looked, s.memory.peeked))
        is_urgent = room_is_wanted or _is_needed(s, awaited)
        due = _some_due(s, seen) if is_urgent else _half_due(s, seen, len(awaited) - s.memory.ended)
        until = min(seen + max(pause, min(due, RARELY * s.timing.look_interval)), latest)
        enough = max(1, s.window // (2 if s.memory.is_well_told else 4)) if is_urgent else len(awaited)
        until = _heard(s, awaited, enough, until, latest)
    if s.memory.is_well_told and is_first_empty(s.look, s.memory.before):
        until = min(until, looked + s.timing.look_interval // 3)  # all have landed, by two accounts
    begins_nothing = bool(awaited) and not room_is_wanted
    asked = frozenset(custom)
    if not asked <= s.look.custom.keys():
        until = s.now  # nobody need wait for the first answer
    return Wait(
        until=MonoTime(min([until, *_settling(s)])),
        custom=asked,
        reads=frozenset(reads),
        hosts=frozenset(hosts),
        awaited=awaited,
        enough=enough,
        latest=MonoTime(latest),
        begins_nothing=begins_nothing,
        places=not begins_nothing or _may_be_found_dead(s, MonoTime(latest)),
        evacuations=frozenset(evacuations),
    )


def _heard(s: Situation, awaited: frozenset[str], enough: int, until: int, latest: int) -> int:
    """When to look where bystanders tell of landings: once as many have been told as are worth a look. Who has been
    told the truth so far leaves it at that; a tale that is missing is made up for by the latest look."""
    told = [
        at for guest, at in s.memory.sighted.items() if guest in awaited and at + RECORDED > s.memory.peeked
    ]
    known = len(told) + s.memory.ended
    if told and known >= len(awaited):
        return min(until, max(told) + RECORDED)
    if told and known >= enough:
        return min(until, max(told) + GATHER)
    return latest if s.memory.is_well_told else until


def _may_be_found_dead(s: Situation, by: MonoTime) -> bool:
    """Whether a destination may have been at an evacuation for so long, at the next look, that it matters whether it
    has died: the list of hosts tells."""
    old = s.timing.stale_after + s.timing.report_interval
    return any(between(since, by) >= old for since in s.memory.taken.values())


def _settling(s: Situation) -> list[int]:
    """When calls without an answer have had their time to leave a trace: a look then says what became of them."""
    unsure = (
        step for step in s.plan.steps if (r := s.record(step)) is not None and r.state is StepState.UNSURE
    )
    ends = (s.intent_at(step.key) + settles_after(s, step) for step in unsure)
    return [end for end in ends if end > s.look.at]


def last_change(s: Situation) -> MonoTime:
    """Return when this owner last began or ended a call: a list answers only for what began before it was requested."""
    return max(s.memory.begun.values(), default=s.memory.owner_since)


def expected(s: Situation) -> list[str]:
    """Return the guests whose evacuation is under way and that are to be stopped again: one that leaves the source's
    list is read by id in the same look, which then serves for both."""
    stopped = (guest for guest in s.plan.guests if guest.prior is Prior.STOPPED)
    return [g.subject for g in stopped if (r := s.record(g)) is not None and r.state.is_open]


def awaited(s: Situation, moves: Mapping[Step, Move]) -> frozenset[str]:
    """Return the guests whose evacuations are under way; nobody when anything else is waited for as well."""
    pending = {step: move for step, move in moves.items() if isinstance(move, Pending)}
    if not all(_is_under_way(s, step, move) for step, move in pending.items()):
        return frozenset()
    return frozenset(step.subject for step in pending)


def _is_under_way(s: Situation, step: Step, move: Pending) -> bool:
    """Whether nothing but the landing of what this step moves is waited for."""
    kind = find(step.action)
    asks = move.reads or move.hosts or move.evacuations or move.histories
    if not isinstance(kind, StepKind) or kind.landing is None or asks:
        return False
    called = step.key in s.memory.in_flight or s.look.at < s.memory.begun.get(step.key, 0)
    records = s.look.migrations.get(step.subject, ())
    return called or any(m.migration_type == EVACUATION and not m.is_ended for m in records)


def _is_needed(s: Situation, guests: frozenset[str]) -> bool:
    """Whether more is to be done to any of them once it has landed."""
    moves = {step.key for step in s.plan.guests if step.subject in guests}
    return any(moves & set(step.needs) for step in s.plan.steps)


def _some_due(s: Situation, seen: MonoTime) -> int:
    """How long it takes until two fifths of a window have landed: sooner costs more looks than it gains (measured on
    the simulated Nova). Before the first has, as long again as the first call has been under way already."""
    took = s.memory.pace.took
    return seen - _first(s, seen) if took is None else 2 * took // 5


def _half_due(s: Situation, seen: MonoTime, left: int) -> int:
    """How long it takes until half of those who are left have landed, if they land as all before them did; but no
    longer than nothing has been called already."""
    landed = s.memory.pace.landed + s.memory.ended
    passed = seen - _first(s, seen)
    due = passed if landed == 0 else passed * left // (2 * landed)
    return min(due, seen - last_change(s))


def _first(s: Situation, otherwise: MonoTime) -> MonoTime:
    return min(s.memory.begun.values(), default=otherwise)
