"""Counts a segment's unhealthy hosts. The count follows from the rows and is never stored: a `Tally` is kept beside
them, so that a burst costs no scan.

When so many are a storm is decided elsewhere (`storm.py`).
"""

from collections.abc import Iterable, Set
from dataclasses import dataclass, field, replace

from kasugai.core.deciding import crowds, evidence, returning
from kasugai.core.deciding.destinations import mark_of, may_take
from kasugai.core.deciding.domainstorm import HELD_BY_DOMAIN
from kasugai.core.deciding.kinds import KINDS
from kasugai.core.deciding.membership import Membership
from kasugai.core.deciding.rows import HostRow, SubjectRow
from kasugai.core.deciding.storm import CALM
from kasugai.core.words.signals import Source
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import SteadyTime, later
from kasugai.core.words.verdicts import Verb

_UNCOUNTED = {
    name: frozenset(reason for gate in kind.gates if not gate.counts for reason in gate.reasons)
    for name, kind in KINDS.items()
}
_ALWAYS: SteadyTime = SteadyTime(1 << 62)


def unhealthy_until(row: SubjectRow) -> SteadyTime | None:
    """Return until which steady time a host counts as unhealthy (all time, for what only an event ends); None when it
    does not. Confirmed counts until it is back or re-admitted, a mere suspicion for ten minutes, and so does a host
    that came back while it was recovered: its incident stays open, and must not make a storm of the next one."""
    standing = evidence.standing(row.conditions)
    if row.incident is not None and row.incident.stopped and row.alive is not None and not standing:
        return later(row.alive.steady, evidence.PATIENCE)
    is_back = row.returned is not None and not standing
    if returning.is_return(row.incident) or (row.incident is None and row.is_out):
        return None if is_back else _ALWAYS
    if row.incident is not None:
        return _ALWAYS
    if not standing or row.reason in _UNCOUNTED[row.kind]:
        return None
    return SteadyTime(_ALWAYS if row.verb is Verb.HOLD else evidence.oldest(standing) + evidence.PATIENCE)


def is_unhealthy(row: SubjectRow, deadline: SteadyTime) -> bool:
    """Whether the subject counts as unhealthy by `deadline`."""
    until = unhealthy_until(row)
    return until is not None and until > deadline


def only_accused(row: SubjectRow) -> bool:
    """Whether a host is suspected on the word of agents alone. However many names there are to it, that is one writer's
    word: they share a topic, and what an agent calls itself is only a name."""
    standing = evidence.standing(row.conditions)
    alone = row.incident is None and not row.is_out
    return alone and bool(standing) and all(condition.source is Source.PEER for condition in standing)


def turn(before: SubjectRow, row: SubjectRow, deadline: SteadyTime, now: SteadyTime) -> SubjectRow:
    """Return the row with `turned` set when it became unhealthy or healthy."""
    changed = is_unhealthy(before, deadline) != is_unhealthy(row, deadline)
    return replace(row, turned=now) if changed else row


@dataclass(frozen=True, slots=True)
class Since:
    """Since when a host is unhealthy, on the steady clock."""

    noted: SteadyTime
    """When somebody but agents first spoke against it."""
    turned: SteadyTime
    """When it turned unhealthy."""


def since(row: SubjectRow) -> Since:
    """Return since when an unhealthy host is that. What is said of one that is out of service is no news."""
    standing = evidence.standing(row.conditions) if row.incident is not None or not row.is_out else ()
    others = tuple(condition for condition in standing if condition.source is not Source.PEER)
    return Since(evidence.oldest(others) if others else row.turned, row.turned)


