"""Only an outcome closes an incident."""

from collections.abc import Iterator
from uuid import UUID

from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Sight, Watcher


class ClosedByOutcome(Watcher):
    """No incident is closed before a worker has said that it is finished, or, where the next one undoes what it did,
    that it was stopped in the middle."""

    sees = (Fact, Verdict)

    def __init__(self, cloud: SimCloud) -> None:
        """Nothing is finished."""
        super().__init__(cloud)
        self._finished: set[UUID | None] = set()

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Remember outcomes, and ask each close for its own."""
        match what:
            case Fact(kind=FactKind.FINISHED, incident=incident):
                self._finished.add(incident)
            case Fact(kind=FactKind.HELD, incident=incident, reason=Reason.STOPPED, subject=subject):
                if subject.kind in (Kind.PROCESS, Kind.HOST):
                    self._finished.add(incident)
            case Verdict(verb=Verb.CLOSE, incident=incident, subject=subject):
                if incident not in self._finished:
                    yield f"{subject} was closed without an outcome"
            case _:
                pass
