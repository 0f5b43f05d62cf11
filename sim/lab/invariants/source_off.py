"""A guest leaves its source only when nothing can run there any more."""

from collections.abc import Iterator

from kasugai.core.recovering.look import PowerState
from kasugai.core.words.facts import Fact, FactKind, Result
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Fencing
from kasugai.core.words.signals import Command, Fault, Instruction, Limit, Source, Symptom
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Guest
from kasugai.sim.lab.invariants.watcher import OBEDIENCE, Sent, Sight, Watcher


class SourceOff(Watcher):
    """A guest is evacuated only while its source is off now (not merely fenced once), or, without a power device that
    answers, while somebody trusted vouches for it, or where an operator asked for no fence at all."""

    sees = (Fault, Fact, Open, Command, Sent)

    def __init__(self, cloud: SimCloud) -> None:
        """Nobody vouches for anything."""
        super().__init__(cloud)
        self._unfenced: set[str] = set()
        """Hosts whose incident has a policy that asks for no fence."""
        self._asserted: dict[str, BrokerTime | None] = {}
        """By host: when the last assertion ended (a sign of life, its own observer's word taken back, an outcome); None
        while it stands."""
        self._reset: dict[str, BrokerTime | None] = {}
        """By host that its watchdog has reset: when that was contradicted; None while it stands."""
        self._observers: dict[str, str] = {}
        """By host: who made it."""

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Remember assertions, and look at the power of the source of each evacuation."""
        match what:
            case Fault() if what.subject.is_host:
                self._on_fault(what, at)
            case Open(host=host, policy=policy) if what.subject.is_host:
                (self._unfenced.add if policy.fence is Fencing.NONE else self._unfenced.discard)(host)
            case Command(order=Instruction.APPROVE, limit=Limit.FENCE, host=host):
                self._asserted[host] = None
            case Fact(kind=FactKind.FINISHED, host=host, result=result):
                if what.subject.is_host and result is not Result.FAILED:
                    self._end(host, at)
            case Sent(action="evacuate", host=host, guest=guest) if host in self.cloud.world.hosts:
                if not self._is_reset(host, guest, at):
                    yield from self._evacuated(host, self.cloud.world.guests[guest], at)

    def _on_fault(self, fault: Fault, at: BrokerTime) -> None:
        taken_back = fault.symptom is Symptom.CLEAR and fault.observer == self._observers.get(fault.host)
        if fault.symptom is Symptom.ALIVE or taken_back:
            self._end(fault.host, at)
        if fault.symptom is Symptom.ALIVE and self._reset.get(fault.host, at) is None:
            self._reset[fault.host] = at
        if fault.symptom is Symptom.OFF and fault.source is Source.HEARTBEAT:
            self._reset[fault.host] = None
        if fault.asserted and fault.trusted:
            self._asserted[fault.host] = None
            self._observers[fault.host] = fault.observer

    def _end(self, host: str, at: BrokerTime) -> None:
        if host in self._asserted and self._asserted[host] is None:
            self._asserted[host] = at

    def _evacuated(self, host: str, guest: Guest, at: BrokerTime) -> Iterator[str]:
        driven = self.cloud.power.has(host)
        read = self.cloud.power.read(host) if driven else PowerState.UNKNOWN
        if read is PowerState.OFF or (read is PowerState.UNKNOWN and self._is_vouched_for(host, at)):
            return
        if self.cloud.storage.is_closed(host) and guest.uuid not in self.cloud.storage.elsewhere:
            return
        if self.cloud.world.hosts[host].power_on:
            yield f"{guest.name} was evacuated while its source {host} was on"
        elif not driven and host not in self._unfenced:
            yield f"{guest.name} was evacuated while the power of {host} was unknown"

    def _is_reset(self, host: str, guest: str, at: BrokerTime) -> bool:
        """Whether its watchdog has reset it and the guest runs there no more. Whoever was reset is on again."""
        if host not in self._reset:
            return False
        ended = self._reset[host]
        stands = ended is None or ended + OBEDIENCE >= at
        return stands and host not in self.cloud.running_on(guest)

    def _is_vouched_for(self, host: str, at: BrokerTime) -> bool:
        """An assertion counts while it stands, and for as long as a Stop takes to arrive."""
        if host not in self._asserted:
            return False
        ended = self._asserted[host]
        return ended is None or ended + OBEDIENCE >= at
