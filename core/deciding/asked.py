"""What a gate is asked about: a subject, and what is known about its surroundings.

It holds values and decides nothing; who counts the unhealthy hosts (`tally`) is known here by what can be asked of it.
"""

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Protocol

from kasugai.core.deciding.membership import Membership
from kasugai.core.deciding.rows import HostRow, SegmentRow, SubjectRow
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import PRODUCTION, BrokerTime, Millis, SteadyTime


class Crowd(Protocol):
    """The unhealthy hosts of a segment."""

    @property
    def hosts(self) -> Collection[str]:
        """The described ones, by name: nothing else counts."""
        ...

    @property
    def is_storm(self) -> bool:
        """Whether a storm holds anybody."""
        ...

    @property
    def is_domain_storm(self) -> bool:
        """Whether the storm of a failure domain holds anybody, or slows down."""
        ...

    @property
    def unfit(self) -> Collection[str]:
        """Those that take nobody's guests, by name, described or not."""
        ...

    @property
    def unfit_mark(self) -> int:
        """What tells that set from another (destinations.py); 0 for the empty one."""
        ...

    @property
    def domains(self) -> Membership:
        """Which of the described hosts share which failure domain."""
        ...

    @property
    def held_by_domain(self) -> Set[str]:
        """Whom the storm of a failure domain holds, or slows down."""
        ...

    def unhealthy(self, deadline: SteadyTime, *, besides: str = "", among: Set[str] | None = None) -> int:
        """Return how many hosts are unhealthy by `deadline`, `besides` one; `among`: of these."""
        ...

    def sick(self, deadline: SteadyTime) -> Collection[str]:
        """Return the hosts that are unhealthy by `deadline`, without those that agents alone accuse."""
        ...

    def at_work(self, among: Set[str]) -> int:
        """Return how many of these hosts are being recovered."""
        ...

    def begun(self, among: Set[str], *, since: SteadyTime) -> int:
        """Return how many of these hosts' recoveries have begun later than `since`."""
        ...

    def fail_together(self, host: str, deadline: SteadyTime, *, besides: str = "") -> bool:
        """Whether many guests of a host have failed lately by `deadline`, `besides` one by its subject's name."""
        ...

    def counts(self, host: str, deadline: SteadyTime) -> bool:
        """Whether the host was unhealthy when its row was last taken over."""
        ...

    def changed_at(self, deadline: SteadyTime) -> SteadyTime:
        """Return the steady time at which the number of unhealthy hosts last changed, as far as `deadline` knows."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A subject in its surroundings, at a time."""

    row: SubjectRow
    segment: SegmentRow | None
    """None also for a deleted one."""
    host: HostRow | None
    """The subject's; None also for a deleted one."""
    tally: Crowd
    deadline: SteadyTime
    """Steady time of the last tick."""
    struck: BrokerTime = BrokerTime(0)
    """Broker time of the last tick."""
    blind: Millis = Millis(0)
    """By how much the steady clock is behind the broker's."""
    cooldown: Millis = PRODUCTION.cooldown
    hosts: Mapping[str, HostRow] = field(default_factory=dict)
    """The segment's, by name, deleted ones included."""
    subjects: Mapping[str, SubjectRow] = field(default_factory=dict)
    """The segment's, as this record has left them so far."""

    def about(self, row: SubjectRow) -> "Asked":
        """Return the same surroundings with the subject as it is now (`replace` takes five times as long)."""
        return Asked(
            row=row,
            segment=self.segment,
            host=self.host,
            tally=self.tally,
            deadline=self.deadline,
            struck=self.struck,
            blind=self.blind,
            cooldown=self.cooldown,
            hosts=self.hosts,
            subjects=self.subjects,
        )

    def on_host(self, row: SubjectRow) -> "Asked":
        """Return the surroundings of the subject on the host where it is now."""
        host = self.hosts.get(row.host)
        return replace(self, row=row, host=None if host is None or host.record.deleted else host)

    @property
    def policy(self) -> Policy:
        """The segment's policy, or the defaults where no segment is known."""
        return self.segment.record.policy if self.segment else Policy()

    def host_row(self, name: str) -> SubjectRow | None:
        """Return what is remembered of a host of the segment as a subject."""
        return self.subjects.get(host_subject(name).name)
