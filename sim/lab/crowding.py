"""Watches how many hosts are acted upon: one attempt of one incident per host, and no more hosts of a segment at a time
than its policy allows or a person has approved.

It hears what stands in the log, as everybody may, and knows nothing of how a decision came about.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from uuid import UUID

from kasugai.core.words.facts import Fact, FactKind, Result
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Command, Instruction, Limit

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Live:
    """The attempt whose effects have begun on a host."""

    incident: UUID
    attempt: int
    rests: bool = False
    """It was answered, and its incident is not over: another attempt of it may follow."""


@dataclass(slots=True)
class Crowd:
    """The hosts that are acted upon."""

    tell: Tell
    """Is told each violation."""
    _live: dict[str, _Live] = field(default_factory=dict)
    _acted_upon: set[str] = field(default_factory=set)
    """Those that nobody has seen alive since, whatever came of it: a recovered host is still a dead one."""
    _epochs: dict[str, int] = field(default_factory=dict)
    _segments: dict[str, SegmentRecord] = field(default_factory=dict)
    _homes: dict[str, str] = field(default_factory=dict)
    """Each host's segment."""
    _approved: set[str] = field(default_factory=set)

    def on_description(self, record: HostRecord | SegmentRecord) -> None:
        """Take over a description."""
        if isinstance(record, SegmentRecord):
            self._segments[record.segment_id] = record
        elif record.deleted:
            self._homes.pop(record.name, None)
        else:
            self._homes[record.name] = record.segment_id

    def on_command(self, command: Command) -> None:
        """An approved storm has no limit here: how far it goes is the decision's business."""
        if command.order is Instruction.APPROVE and command.limit is Limit.STORM:
            self._approved.add(command.segment)

    def on_sign_of_life(self, host: str) -> None:
        """Whoever is seen alive is not acted upon any more, or somebody will be stopped soon."""
        self._acted_upon.discard(host)

    def on_fact(self, fact: Fact) -> None:
        """What a fenced owner says begins and ends nothing."""
        if fact.epoch < self._epochs.get(fact.host, 0):
            return
        self._epochs[fact.host] = fact.epoch
        live = self._live.get(fact.host)
        if fact.kind is FactKind.STARTED:
            self._begin(fact, live)
        elif live is not None and live.incident == fact.incident and fact.kind.is_answer:
            if fact.kind is FactKind.FINISHED:
                del self._live[fact.host]
                if fact.result is Result.WITHDRAWN:
                    self._acted_upon.discard(fact.host)
            else:
                self._live[fact.host] = replace(live, rests=True)

    def _begin(self, fact: Fact, live: _Live | None) -> None:
        if live is not None and live.incident != fact.incident:
            self.tell(f"two incidents of {fact.host} have effects at a time")
        elif live is not None and live.attempt != fact.attempt and not live.rests:
            self.tell(f"two attempts for {fact.host} are live at a time")
        self._live[fact.host] = _Live(incident=fact.incident, attempt=fact.attempt)
        if fact.host not in self._acted_upon:
            self._acted_upon.add(fact.host)
            self._count(fact.host)

    def _count(self, host: str) -> None:
        segment = self._segments.get(self._homes.get(host, ""))
        if segment is None or segment.segment_id in self._approved:
            return
        members = [name for name, home in self._homes.items() if home == segment.segment_id]
        crowd = len(self._acted_upon.intersection(members))
        if crowd > 1 and crowd * 100 >= segment.policy.max_unhealthy * len(members):
            self.tell(
                f"{crowd} of {len(members)} hosts of {segment.name} are acted upon, more than its limit"
            )
