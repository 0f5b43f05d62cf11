"""advance(situation): what a recovery does next. Pure: the same order, ledger, look and memory give the same answer.

Host steps come first and one at a time; then as many guests as the window allows; then a last look at the source.
Nothing here knows how a step is carried out or how long a look takes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import assert_never

from kasugai.core.recovering import planning
from kasugai.core.recovering.guest_steps import assess_evacuate, assess_reset, assess_restore
from kasugai.core.recovering.host_steps import assess_fence, assess_force_down, list_is_believed, no_service
from kasugai.core.recovering.lastlook import decision_is_stale, source_age, source_silent
from kasugai.core.recovering.ledger import touched_priors
from kasugai.core.recovering.look import EVACUATION, PowerState
from kasugai.core.recovering.moves import Act, Begin, Blocked, Extend, Finish, Move, Next, Note, Pending, Wait
from kasugai.core.recovering.reserve_steps import assess_enable, assess_join, is_wanted, reserve_steps
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.targets import has_capacity
from kasugai.core.words.facts import FactKind, Result, StepState
from kasugai.core.words.plan import Action, Plan, Prior, Step
from kasugai.core.words.timing import Instant, Millis
from kasugai.core.words.verdicts import Reason

_ASSESS = {
    Action.FENCE: assess_fence,
    Action.FORCE_DOWN: assess_force_down,
    Action.JOIN: assess_join,
    Action.ENABLE: assess_enable,
    Action.RESET: assess_reset,
    Action.EVACUATE: assess_evacuate,
    Action.RESTORE: assess_restore,
}

HANDFUL = 8
"""So many landings are worth a look, which is three requests; of a narrower window less."""
RARELY = 5
"""While calls move, looks are at most so many look intervals apart, and whole ones twice as many."""

RESERVE_ACTIONS = (Action.JOIN, Action.ENABLE)
GUEST_ACTIONS = (Action.RESET, Action.EVACUATE, Action.RESTORE)


def advance(s: Situation) -> Next:
    """Return what to do next. Nothing is answered while a call is under way: an answer would leave its end unknown."""
    answer = _answer(s)
    return _wait(s, ()) if isinstance(answer, Finish) and s.memory.in_flight else answer


def _answer(s: Situation) -> Next:
    if s.look.service is None and not s.is_done(s.host_step(Action.FORCE_DOWN).key):
        return _single(s, no_service(s))
    if not s.entry.effects and not _has_room(s):
        return _held(Reason.NO_CAPACITY, "no other host can take a guest")
    return _host(s, Action.FENCE) or _host(s, Action.FORCE_DOWN) or _guests(s)


def _has_room(s: Situation) -> bool:
    """Whether there is anywhere to go, as far as it was looked at: a host whose guests have no other place is not
    fenced for nothing."""
    computes = s.look.computes
    return not s.plan.guests or computes is None or has_capacity(s.order, computes)


def _host(s: Situation, action: Action) -> Next | None:
    """Bring one host step to its end; None when it is done."""
    step = s.host_step(action)
    if s.is_done(step.key) and not _must_fence_again(s, step):
        return None
    move = _assess(s, step)
    refusal = _contradicted(s, move) if _rests_on_silence(s, move) else None
    return refusal or _single(s, move)


def _must_fence_again(s: Situation, step: Step) -> bool:
    """Whether the host counts as fenced no more: the assertion was taken back, or the power came back since an earlier
    owner saw it off and a new decision says that the host is dead."""
    record = s.record(step)
    if step.action is not Action.FENCE or record is None:
        return False
    if not s.has_device:
        return s.order.asserted_at is None
    return record.epoch != s.memory.epoch and s.look.power is PowerState.ON


def _rests_on_silence(s: Situation, move: Move) -> bool:
    """Whether a move concludes from the source's silence: an effect on the host does, and so does finding Nova's record
    forced down by somebody else, which proves nothing (the host may live on under it)."""
    if isinstance(move, Begin):
        return True
    if (
        not isinstance(move, Note)
        or move.step.action is not Action.FORCE_DOWN
        or move.kind is not FactKind.DONE
    ):
        return False
    record = s.record(move.step)
    return record is None or not record.state.is_open


def _contradicted(s: Situation, move: Move) -> Next | None:
    """Not stopped, and the last look does not contradict the decision."""
    if s.stopped and isinstance(move, Begin):
        return _stop(s)
    if isinstance(move, Begin) and s.is_done(move.step.key) and decision_is_stale(s):
        return _held(Reason.SOURCE_RETURNED, "fencing it again takes a decision that knows that it came back")
    answer = _last_look(s)
    if isinstance(answer, Pending):
        return _wait(s, ())
    if answer is None:
        return None
    return _held(answer, "") if _effects_in_attempt(s) else Finish(kind=FactKind.VETOED, reason=answer)


def _last_look(s: Situation) -> Reason | Pending | None:
    """The age of Nova's record counts until our own force-down has moved it; from then on its standing still does."""
    record = s.record(s.host_step(Action.FORCE_DOWN))
    marked = record is not None and bool(record.mark)
    unmoved = (
        marked
        and s.look.service is not None
        and record is not None
        and s.look.service.updated_at == record.mark
    )
    stale = Reason.DECISION_STALE if not _effects_in_attempt(s) and decision_is_stale(s) else None
    return stale or (None if unmoved else source_age(s))


