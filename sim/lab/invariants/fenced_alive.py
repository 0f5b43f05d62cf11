"""Whoever was seen alive is not shot."""

from collections.abc import Iterator

from kasugai.core.words.incident import Open
from kasugai.core.words.signals import Fault, Symptom
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import OBEDIENCE, Sent, Sight, Watcher


class FencedAlive(Watcher):
    """No host is fenced that was seen alive, if nobody has contradicted that since; but one that lives and is
    useless."""

    sees = (Fault, Open, Sent)

    def __init__(self, cloud: SimCloud) -> None:
        """Nobody was seen."""
        super().__init__(cloud)
        self._alive: dict[str, BrokerTime] = {}
        """By host: the broker's time of a sign of life that nobody has contradicted since."""
        self._condemned: set[str] = set()
        """Hosts whose incident says that they are to be fenced although they live."""

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Remember signs of life, and hold them against fences."""
        match what:
            case Fault(subject=subject) if not subject.is_host:
                pass
            case Open(host=host, condemned=process) if what.subject.is_host:
                (self._condemned.add if process else self._condemned.discard)(host)
            case Fault(symptom=Symptom.ALIVE, host=host):
                self._alive.setdefault(host, at)
            case Fault(symptom=Symptom.CLEAR):
                pass
            case Fault(host=host):
                self._alive.pop(host, None)
            case Sent(action="fence", host=host) if host in self._condemned:
                pass
            case Sent(action="fence" | "close-storage", host=host) if (
                self._alive.get(host, at) + OBEDIENCE < at
            ):
                yield f"{host} was fenced although it had been seen alive"
