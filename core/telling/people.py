"""Who said or took over what in a story: persons' commands with their words, whose word counted for a proof, and the
workers that owned the incident. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A person's command, and what came of it."""

    at: BrokerTime
    verb: Verb
    """What was done; `refuse` where nothing was."""
    about: str
    """Whom it was about, as people call it."""
    said: str
    """Who said it, and why: `ann: the switch is replaced`; of what was refused also what it was."""
    refused: Reason | None
    """Why nothing was done; None: it was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """A person's word, or the one of somebody trusted, that counted as a proof."""

    at: BrokerTime
    by: str
    step: str
    """The step that was seen as done by it, as its sentence tells it."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A worker that took the incident over."""

    at: BrokerTime
    author: str
    epoch: int
    attempt: int


def ordered(records: Iterable[Seen]) -> tuple[Ordered, ...]:
    """Return persons' commands; `records` in the order of time."""
    verdicts = ((seen.at, seen.value) for seen in records if isinstance(seen.value, Verdict))
    return tuple(
        Ordered(
            at=at,
            verb=verdict.verb,
            about=verdict.subject.title,
            said=verdict.detail,
            refused=verdict.reason if verdict.verb is Verb.REFUSE else None,
        )
        for at, verdict in verdicts
        if verdict.verb is Verb.REFUSE or (verdict.reason is Reason.COMMAND and verdict.detail)
    )


def vouched(records: Iterable[Seen]) -> tuple[Vouched, ...]:
    """Return whose word counted; `records` in the order of time."""
    steps = ((seen.at, seen.value, seen.value.step) for seen in records if isinstance(seen.value, Fact))
    return tuple(
        Vouched(
            at=at,
            by=step.by,
            step=step.words.tell(fact.name or step.subject, step.target),
            reason=step.reason,
        )
        for at, fact, step in steps
        if step is not None and step.by
    )


def owners(records: Iterable[Seen]) -> tuple[Owner, ...]:
    """Return the workers that adopted it; `records` in the order of time."""
    facts = ((seen.at, seen.value) for seen in records if isinstance(seen.value, Fact))
    return tuple(
        Owner(at=at, author=fact.author, epoch=fact.epoch, attempt=fact.attempt)
        for at, fact in facts
        if fact.kind is FactKind.ADOPTED
    )
