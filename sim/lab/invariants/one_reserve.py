"""A reserve host saves one host only."""

from collections.abc import Iterator
from uuid import UUID

from kasugai.core.words.incident import Open
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verb, Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Sight, Watcher


class OneReserve(Watcher):
    """A reserve is given to one open incident at a time."""

    sees = (Open, Verdict)

    def __init__(self, cloud: SimCloud) -> None:
        """All are free."""
        super().__init__(cloud)
        self._given: dict[str, UUID] = {}
        """By reserve: the open incident that has it."""

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Remember who has which, until its incident is closed."""
        match what:
            case Open(reserves=reserves, incident=incident):
                for reserve in reserves:
                    if self._given.setdefault(reserve, incident) != incident:
                        yield f"the reserve {reserve} was given to two incidents"
            case Verdict(verb=Verb.CLOSE, incident=incident):
                self._given = {host: owner for host, owner in self._given.items() if owner != incident}
            case _:
                pass