def _effects_in_attempt(s: Situation) -> bool:
    return any(r.attempt == s.order.attempt and r.tries > 0 for r in s.entry.steps.values())


def _single(s: Situation, move: Move) -> Next:
    match move:
        case Note():
            return Act(notes=(move,))
        case Begin():
            return Act(begins=(move,))
        case Pending(reads=reads):
            return _wait(s, reads)
        case Blocked(reason=reason, detail=detail):
            return _held(reason, detail)
        case _:
            assert_never(move)


def _held(reason: Reason, detail: str) -> Finish:
    return Finish(kind=FactKind.HELD, reason=reason, detail=detail)


def _stop(s: Situation) -> Finish:
    """Cancelled before any effect = withdrawn, after = held."""
    if s.entry.effects:
        return _held(Reason.STOPPED, "")
    return Finish(kind=FactKind.FINISHED, reason=Reason.NOTHING_DONE, result=Result.WITHDRAWN)


def _guests(s: Situation) -> Next:
    """Bring as many guests forward as the window allows; end when all have come to rest."""
    moves = {step: _assess(s, step) for step in _ready(s)}
    wanted = _wanted_reserves(moves.values())
    longer = _with_reserves(s, wanted)
    if longer is not None:
        return Extend(plan=longer)
    notes = tuple(move for move in moves.values() if isinstance(move, Note))
    if notes:
        return Act(notes=notes)
    begins = [move for move in moves.values() if isinstance(move, Begin)]
    if begins and not _effects_in_attempt(s) and decision_is_stale(s):
        return Finish(kind=FactKind.VETOED, reason=Reason.DECISION_STALE)
    silence = _silence(s, begins)
    if begins and not s.stopped and silence is None:
        chosen = _within_window(s, begins)
        if chosen:
            return Act(begins=chosen)
    waiting = [move for move in moves.values() if isinstance(move, Pending)]
    open_steps = any(r.state.is_open for r in s.entry.steps.values()) or bool(s.memory.in_flight)
    if waiting or (begins and isinstance(silence, Pending)) or (open_steps and _is_moving(s, moves.items())):
        reads = [uuid for move in waiting for uuid in move.reads]
        awaited = _awaited(s, moves) if silence is None else frozenset[str]()
        return _wait(s, [*reads, *_expected(s)], wanted, awaited)
    blocked = [move for move in moves.values() if isinstance(move, Blocked)]
    return _cannot_begin(s, silence, blocked) if begins else _rest(s, blocked)


def _wanted_reserves(moves: Iterable[Move]) -> list[str]:
    """The other hosts that moves wait for, each once."""
    return list(dict.fromkeys(host for move in moves if isinstance(move, Pending) for host in move.hosts))


