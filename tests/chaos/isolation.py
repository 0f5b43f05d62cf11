"""What happens to hosts with agents that live: an agent is killed, a host is cut off, a clock jumps.

Who is cut off from Kafka is silent; from his peers too, they cannot reach him; from everything, Nova does not hear him
either, and by the rules he may be switched off although he lives. It lives through one run beside the hosts (`town`).
"""

import random
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.hypervisors import Hypervisors
from tests.chaos.schedule import Blow, Event
from tests.chaos.town import Town

JUMPS = (0.5, 5.0, 60.0, 3_600.0, 86_400.0)
"""Seconds by which a clock is set forth or back."""
LOOK_EVERY = 1.0


@dataclass(slots=True)
class Isolation:
    """The hosts whose agents run."""

    town: Town
    machines: Hypervisors
    isolations: Counter[str] = field(default_factory=Counter)
    """How often each host was cut off from everything."""
    counts: Counter[Blow] = field(default_factory=Counter)
    _looked: float = 0.0

    def strike(self, event: Event) -> str:
        """Let one of these happen, and return whom it met."""
        whole = set(self.machines.whole())
        fit = [host for host in self.town.living() if host in whole]
        if event.blow is Blow.ISOLATE:
            fit = [host for host in fit if self.town.may_fail(host)]
        if not fit:
            return "nobody"
        host = fit[int(event.whom * len(fit))]
        self.counts[event.blow] += 1
        match event.blow:
            case Blow.AGENT:
                return f"{host}: {self.machines.kill(host, event.seconds)}, for {event.seconds:.1f} s"
            case Blow.CLOCK:
                return f"{host} {self._misdate(host, event)}"
            case _:
                self._cut(host, event)
                return f"{host} for {event.seconds:.1f} s"

    def tend(self) -> list[str]:
        """Do what is due; return the hosts that were switched off by their devices since the last look."""
        self.machines.tend()
        now = time.monotonic()
        if now - self._looked < LOOK_EVERY:
            return []
        self._looked = now
        hosts = self.town.nova.read("state")["hosts"]
        off = [host for host in self.town.living() if hosts[host]["power"] == "off"]
        for host in off:
            self.town.is_off(host)
        return off

    def settle(self) -> None:
        """Connect everybody, and let all clocks be right."""
        for host in self.machines.names:
            self.machines.misdate(host, 0.0)
            self.town.nova.do("hosts.plug", host)
        self.machines.heal_all()

    def _misdate(self, host: str, event: Event) -> str:
        chance = random.Random(event.salt)
        offset = chance.choice(JUMPS) * chance.choice((-1, 1))
        self.machines.misdate(host, offset)
        self.town.later(event.seconds, lambda: self.machines.misdate(host, 0.0))
        return f"by {offset:+.1f} s for {event.seconds:.1f} s"

    def _cut(self, host: str, event: Event) -> None:
        self.machines.cut(host, peers=event.blow is not Blow.CUT)
        if event.blow is Blow.ISOLATE:
            self.isolations[host] += 1
            self.town.nova.do("hosts.unplug", host)
        boots = self.machines.boots(host)
        self.town.later(event.seconds, lambda: self._heal(host, boots))

    def _heal(self, host: str, boots: int) -> None:
        """A host that was lost meanwhile has its cables when it boots."""
        if self.machines.boots(host) == boots:
            self.machines.heal(host)
            self.town.nova.do("hosts.plug", host)
