"""Decides what a worker's outcome means for its incident: obeyed if it comes from the newest owner, told otherwise."""

from dataclasses import replace
from typing import assert_never

from kasugai.core.deciding import evidence, reserves
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.opening import weigh_idle
from kasugai.core.deciding.rows import Closed, Condition
from kasugai.core.deciding.tending import stop, unproven
from kasugai.core.words.facts import Fact, FactKind, Result
from kasugai.core.words.incident import Phase, move
from kasugai.core.words.timing import Millis, between, later
from kasugai.core.words.verdicts import Reason, Verb

HELD_FIRST: Millis = Millis(60_000)
HELD_LONGEST: Millis = Millis(3_600_000)
"""A held incident is looked at again after 1 min, doubling to 1 h."""
UNPROVEN_OFF = frozenset({Reason.NO_FENCE_DEVICE, Reason.FENCE_REFUSED, Reason.UNFENCED_WAIT})
"""Holds that a person's word that the host is off may end."""
WAITED_AGAIN: Millis = Millis(5_000)
"""One that waits for a known moment is looked at this long after it, and ever more rarely if that was not enough."""
ROOM_LONGEST: Millis = Millis(600_000)
"""One that found no room, after 10 min at the latest."""
VETOED_FIRST: Millis = Millis(5_000)
VETOED_LONGEST: Millis = Millis(600_000)
"""A vetoed one after 5 s, doubling to 10 min."""


def take_outcome(draft: Draft, fact: Fact) -> None:
    """Apply one outcome to the subject that it is about."""
    refusal = _refusal(draft, fact)
    if refusal is not None:
        detail = f"{fact.kind} by {fact.author}"
        draft.mention(Verb.DISREGARD, refusal, incident=fact.incident, detail=detail)
    elif _is_repeated(draft, fact):
        effects = draft.incident.effects or fact.effects
        draft.change(replace(draft.incident, epoch=max(draft.incident.epoch, fact.epoch), effects=effects))
    else:
        _hear(draft, fact)
        _follow(draft, fact)


def _follow(draft: Draft, fact: Fact) -> None:
    match fact.kind:
        case FactKind.ADOPTED:
            draft.enter(Phase.RECOVERING)
            draft.change(replace(draft.incident, reason=""))
        case FactKind.WORKING | FactKind.QUEUED:
            pass
        case FactKind.HELD:
            _held(draft, fact)
        case FactKind.VETOED:
            _vetoed(draft, fact)
        case FactKind.FINISHED:
            _finished(draft, fact)
        case (
            FactKind.PLAN
            | FactKind.STARTED
            | FactKind.UNSURE
            | FactKind.DONE
            | FactKind.FAILED
            | FactKind.ABSOLVED
        ):
            raise ValueError(f"{fact.kind} is no outcome")
        case _:
            assert_never(fact.kind)


def _refusal(draft: Draft, fact: Fact) -> Reason | None:
    incident = draft.row.incident
    if incident is None or incident.order.incident != fact.incident or incident.order.attempt > fact.attempt:
        return Reason.NOT_OPEN
    return Reason.OLDER_EPOCH if fact.epoch < incident.epoch and fact.kind is not FactKind.QUEUED else None


def _is_repeated(draft: Draft, fact: Fact) -> bool:
    """The answer that the incident waits on, copied twice by route: it must not double the pause."""
    incident = draft.incident
    paused = fact.kind in (FactKind.HELD, FactKind.VETOED) and incident.back_off > 0 and incident.is_waiting
    return paused and fact.n == incident.order.n and fact.reason == incident.reason


def _hear(draft: Draft, fact: Fact) -> None:
    """A worker is alive: whatever it says puts off the next publication."""
    now = draft.times.moment
    answered_before = fact.kind.is_answer and fact.n < draft.incident.order.n
    draft.change(
        replace(
            draft.incident,
            epoch=max(draft.incident.epoch, fact.epoch),
            heard=now,
            unanswered=0,
            effects=draft.incident.effects or fact.effects,
            due=draft.incident.due if answered_before else later(now.steady, draft.timing.silence),
        )
    )
    _tell_black_holes(draft, fact)


def _tell_black_holes(draft: Draft, fact: Fact) -> None:
    news = sorted(set(fact.black_holes) - set(draft.incident.black_holes))
    if not news:
        return
    known = (*draft.incident.black_holes, *news)
    draft.change(replace(draft.incident, black_holes=known))
    detail = f"several of its instances could not be started on {', '.join(news)}"
    draft.tell(Verb.ALERT, Reason.BLACK_HOLE, detail=detail, aside=True)


def _is_outdated(draft: Draft, fact: Fact) -> bool:
    """A newer publication is on its way to the workers and will have an answer of its own."""
    return fact.n < draft.incident.order.n


def _held(draft: Draft, fact: Fact) -> None:
    if _is_outdated(draft, fact):
        return
    pause, grown = _held_for(draft, fact)
    draft.enter(Phase.HELD)
    _pause(draft, pause, fact.reason, grown)
    draft.tell(Verb.HOLD, reason_of(fact), detail=fact.detail)
    _contradict(draft, reason_of(fact))


