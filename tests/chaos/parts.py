"""What fails on hosts that live: guests that die by themselves, and a process that no host can do without. And
operators disable hosts for reasons of their own, which nobody may undo for them.

It lives through one run beside the hosts (`town`), and knows what must have become of each part at the end.
"""

import random
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Fault, Source, Symptom, fault
from kasugai.core.words.subject import Kind
from tests.chaos.schedule import Blow, Event
from tests.chaos.town import Town

PROCESS = "nova-compute"
TOGETHER = (1, 3)
"""So many guests of one host die at a time."""
BY_OPERATORS = 2
"""So many hosts are disabled by operators at most."""
THEIRS = "maintenance"
FAILED = Policy().disable_reason
OFTEN = 0.4
"""How often a process fails on a host that an operator has disabled, where there is one."""


@dataclass(slots=True)
class Parts:
    """The guests and processes."""

    town: Town
    deaths: Counter[str] = field(default_factory=Counter)
    """How often each guest has died by itself."""
    failures: Counter[str] = field(default_factory=Counter)
    """How often each host's process has failed."""
    disabled: set[str] = field(default_factory=set)
    """Hosts that operators have disabled."""
    _failing: set[str] = field(default_factory=set)
    _said: int = 0

    def strike(self, event: Event) -> str:
        """Let one of these happen, and return whom it met."""
        match event.blow:
            case Blow.GUEST:
                return self.end_guests(event)
            case Blow.PROCESS:
                return self.fail_process(event)
            case _:
                return self.disable(event)

    def end_guests(self, event: Event) -> str:
        """Some guests of one host die, each for the first time, and its monitor says so."""
        chance = random.Random(event.salt)
        guests = self.town.nova.read("state")["guests"]
        living = set(self.town.living())
        fit: dict[str, list[str]] = {}
        for uuid, guest in guests.items():
            may = self.town.wanted[uuid] == "active" and guest["task_state"] is None and not self.deaths[uuid]
            if may and guest["vm_state"] == "active" and guest["host"] in living:
                fit.setdefault(guest["host"], []).append(uuid)
        if not fit:
            return "nobody: all have died"
        host = sorted(fit)[int(event.whom * len(fit))]
        dying = chance.sample(fit[host], min(len(fit[host]), chance.randint(*TOGETHER)))
        for uuid in dying:
            self.deaths[uuid] += 1
            self.town.nova.do("guest_dies", guests[uuid]["name"])
            self.town.reporter.say(self._fault(host, Kind.INSTANCE, uuid))
        return f"{host}: {', '.join(str(guests[uuid]['name']) for uuid in dying)}"

    def fail_process(self, event: Event) -> str:
        """A host loses its process, and has it back a little later."""
        fit = [host for host in self.town.living() if host not in self._failing]
        theirs = [host for host in fit if host in self.disabled]
        if theirs and random.Random(event.salt).random() < OFTEN:
            fit = theirs
        if not fit:
            return "nobody"
        host = fit[int(event.whom * len(fit))]
        self._failing.add(host)
        self.failures[host] += 1
        self.town.reporter.say(self._fault(host, Kind.PROCESS, PROCESS))
        self.town.later(event.seconds, lambda: self._bring_back(host))
        return f"{host} for {event.seconds:.1f} s"

    def disable(self, event: Event) -> str:
        """An operator disables a host, whether or not somebody else has."""
        fit = [host for host in self.town.living() if host not in self.disabled]
        if not fit or len(self.disabled) >= BY_OPERATORS:
            return "nobody more"
        host = fit[int(event.whom * len(fit))]
        self.town.nova.do("operator_disables", host, THEIRS)
        self.disabled.add(host)
        return host

    def repaired(self, host: str) -> None:
        """Operators have enabled a host that was lost: whatever they said before is over."""
        self.disabled.discard(host)

    def _bring_back(self, host: str) -> None:
        self._failing.discard(host)
        self.town.reporter.say(self._fault(host, Kind.PROCESS, PROCESS, Symptom.CLEAR))

    def _fault(self, host: str, kind: Kind, detail: str, symptom: Symptom = Symptom.DOWN) -> Fault:
        self._said += 1
        return fault(
            host=host,
            host_uuid=self.town.uuids[host],
            kind=kind,
            detail=detail,
            observer="api",
            source=Source.REPORTED,
            symptom=symptom,
            episode=f"part {self._said}",
            observed_at=round(time.time() * 1000),
        )


def wrongs(
    parts: Parts, requests: Sequence[Mapping[str, object]], services: Mapping[str, Mapping[str, object]]
) -> list[str]:
    """Return what has become of parts that must not: by the requests that Nova has accepted, in their order, and its
    services."""
    taken = [(str(each["action"]), str(each["subject"])) for each in requests if each["status"] in (200, 202)]
    accepted, again = Counter(taken), _may_start_again(taken)
    found = [
        f"guest {uuid} was started {number} times after {parts.deaths[uuid]} deaths"
        for (action, uuid), number in accepted.items()
        if action == "start" and number > parts.deaths[uuid] + again[uuid]
    ]
    for host in parts.town.uuids:
        number = parts.failures[host]
        found += [
            f"host {host} was {action}d {accepted[action, host]} times after {number} failures of its process"
            for action in ("disable", "enable")
            if accepted[action, host] > number
        ]
    for host in sorted(parts.disabled):
        service = services[host]
        if service["forced_down"] and service["disabled_reason"] == FAILED:
            continue  # it has failed since: who recovers a host disables it in the same request
        if service["enabled"] or service["disabled_reason"] != THEIRS:
            said = "is enabled" if service["enabled"] else f"says {service['disabled_reason']!r}"
            found.append(f"host {host}, which an operator has disabled, {said}")
    return found


def _may_start_again(taken: Iterable[tuple[str, str]]) -> Counter[str]:
    """Return how often each guest was evacuated behind a start: its host may have died before it carried that out, and
    the start is made once more where the guest is now."""
    started: set[str] = set()
    found: Counter[str] = Counter()
    for action, uuid in taken:
        if action == "start":
            started.add(uuid)
        elif action == "evacuate" and uuid in started:
            started.remove(uuid)
            found[uuid] += 1
    return found


def left_disabled(parts: Parts, services: Mapping[str, Mapping[str, object]]) -> list[str]:
    """Return what is disabled that nobody has a reason for any more."""
    return [
        f"host {host} is still disabled: {service['disabled_reason']}"
        for host, service in services.items()
        if host not in parts.disabled
        and service["power"] == "on"
        and not service["enabled"]
        and not service["forced_down"]
    ]
