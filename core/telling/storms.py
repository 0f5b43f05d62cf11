"""Which of the hosts that would be lost the storms would hold or slow down, counted as decisions count them. Pure.

It is the count that stands once all are found dead; what is decided while they fail one after the other is time's.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from kasugai.core.words.capacity import SegmentSeen, Snapshot
from kasugai.core.words.crowds import as_one, is_too_many
from kasugai.core.words.domains import Domain


@dataclass(frozen=True, slots=True, kw_only=True)
class Storms:
    """What they do."""

    segments: frozenset[str]
    """Ids of the segments all of whose lost hosts are held until a person approves."""
    held: Mapping[str, str]
    """By host: the small failure domain that stops in a storm of its own."""
    slowed: Mapping[str, str]
    """By host: the large one of which a few at a time are recovered."""


def storms(snapshot: Snapshot, lost: Sequence[str]) -> Storms:
    """Return what they do when these hosts are lost. Those in maintenance are in no storm."""
    sick: dict[str, set[str]] = {}
    for name in lost:
        host = snapshot.hosts[name]
        if host.segment in snapshot.segments and not host.is_set_aside:
            sick.setdefault(host.segment, set()).add(name)
    by_segment = [(snapshot.segments[segment], hosts) for segment, hosts in sick.items()]
    tripped = [(seg, *each) for seg, hosts in by_segment for each in _tripped(seg, hosts)]
    return Storms(
        segments=frozenset(seg.segment_id for seg, hosts in by_segment if is_storm(seg, hosts)),
        held={
            host: domain.title for seg, domain, hosts in tripped if _is_small(seg, domain) for host in hosts
        },
        slowed={
            host: domain.title
            for seg, domain, hosts in tripped
            if not _is_small(seg, domain)
            for host in hosts
        },
    )


def is_storm(segment: SegmentSeen, sick: Set[str]) -> bool:
    """Whether the loss of these hosts of a segment is held until a person approves."""
    domains = [hosts for domain, hosts in segment.domains.items() if domain.kind in segment.domain_as_one]
    crowd = as_one(len(sick), sick, segment.hosts, domains)
    return is_too_many(crowd, len(segment.hosts), segment.max_unhealthy)


def _tripped(segment: SegmentSeen, sick: Set[str]) -> Iterator[tuple[Domain, Set[str]]]:
    """Return the domains that are in a storm of their own, with the hosts of theirs that are lost."""
    for domain, members in sorted(segment.domains.items()) if segment.domain_trip > 0 else ():
        if is_too_many(len(members & sick), len(members), segment.domain_trip):
            yield domain, members & sick


def _is_small(segment: SegmentSeen, domain: Domain) -> bool:
    return len(segment.domains[domain]) <= segment.domain_small