@dataclass(slots=True)
class Tally:
    """The unhealthy hosts of one segment, kept up to date row by row."""

    hosts: set[str] = field(default_factory=set)
    """The described ones, by name: nothing else counts."""
    _confirmed: set[str] = field(default_factory=set)
    _suspected: dict[str, SteadyTime] = field(default_factory=dict)
    _accused: set[str] = field(default_factory=set)
    """Of those, who are suspected on one agent's word alone: by whom."""
    _held: set[str] = field(default_factory=set)
    _turned: SteadyTime = SteadyTime(0)
    unfit: set[str] = field(default_factory=set)
    """Those that take nobody's guests, by name, described or not."""
    unfit_mark: int = 0
    """What tells that set from another."""
    _guests: dict[str, dict[str, SteadyTime]] = field(default_factory=dict)
    """By host: since when something stands against which of its guests."""
    _at: dict[str, str] = field(default_factory=dict)
    """By guest: under which host it is noted there."""
    domains: Membership = field(default_factory=Membership)
    """Of the described hosts."""
    held_by_domain: set[str] = field(default_factory=set)
    """Whom the storm of a failure domain holds, or slows down."""
    _since: dict[str, Since] = field(default_factory=dict)
    """By unhealthy host."""
    _at_work: set[str] = field(default_factory=set)
    """Who is being recovered."""
    _begun: dict[str, SteadyTime] = field(default_factory=dict)
    """By host: when its last recovery was opened."""

    @classmethod
    def of(cls, hosts: Iterable[HostRow], subjects: Iterable[SubjectRow]) -> "Tally":
        """Return the tally of these rows."""
        tally = cls()
        for host in hosts:
            tally.describe(host)
        for row in subjects:
            tally.put(row)
        return tally

    def copy(self) -> "Tally":
        """Return one of its own."""
        return Tally(
            set(self.hosts),
            set(self._confirmed),
            dict(self._suspected),
            set(self._accused),
            set(self._held),
            self._turned,
            set(self.unfit),
            self.unfit_mark,
            {host: dict(guests) for host, guests in self._guests.items()},
            dict(self._at),
            self.domains,
            set(self.held_by_domain),
            dict(self._since),
            set(self._at_work),
            dict(self._begun),
        )

    def describe(self, row: HostRow) -> None:
        """Take over a description."""
        host = row.record
        (self.hosts.discard if host.deleted else self.hosts.add)(host.name)
        self.domains = self.domains.described(host.name, () if host.deleted else host.domains)

    def put(self, row: SubjectRow) -> None:
        """Take over a subject's row."""
        if KINDS[row.kind].makes_crowds:
            self._put_guest(row)
        if not KINDS[row.kind].counts_in_storm:
            return
        until = unhealthy_until(row)
        (self._confirmed.add if until == _ALWAYS else self._confirmed.discard)(row.host)
        if until is None or until == _ALWAYS:
            self._suspected.pop(row.host, None)
        else:
            self._suspected[row.host] = until
        if until is None:
            self._since.pop(row.host, None)
        else:
            self._since[row.host] = since(row)
        (self._accused.add if only_accused(row) else self._accused.discard)(row.host)
        (self._held.add if row.reason in CALM.reasons else self._held.discard)(row.host)
        is_held = row.reason in HELD_BY_DOMAIN
        (self.held_by_domain.add if is_held else self.held_by_domain.discard)(row.host)
        self._put_recovery(row)
        self._turned = max(self._turned, row.turned)
        if may_take(row) == (row.host in self.unfit):
            self.unfit ^= {row.host}
            self.unfit_mark ^= mark_of(row.host)

    def _put_recovery(self, row: SubjectRow) -> None:
        incident = row.incident
        works = incident is not None and not incident.is_waiting and not returning.is_return(incident)
        (self._at_work.add if works else self._at_work.discard)(row.host)
        if row.begun is None:
            self._begun.pop(row.host, None)
        else:
            self._begun[row.host] = row.begun

    def _put_guest(self, row: SubjectRow) -> None:
        at, standing = self._at.pop(row.name, None), evidence.standing(row.conditions)
        if at is not None:
            self._guests[at].pop(row.name)
            if not self._guests[at]:
                del self._guests[at]
        if standing:
            self._guests.setdefault(row.host, {})[row.name] = evidence.oldest(standing)
            self._at[row.name] = row.host

    def fail_together(self, host: str, deadline: SteadyTime, *, besides: str = "") -> bool:
        """Whether many guests of a host have failed lately by `deadline`, `besides` one by its subject's name. In a
        burst no more than the first few are looked at."""
        left = crowds.MANY
        for name, noted in self._guests.get(host, {}).items():
            if name != besides and later(noted, crowds.WITHIN) > deadline:
                left -= 1
                if left == 0:
                    return True
        return False

    def forget(self, subject: Subject) -> None:
        """Take over that a subject has no row any more."""
        self.put(SubjectRow(segment="", subject=subject, host_uuid=""))

    def unhealthy(self, deadline: SteadyTime, *, besides: str = "", among: Set[str] | None = None) -> int:
        """Return how many hosts are unhealthy by `deadline`, `besides` one; `among`: of these. All that agents alone
        suspect count as one: a hypervisor that lies must not make a storm of those that it names, under whatever
        names."""
        hosts = self.hosts if among is None else self.hosts & among
        counted = hosts & self._confirmed
        suspected = {
            "" if host in self._accused else host
            for host, until in self._suspected.items()
            if until > deadline and host in hosts and host != besides
        }
        return len(counted) - (besides in counted) + len(suspected)

    @property
    def most(self) -> int:
        """How many hosts are unhealthy at most: asked before anything that costs more."""
        return len(self._since)

    def unwell(self, deadline: SteadyTime) -> dict[str, Since]:
        """Return the described hosts that are unhealthy by `deadline`, with since when."""
        return {
            host: since
            for host, since in self._since.items()
            if host in self.hosts and self._suspected.get(host, _ALWAYS) > deadline
        }

    def sick(self, deadline: SteadyTime) -> dict[str, Since]:
        """Return the same without those that agents alone accuse: who lies about hosts must not make one matter of
        them."""
        return {host: since for host, since in self.unwell(deadline).items() if host not in self._accused}

    def at_work(self, among: Set[str]) -> int:
        """Return how many of these hosts are being recovered: an incident that waits is not."""
        return len(self._at_work & among)

    def begun(self, among: Set[str], *, since: SteadyTime) -> int:
        """Return how many of these hosts' recoveries have begun later than `since`."""
        return sum(at > since for host, at in self._begun.items() if host in among)

    def counts(self, host: str, deadline: SteadyTime) -> bool:
        """Whether the host was unhealthy when its row was last taken over."""
        return host in self._confirmed or self._suspected.get(host, deadline) > deadline

    def changed_at(self, deadline: SteadyTime) -> SteadyTime:
        """Return the steady time at which the number of unhealthy hosts last changed, as far as `deadline` knows."""
        return SteadyTime(
            max(
                self._turned,
                max((until for until in self._suspected.values() if until <= deadline), default=0),
            )
        )

    @property
    def is_storm(self) -> bool:
        """Whether a storm holds anybody."""
        return not self._held.isdisjoint(self.hosts)

    @property
    def is_domain_storm(self) -> bool:
        """Whether the storm of a failure domain holds anybody, or slows down."""
        return not self.held_by_domain.isdisjoint(self.hosts)
