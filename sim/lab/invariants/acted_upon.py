"""Which hosts are acted upon: what the watchers over crowds of a segment and of a failure domain have in common.

A host counts from the first effect on, whatever came of it, until it is seen alive: a recovered host is still a dead
one. What a fenced owner says (a fact of a lower epoch) begins and ends nothing.
"""

from abc import abstractmethod
from collections.abc import Iterator
from uuid import UUID

from kasugai.core.words.actions import Action
from kasugai.core.words.domains import Domain
from kasugai.core.words.facts import Fact, FactKind, Result
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Command, Fault, Instruction, Limit, Symptom
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Sight, Watcher

RETURNS = frozenset({Action.POWER_ON, Action.REENABLE, Action.START_AGAIN, Action.RETIRE})
"""What is done in a return."""
PAUSES = (FactKind.HELD, FactKind.VETOED)


class ActedUpon(Watcher):
    """Keeps who is acted upon, and has each new one judged."""

    sees = (HostRecord, SegmentRecord, Command, Fault, Fact)

    def __init__(self, cloud: SimCloud) -> None:
        """No host is acted upon."""
        super().__init__(cloud)
        self.acted_upon: set[str] = set()
        self.at_work: set[str] = set()
        """Those whose recovery neither waits nor is over."""
        self.accused: set[str] = set()
        """Against whom something was said since they were seen alive."""
        self._incidents: dict[str, UUID] = {}
        """By host: the unfinished incident whose effects have begun."""
        self._epochs: dict[str, int] = {}
        self._segments: dict[str, SegmentRecord] = {}
        self._hosts: dict[str, HostRecord] = {}
        """By name."""
        self._approved: set[str] = set()
        """Segments with a storm that a person has approved: how far it goes is the decision's business."""

    @abstractmethod
    def judge(self, host: HostRecord, segment: SegmentRecord) -> Iterator[str]:
        """Say what does not hold now that the host is acted upon as well."""

    def members(self, segment: SegmentRecord, domain: Domain | None = None) -> set[str]:
        """Return the segment's hosts; those that share a domain."""
        hosts = (host for host in self._hosts.values() if host.segment_id == segment.segment_id)
        return {host.name for host in hosts if domain is None or domain in host.domains}

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Keep the descriptions, and count."""
        match what:
            case HostRecord(deleted=True, name=name):
                self._hosts.pop(name, None)
            case HostRecord(name=name):
                self._hosts[name] = what
            case SegmentRecord(segment_id=segment):
                self._segments[segment] = what
            case Command(order=Instruction.APPROVE, limit=Limit.STORM, segment=segment):
                self._approved.add(segment)
            case Fault(symptom=Symptom.ALIVE, host=host) if what.subject.is_host:
                self.acted_upon.discard(host)
                self.accused.discard(host)
            case Fault(symptom=symptom, host=host) if what.subject.is_host and symptom.blames:
                self.accused.add(host)
            case Fact() if what.subject.is_host and what.epoch >= self._epochs.get(what.host, 0):
                self._epochs[what.host] = what.epoch
                yield from self._follow(what)

    def _follow(self, fact: Fact) -> Iterator[str]:
        if fact.kind is FactKind.STARTED and not _brings_back(fact):
            self._incidents[fact.host] = fact.incident
            self.at_work.add(fact.host)
            if fact.host not in self.acted_upon:
                self.acted_upon.add(fact.host)
                yield from self._judge(fact.host)
        elif fact.kind in PAUSES:
            self.at_work.discard(fact.host)
        elif fact.kind is FactKind.FINISHED and self._incidents.get(fact.host) == fact.incident:
            del self._incidents[fact.host]
            self.at_work.discard(fact.host)
            if fact.result is Result.WITHDRAWN:
                self.acted_upon.discard(fact.host)

    def _judge(self, name: str) -> Iterator[str]:
        host = self._hosts.get(name)
        segment = self._segments.get(host.segment_id) if host is not None else None
        if host is not None and segment is not None and segment.segment_id not in self._approved:
            yield from self.judge(host, segment)


def _brings_back(fact: Fact) -> bool:
    """Whether an effect undoes what was done to the host: nobody is shot by that."""
    return fact.step is not None and fact.step.action in RETURNS
