"""A subject is worked on by one owner for one reason.

What a fenced owner says (a fact of a lower epoch) begins and ends nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verb, Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Sight, Watcher


@dataclass(frozen=True, slots=True, kw_only=True)
class _Live:
    """The attempt whose effects have begun on a subject."""

    incident: UUID
    attempt: int
    rests: bool = False
    """It was answered, and its incident is not over: another attempt of it may follow, until correlate closes it."""


class OneAttempt(Watcher):
    """One attempt of one incident has effects on a host, a guest or for a process at a time."""

    sees = (Fact, Verdict)

    def __init__(self, cloud: SimCloud) -> None:
        """Nothing has begun."""
        super().__init__(cloud)
        self._live: dict[str, _Live] = {}
        self._epochs: dict[str, int] = {}

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Follow each subject's attempts by their facts."""
        if isinstance(what, Verdict) and what.verb is Verb.CLOSE:
            self._closed(what)
        if not isinstance(what, Fact) or what.epoch < self._epochs.get(what.subject.name, 0):
            return
        self._epochs[what.subject.name] = what.epoch
        live = self._live.get(what.subject.name)
        if what.kind is FactKind.STARTED:
            yield from self._begun(what, live)
        elif live is not None and live.incident == what.incident and what.kind.is_answer:
            self._answered(what, live)

    def _begun(self, fact: Fact, live: _Live | None) -> Iterator[str]:
        if live is not None and live.incident != fact.incident:
            yield f"two incidents of {fact.subject.title} have effects at a time"
        elif live is not None and live.attempt != fact.attempt and not live.rests:
            yield f"two attempts for {fact.subject.title} are live at a time"
        self._live[fact.subject.name] = _Live(incident=fact.incident, attempt=fact.attempt)

    def _closed(self, verdict: Verdict) -> None:
        """An incident that was closed at rest has no other attempt: what it did to a process's host is undone next."""
        live = self._live.get(verdict.subject.name)
        if live is not None and live.rests and live.incident == verdict.incident:
            del self._live[verdict.subject.name]

    def _answered(self, fact: Fact, live: _Live) -> None:
        if fact.kind is FactKind.FINISHED:
            del self._live[fact.subject.name]
        else:
            self._live[fact.subject.name] = replace(live, rests=True)
