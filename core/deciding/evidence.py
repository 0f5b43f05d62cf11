"""Weighs what is held against a subject: when testimony becomes proof, when it expires, what contradicts it.

It knows observers and conditions; what an operator allows or what an incident does is decided elsewhere.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never
from uuid import UUID

from kasugai.core.deciding.rows import Condition, Moment, SubjectRow
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Fault, Symptom
from kasugai.core.words.timing import BrokerTime, Millis, SteadyTime, between, later
from kasugai.core.words.verdicts import Reason

COALESCE: Millis = Millis(5_000)
"""A repetition is noted this often at most: rows are written on change only."""
EXPIRY: Millis = Millis(90_000 + COALESCE)
"""A repeating observer that fell silent for 90 s is no witness any more."""
PATIENCE: Millis = Millis(600_000)
"""After ten minutes with too few witnesses a person is told."""
STALE_AFTER: Millis = Millis(60_000)
"""A one-off report that was made this long before the close of an incident is no news."""

PROOFS = frozenset({Reason.CONFIRMED, Reason.ASSERTED, Reason.POWER_OFF})
"""The answers of `weigh` that let an incident be opened."""


def standing(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Return the conditions that no closed incident explains."""
    return tuple([condition for condition in conditions if not condition.explained])


def weigh(conditions: tuple[Condition, ...], policy: Policy, deadline: SteadyTime) -> Reason:
    """Return why the subject counts as dead (one of PROOFS) or why it does not yet. `conditions` is not empty."""
    if any(condition.symptom is Symptom.OFF for condition in conditions):
        return Reason.POWER_OFF
    if policy.trust_assertions and any(condition.asserted for condition in conditions):
        return Reason.ASSERTED
    agreed = _agreed_since(conditions, policy)
    if agreed is not None:
        return (
            Reason.CONFIRMED if later(agreed, policy.confirm_after) <= deadline else Reason.WAITING_TO_CONFIRM
        )
    if later(oldest(conditions), PATIENCE) <= deadline:
        return Reason.INSUFFICIENT_EVIDENCE
    return Reason.FIRST_SIGHTING if len(conditions) == 1 else Reason.WAITING_FOR_WITNESSES


def turns_at(conditions: tuple[Condition, ...], policy: Policy) -> SteadyTime:
    """Return the steady time at which `weigh` gives another answer by itself. `conditions` is not empty."""
    agreed = _agreed_since(conditions, policy)
    if agreed is None:
        return later(oldest(conditions), PATIENCE)
    return later(agreed, policy.confirm_after)


def expiries(conditions: tuple[Condition, ...]) -> list[SteadyTime]:
    """Return the steady times at which observers that repeat themselves have been silent for too long."""
    return [later(condition.seen.steady, EXPIRY) for condition in conditions if condition.source.repeats]


def turns(conditions: tuple[Condition, ...], policy: Policy) -> list[SteadyTime]:
    """Return the steady time at which `weigh` gives another answer by itself, if there is anything to weigh."""
    counted = standing(conditions)
    return [turns_at(counted, policy)] if counted else []


def oldest(conditions: tuple[Condition, ...]) -> SteadyTime:
    """Return the steady time of the first of them."""
    return min(condition.since.steady for condition in conditions)


def _agreed_since(conditions: tuple[Condition, ...], policy: Policy) -> SteadyTime | None:
    """Return the steady time since which enough kinds of witnesses agree."""
    first: dict[str, SteadyTime] = {}
    for condition in conditions:
        first[condition.source] = min(
            first.get(condition.source, condition.since.steady), condition.since.steady
        )
    if len(first) < policy.confirm_observers:
        return None
    return sorted(first.values())[policy.confirm_observers - 1]


def is_stale(row: SubjectRow, fault: Fault, *, heard: bool) -> bool:
    """Whether a one-off report was evidence before, or was made well before the last incident closed; a sign of life or
    a word taken back is said once by anybody. `heard`: whether the row remembers the fault."""
    if fault.symptom in (Symptom.ALIVE, Symptom.CLEAR):
        return heard
    if fault.source.repeats:
        return False
    if heard:
        return not any(condition.event_id == fault.event_id for condition in row.conditions)
    made_before = row.closed is not None and 0 < fault.observed_at < row.closed.at.at - STALE_AFTER
    return made_before


def note(row: SubjectRow, fault: Fault, now: Moment, recent: tuple[UUID, ...]) -> SubjectRow:
    """Return the row after a fault that is not stale, before anything is decided; `recent`: what it then remembers."""
    match fault.symptom:
        case Symptom.DOWN | Symptom.OFF:
            noted = _noted(row.conditions, fault, now)
            same = noted is row.conditions and recent is row.recent
            return row if same else replace(row, conditions=noted, recent=recent)
        case Symptom.CLEAR:
            rest = tuple(c for c in row.conditions if c.observer != fault.observer)
            return replace(row, conditions=rest, recent=recent)
        case Symptom.ALIVE:
            off = tuple(c for c in row.conditions if c.symptom is Symptom.OFF)
            return replace(row, conditions=off, alive=now, recent=recent)
        case _:
            assert_never(fault.symptom)


def _noted(conditions: tuple[Condition, ...], fault: Fault, now: Moment) -> tuple[Condition, ...]:
    old = next((c for c in conditions if c.observer == fault.observer), None)
    others = tuple(c for c in conditions if c.observer != fault.observer)
    if old is not None and old.event_id == fault.event_id and old.symptom is fault.symptom:
        if between(old.seen.steady, now.steady) < COALESCE:
            return conditions
        return _sorted((*others, replace(old, seen=now)))
    if old is not None and old.asserted and not fault.asserted and not old.explained:
        return conditions
    return _sorted((*others, _condition(fault, now)))


def _condition(fault: Fault, now: Moment) -> Condition:
    return Condition(
        observer=fault.observer,
        source=fault.source,
        symptom=fault.symptom,
        event_id=fault.event_id,
        episode=fault.episode,
        asserted=fault.asserted,
        vouched_at=BrokerTime(_vouched_at(fault, now) if fault.asserted else 0),
        since=now,
        seen=now,
    )


def _vouched_at(fault: Fault, now: Moment) -> BrokerTime:
    """A word is as old as its observer says, and never younger than its own record: whatever kept it on the way since
    (an absent route, a full mailbox), the host may have shown life in that time. A clock that is ahead is clamped."""
    came = min(now.at, fault.said_at) if fault.said_at > 0 else now.at
    return BrokerTime(min(came, fault.observed_at)) if fault.observed_at > 0 else came


def _sorted(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    return tuple(sorted(conditions, key=lambda condition: condition.observer))


def expire(conditions: tuple[Condition, ...], deadline: SteadyTime) -> tuple[Condition, ...]:
    """Return those whose observers have not fallen silent by `deadline`."""
    return tuple(c for c in conditions if not c.source.repeats or later(c.seen.steady, EXPIRY) > deadline)


def asserted_at(conditions: tuple[Condition, ...], policy: Policy) -> BrokerTime | None:
    """Return when the youngest trusted assertion was made: nothing may have been alive since."""
    if not policy.trust_assertions:
        return None
    return max((c.vouched_at for c in conditions if c.asserted), default=None)
