"""Weighs what is held against a subject: when testimony becomes proof, and when it expires.

It knows observers and conditions. How a word becomes one is `testimony`'s business; what an operator allows or what an
incident does is decided elsewhere.
"""

from collections.abc import Iterable
from dataclasses import replace

from kasugai.core.deciding.rows import Condition
from kasugai.core.words.policy import Fencing, Policy
from kasugai.core.words.signals import ASSERT_RULE, REPORT_LASTS, Source, Symptom
from kasugai.core.words.timing import BrokerTime, Millis, SteadyTime, later
from kasugai.core.words.verdicts import Reason

COALESCE: Millis = Millis(5_000)
"""A repetition is noted this often at most: rows are written on change only."""
EXPIRY: Millis = Millis(90_000 + COALESCE)
"""A repeating observer that fell silent for 90 s is no witness any more."""
REPORT_STANDS: Millis = Millis(24 * 3_600_000)
"""A one-off report that found no second witness in `REPORT_LASTS` is none any more; a person, who has been told of it,
may vouch for so long."""
LATEST: Millis = Millis(60_000)
"""Nobody waits longer than so for what may be on its way: route has read up by then, and what stands is said again."""
PATIENCE: Millis = Millis(600_000)
"""After ten minutes with too few witnesses a person is told."""

PROOFS = frozenset(
    {
        Reason.CONFIRMED,
        Reason.ASSERTED,
        Reason.POWER_OFF,
        Reason.WATCHDOG,
        Reason.HOST_USELESS,
        Reason.OBSERVED,
        Reason.VOUCHED,
    }
)
"""The answers that let an incident be opened: those of `weigh` and `observed`, and a person's word."""


def standing(conditions: Iterable[Condition]) -> tuple[Condition, ...]:
    """Return the conditions that no closed incident explains."""
    return tuple([condition for condition in conditions if not condition.explained])


def observed(conditions: tuple[Condition, ...], policy: Policy, deadline: SteadyTime) -> Reason:
    """Return that one word is enough: of what is looked at before anything is done. `conditions` is not empty."""
    return Reason.OBSERVED


def weigh(conditions: tuple[Condition, ...], policy: Policy, deadline: SteadyTime) -> Reason:
    """Return why the subject counts as dead (one of PROOFS) or why it does not yet. `conditions` is not empty."""
    off = [condition for condition in conditions if condition.symptom is Symptom.OFF]
    if off:
        return Reason.WATCHDOG if all(is_reset(condition) for condition in off) else Reason.POWER_OFF
    if policy.trust_assertions and any(believed(condition) for condition in conditions):
        return Reason.ASSERTED
    agreed = _agreed_since(conditions, policy)
    if agreed is not None and _settled(agreed, conditions, policy) <= deadline:
        return Reason.CONFIRMED
    if any(condition.useless for condition in conditions):
        return Reason.HOST_USELESS
    if agreed is not None:
        return Reason.WAITING_TO_CONFIRM
    if later(oldest(conditions), PATIENCE) <= deadline:
        return Reason.INSUFFICIENT_EVIDENCE
    return Reason.FIRST_SIGHTING if len(conditions) == 1 else Reason.WAITING_FOR_WITNESSES


def is_reset(condition: Condition) -> bool:
    """Whether it is the proof that the host's watchdog has run out: that boot has ended, another one may follow."""
    return condition.symptom is Symptom.OFF and condition.source is Source.HEARTBEAT


def believed(condition: Condition) -> bool:
    """Whether it is an assertion that nothing speaks against: every other one is one witness and no more."""
    return condition.asserted and condition.doubt is None


def doubts(conditions: tuple[Condition, ...], policy: Policy) -> str:
    """Say why words count for less than they claim, and what would change that; empty: none does."""
    found = (
        (c, c.doubt or (None if policy.trust_assertions else Reason.SEGMENT_TRUSTS_NOBODY))
        for c in conditions
    )
    told = [
        f"'fenced' by {c.observer} counts as one witness: {_REMEDY.get(why, why)}"
        for c, why in found
        if c.asserted and why
    ]
    asked_anyway = [_ASKED_ANYWAY] if any(_is_asked_anyway(c, policy) for c in conditions) else []
    return "; ".join(told + asked_anyway)


