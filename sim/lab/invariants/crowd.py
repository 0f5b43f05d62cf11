"""When too many hosts look dead, it is the network that is: no more of them are acted upon than the policy allows.

A host counts from the first effect on, whatever came of it, until it is seen alive: a recovered host is still a dead
one. What a fenced owner says (a fact of a lower epoch) begins and ends nothing.
"""

from collections.abc import Iterator
from uuid import UUID

from kasugai.core.words.actions import Action
from kasugai.core.words.facts import Fact, FactKind, Result
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Command, Fault, Instruction, Limit, Symptom
from kasugai.core.words.timing import BrokerTime
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Sight, Watcher

RETURNS = frozenset({Action.POWER_ON, Action.REENABLE, Action.START_AGAIN, Action.RETIRE})
"""What is done in a return."""


class Crowd(Watcher):
    """No more hosts of a segment are acted upon at a time than its policy allows or a person has approved."""

    sees = (HostRecord, SegmentRecord, Command, Fault, Fact)

    def __init__(self, cloud: SimCloud) -> None:
        """No host is acted upon."""
        super().__init__(cloud)
        self._acted_upon: set[str] = set()
        self._incidents: dict[str, UUID] = {}
        """By host: the unfinished incident whose effects have begun."""
        self._epochs: dict[str, int] = {}
        self._segments: dict[str, SegmentRecord] = {}
        self._homes: dict[str, str] = {}
        """Each host's segment."""
        self._approved: set[str] = set()
        """Segments with a storm that a person has approved: how far it goes is the decision's business."""

    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Keep the descriptions, and count."""
        match what:
            case HostRecord(deleted=True, name=name):
                self._homes.pop(name, None)
            case HostRecord(name=name, segment_id=segment):
                self._homes[name] = segment
            case SegmentRecord(segment_id=segment):
                self._segments[segment] = what
            case Command(order=Instruction.APPROVE, limit=Limit.STORM, segment=segment):
                self._approved.add(segment)
            case Fault(symptom=Symptom.ALIVE, host=host) if what.subject.is_host:
                self._acted_upon.discard(host)
            case Fact() if what.subject.is_host and what.epoch >= self._epochs.get(what.host, 0):
                self._epochs[what.host] = what.epoch
                yield from self._follow(what)

    def _follow(self, fact: Fact) -> Iterator[str]:
        if fact.kind is FactKind.STARTED and not _brings_back(fact):
            self._incidents[fact.host] = fact.incident
            if fact.host not in self._acted_upon:
                self._acted_upon.add(fact.host)
                yield from self._count(fact.host)
        elif fact.kind is FactKind.FINISHED and self._incidents.get(fact.host) == fact.incident:
            del self._incidents[fact.host]
            if fact.result is Result.WITHDRAWN:
                self._acted_upon.discard(fact.host)

    def _count(self, host: str) -> Iterator[str]:
        segment = self._segments.get(self._homes.get(host, ""))
        if segment is None or segment.segment_id in self._approved:
            return
        members = [name for name, home in self._homes.items() if home == segment.segment_id]
        crowd = len(self._acted_upon.intersection(members))
        if crowd > 1 and crowd * 100 >= segment.policy.max_unhealthy * len(members):
            yield f"{crowd} of {len(members)} hosts of {segment.name} are acted upon, more than its limit"


def _brings_back(fact: Fact) -> bool:
    """Whether an effect undoes what was done to the host: nobody is shot by that."""
    return fact.step is not None and fact.step.action in RETURNS
