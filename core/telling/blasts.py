"""Hosts that failed together, as people are told of them: one matter in the place of many.

It computes from recorded verdicts (`failed-together`) and from what is told of each host by itself.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from shlex import quote

from kasugai.core.telling.incident_views import Seen
from kasugai.core.telling.status import Matter, Status
from kasugai.core.words.inventory import SegmentRecord
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verb, Verdict

_GUESTS = re.compile(r", \d+ of \d+ guests back$")
SHOWN = 3
"""So many different things that become of the hosts are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """Hosts of one failure domain that failed together."""

    segment: str
    """The segment's id."""
    domain: Subject
    hosts: frozenset[str]
    said: str
    """How many of how many, and what else they share."""
    since: BrokerTime


def blasts(seen: Iterable[Seen]) -> Sequence[Together]:
    """Return those that are not over, the oldest first."""
    found: dict[tuple[str, Subject], Together] = {}
    for record in sorted(seen, key=lambda record: (record.at, record.offset)):
        verdict = record.value
        if not isinstance(verdict, Verdict) or not verdict.subject.is_domain:
            continue
        place = verdict.segment, verdict.subject
        if verdict.verb is Verb.ALERT:
            since = found[place].since if place in found else record.at
            found[place] = Together(
                segment=verdict.segment,
                domain=verdict.subject,
                hosts=frozenset(verdict.hosts),
                said=verdict.detail,
                since=since,
            )
        else:
            found.pop(place, None)
    return sorted(found.values(), key=lambda each: (each.since, each.domain))


def gathered(found: Status, seen: Iterable[Seen], segments: Sequence[SegmentRecord]) -> Status:
    """Return how things stand with the matters of hosts that failed together put into one each, which wants as much as
    the worst of them. What is told of their guests stays by itself."""
    names = {segment.segment_id: segment.name for segment in segments}
    matters = list(found.matters)
    for blast in blasts(seen):
        segment = names.get(blast.segment, blast.segment)
        own = [each for each in matters if each.segment == segment and each.about in blast.hosts]
        if len(own) > 1:
            matters = [each for each in matters if each not in own]
            matters.append(_joined(blast, own))
    ordered = sorted(matters, key=lambda matter: (-matter.level, matter.since, matter.about))
    return replace(found, matters=tuple(ordered))


def _joined(blast: Together, own: Sequence[Matter]) -> Matter:
    counts = Counter(_GUESTS.sub("", each.what) for each in own).most_common()
    told = [f"{count} {what}" for what, count in counts[:SHOWN]]
    more = sum(count for _, count in counts[SHOWN:])
    told += [f"{more} otherwise"] if more else []
    return Matter(
        level=max(each.level for each in own),
        segment=own[0].segment,
        about=blast.domain.title,
        what=f"{blast.said.partition(';')[0]} failed together: {', '.join(told)}",
        since=min(each.since for each in own),
        next=f"kasugai explain {quote(blast.domain.title)}",
    )