def _with_reserves(s: Situation, wanted: list[str]) -> Plan | None:
    """The plan with steps for the reserves that guests now need; None when there is nothing to add yet."""
    known = {step.subject for step in s.plan.steps if step.action is Action.ENABLE}
    more = [reserve_steps(s, host) for host in wanted if host not in known]
    steps = tuple(step for found in more if found is not None for step in found)
    return planning.insert(s.plan, steps, s.memory.epoch) if steps else None


def _expected(s: Situation) -> list[str]:
    """The guests whose evacuation is under way and that are to be stopped again: one that leaves the source's list is
    read by id in the same look, which then serves for both."""
    stopped = (guest for guest in s.plan.guests if guest.prior is Prior.STOPPED)
    return [g.subject for g in stopped if (r := s.record(g)) is not None and r.state.is_open]


def _awaited(s: Situation, moves: Mapping[Step, Move]) -> frozenset[str]:
    """The guests whose evacuations are under way; nobody when anything else is waited for as well."""
    pending = {step: move for step, move in moves.items() if isinstance(move, Pending)}
    if not all(_is_under_way(s, step, move) for step, move in pending.items()):
        return frozenset()
    return frozenset(step.subject for step in pending)


def _is_under_way(s: Situation, step: Step, move: Pending) -> bool:
    """Whether nothing but the end of this guest's evacuation is waited for."""
    if step.action is not Action.EVACUATE or move.reads or move.hosts:
        return False
    called = step.key in s.memory.in_flight or s.look.at < s.memory.begun.get(step.key, 0)
    records = s.look.migrations.get(step.subject, ())
    return called or any(m.migration_type == EVACUATION and not m.is_ended for m in records)


def _cannot_begin(s: Situation, silence: Blocked | Pending | None, blocked: list[Blocked]) -> Next:
    """Stopped, the source is not silent, or the window is full: of calls that nobody ends any more if some are blocked
    and nothing moves."""
    if s.stopped:
        return _stop(s)
    if silence is None and blocked:
        return _rest(s, blocked)
    return _single(s, silence or Pending())


def _is_moving(s: Situation, moves: Iterable[tuple[Step, Move]]) -> bool:
    """Whether an open step may still end by itself. A blocked one is not waited for, nor what is no part of the plan (a
    reserve of an earlier attempt): nobody looks at that any more."""
    blocked = {step.key for step, move in moves if isinstance(move, Blocked)}
    awaited = {step.key for step in s.plan.steps} - blocked
    return any(r.state.is_open and key in awaited for key, r in s.entry.steps.items())


def _ready(s: Situation) -> list[Step]:
    """The steps of guests and reserves whose needs are done and that are not at their end."""
    return [
        step
        for step in s.plan.steps
        if step.action in (*RESERVE_ACTIONS, *GUEST_ACTIONS)
        and not s.is_final(step)
        and is_wanted(s, step)
        and all(s.is_done(need) for need in step.needs)
    ]


def _assess(s: Situation, step: Step) -> Move:
    if step.key in s.memory.in_flight or s.look.at < s.memory.begun.get(step.key, 0):
        return Pending()
    return _ASSESS[step.action](s, step)


def _silence(s: Situation, begins: list[Begin]) -> Blocked | Pending | None:
    """An effect on guests of the source needs the source to be as dead as it was; a restored guest is elsewhere."""
    if all(move.step.action is Action.RESTORE for move in begins):
        return None
    return source_silent(s)


def _within_window(s: Situation, begins: list[Begin]) -> tuple[Begin, ...]:
    """Return what may begin now, as far as the window has room: restorations before all else, for they end what was
    begun, then in the plan's order."""
    in_progress = sum(1 for step in s.plan.steps if step.action in GUEST_ACTIONS and _is_in_progress(s, step))
    reserves = [move for move in begins if move.step.action in RESERVE_ACTIONS]
    guests = [move for move in begins if move.step.action in GUEST_ACTIONS]
    ordered = sorted(guests, key=lambda move: move.step.action is not Action.RESTORE)
    return (*reserves, *ordered[: max(0, s.window - in_progress)])


