"""Weighs what is held against a subject: when testimony becomes proof, when it expires, what contradicts it.

It knows observers and conditions; what an operator allows or what an incident does is decided elsewhere.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never
from uuid import UUID

from kasugai.core.deciding.rows import Condition, Moment, SubjectRow
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import ASSERT_RULE, Fault, Symptom
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

PROOFS = frozenset({Reason.CONFIRMED, Reason.ASSERTED, Reason.POWER_OFF, Reason.VOUCHED})
"""The answers that let an incident be opened: those of `weigh`, and a person's word."""


def standing(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Return the conditions that no closed incident explains."""
    return tuple([condition for condition in conditions if not condition.explained])


def weigh(conditions: tuple[Condition, ...], policy: Policy, deadline: SteadyTime) -> Reason:
    """Return why the subject counts as dead (one of PROOFS) or why it does not yet. `conditions` is not empty."""
    if any(condition.symptom is Symptom.OFF for condition in conditions):
        return Reason.POWER_OFF
    if policy.trust_assertions and any(believed(condition) for condition in conditions):
        return Reason.ASSERTED
    agreed = _agreed_since(conditions, policy)
    if agreed is not None:
        return (
            Reason.CONFIRMED if later(agreed, policy.confirm_after) <= deadline else Reason.WAITING_TO_CONFIRM
        )
    if later(oldest(conditions), PATIENCE) <= deadline:
        return Reason.INSUFFICIENT_EVIDENCE
    return Reason.FIRST_SIGHTING if len(conditions) == 1 else Reason.WAITING_FOR_WITNESSES


def believed(condition: Condition) -> bool:
    """Whether it is an assertion that nothing speaks against: every other one is one witness and no more."""
    return condition.asserted and condition.doubt is None


def doubts(conditions: tuple[Condition, ...], policy: Policy) -> str:
    """Say why words that a host has been fenced count as one witness, and what would change that; empty: none does."""
    found = (
        (c, c.doubt or (None if policy.trust_assertions else Reason.SEGMENT_TRUSTS_NOBODY))
        for c in conditions
    )
    told = [
        f"'fenced' by {c.observer} counts as one witness: {_REMEDY.get(why, why)}"
        for c, why in found
        if c.asserted and why
    ]
    return "; ".join(told)


_REMEDY = {
    Reason.SENDER_NOT_TRUSTED: f"the rule {ASSERT_RULE} does not let its sender assert it; if that sender does fence, "
    f'write "{ASSERT_RULE}": "role:ITS-ROLE" into policy.yaml',
    Reason.SEGMENT_TRUSTS_NOBODY: "the segment's policy says trust-assertions: no",
    Reason.SIGN_OF_LIFE: "the host showed life after it was said",
    Reason.NOVA_FRESH: "Nova's record of the host moved after it was said",
    Reason.POWER_ON: "the host's power reads on",
    Reason.SOURCE_RETURNED: "the host showed life again",
}
"""What a person is told of each doubt; of one that only a newer version knows, its word."""


def doubted(conditions: tuple[Condition, ...], why: Reason, until: BrokerTime) -> tuple[Condition, ...]:
    """Return the conditions with the assertions made up to then contradicted for that reason."""
    return tuple(replace(c, doubt=why) if believed(c) and c.vouched_at <= until else c for c in conditions)


def turns_at(conditions: tuple[Condition, ...], policy: Policy) -> SteadyTime:
    """Return the steady time at which `weigh` gives another answer by itself. `conditions` is not empty."""
    agreed = _agreed_since(conditions, policy)
    if agreed is None:
        return later(oldest(conditions), PATIENCE)
    return later(agreed, policy.confirm_after)


def expiries(conditions: tuple[Condition, ...]) -> list[SteadyTime]:
    """Return the steady times at which observers that repeat themselves have been silent for too long."""
    return [later(condition.seen.steady, EXPIRY) for condition in conditions if expires(condition)]


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
    """Whether a one-off report was evidence before, or was made well before the last incident closed (an assertion by
    its own record's time: a slow clock must not hide a second failure, and the last look asks Nova); a sign of life or
    a word taken back is said once by anybody. `heard`: whether the row remembers the fault."""
    if fault.symptom in (Symptom.ALIVE, Symptom.CLEAR):
        return heard
    if fault.source.repeats:
        return False
    if heard:
        return not any(condition.event_id == fault.event_id for condition in row.conditions)
    made = fault.said_at if fault.asserted and fault.said_at > 0 else fault.observed_at
    return row.closed is not None and 0 < made < row.closed.at.at - STALE_AFTER


def note(row: SubjectRow, fault: Fault, now: Moment, recent: tuple[UUID, ...]) -> SubjectRow:
    """Return the row after a fault that is not stale, before anything is decided; `recent`: what it then remembers."""
    match fault.symptom:
        case Symptom.DOWN | Symptom.OFF:
            noted = _noted(row, fault, now)
            same = noted is row.conditions and recent is row.recent
            return row if same else replace(row, conditions=noted, recent=recent)
        case Symptom.CLEAR:
            rest = tuple(c for c in row.conditions if c.observer != fault.observer)
            return replace(row, conditions=rest, recent=recent)
        case Symptom.ALIVE:
            return _lives(replace(row, recent=recent), replace(now, at=_said_at(fault, now)))
        case _:
            assert_never(fault.symptom)


def _lives(row: SubjectRow, alive: Moment) -> SubjectRow:
    """Return the row after a sign of life: what is younger than it stands, as far as that is known (two topics have no
    common order, and what was said first may be read last)."""
    stands = tuple(c for c in row.conditions if c.symptom is Symptom.OFF or c.vouched_at > alive.at)
    vouch = row.vouch if row.vouch is not None and row.vouch.at.at > alive.at else None
    last = alive if row.alive is None or row.alive.at < alive.at else row.alive
    return replace(row, conditions=stands, alive=last, vouch=vouch)


def _noted(row: SubjectRow, fault: Fault, now: Moment) -> tuple[Condition, ...]:
    conditions = row.conditions
    old = next((c for c in conditions if c.observer == fault.observer), None)
    others = tuple(c for c in conditions if c.observer != fault.observer)
    if old is not None and old.event_id == fault.event_id and old.symptom is fault.symptom:
        if between(old.seen.steady, now.steady) < COALESCE:
            return conditions
        return _sorted((*others, replace(old, seen=now)))
    new = _condition(row, fault, now)
    if old is not None and believed(old) and not believed(new) and not old.explained:
        return conditions
    if old is not None and not new.source.repeats and old.symptom is new.symptom and not old.explained:
        new = replace(new, since=old.since)  # said again: as long as it has stood
    return _sorted((*others, new))


def _condition(row: SubjectRow, fault: Fault, now: Moment) -> Condition:
    return Condition(
        observer=fault.observer,
        source=fault.source,
        symptom=fault.symptom,
        event_id=fault.event_id,
        episode=fault.episode,
        asserted=fault.asserted,
        vouched_at=_said_at(fault, now) if fault.asserted else BrokerTime(0),
        doubt=_doubt(row, fault, now),
        since=now,
        seen=now,
    )


def _said_at(fault: Fault, now: Moment) -> BrokerTime:
    """A word is never younger than its own record: whatever kept it on the way since (an absent route, a full mailbox),
    the host may have shown life in that time. Its sender's clock is not asked: a slow one, or a time typed by hand,
    would set the word before the host's last sign of life, and it would be contradicted for ever."""
    return BrokerTime(min(now.at, fault.said_at)) if fault.said_at > 0 else now.at


def _doubt(row: SubjectRow, fault: Fault, now: Moment) -> Reason | None:
    """Why an assertion counts as one witness from the beginning."""
    if not fault.asserted:
        return None
    if not fault.trusted:
        return Reason.SENDER_NOT_TRUSTED
    is_late = row.alive is not None and row.alive.at > _said_at(fault, now)
    return Reason.SIGN_OF_LIFE if is_late else None


def _sorted(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    return tuple(sorted(conditions, key=lambda condition: condition.observer))


def expire(conditions: tuple[Condition, ...], deadline: SteadyTime) -> tuple[Condition, ...]:
    """Return those whose observers have not fallen silent by `deadline`."""
    return tuple(c for c in conditions if not expires(c) or later(c.seen.steady, EXPIRY) > deadline)


def expires(condition: Condition) -> bool:
    """Whether it is over when it has not been said again for `EXPIRY`: what observers repeat, and a word that the world
    contradicted, which must not wait for another sign to be proven right by."""
    return condition.source.repeats or condition.doubt in REFUTED


REFUTED = frozenset({Reason.NOVA_FRESH, Reason.POWER_ON, Reason.SIGN_OF_LIFE, Reason.SOURCE_RETURNED})
"""Doubts that come from the world, not from a rule."""


def asserted_at(conditions: tuple[Condition, ...], policy: Policy) -> BrokerTime | None:
    """Return when the youngest trusted assertion was made: nothing may have been alive since."""
    if not policy.trust_assertions:
        return None
    return max((c.vouched_at for c in conditions if believed(c)), default=None)


def confirmed_at(conditions: tuple[Condition, ...], policy: Policy) -> BrokerTime | None:
    """Return the broker time since which enough kinds of witnesses agree; None while they do not."""
    agreed = _agreed_since(conditions, policy)
    return next((c.since.at for c in conditions if c.since.steady == agreed), None)
