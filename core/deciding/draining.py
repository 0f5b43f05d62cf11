"""The gates of degraded hosts: how many of a segment are drained at a time, and what goes before a drain; and which
hosts are marked as degraded.

That a host's own recovery comes first is `hostfirst`'s business, what the policy makes of a mark `processgates`'.
"""

from dataclasses import replace

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.gates import DESCRIPTIONS, SEGMENT, Bars, Gate, Wait, When
from kasugai.core.deciding.rows import SubjectRow
from kasugai.core.words.hardware import hardware_subject, is_hardware
from kasugai.core.words.subject import host_subject
from kasugai.core.words.timing import Millis, SteadyTime
from kasugai.core.words.verdicts import Reason

LOOK_AGAIN: Millis = Millis(60_000)
"""Who waits for a place looks again this often, besides."""


def is_marked(row: SubjectRow | None) -> bool:
    """Whether a host's hardware is said to be degraded, and nobody has taken that back."""
    return row is not None and row.failed is not None and not row.well


def marked(asked: Asked) -> frozenset[str]:
    """Return the segment's other hosts whose hardware is degraded: nobody is moved there from a degraded one."""
    others = (host for host in asked.tally.hosts if host != asked.row.host)
    return frozenset(host for host in others if is_marked(_hardware(asked, host)))


def is_in_service(host: SubjectRow) -> bool:
    """Whether guests may be on a host: no incident has taken it out, or it has been brought back since."""
    closed = host.closed
    was_brought_back = closed is not None and closed.shut is None and closed.returned_at > 0
    return not host.is_out or (host.returned is not None and was_brought_back)


def stands_anew(row: SubjectRow, host: SubjectRow | None) -> SubjectRow:
    """Return the row of hardware whose host has been taken back into service since it was drained: it was enabled for
    that, and is as degraded as before."""
    if not is_hardware(row.subject) or host is None or host.closed is None or row.closed is None:
        return row
    back = host.incident is None and is_in_service(host) and host.closed.returned_at > row.closed.at.at
    if not back or not any(condition.explained for condition in row.conditions):
        return row
    return replace(row, conditions=tuple(replace(c, explained=False) for c in row.conditions))


def wait(row: SubjectRow) -> Wait:
    """Return on what the mark of a drained host waits."""
    is_drained = is_hardware(row.subject) and any(condition.explained for condition in row.conditions)
    return Wait(on=frozenset({host_subject(row.host).name})) if is_drained else Wait()


def _hardware(asked: Asked, host: str) -> SubjectRow | None:
    return asked.subjects.get(hardware_subject(host).name)


def _is_drained(row: SubjectRow | None) -> bool:
    """Whether a host is being drained, or was and its mark stands, or what was done is still to be undone: in all
    cases the others have to bear its guests."""
    if row is None:
        return False
    is_left = row.closed is not None and row.closed.shut is not None
    return row.incident is not None or is_left or any(c.explained for c in row.conditions)


def _drained(asked: Asked) -> list[str]:
    others = (host for host in asked.tally.hosts if host != asked.row.host)
    return sorted(host for host in others if _is_drained(_hardware(asked, host)))


def _is_to_be_drained(asked: Asked) -> bool:
    return is_hardware(asked.row.subject) and asked.policy.degraded.moves


def _too_many(asked: Asked) -> Reason | None:
    """One that has its place keeps it."""
    if not _is_to_be_drained(asked) or _is_drained(asked.row):
        return None
    return Reason.DRAIN_LIMIT if len(_drained(asked)) >= asked.policy.degraded_hosts else None


def _on_others(asked: Asked) -> Wait:
    """All wait on one another: of those whom one record asks, the first may see no place that the last one leaves, so
    who waits also looks again by himself."""
    if not is_hardware(asked.row.subject):
        return Wait()
    others = (hardware_subject(host).name for host in asked.tally.hosts if host != asked.row.host)
    waits = _is_to_be_drained(asked) and not _is_drained(asked.row)
    again = SteadyTime((asked.deadline // LOOK_AGAIN + 1) * LOOK_AGAIN) if waits else None
    return Wait(until=again, on=frozenset({*others, SEGMENT, DESCRIPTIONS}))


def _who(asked: Asked, _: Reason) -> str:
    hosts = _drained(asked)
    more = f" and {len(hosts) - 5} more" if len(hosts) > 5 else ""
    return f"{', '.join(hosts[:5])}{more} drained, degraded-hosts is {asked.policy.degraded_hosts}"


LIMITED = Gate(
    reasons=frozenset({Reason.DRAIN_LIMIT}),
    why=_too_many,
    wait=_on_others,
    when=When.LAST,
    follows=True,
    detail=_who,
)
"""Fewer hosts of the segment are drained than its policy allows at a time."""


def _stormy(asked: Asked) -> Reason | None:
    """What undoes a drain moves nobody."""
    incident = asked.row.incident
    is_undoing = incident is not None and incident.order.undoes is not None
    if is_undoing or not _is_to_be_drained(asked):
        return None
    return Reason.STORM_FIRST if asked.tally.is_storm or asked.tally.is_domain_storm else None


def _on_hosts(asked: Asked) -> Wait:
    if not is_hardware(asked.row.subject):
        return Wait()
    return Wait(on=frozenset({*(host_subject(host).name for host in asked.tally.hosts), SEGMENT}))


CALM_FIRST = Gate(
    reasons=frozenset({Reason.STORM_FIRST}),
    why=_stormy,
    wait=_on_hosts,
    bars=Bars.EVERYTHING,
    follows=True,
)
"""No storm holds a host of the segment."""
