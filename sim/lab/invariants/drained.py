"""Guests are moved away from a living host only while it is called degraded, and never to another that is."""

from collections.abc import Iterator

from kasugai.core.recovering.nova_views import COLD_MIGRATION, FINISHED, By
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import TARGET, Fact, FactKind, StepRecord
from kasugai.core.words.hardware import is_hardware
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Fault
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import OBEDIENCE, Sight, Watcher

KNOWN = 2000
"""Milliseconds until whoever is about to move a guest knows of a word about a host."""
MOVES = ("migrate", "resize")
"""Nova's actions after which a guest waits for a confirmation."""
SHUT = "Kasugai: hardware failed"
"""How the reason begins for which a drained host is disabled."""


class Drained(Watcher):
    """No migration is begun for a host that nobody calls degraded, or that has an incident of its own, nor to a host
    that is degraded or disabled; no drain begins while as many hosts of the segment are drained as its policy allows,
    and none ends while a guest that it moved waits for a confirmation. What a user asked for is never confirmed."""

    sees = (Fault, Verdict, Fact, HostRecord, SegmentRecord)

    def __init__(self, cloud: SimCloud) -> None:
        """All is well."""
        super().__init__(cloud)
        self._marks: dict[str, dict[str, BrokerTime]] = {}
        """By host: who calls it degraded, since when."""
        self._over: dict[str, BrokerTime] = {}
        """By host: since when nobody does any more."""
        self._own: dict[str, BrokerTime] = {}
        """By host: since when it has an open incident of its own."""
        self._limits: dict[str, int] = {}
        """By segment."""
        self._segments: dict[str, str] = {}
        """By host."""

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Remember who is degraded, and hold it against what is begun."""
        match what:
            case SegmentRecord(segment_id=segment, policy=policy):
                self._limits[segment] = max(policy.degraded_hosts, self._limits.get(segment, 0))
            case HostRecord(name=name, segment_id=segment):
                self._segments[name] = segment
            case Fault(subject=subject) if is_hardware(subject):
                self._mark(what, at)
            case Verdict():
                yield from self._decided(what, at)
            case Fact(
                kind=FactKind.STARTED,
                host=host,
                step=StepRecord(action=Action.LIVE_MIGRATE | Action.COLD_MIGRATE) as step,
            ):
                yield from self._begun(host, step.notes.get(TARGET, ""), at)
            case Fact(kind=FactKind.STARTED, step=StepRecord(action=Action.CONFIRM_COLD) as step):
                yield from self._confirmed(step.subject)
            case Fact(kind=FactKind.FINISHED, subject=subject, host=host) if is_hardware(subject):
                yield from self._ended(host)
            case _:
                pass

    def _mark(self, fault: Fault, at: BrokerTime) -> None:
        marks = self._marks.setdefault(fault.host, {})
        if fault.symptom.blames:
            marks.setdefault(fault.observer, at)
            self._over.pop(fault.host, None)
        elif marks.pop(fault.observer, None) is not None and not marks:
            self._over[fault.host] = at

    def _decided(self, verdict: Verdict, at: BrokerTime) -> Iterator[str]:
        subject, verb = verdict.subject, verdict.verb
        if subject.is_host and verb is Verb.OPEN:
            self._own.setdefault(subject.host, at)
        elif subject.is_host and verb is Verb.CLOSE:
            self._own.pop(subject.host, None)
        elif is_hardware(subject) and verb is Verb.OPEN and verdict.reason is not Reason.PROCESS_BACK:
            yield from self._opened(subject.host)

    def _opened(self, host: str) -> Iterator[str]:
        segment = self._segments.get(host, "")
        shut = [
            other.name
            for other in self.cloud.world.hosts.values()
            if other.name != host
            and self._segments.get(other.name, "") == segment
            and not other.service.enabled
            and other.service.disabled_reason.startswith(SHUT)
        ]
        if len(shut) >= self._limits.get(segment, 1):
            yield f"{host} is drained beside {', '.join(sorted(shut))}"

    def _confirmed(self, guest: str) -> Iterator[str]:
        moves = [each for each in self.cloud.nova.actions.of(guest) if each.action in MOVES]
        if moves and moves[0].by is not By.US:
            yield f"what its user asked for is confirmed of {self.cloud.world.guests[guest].name}"

    def _ended(self, host: str) -> Iterator[str]:
        for record in self.cloud.world.migrations:
            guest = self.cloud.world.guests[record.guest]
            moves = [each for each in self.cloud.nova.actions.of(guest.uuid) if each.action in MOVES]
            is_ours = record.migration_type == COLD_MIGRATION and bool(moves) and moves[0].by is By.US
            if record.source == host and record.status == FINISHED and is_ours and not guest.deleted:
                yield f"the drain of {host} ends while {guest.name} waits for a confirmation"

    def _begun(self, host: str, target: str, at: BrokerTime) -> Iterator[str]:
        if not self._marks.get(host) and self._over.get(host, BrokerTime(0)) + OBEDIENCE < at:
            yield f"a guest of {host} is migrated, which nobody calls degraded"
        if self._own.get(host, at) + KNOWN < at:
            yield f"a guest of {host} is migrated while that has an open incident"
        since = min(self._marks.get(target, {}).values(), default=at)
        if target and since + KNOWN < at:
            yield f"a guest of {host} is migrated to {target}, which is degraded itself"
        if target and not self.cloud.world.hosts[target].service.enabled:
            yield f"a guest of {host} is migrated to {target}, which is disabled"
