"""The hosts of a chaos run: which are lost, what is said about them and when, and how operators bring them back.

It lives through one run, asking Nova about machines and Kafka about incidents; it knows nothing of the blows.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kasugai.core.telling.incident_views import IncidentView
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Fault, Source, Symptom, fault
from kasugai.core.words.subject import host_subject
from kasugai.sim.child import ServerFailedError
from tests.chaos.ambush import Trap
from tests.chaos.hypervisors import Hypervisors
from tests.chaos.judge import is_over, is_return
from tests.chaos.reporter import Reporter
from tests.chaos.schedule import UNSAID, Event
from tests.chaos.servers import NovaProcess

HOSTS = 14
GUESTS = 6
"""On each host at the beginning; every fifth is stopped, every seventh locked."""
FEWEST = 7
"""So many hosts stay alive."""
REPAIR_AFTER = 4.0
"""Seconds from the end of an incident to the power switch."""
FAILURES = 2
"""So often a host is lost at most where Kasugai brings it back."""
CHORUS_SECONDS, CHORUS_EVERY = 8.0, 0.25
"""How long and how often a host is reported again, where a processor is killed meanwhile."""


@dataclass(slots=True)
class Lost:
    """A host that was lost."""

    told: Fault | None = None
    """The assertion about it; None: nobody said anything."""
    again: bool = False
    """Whether the assertion is sent once more when the host is back."""
    repair_at: float | None = None
    is_on: bool = False


@dataclass(slots=True)
class Town:
    """The hosts."""

    nova: NovaProcess
    reporter: Reporter
    uuids: dict[str, str]
    chance: random.Random
    lost: dict[str, Lost] = field(default_factory=dict)
    losses: Counter[str] = field(default_factory=Counter)
    wanted: dict[str, str] = field(default_factory=dict)
    """The vm_state of each guest at the beginning: a recovery must not change it."""
    repaired: Callable[[str], None] = lambda _: None
    """Called when operators have enabled a host again."""
    machines: Hypervisors | None = None
    """Where the agents run; without them operators bring hosts back, with them Kasugai does."""
    _said: int = 0
    _later: list[tuple[float, Callable[[], None]]] = field(default_factory=list)

    def settle(self) -> None:
        """Put guests on the hosts."""
        for host in range(1, HOSTS + 1):
            for n in range(1, GUESTS + 1):
                number = host * GUESTS + n
                self.nova.do(
                    "add_guest",
                    f"g{host}-{n}",
                    f"cmp{host}",
                    vm_state="active" if number % 5 else "stopped",
                    locked_by=None if number % 7 else "owner",
                    metadata={"HA_Enabled": "True"} if number % 10 == 3 else {},
                )
        self.wanted = {uuid: guest["vm_state"] for uuid, guest in self.nova.read("state")["guests"].items()}

    def lose(self, event: Event) -> str | None:
        """A host loses its power, and whoever knows says so in the manner of the event; return which one, None when too
        few are alive."""
        host = self._victim(event.whom)
        if host is None:
            return None
        self.nova.do("hosts.power_off", host)
        self.is_off(host)
        if event.manner == UNSAID:
            return host
        told = self._fault(host, asserted=True)
        self.lost[host] = Lost(told, again=event.manner == "twice and a day later")
        match event.manner:
            case "late":
                self._in(event.seconds, lambda: self.reporter.say(told))
            case "unsure first":
                self.reporter.say(self._fault(host))
                self._in(event.seconds / 4, lambda: self.reporter.say(told))
            case "at once":
                self.reporter.say(told)
            case _:
                self.reporter.say(told)
                self._in(event.seconds / 3, lambda: self.reporter.say(told))
        if event.ambush is not None and event.ambush.trap is Trap.CHORUS:
            self._report_on_and_on(host)
        return host

    def is_off(self, host: str) -> None:
        """A host has lost its power, by chance or by its device: what runs on its machine ends too."""
        self.losses[host] += 1
        self.lost[host] = Lost()
        if self.machines is not None:
            self.machines.die(host)

    def may_fail(self, host: str) -> bool:
        """Whether a host may be lost once more: the third time it would stay out of service until a person looks."""
        return self.machines is None or self.losses[host] < FAILURES

    def guests_on(self, host: str) -> frozenset[str]:
        """Return the guests that Nova has on a host."""
        guests = self.nova.read("state")["guests"]
        return frozenset(uuid for uuid, guest in guests.items() if guest["host"] == host)

    def living(self) -> list[str]:
        """Return the hosts that nobody has taken the power from, or that are back at work."""
        return [f"cmp{n}" for n in range(1, HOSTS + 1) if f"cmp{n}" not in self.lost]

    def dead(self) -> list[str]:
        """Return the hosts without power."""
        return [host for host, lost in self.lost.items() if not lost.is_on]

    def away(self) -> list[str]:
        """Return the hosts that have power again and are not back at work."""
        return [host for host, lost in self.lost.items() if lost.is_on]

    def report(self, host: str) -> Fault:
        """Return one more report about a host, in which nobody vouches for anything."""
        return self._fault(host)

    def suspect(self, whom: float) -> str:
        """One witness speaks against a living host."""
        living = self.living()
        host = living[int(whom * len(living))]
        self.reporter.say(self._fault(host, observer="neighbour"))
        return host

    def tend(self, views: Sequence[IncidentView], *, repair: bool) -> None:
        """Do what is due: words said later, machines repaired once their incidents are over."""
        now = time.monotonic()
        for due in [due for due in self._later if due[0] <= now]:
            self._later.remove(due)
            due[1]()
        for host, lost in list(self.lost.items()):
            if repair or (lost.is_on and self.machines is not None):
                self._repair(host, views, now)

    @property
    def has_more_to_say(self) -> bool:
        """Whether a fault is still to be published, or not taken by Kafka yet."""
        return bool(self._later) or self.reporter.waiting > 0

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something so many seconds from now."""
        self._in(seconds, act)

    def closed(self, host: str, views: Sequence[IncidentView]) -> bool:
        """Whether the incident of the host's last loss is over."""
        own = [
            view
            for view in views
            if view.subject == host_subject(host) and view.incident is not None and not is_return(view)
        ]
        return len(own) >= self.losses[host] and all(is_over(view) for view in own)

    def _report_on_and_on(self, host: str) -> None:
        """Somebody speaks at any moment of the next seconds. Nobody vouches for anything: it is one witness."""
        for n in range(round(CHORUS_SECONDS / CHORUS_EVERY)):
            self._in(n * CHORUS_EVERY, lambda: self.reporter.say(self._fault(host)))

    def _repair(self, host: str, views: Sequence[IncidentView], now: float) -> None:
        lost = self.lost[host]
        if lost.repair_at is None:
            lost.repair_at = now + REPAIR_AFTER if self.closed(host, views) else None
        elif now < lost.repair_at:
            return
        elif not lost.is_on:
            self._switch_on(host)
            lost.is_on, lost.repair_at = True, now + 6.0
        elif self._is_in_service(host) if self.machines is not None else self._admitted(host):
            del self.lost[host]
            if self.machines is None:
                self.repaired(host)
                self.reporter.say(self._fault(host, symptom=Symptom.ALIVE))
            if (told := lost.told) is not None and lost.again:
                self._in(2.0, lambda: self.reporter.say(told))
        else:
            lost.repair_at = now + 1.0

    def _switch_on(self, host: str) -> None:
        self.nova.do("hosts.plug", host)
        self.nova.do("hosts.power_on", host)
        if self.machines is not None:
            self.machines.boot(host)

    def _is_in_service(self, host: str) -> bool:
        """Whether Kasugai has brought it back. What an operator had disabled stays so, for his reason."""
        service = self.nova.read("state")["hosts"][host]
        is_ours = service["disabled_reason"] == Policy().disable_reason
        return bool(service["up"] and not service["forced_down"] and (service["enabled"] or not is_ours))

    def _admitted(self, host: str) -> bool:
        """Clear and enable the service, as operators do; False while Nova does not let us."""
        try:
            self.nova.do("operator_forces_down", host, False)
            self.nova.do("operator_enables", host)
        except ServerFailedError:
            return False
        return True

    def _victim(self, whom: float) -> str | None:
        """A host with guests, seldom one that others are just being evacuated to."""
        living = self.living()
        if len(living) <= FEWEST:
            return None
        state: dict[str, Any] = self.nova.read("state")
        homes = {guest["host"] for guest in state["guests"].values()}
        open_ = [m for m in state["migrations"] if m["status"] in ("accepted", "pre-migrating")]
        busy = {record["dest"] for record in open_}
        fit = [host for host in living if host in homes and host not in busy and self.may_fail(host)]
        return fit[int(whom * len(fit))] if fit else None

    def _fault(
        self,
        host: str,
        *,
        asserted: bool = False,
        symptom: Symptom = Symptom.DOWN,
        observer: str = "cli",
    ) -> Fault:
        self._said += 1
        return fault(
            host=host,
            host_uuid=self.uuids[host],
            observer=observer,
            source=Source.REPORTED,
            symptom=symptom,
            episode=str(self._said),
            asserted=asserted,
            observed_at=round(time.time() * 1000),
        )

    def _in(self, seconds: float, act: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, act))
