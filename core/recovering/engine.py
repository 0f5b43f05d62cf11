"""Goes through the steps of a plan: what may begin, what has come to its end, what is waited for, and the answer.

It knows no kind of step by name and nothing of hosts: that is the kinds' and the procedure's business.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from typing import assert_never

from kasugai.core.recovering.disks import summary
from kasugai.core.recovering.moves import Act, Begin, Blocked, Extend, Finish, Move, Next, Note, Pending, Wait
from kasugai.core.recovering.procedure import Procedure
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.custom_step import is_after, is_before
from kasugai.core.recovering.steps.kind import FinalLook, StepKind
from kasugai.core.recovering.steps.kinds import find, kind_of
from kasugai.core.recovering.waiting import awaited, expected, wait
from kasugai.core.words.actions import About
from kasugai.core.words.facts import FactKind, Result, StepState
from kasugai.core.words.plan import Step
from kasugai.core.words.verdicts import Reason


def proceed(procedure: Procedure, s: Situation) -> Next:
    """Return what to do next. Nothing is answered while a call is under way: an answer would leave its end unknown."""
    answer = procedure.guard(s) or _custom(procedure, s) or procedure.first(s) or _others(procedure, s)
    if isinstance(answer, Finish) and s.memory.in_flight:
        answer = wait(s, ())
    return procedure.asks(s, answer) if isinstance(answer, Wait) else answer


def single(s: Situation, move: Move) -> Next:
    """Return the answer when one move is all there is to do."""
    match move:
        case Note():
            return Act(notes=(move,))
        case Begin():
            return Act(begins=(move,))
        case Pending(reads=reads, custom=custom):
            return wait(s, reads, custom=custom)
        case Blocked(reason=reason, detail=detail):
            return hold(reason, detail)
        case _:
            assert_never(move)


def _custom(procedure: Procedure, s: Situation) -> Next | None:
    """The operator's own steps that go before all others, one after the other; None when they are done."""
    step = next((step for step in s.plan.steps if is_before(step) and not s.is_done(step.key)), None)
    if step is None:
        return None
    move = assess(s, step)
    if not isinstance(move, Begin):
        return single(s, move)
    return stop(s) if s.stopped else procedure.doubt(s, move) or single(s, move)


def assess(s: Situation, step: Step) -> Move:
    """Return what to do about a step. One whose call is under way is waited for; one of a kind that this worker does
    not know is never taken for done: it holds the incident."""
    if step.key in s.memory.in_flight or s.seen_at(step) < s.memory.begun.get(step.key, 0):
        return Pending()
    kind = find(step.action)
    if not isinstance(kind, StepKind):
        name = step.name or step.subject
        return Blocked(
            reason=Reason.POISON, detail=f"{name}: this worker knows no step of the kind {step.action!r}"
        )
    return kind.assess(s, step)


def hold(reason: Reason, detail: str) -> Finish:
    """The attempt cannot go on."""
    return Finish(kind=FactKind.HELD, reason=reason, detail=detail)


def stop(s: Situation, blocked: Iterable[Blocked] = ()) -> Finish:
    """Cancelled before any effect = withdrawn, after = held; what else would take a person is told too."""
    if s.entry.effects:
        return hold(Reason.STOPPED, _told(blocked))
    begun = [step.subject for step in s.plan.steps if (r := s.record(step)) is not None and r.tries > 0]
    detail = f"but for custom steps: {', '.join(begun)}"[:500] if begun else ""
    return Finish(kind=FactKind.FINISHED, reason=Reason.NOTHING_DONE, result=Result.WITHDRAWN, detail=detail)


def called_off(s: Situation) -> Finish | None:
    """The end of what undoes an incident, or does its own again, once it is told to stop and no call of it may be under
    way: it is over, for there is nothing that anybody would have to go on with. None: not yet."""
    records = s.entry.steps.values()
    if not s.stopped or s.memory.in_flight or any(record.state.is_open for record in records):
        return None
    has_done = any(record.state is StepState.DONE and record.tries > 0 for record in records)
    reason = Reason.STOPPED if has_done else Reason.NOTHING_DONE
    return Finish(kind=FactKind.FINISHED, reason=reason, result=Result.WITHDRAWN)


def result(s: Situation) -> Finish:
    """Return the attempt's end. A reserve that could not be made ready is no failure: another place was found."""
    if steps := failed(s):
        names = ", ".join(f"{step.name or step.subject}: {s.entry.steps[step.key].reason}" for step in steps)
        return Finish(kind=FactKind.FINISHED, reason=Reason.PARTIAL, result=Result.FAILED, detail=names[:500])
    return Finish(
        kind=FactKind.FINISHED, reason=Reason.RECOVERED, result=Result.RECOVERED, detail=summary(s.plan)
    )


def failed(s: Situation) -> list[Step]:
    """Return the steps of the attempt that have failed, but for those about reserves."""
    return [
        step
        for step in s.plan.steps
        if step.words.about is not About.RESERVE
        and (record := s.record(step)) is not None
        and record.state is StepState.FAILED
        and record.attempt == s.order.attempt
    ]


