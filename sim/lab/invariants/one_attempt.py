"""A host is worked on by one owner for one reason.

What a fenced owner says (a fact of a lower epoch) begins and ends nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Sight, Watcher


@dataclass(frozen=True, slots=True, kw_only=True)
class _Live:
    """The attempt whose effects have begun on a host."""

    incident: UUID
    attempt: int
    rests: bool = False
    """It was answered, and its incident is not over: another attempt of it may follow."""


class OneAttempt(Watcher):
    """One attempt of one incident has effects on a host at a time."""

    sees = (Fact,)

    def __init__(self, cloud: SimCloud) -> None:
        """Nothing has begun."""
        super().__init__(cloud)
        self._live: dict[str, _Live] = {}
        self._epochs: dict[str, int] = {}

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Follow each host's attempts by their facts."""
        if not isinstance(what, Fact) or what.epoch < self._epochs.get(what.host, 0):
            return
        self._epochs[what.host] = what.epoch
        live = self._live.get(what.host)
        if what.kind is FactKind.STARTED:
            yield from self._begun(what, live)
        elif live is not None and live.incident == what.incident and what.kind.is_answer:
            self._answered(what, live)

    def _begun(self, fact: Fact, live: _Live | None) -> Iterator[str]:
        if live is not None and live.incident != fact.incident:
            yield f"two incidents of {fact.host} have effects at a time"
        elif live is not None and live.attempt != fact.attempt and not live.rests:
            yield f"two attempts for {fact.host} are live at a time"
        self._live[fact.host] = _Live(incident=fact.incident, attempt=fact.attempt)

    def _answered(self, fact: Fact, live: _Live) -> None:
        if fact.kind is FactKind.FINISHED:
            del self._live[fact.host]
        else:
            self._live[fact.host] = replace(live, rests=True)
