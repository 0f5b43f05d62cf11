"""When to look again, and at what. It knows no kind of step by name and no procedure."""

from collections.abc import Iterable, Mapping

from kasugai.core.recovering.look import EVACUATION
from kasugai.core.recovering.moves import Move, Pending, Wait
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.kind import StepKind
from kasugai.core.recovering.steps.kinds import find
from kasugai.core.words.plan import Prior, Step
from kasugai.core.words.timing import Millis, MonoTime

HANDFUL = 8
"""So many landings are worth a look, which is three requests; of a narrower window less."""
RARELY = 5
"""While calls move, looks are at most so many look intervals apart, and whole ones twice as many."""


def wait(
    s: Situation,
    reads: Iterable[str],
    hosts: Iterable[str] = (),
    awaited: frozenset[str] = frozenset(),
    evacuations: Iterable[str] = (),
) -> Wait:
    """Look again soon while things move, and ten times less often when nothing has begun for long. Where only landings
    are waited for, look when it has something to show."""
    quiet = (s.look.at - last_change(s)) // 10
    pause = min(max(s.timing.look_interval, quiet), 2 * RARELY * s.timing.look_interval)
    latest = s.look.at + 2 * RARELY * s.timing.look_interval
    until = s.look.at + pause
    if awaited:
        seen = max(s.look.at, s.memory.peeked)
        until = min(seen + max(pause, _handful(s, seen)), latest)
    return Wait(
        until=MonoTime(until),
        reads=frozenset(reads),
        hosts=frozenset(hosts),
        awaited=awaited,
        latest=MonoTime(latest),
        evacuations=frozenset(evacuations),
    )


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
    if not isinstance(kind, StepKind) or kind.landing is None or move.reads or move.hosts or move.evacuations:
        return False
    called = step.key in s.memory.in_flight or s.look.at < s.memory.begun.get(step.key, 0)
    records = s.look.migrations.get(step.subject, ())
    return called or any(m.migration_type == EVACUATION and not m.is_ended for m in records)


def _handful(s: Situation, seen: MonoTime) -> Millis:
    """How long it takes until a handful has landed, of a narrow window most of it. Before the first has landed, as long
    again as the first call has been under way already."""
    took = s.memory.pace.took
    if took is None:
        pause = seen - min(s.memory.begun.values(), default=seen)
    else:
        pause = took * HANDFUL // max(s.window, HANDFUL + 2)
    return Millis(min(pause, RARELY * s.timing.look_interval))
