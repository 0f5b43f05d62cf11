"""While a host is recovered its guests belong to that: a restart beside it is in the way."""

from collections.abc import Iterator
from uuid import UUID

from kasugai.core.words.actions import Action
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verb, Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Sight, Watcher

MOVES = frozenset({Action.STOP, Action.START, Action.MIGRATE, Action.CONFIRM_MIGRATION})


STOPPED = 2000
"""Milliseconds until whoever is about to begin something for a guest knows that its host comes first."""


class HostFirst(Watcher):
    """Nothing is begun for a guest's own incident while its host has an open one."""

    sees = (Fact, Verdict)

    def __init__(self, cloud: SimCloud) -> None:
        """No host has an incident."""
        super().__init__(cloud)
        self._open: dict[str, tuple[UUID | None, BrokerTime]] = {}
        """By host: its open incident, and since when."""

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Remember the incidents of hosts, and hold them against what is begun for guests."""
        match what:
            case Verdict(verb=Verb.OPEN, subject=subject) if subject.is_host:
                self._open.setdefault(subject.host, (what.incident, at))
            case Verdict(verb=Verb.CLOSE, subject=subject) if subject.is_host:
                self._open.pop(subject.host, None)
            case Fact(kind=FactKind.STARTED, subject=subject, step=step) if subject.kind is Kind.INSTANCE:
                _, since = self._open.get(subject.host, (None, at))
                if step is not None and step.action in MOVES and since + STOPPED < at:
                    name = self.cloud.world.guests[subject.detail].name
                    yield f"{step.action} of {name} while its host {subject.host} has an open incident"
            case _:
                pass
