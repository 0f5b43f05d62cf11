"""When a host that was out counts as healthy again: a sign that it came back, and then time without a complaint.

A fenced host that answers without having been restarted is not back: whoever declared it dead was wrong, or it was
never off. It stays out until Nova or a person says that it is in service.
"""

from dataclasses import replace

from kasugai.core.deciding import evidence
from kasugai.core.deciding.rows import Moment, SubjectRow
from kasugai.core.words.signals import Fault, Source, Symptom
from kasugai.core.words.timing import Millis, SteadyTime, later


def is_return(row: SubjectRow, fault: Fault) -> bool:
    """Whether a fault says that a host that is out came back: Nova has it up and not forced down, a person or REST says
    `started`, or its own heartbeat comes from a later boot than the one that was lost."""
    if not row.is_out or fault.symptom is not Symptom.ALIVE:
        return False
    if fault.source is Source.HEARTBEAT:
        return row.boot_id != "" and fault.boot_id not in ("", row.boot_id)
    return fault.source in (Source.NOVA, Source.REPORTED)


def follow(row: SubjectRow, fault: Fault, now: Moment) -> SubjectRow:
    """Return the row after a fault that is not stale: its boot id noted, its probation begun or broken off."""
    if is_return(row, fault):
        return replace(row, returned=row.returned or now)
    if row.is_out:
        broken = bool(evidence.standing(row.conditions))
        return replace(row, returned=None) if broken else row
    if fault.source is Source.HEARTBEAT and fault.boot_id:
        return replace(row, boot_id=fault.boot_id)
    return row


def due(row: SubjectRow, probation: Millis) -> SteadyTime | None:
    """Return the steady time at which the probation is over; None when the host is not on probation."""
    if row.returned is None or row.incident is not None:
        return None
    return later(row.returned.steady, probation)


def readmit(row: SubjectRow) -> SubjectRow:
    """Return the row of a host that is in service again. What its last incident explained is forgotten: an observer
    that still holds it against the host will say so again, and then it counts."""
    closed = replace(row.closed, readmitted=True, last=None) if row.closed else None
    return replace(row, closed=closed, returned=None, conditions=evidence.standing(row.conditions))