def _held_for(draft: Draft, fact: Fact) -> tuple[Millis, Millis]:
    """Return how long a held incident is left alone, and from what the next pause grows: what waits for a known moment
    does not grow by it."""
    before = draft.incident.back_off
    match fact.reason:
        case Reason.NO_CAPACITY:
            pause = _until_room(draft, _doubled(before, HELD_FIRST, HELD_LONGEST))
            return pause, pause
        case reason if reason in UNPROVEN_OFF and draft.row.vouch and not draft.incident.order.vouched_by:
            return VETOED_FIRST, before  # a person vouched while the worker was at it
        case Reason.UNFENCED_WAIT | Reason.LOCAL_WAIT:
            left = _unwaited(draft) if fact.reason == Reason.UNFENCED_WAIT else _until_rebuilt(draft)
            again = _doubled(before, WAITED_AGAIN, VETOED_LONGEST)
            return (Millis(left + WAITED_AGAIN), before) if left else (again, again)
        case _:
            pause = _doubled(before, HELD_FIRST, HELD_LONGEST)
            return pause, pause


def _until_room(draft: Draft, pause: Millis) -> Millis:
    """At once where another reserve is free; else as any other hold, but not for longer than `ROOM_LONGEST`."""
    order = draft.incident.order
    more = reserves.extended(draft.asked, order, Reason.NO_CAPACITY) != order.reserves
    return VETOED_FIRST if more else min(pause, ROOM_LONGEST)


def _unwaited(draft: Draft) -> Millis:
    """How long the witnesses have yet to agree for `unfenced-wait`; 0: Nova's record has not stood still as long."""
    order, now = draft.incident.order, draft.times.moment.at
    waited = between(order.confirmed_at, now) if order.confirmed_at is not None else 0
    return Millis(max(0, order.policy.unfenced_wait - waited))


def _until_rebuilt(draft: Draft) -> Millis:
    """How long guests with local disks have yet to wait for their host; 0: it is on again, or was back in between."""
    order = draft.incident.order
    waited = between(order.opened_at, draft.times.moment.at)
    return Millis(max(0, order.policy.local_wait - waited))


def _vetoed(draft: Draft, fact: Fact) -> None:
    if _is_outdated(draft, fact):
        return
    pause = _doubled(draft.incident.back_off, VETOED_FIRST, VETOED_LONGEST)
    draft.enter(Phase.OPENED)
    _pause(draft, pause, fact.reason)
    draft.tell(Verb.VETO, reason_of(fact), detail=fact.detail)
    contradicted = _contradict(draft, reason_of(fact))
    if contradicted and unproven(draft) is not None and not draft.incident.stopped:
        stop(draft, reason_of(fact))


def _contradict(draft: Draft, why: Reason) -> bool:
    """Take what the order was vouched for by as one witness from now on, if the world refutes it; a person's word is
    over. Whether it did: a vetoed incident that stood on nothing else ends, and the next word, or more witnesses, open
    another one."""
    asserted_at = draft.incident.order.asserted_at
    if asserted_at is None or why not in evidence.REFUTED:
        return False
    doubted = evidence.doubted(draft.row.conditions, why, asserted_at)
    conditions = evidence.expire(
        doubted, draft.times.deadline
    )  # nobody would look at one that is over already
    vouch = draft.row.vouch if draft.row.vouch is not None and draft.row.vouch.at.at > asserted_at else None
    draft.row = replace(draft.row, conditions=conditions, vouch=vouch)
    return True


def _pause(draft: Draft, pause: Millis, reason: str, grown: Millis | None = None) -> None:
    due = later(draft.times.moment.steady, pause)
    back_off = pause if grown is None else grown
    draft.change(replace(draft.incident, back_off=back_off, due=due, reason=reason))


def _doubled(before: Millis, first: Millis, longest: Millis) -> Millis:
    return Millis(min(longest, max(first, 2 * before)))


def _finished(draft: Draft, fact: Fact) -> None:
    result = fact.result or Result.FAILED
    order = draft.incident.order
    if result is Result.FAILED and fact.attempt < order.policy.attempts and not draft.incident.stopped:
        draft.change(replace(draft.incident, order=replace(order, attempt=fact.attempt + 1)))
        draft.enter(Phase.HELD)
        _pause(draft, draft.timing.retry, fact.reason)
        draft.tell(Verb.RETRY, reason_of(fact), detail=fact.detail)
        return
    _close(draft, fact, result)


def _close(draft: Draft, fact: Fact, result: Result) -> None:
    phase = move(draft.incident.phase, Phase(result.value))
    draft.tell(Verb.CLOSE, reason_of(fact), detail=fact.detail)
    draft.row = reserves.spend(draft.asked, fact)
    incident = draft.incident
    is_failed = phase is Phase.FAILED
    closed = Closed(
        incident=fact.incident,
        phase=phase,
        at=draft.times.moment,
        readmitted=not draft.kind.goes_out,
        last=replace(incident, order=replace(incident.order, evidence=())) if is_failed else None,
    )
    draft.row = replace(draft.row, incident=None, closed=closed, approval=None, vouch=None)
    if phase is not Phase.WITHDRAWN or incident.cancelled:
        explained = _explained(draft.row.conditions, reports=is_failed)
        hold = None if incident.cancelled else draft.row.hold
        draft.row = replace(draft.row, conditions=explained, hold=hold)
    elif draft.row.conditions:
        weigh_idle(draft)


def _explained(conditions: tuple[Condition, ...], *, reports: bool) -> tuple[Condition, ...]:
    """What repeats stays, explained by the incident, until it ends; a report that was told once has been answered (and
    is kept with what failed: whoever retries it stands on the same word)."""
    return tuple(replace(c, explained=True) for c in conditions if reports or c.source.repeats)


def reason_of(fact: Fact) -> Reason:
    """Return the fact's reason, a newer worker's word as it was said; refused where it gives none."""
    return Reason.heard(fact.reason) if fact.reason else Reason.REFUSED
