"""Why, and why not: which recorded verdicts and plans answer a question about a subject, in the order of time.

It judges nothing anew: what was not recorded is not known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kasugai.core.telling.kinds import GUESTS
from kasugai.core.telling.ties import Tie
from kasugai.core.words.facts import Fact
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class Decided:
    """A verdict with the timestamp and the offset of its record."""

    at: BrokerTime
    offset: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Planned:
    """A worker's plan with the timestamp and the offset of its record: what is wished for each guest, and why some are
    left."""

    at: BrokerTime
    offset: int
    fact: Fact
    plan: Plan

    def guests(self, word: str) -> tuple[Step, ...]:
        """Return the steps that move guests, or restart one; of a guest that `word` names only its own."""
        named = tuple(step for step in self._guests if _names(word, step.subject, step.name))
        return named or (() if self._leaves(word) else self._guests)

    def left(self, word: str) -> tuple[tuple[str, str], ...]:
        """Return (guest, reason) of those that are left; of a guest that `word` names only its own."""
        if self._leaves(word):
            return tuple(each for each in self.plan.excluded if _names(word, each[0]))
        return () if any(_names(word, s.subject, s.name) for s in self._guests) else self.plan.excluded

    def names_guest(self, word: str) -> bool:
        """Whether `word` names a guest of it: its uuid, its name, or `instance/` before either."""
        return self._leaves(word) or any(_names(word, s.subject, s.name) for s in self._guests)

    @property
    def _guests(self) -> tuple[Step, ...]:
        return tuple(step for step in self.plan.steps if step.words.meaning in GUESTS)

    def _leaves(self, word: str) -> bool:
        return any(_names(word, guest) for guest, _ in self.plan.excluded)


def _names(word: str, *names: str) -> bool:
    return any(word in (name, f"instance/{name}") for name in names if name)


def in_order(decided: Iterable[Decided]) -> list[Decided]:
    """Return each verdict once, in the order of time, whatever the order of reading."""
    first: dict[str, Decided] = {}
    for each in sorted(decided, key=lambda d: (d.at, d.offset, Tie(d.verdict))):
        first.setdefault(str(each.verdict.verdict_id), each)
    return list(first.values())


def about(decided: Sequence[Decided], word: str) -> list[Decided]:
    """Return the verdicts that `word` asks for: a subject (`host/cmp1`), a host (`cmp1`), the name in another subject
    (an instance's uuid, a process, all that is on a host about which itself nothing was decided), or the beginning of
    an incident's id; the first of these that fits anything counts."""
    subject = [d for d in decided if d.verdict.subject.name == word or _joins(d.verdict, word)]
    host = [d for d in decided if _is_about_host(d.verdict, word)]
    named = [d for d in decided if d.verdict.subject.answers_to(word)]
    incident = [d for d in decided if d.verdict.incident and str(d.verdict.incident).startswith(word.lower())]
    return subject or host or named or incident


def _is_about_host(verdict: Verdict, name: str) -> bool:
    return (verdict.subject.is_host and verdict.subject.host == name) or name in verdict.hosts


def _joins(verdict: Verdict, word: str) -> bool:
    """Whether a verdict about something else names the host that `word` is (`host/cmp1`)."""
    return any(host_subject(host).name == word for host in verdict.hosts)


def about_guest(decided: Iterable[Decided], planned: Iterable[Planned], name: str) -> list[Decided]:
    """Return the verdicts about the instances that a plan calls by that name: verdicts know their uuids alone."""
    uuids = {step.subject for each in planned if each.names_guest(name) for step in each.guests(name)}
    return [d for d in decided if d.verdict.subject.detail in uuids]


def plans_about(planned: Iterable[Planned], told: Iterable[Decided], word: str) -> list[Planned]:
    """Return each plan once, in the order of time, that belongs to an incident in `told` or names the guest `word`."""
    incidents = {each.verdict.incident for each in told}
    first = {
        each.fact.fact_id: each for each in sorted(planned, key=lambda p: (p.at, p.offset), reverse=True)
    }
    fitting = (p for p in first.values() if p.fact.incident in incidents or p.names_guest(word))
    return sorted(fitting, key=lambda p: (p.at, p.offset))


def subjects(decided: Iterable[Decided]) -> tuple[str, ...]:
    """Return what anything was decided about."""
    return tuple(sorted({d.verdict.subject.name for d in decided}))
