"""No evacuation leaves a guest's data behind unasked."""

from collections.abc import Iterator
from uuid import UUID

from kasugai.core.words.disks import RootDisks
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import LocalGuests
from kasugai.core.words.signals import Fault, Symptom
from kasugai.core.words.timing import BrokerTime, between
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Sent, Sight, Watcher


class DiskKept(Watcher):
    """A guest with a disk that is said to be on its host is evacuated only where the policy says to rebuild it, and not
    before it has waited for its host since that was last seen alive."""

    sees = (Fault, Open, Sent)

    def __init__(self, cloud: SimCloud) -> None:
        """Nothing is opened."""
        super().__init__(cloud)
        self._orders: dict[str, Open] = {}
        self._since: dict[UUID, BrokerTime] = {}
        """By incident: when its host was first given up, or for the first time after it was seen alive."""

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Remember under which policy a host is recovered, and hold it against evacuations."""
        match what:
            case Fault(symptom=Symptom.ALIVE, host=host) if what.subject.is_host and host in self._orders:
                self._since.pop(self._orders[host].incident, None)
            case Open(host=host, incident=incident) if what.subject.is_host:
                self._orders[host] = what
                self._since.setdefault(incident, at)
            case Sent(action="evacuate", host=host, guest=uuid) if host in self._orders:
                guest, order = self.cloud.world.guests[uuid], self._orders[host]
                is_local = order.policy.root_disks is RootDisks.LOCAL and (guest.image or guest.ephemeral)
                if is_local and order.policy.local_guests is LocalGuests.LEAVE:
                    yield f"{guest.name} was evacuated from its local disk"
                elif is_local and between(self._since.get(order.incident, at), at) < order.policy.local_wait:
                    yield f"{guest.name} was rebuilt before it had waited for its host"
