"""Which hosts of a segment take nobody's guests: what is suspected, or was taken out by an incident, is no destination.

Correlate is serial per segment and sees all its hosts; a worker sees Nova's word, which is a minute late about a host
that has just died.
"""

from dataclasses import replace
from functools import reduce
from operator import xor
from zlib import crc32

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.draining import marked
from kasugai.core.deciding.gates import Wait
from kasugai.core.deciding.rows import IncidentRow, SubjectRow
from kasugai.core.words.hardware import is_hardware
from kasugai.core.words.incident import Open
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import Millis

HEALTH = "health"
"""The name of what changes when a host becomes a destination, or stops being one."""
MOST = 900
"""So many names an order carries: with the longest (255 bytes) less than a quarter of what a broker takes."""
PAUSE: Millis = Millis(1_000)
"""Incidents are told about other hosts no sooner than this after their last publication: hosts that die one after
another do not make a publication of each incident for each of them."""


def may_take(row: SubjectRow | None) -> bool:
    """Whether nothing is held against a host, and no incident has taken it out of service."""
    if row is None:
        return True
    return not row.conditions and row.incident is None and not row.is_out


def has_turned(before: SubjectRow, row: SubjectRow) -> bool:
    """Whether a subject is a host that became a destination, or stopped being one."""
    return row.subject.is_host and may_take(before) != may_take(row)


def avoided(asked: Asked) -> tuple[str, ...]:
    """Return the segment's other hosts that may take nobody, by name; of more than an order can carry the first (then
    a storm holds whoever has not begun). Only of a host are guests sent away; of a degraded one not to another."""
    return tuple(sorted(_avoided(asked))[:MOST])


def _avoided(asked: Asked) -> frozenset[str]:
    if not _sends_away(asked.row.subject):
        return frozenset()
    degraded = marked(asked) if is_hardware(asked.row.subject) else frozenset[str]()
    return (degraded | frozenset(asked.tally.unfit)) - {asked.row.host}


def _sends_away(subject: Subject) -> bool:
    return subject.is_host or is_hardware(subject)


def published(asked: Asked, incident: IncidentRow, order: Open) -> IncidentRow:
    """Return the incident with its order as published. The row keeps no names of hosts (there may be hundreds), only
    what tells one set from another, and no evidence: that is what stands in its conditions."""
    return replace(incident, order=replace(order, avoid=(), evidence=()), avoided=_mark(asked))


def has_news(asked: Asked) -> bool:
    """Whether the worker that has the subject's incident knows another set of hosts than there is."""
    incident = asked.row.incident
    return incident is not None and _is_at_work(incident) and incident.avoided != _mark(asked)


def wait(row: SubjectRow) -> Wait:
    """Return on what an incident waits that a worker may be at work on."""
    at_work = _sends_away(row.subject) and row.incident is not None and _is_at_work(row.incident)
    return Wait(on=frozenset({HEALTH})) if at_work else Wait()


def _is_at_work(incident: IncidentRow) -> bool:
    return not incident.is_waiting and not incident.stopped and incident.order.undoes is None


def _mark(asked: Asked) -> int:
    if is_hardware(asked.row.subject):
        return reduce(xor, map(mark_of, _avoided(asked)), 0)
    if not asked.row.subject.is_host:
        return 0
    own = asked.row.host
    return asked.tally.unfit_mark ^ (mark_of(own) if own in asked.tally.unfit else 0)


def mark_of(host: str) -> int:
    """Return what stands for a host in the mark of a set of hosts, which is the exclusive or of all of them."""
    return crc32(host.encode())