def _others(procedure: Procedure, s: Situation) -> Next:
    """Bring as many steps forward as the window allows; end when all have come to rest."""
    moves = {step: assess(s, step) for step in _ready(procedure, s)}
    hosts = _hosts(moves.values())
    longer = procedure.with_hosts(s, hosts)
    if longer is not None:
        return Extend(plan=longer)
    notes = tuple(move for move in moves.values() if isinstance(move, Note))
    if notes:
        return Act(notes=notes)
    begins = [move for move in moves.values() if isinstance(move, Begin)]
    if begins and not s.has_begun and procedure.stale(s):
        return Finish(kind=FactKind.VETOED, reason=Reason.DECISION_STALE)
    silence = _silence(procedure, s, begins)
    may_begin = [move for move in begins if not s.stopped or kind_of(move.step.action).ends_what_was_begun]
    if may_begin and silence is None:
        chosen = _within_window(s, may_begin)
        if chosen:
            return Act(begins=chosen)
    waiting = [move for move in moves.values() if isinstance(move, Pending)]
    open_steps = any(r.state.is_open for r in s.entry.steps.values()) or bool(s.memory.in_flight)
    if waiting or (begins and isinstance(silence, Pending)) or (open_steps and _is_moving(s, moves)):
        reads = [uuid for move in waiting for uuid in move.reads]
        only = awaited(s, moves) if silence is None else frozenset[str]()
        asks = [uuid for move in waiting for uuid in move.evacuations]
        custom = [key for move in waiting for key in move.custom]
        histories = [uuid for move in waiting for uuid in move.histories]
        reads = [*reads, *expected(s)]
        again = wait(s, reads, hosts, only, asks, custom=custom, room_is_wanted=bool(begins))
        return _with_histories(s, again, histories) if histories else again
    blocked = [move for move in moves.values() if isinstance(move, Blocked)]
    if begins:
        return _cannot_begin(procedure, s, silence, blocked)
    return _rest(procedure, s, blocked)


def _with_histories(s: Situation, again: Wait, guests: list[str]) -> Wait:
    """Ask for Nova's account of guests too; nobody need wait for the first answer."""
    asked = frozenset(guests)
    until = again.until if asked <= s.look.histories.keys() else s.now
    return replace(again, histories=asked, until=until)


def _ready(procedure: Procedure, s: Situation) -> list[Step]:
    """The steps whose needs are done and that are not at their end; the final look has no record that could say so.
    The operator's own that go after all others wait for them."""
    left = [
        step
        for step in s.plan.steps
        if not isinstance(find(step.action), FinalLook) and not s.is_final(step) and procedure.wants(s, step)
    ]
    if any(not is_after(step) for step in left):
        left = [step for step in left if not is_after(step)]
    return [step for step in left if all(s.is_done(need) for need in step.needs)]


def _hosts(moves: Iterable[Move]) -> list[str]:
    """The other hosts that moves wait for, each once."""
    return list(dict.fromkeys(host for move in moves if isinstance(move, Pending) for host in move.hosts))


def _silence(procedure: Procedure, s: Situation, begins: list[Begin]) -> Blocked | Pending | None:
    """What the source does concerns only effects that need it to be as dead as it was."""
    if any(kind_of(move.step.action).needs_silence for move in begins):
        return procedure.silence(s)
    return None


def _within_window(s: Situation, begins: list[Begin]) -> tuple[Begin, ...]:
    """Return what may begin now, as far as the window has room: by rank (what ends what was begun goes before all
    else), then in the plan's order. What takes no room begins in any case."""
    free = [move for move in begins if not kind_of(move.step.action).takes_room]
    paced = [move for move in begins if kind_of(move.step.action).takes_room]
    ordered = sorted(paced, key=lambda move: kind_of(move.step.action).rank)
    in_progress = sum(1 for step in s.plan.steps if _takes_room(step) and _is_in_progress(s, step))
    chosen = (*free, *ordered[: max(0, s.window - in_progress)])
    return tuple(each for _, group in groupby(chosen, _kind) for each in _together(s, tuple(group)))


def _kind(begin: Begin) -> str:
    return begin.step.action


def _together(s: Situation, begins: tuple[Begin, ...]) -> tuple[Begin, ...]:
    """Let those of one kind that begin in one go know of one another."""
    together = kind_of(begins[0].step.action).together
    return begins if together is None else together(s, begins)


def _takes_room(step: Step) -> bool:
    kind = find(step.action)
    return isinstance(kind, StepKind) and kind.takes_room


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


def _is_moving(s: Situation, moves: Mapping[Step, Move]) -> bool:
    """Whether an open step may still end by itself. A blocked one is not waited for, nor what is no part of the plan (a
    reserve of an earlier attempt): nobody looks at that any more."""
    blocked = {step.key for step, move in moves.items() if isinstance(move, Blocked)}
    looked_for = {step.key for step in s.plan.steps} - blocked
    return any(r.state.is_open and key in looked_for for key, r in s.entry.steps.items())


def _cannot_begin(
    procedure: Procedure, s: Situation, silence: Blocked | Pending | None, blocked: list[Blocked]
) -> Next:
    """Stopped, the source is not silent, or the window is full: of calls that nobody ends any more if some are blocked
    and nothing moves."""
    if s.stopped:
        return stop(s)
    if silence is None and blocked:
        return _rest(procedure, s, blocked)
    return single(s, silence or Pending())


def _rest(procedure: Procedure, s: Situation, blocked: list[Blocked]) -> Next:
    """Nothing moves any more: say what is in the way, or let the procedure take its last look. What failed has another
    attempt coming, and does not wait for who may be in the way for ever."""
    if s.stopped and any(not s.is_final(step) for step in s.plan.guests):
        return stop(s, blocked)
    if blocked and s.order.attempt < s.order.policy.attempts and failed(s):
        return result(s)
    if blocked:
        blocked.sort(key=lambda move: move.reason is Reason.NO_CAPACITY)  # what takes a person goes first
        return hold(blocked[0].reason, _told(blocked))
    return procedure.last(s)


def _told(blocked: Iterable[Blocked]) -> str:
    """Each detail once: several steps may be in one way."""
    return "; ".join(dict.fromkeys(move.detail for move in blocked if move.detail))[:500]
