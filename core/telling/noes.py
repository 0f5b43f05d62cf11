"""Each "no" and "not yet" of a story, and why: what was decided against doing anything, repeated words as one. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.facts import Fact, FactKind, StepRecord
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict

NOES = frozenset(
    {
        Verb.SUSPECT,
        Verb.HOLD,
        Verb.VETO,
        Verb.STOP,
        Verb.WITHDRAW,
        Verb.IGNORE,
        Verb.DISREGARD,
        Verb.RETRY,
        Verb.ALERT,
        Verb.REFUSE,
    }
)
"""Verdicts that say why nothing is done, not yet, not so, or not any more."""

ANSWERS: Mapping[FactKind, Verb] = {FactKind.HELD: Verb.HOLD, FactKind.VETOED: Verb.VETO}
"""A worker's own words for two of them, which correlate repeats as soon as it has read them."""

FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class No:
    """One of them, with all its repetitions."""

    verb: str
    """Of a decision its verb; `fail` of steps that came to nothing."""
    about: str
    """Whom it is about, as people call it; of steps that failed what they wished for."""
    reason: Reason
    also: tuple[Reason, ...]
    """What other gates said, the last time."""
    detail: str
    """The same for people, the last time that anything was said."""
    first: BrokerTime
    last: BrokerTime
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    at: BrokerTime
    said: object
    """What tells it from its repetitions; parts of one verdict have the same. None: a worker's, which a verdict
    repeats."""
    verb: str
    about: str
    reason: Reason
    also: tuple[Reason, ...] = ()
    detail: str = ""


def noes(records: Iterable[Seen]) -> tuple[No, ...]:
    """Return them by the time of the first word; `records` in the order of time."""
    found: dict[tuple[str, str, Reason], list[_Word]] = defaultdict(list)
    for seen in records:
        word = _word(seen)
        if word is not None:
            found[word.verb, word.about, word.reason].append(word)
    return tuple(_no(words) for words in found.values())


def _word(seen: Seen) -> _Word | None:
    match seen.value:
        case Verdict() as verdict if verdict.verb in NOES:
            return _Word(
                at=seen.at,
                said=verdict.at,
                verb=verdict.verb,
                about=verdict.subject.title,
                reason=verdict.reason,
                also=verdict.also,
                detail=verdict.detail,
            )
        case Fact() as fact if fact.kind in ANSWERS:
            return _Word(
                at=seen.at,
                said=None,
                verb=ANSWERS[fact.kind],
                about=fact.subject.title,
                reason=Reason.heard(fact.reason),
                detail=fact.detail,
            )
        case Fact(kind=FactKind.FAILED, step=StepRecord() as step) as fact:
            return _Word(
                at=seen.at,
                said=fact.fact_id,
                verb=FAIL,
                about=step.action,
                reason=Reason.heard(step.reason),
                detail=fact.detail,
            )
        case _:
            return None


def _no(words: Sequence[_Word]) -> No:
    last = words[-1]
    return No(
        verb=last.verb,
        about=last.about,
        reason=last.reason,
        also=last.also,
        detail=next((word.detail for word in reversed(words) if word.detail), ""),
        first=words[0].at,
        last=last.at,
        times=len({word.said for word in words if word.said is not None}) or 1,
    )
