"""The ledger's chain: of each step every try, from the intent that was written before its effect to the end that was
seen. Pure.

A worker looks, writes its intent, acts once, and looks until it sees the end. The log holds the intent and the end; of
what was so already it holds the end alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.facts import Fact, StepRecord, StepState
from kasugai.core.words.timing import BrokerTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One intent and what came of it, or a state that was seen without any."""

    attempt: int
    author: str
    """The worker that intended it; where nothing was intended, that saw the end."""
    target: str
    """Where it was directed; empty where it was not."""
    intended: BrokerTime | None
    """None: nothing was called."""
    unsure: BrokerTime | None
    """When its call was given up without an answer; None: it was answered, or is on its way."""
    ended: BrokerTime | None
    state: StepState
    """How it ended; `started` or `unsure` where it has not."""
    reason: str
    destination: str
    by: str
    """The person on whose word it is done; empty for nobody."""
    ended_by: str
    """The worker that saw the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A step with its tries, oldest first."""

    key: str
    action: str
    name: str
    """Its subject as people call it."""
    tries: tuple[Try, ...]


def chain(records: Iterable[Seen]) -> tuple[Link, ...]:
    """Return the steps by the time of their first record; `records` in the order of time."""
    tries: Mapping[str, list[Try]] = defaultdict(list)
    named: dict[str, tuple[StepRecord, str]] = {}
    for seen in records:
        if isinstance(seen.value, Fact) and seen.value.step is not None:
            fact, step = seen.value, seen.value.step
            named.setdefault(step.key, (step, fact.name or step.subject))
            _take(tries[step.key], seen.at, fact, step)
    return tuple(
        Link(key=key, action=step.action, name=name, tries=tuple(tries[key]))
        for key, (step, name) in named.items()
    )


def _take(tries: list[Try], at: BrokerTime, fact: Fact, step: StepRecord) -> None:
    """Add what a record says: to the try that is open, or as one more."""
    if step.state is StepState.STARTED:
        tries.append(_begun(at, fact, step))
    elif tries and tries[-1].ended is None:
        tries[-1] = _told(tries[-1], at, fact, step)
    elif not _is_known(tries, step):
        tries.append(_told(replace(_begun(at, fact, step), intended=None), at, fact, step))


def _begun(at: BrokerTime, fact: Fact, step: StepRecord) -> Try:
    return Try(
        attempt=fact.attempt,
        author=fact.author,
        target=step.target,
        intended=at,
        unsure=None,
        ended=None,
        state=StepState.STARTED,
        reason="",
        destination="",
        by="",
        ended_by="",
    )


def _told(last: Try, at: BrokerTime, fact: Fact, step: StepRecord) -> Try:
    if step.state is StepState.UNSURE:
        return replace(last, unsure=at, state=step.state)
    return replace(
        last,
        ended=at,
        state=step.state,
        reason=step.reason,
        destination=step.destination,
        by=step.by,
        ended_by=fact.author,
    )


def _is_known(tries: Sequence[Try], step: StepRecord) -> bool:
    """Whether it says again what the last one has come to, as each new owner does of what is so already."""
    return bool(tries) and (tries[-1].state, tries[-1].reason) == (step.state, step.reason)