def _is_in_progress(s: Situation, step: Step) -> bool:
    """Whether Nova is at it, as far as can be known: a call of a dead owner that has left no trace takes no room from
    what has not been begun."""
    record = s.record(step)
    if step.key in s.memory.in_flight:
        return True
    if record is None or not record.state.is_open:
        return False
    under_way = any(not m.is_ended for m in s.look.migrations.get(step.subject, ()))
    return step.key in s.memory.begun or under_way


def _wait(
    s: Situation, reads: Iterable[str], hosts: Iterable[str] = (), awaited: frozenset[str] = frozenset()
) -> Wait:
    """Look again soon while things move, and ten times less often when nothing has begun for long. Where only landings
    are waited for, look when it has something to show."""
    quiet = (s.look.at - _last_change(s)) // 10
    pause = min(max(s.timing.look_interval, quiet), 2 * RARELY * s.timing.look_interval)
    latest = s.look.at + 2 * RARELY * s.timing.look_interval
    until = s.look.at + pause
    if awaited:
        seen = max(s.look.at, s.memory.peeked)
        until = min(seen + max(pause, _handful(s, seen)), latest)
    return Wait(until=until, reads=frozenset(reads), hosts=frozenset(hosts), awaited=awaited, latest=latest)


def _handful(s: Situation, seen: Instant) -> Millis:
    """How long it takes until a handful has landed, of a narrow window most of it. Before the first has landed, as long
    again as the first call has been under way already."""
    took = s.memory.pace.took
    if took is None:
        pause = seen - min(s.memory.begun.values(), default=seen)
    else:
        pause = took * HANDFUL // max(s.window, HANDFUL + 2)
    return min(pause, RARELY * s.timing.look_interval)


def _rest(s: Situation, blocked: list[Blocked]) -> Next:
    """Nothing moves any more: look for guests that turned up, then answer."""
    if s.stopped and _left(s):
        return _stop(s)
    if blocked:
        blocked.sort(key=lambda move: move.reason is Reason.NO_CAPACITY)  # what takes a person goes first
        return _held(blocked[0].reason, "; ".join(move.detail for move in blocked if move.detail)[:500])
    if not list_is_believed(s.look, s.memory.before) or s.look.at < _last_change(s):
        return _wait(s, ())
    back = [step for step in s.plan.guests if step.subject in s.look.guests and s.is_done(step.key)]
    if back:
        names = ", ".join(step.name or step.subject for step in back)
        return _held(Reason.EVACUATION_UNRESOLVED, f"landed, and on the source's list again: {names}"[:500])
    if more := planning.newcomers(s.plan, s.look, s.order.policy):
        if planning.lacks_tags(more, s.look, s.order.policy):
            return replace(_wait(s, ()), project_tags=True)
        return Extend(
            plan=planning.extend(s.plan, s.look, s.order.policy, s.memory.epoch, touched_priors(s.entry))
        )
    return _result(s)


def _left(s: Situation) -> bool:
    return any(not s.is_final(step) for step in s.plan.guests)


def _last_change(s: Situation) -> int:
    """A list answers only for what began before it was requested."""
    return max(s.memory.begun.values(), default=s.memory.owner_since)


def _result(s: Situation) -> Finish:
    failed = [
        step
        for step in s.plan.steps
        if step.action in GUEST_ACTIONS
        and (record := s.record(step)) is not None
        and record.state is StepState.FAILED
        and record.attempt == s.order.attempt
    ]
    if failed:
        names = ", ".join(f"{step.name or step.subject}: {s.entry.steps[step.key].reason}" for step in failed)
        return Finish(kind=FactKind.FINISHED, reason=Reason.PARTIAL, result=Result.FAILED, detail=names[:500])
    return Finish(kind=FactKind.FINISHED, reason=Reason.RECOVERED, result=Result.RECOVERED)
