"""Why, and why not: which recorded verdicts answer a question about a subject, in the order of time.

It judges nothing anew: what was not recorded is not known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kasugai.core.telling.ties import Tie
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Decided:
    """A verdict with the timestamp and the offset of its record."""

    at: BrokerTime
    offset: int
    verdict: Verdict


def in_order(decided: Iterable[Decided]) -> list[Decided]:
    """Return each verdict once, in the order of time, whatever the order of reading."""
    first: dict[str, Decided] = {}
    for each in sorted(decided, key=lambda d: (d.at, d.offset, Tie(d.verdict))):
        first.setdefault(str(each.verdict.verdict_id), each)
    return list(first.values())


def about(decided: Sequence[Decided], word: str) -> list[Decided]:
    """Return the verdicts that `word` asks for: a subject (`host/cmp1`), the name in one (`cmp1`), or the beginning of
    an incident's id; the first of these that fits anything counts."""
    subject = [d for d in decided if d.verdict.subject.name == word]
    named = [d for d in decided if d.verdict.subject.answers_to(word)]
    incident = [d for d in decided if d.verdict.incident and str(d.verdict.incident).startswith(word.lower())]
    return subject or named or incident


def subjects(decided: Iterable[Decided]) -> tuple[str, ...]:
    """Return what anything was decided about."""
    return tuple(sorted({d.verdict.subject.name for d in decided}))
