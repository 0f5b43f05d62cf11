"""Decides what a worker's outcome means for its incident: obeyed if it comes from the newest owner, told otherwise."""

from dataclasses import replace
from typing import assert_never

from kasugai.core.deciding import budget, evidence, reserves, returning
from kasugai.core.deciding.closing import close, reason_of
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.tending import stop, unproven
from kasugai.core.words.epochs import is_next, speaks_for_itself, with_owner
from kasugai.core.words.facts import Fact, FactKind, Result
from kasugai.core.words.incident import Phase
from kasugai.core.words.timing import Millis, between, later
from kasugai.core.words.verdicts import Reason, Verb

HELD_FIRST: Millis = Millis(60_000)
HELD_LONGEST: Millis = Millis(3_600_000)
"""A held incident is looked at again after 1 min, doubling to 1 h."""
UNPROVEN_OFF = frozenset(
    {Reason.NO_FENCE_DEVICE, Reason.FENCE_REFUSED, Reason.UNFENCED_WAIT, Reason.STORAGE_ONLY}
)
"""Holds that a person's word that the host is off may end."""
WAITED_AGAIN: Millis = Millis(5_000)
"""One that waits for a known moment is looked at this long after it, and ever more rarely if that was not enough."""
ROOM_LONGEST: Millis = Millis(600_000)
"""One that found no room, after 10 min at the latest."""
BLACK_HOLES = 16
"""So many hosts that could not start an incident's guests are told of: beyond that it is no host's fault."""
VETOED_FIRST: Millis = Millis(5_000)
VETOED_LONGEST: Millis = Millis(600_000)
"""A vetoed one after 5 s, doubling to 10 min."""


def take_outcome(draft: Draft, fact: Fact) -> None:
    """Apply one outcome to the subject that it is about."""
    refusal = _refusal(draft, fact)
    if _is_at_the_former(draft, fact):
        draft.change(replace(draft.incident, heard=draft.times.moment, unanswered=0))
    elif refusal is not None:
        detail = f"{fact.kind} by {fact.author}"
        draft.mention(Verb.DISREGARD, refusal, incident=fact.incident, detail=detail)
    elif _is_repeated(draft, fact):
        draft.change(replace(draft.incident, effects=draft.incident.effects or fact.effects))
    else:
        _hear(draft, fact)
        _follow(draft, fact)


def _follow(draft: Draft, fact: Fact) -> None:
    match fact.kind:
        case FactKind.ADOPTED:
            draft.enter(Phase.RECOVERING)
            _adopt(draft, fact)
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


def _adopt(draft: Draft, fact: Fact) -> None:
    """Only the owners of the newest epoch are kept: nobody else is obeyed."""
    incident = draft.incident
    others = incident.owners if fact.epoch == incident.epoch else ()
    draft.change(replace(incident, epoch=fact.epoch, owners=with_owner(others, fact), reason=""))
    draft.row = replace(draft.row, epoch=max(draft.row.epoch, fact.epoch))


def _refusal(draft: Draft, fact: Fact) -> Reason | None:
    incident = draft.row.incident
    if incident is None or incident.order.incident != fact.incident or incident.order.attempt > fact.attempt:
        return Reason.NOT_OPEN
    if fact.kind is FactKind.QUEUED or is_next(fact, incident.epoch, draft.row.epoch):
        return None
    if fact.epoch < incident.epoch:
        return Reason.OLDER_EPOCH
    return None if speaks_for_itself(incident.owners, fact) else Reason.NOT_ITS_OWNER


def _is_at_the_former(draft: Draft, fact: Fact) -> bool:
    """Whether its owner is still at an attempt that a Stop has cut short, and waits for a call of its own. The next
    attempt is published all the same, for whoever owns it next; nobody is missing."""
    incident = draft.row.incident
    if incident is None or incident.order.incident != fact.incident or fact.kind is not FactKind.WORKING:
        return False
    is_owner = fact.epoch == incident.epoch and speaks_for_itself(incident.owners, fact)
    return is_owner and fact.attempt < incident.order.attempt


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
            heard=now,
            unanswered=0,
            effects=draft.incident.effects or fact.effects,
            due=draft.incident.due if answered_before else later(now.steady, draft.timing.silence),
        )
    )
    draft.change(returning.note_disabled(draft.incident, fact))
    _tell_black_holes(draft, fact)


def _tell_black_holes(draft: Draft, fact: Fact) -> None:
    room = BLACK_HOLES - len(draft.incident.black_holes)
    news = sorted(set(fact.black_holes) - set(draft.incident.black_holes))[:room]
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
    if (fact.reason == Reason.STOPPED and _is_over(draft)) or returning.is_back_meanwhile(draft.row, fact):
        close(draft, fact, Phase.FAILED if draft.incident.order.undoes else Phase.RECOVERED)
        return
    if _is_outdated(draft, fact):
        return
    pause, grown = _held_for(draft, fact)
    draft.enter(Phase.HELD)
    _pause(draft, pause, fact.reason, grown)
    draft.tell(Verb.HOLD, reason_of(fact), detail=fact.detail)
    _contradict(draft, reason_of(fact))


def _is_over(draft: Draft) -> bool:
    """Whether an incident that a Stop has cut short in the middle has lost its ground for good: the process runs again,
    and what was done is undone next; or it has failed anew, and what was undone is done anew."""
    incident = draft.incident
    if not incident.stopped:
        return False
    fails = bool(evidence.standing(draft.row.conditions))
    if incident.order.undoes is not None:
        return fails
    return draft.kind.is_undone and draft.row.well and not fails


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
    spent = draft.kind.has_budget and budget.is_spent(draft.asked)
    again = fact.attempt < order.policy.attempts and not draft.incident.stopped and not spent
    if result is Result.FAILED and again:
        draft.change(replace(draft.incident, order=replace(order, attempt=fact.attempt + 1)))
        draft.enter(Phase.HELD)
        _pause(draft, draft.timing.retry, fact.reason)
        draft.tell(Verb.RETRY, reason_of(fact), detail=fact.detail)
        return
    also = (Reason.RESTART_BUDGET,) if result is Result.FAILED and spent else ()
    close(draft, fact, Phase(result.value), also)