_ASKED_ANYWAY = (
    "Nova's record is no witness where it is the second sign (confirm-observers: 1) or the fence (fence: none): "
    "another kind has to speak"
)
_REMEDY = {
    Reason.SENDER_NOT_TRUSTED: f"the rule {ASSERT_RULE} does not let its sender assert it; if that sender does fence, "
    f'write "{ASSERT_RULE}": "role:ITS-ROLE" into policy.yaml',
    Reason.SEGMENT_TRUSTS_NOBODY: "the segment's policy says trust-assertions: no",
    Reason.SIGN_OF_LIFE: "the host showed life after it was said",
    Reason.NOVA_FRESH: "Nova's record of the host moved after it was said",
    Reason.POWER_ON: "the host's power reads on",
    Reason.STORAGE_ALIVE: "a client of the host still holds a guest's disk open",
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
    return _settled(agreed, conditions, policy)


def _settled(agreed: SteadyTime, conditions: tuple[Condition, ...], policy: Policy) -> SteadyTime:
    """Return when nothing more is waited for that could contradict them: `confirm-after` later, and where what speaks
    against the subject was read late, so much later, for a sign of life may come by the same road."""
    late = max(condition.late for condition in conditions)
    return later(later(agreed, policy.confirm_after), min(late, LATEST))


def expiries(conditions: tuple[Condition, ...], policy: Policy) -> list[SteadyTime]:
    """Return the steady times at which observers that repeat themselves have been silent for too long, and one-off
    reports have stood for too long."""
    silent = [later(c.seen.steady, EXPIRY) for c in conditions if expires(c)]
    return silent + [later(c.seen.steady, REPORT_STANDS) for c in conditions if _is_passing(c, policy)]


def turns(conditions: tuple[Condition, ...], policy: Policy) -> list[SteadyTime]:
    """Return the steady time at which `weigh` gives another answer by itself, if there is anything to weigh."""
    counted = standing(conditions)
    return [turns_at(counted, policy)] if counted else []


def oldest(conditions: tuple[Condition, ...]) -> SteadyTime:
    """Return the steady time of the first of them."""
    return min(condition.since.steady for condition in conditions)


def _agreed_since(conditions: tuple[Condition, ...], policy: Policy) -> SteadyTime | None:
    """Return the steady time since which enough kinds of witnesses agree. A one-off report agrees with what is said
    within `REPORT_LASTS` of it: months later a short absence of Nova's service would prove it right."""
    first: dict[str, SteadyTime] = {}
    for condition in conditions:
        if condition.useless or _is_asked_anyway(condition, policy):
            continue
        first[condition.source] = min(
            first.get(condition.source, condition.since.steady), condition.since.steady
        )
    if len(first) < max(1, policy.confirm_observers):
        return None
    agreed = sorted(first.values())[policy.confirm_observers - 1]
    timely = tuple(
        c for c in conditions if c.source.repeats or c.useless or later(c.seen.steady, REPORT_LASTS) >= agreed
    )
    return agreed if len(timely) == len(conditions) else _agreed_since(timely, policy)


def _is_asked_anyway(condition: Condition, policy: Policy) -> bool:
    """Whether it says what this segment has asked of Nova before anything moves, as the second sign or in a fence's
    place: a silent record. One fact is no two signs."""
    alone_or_unfenced = policy.confirm_observers <= 1 or policy.fence is Fencing.NONE
    return condition.source is Source.NOVA and alone_or_unfenced


def expire(conditions: tuple[Condition, ...], deadline: SteadyTime) -> tuple[Condition, ...]:
    """Return those whose observers have not fallen silent by `deadline`."""
    return tuple(c for c in conditions if not expires(c) or later(c.seen.steady, EXPIRY) > deadline)


def expire_alone(
    conditions: tuple[Condition, ...], policy: Policy, deadline: SteadyTime, *, occurs: bool = False
) -> tuple[Condition, ...]:
    """Return those that count on by `deadline` where no incident is open: a one-off report that no other witness joined
    is over in the end, for its sender does not take it back when the host is well again. What `occurs` is over in any
    case."""
    if not occurs and _agreed_since(standing(conditions), policy) is not None:
        return conditions
    return tuple(
        c for c in conditions if not _is_passing(c, policy) or later(c.seen.steady, REPORT_STANDS) > deadline
    )


def _is_passing(condition: Condition, policy: Policy) -> bool:
    """Whether it is a one-off report that is one witness and no more: an assertion stands until its incident is over
    or the world contradicts it, and what an incident explains ends with that."""
    stands = (policy.trust_assertions and believed(condition)) or condition.explained or condition.useless
    return not condition.source.repeats and not stands


def expires(condition: Condition) -> bool:
    """Whether it is over when it has not been said again for `EXPIRY`: what observers repeat, and a word that the world
    contradicted, which must not wait for another sign to be proven right by."""
    return condition.source.repeats or condition.doubt in REFUTED


REFUTED = frozenset(
    {Reason.NOVA_FRESH, Reason.POWER_ON, Reason.STORAGE_ALIVE, Reason.SIGN_OF_LIFE, Reason.SOURCE_RETURNED}
)
"""Doubts that come from the world, not from a rule."""


def condemned(conditions: tuple[Condition, ...], policy: Policy, deadline: SteadyTime) -> str:
    """Return the process by which alone a host is proven to be recovered; empty where something else proves it."""
    names = sorted(c.useless for c in conditions if c.useless)
    return names[0] if names and weigh(conditions, policy, deadline) is Reason.HOST_USELESS else ""


def seen_at(conditions: tuple[Condition, ...]) -> BrokerTime | None:
    """Return when the youngest of them was seen, which is when it was last said where nobody knows better; None where
    there is none. An observer whose clock is slow makes it too old: then a start in between answers it, which leaves
    the subject as it is and says so. Too young it would let a guest that runs be stopped."""
    return max((condition.observed or condition.seen.at for condition in conditions), default=None)


def asserted_at(conditions: tuple[Condition, ...], policy: Policy) -> BrokerTime | None:
    """Return when the youngest trusted assertion was made: nothing may have been alive since."""
    if not policy.trust_assertions:
        return None
    return max((c.vouched_at for c in conditions if believed(c)), default=None)


def reset_at(conditions: tuple[Condition, ...]) -> BrokerTime | None:
    """Return since when it is proven that the host's watchdog has reset it; None while it is not."""
    return max((c.since.at for c in conditions if is_reset(c)), default=None)


def confirmed_at(conditions: tuple[Condition, ...], policy: Policy) -> BrokerTime | None:
    """Return the broker time since which enough kinds of witnesses agree; None while they do not."""
    agreed = _agreed_since(conditions, policy)
    return next((c.since.at for c in conditions if c.since.steady == agreed), None)
