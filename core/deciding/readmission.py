"""When a host that was out counts as healthy again: a sign that it came back, and then time without a complaint.

A fenced host that answers without having been restarted is not back: whoever declared it dead was wrong, or it was
never off. It stays out until Nova or a person says that it is in service.
"""

from dataclasses import replace

from kasugai.core.deciding import evidence, returning
from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.rows import Closed, Moment, SubjectRow
from kasugai.core.words.signals import Fault, Source, Symptom
from kasugai.core.words.timing import BrokerTime, Millis, SteadyTime, later


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
    row = _booted(row, fault, now)
    if is_return(row, fault):
        return replace(row, returned=row.returned or now)
    if row.is_out:
        return again(row, now)
    if fault.source is Source.HEARTBEAT and fault.boot_id:
        return replace(row, boot_id=fault.boot_id)
    return row


def again(row: SubjectRow, now: Moment) -> SubjectRow:
    """Return the row of a host by what stands against it now: a complaint breaks its return off. Once that is taken
    back or has expired, a later boot than the one that was lost counts as it did: its heartbeat tells of it only once.
    """
    if not row.is_out:
        return row
    if evidence.standing(row.conditions):
        return replace(row, returned=None)
    is_silent = any(condition.source is Source.HEARTBEAT for condition in row.conditions)
    has_booted = row.boot_id != "" and row.last_boot not in ("", row.boot_id)
    return replace(row, returned=now) if has_booted and not is_silent and row.returned is None else row


def _booted(row: SubjectRow, fault: Fault, now: Moment) -> SubjectRow:
    """Return the row after what its own heartbeat says of its boot; the first boot that is heard of may be old."""
    if (
        not row.subject.is_host
        or fault.source is not Source.HEARTBEAT
        or fault.boot_id in ("", row.last_boot)
    ):
        return row
    known = row.last_boot or row.boot_id
    is_new = known not in ("", fault.boot_id)
    return replace(row, last_boot=fault.boot_id, booted=now if is_new else row.booted)


def due(asked: Asked, probation: Millis) -> SteadyTime | None:
    """Return the steady time at which the probation is over; None when the host is not on probation: before it begins a
    worker has brought the host back, where the policy leaves that to one."""
    row = asked.row
    if row.returned is None or row.incident is not None or returning.is_pending(asked):
        return None
    return later(row.returned.steady, probation)


def lost(row: SubjectRow) -> SubjectRow:
    """Return the row of a host that has failed (again): which boot was lost is the last one that it told of."""
    return replace(row, returned=None, boot_id=row.last_boot or row.boot_id)


def begin(row: SubjectRow, now: Moment) -> SubjectRow:
    """Return the row of a host that was brought back: its probation begins, under the boot that it has now."""
    back_at = (row.returned or now).at
    closed = replace(row.closed, returned_at=back_at) if row.closed is not None else None
    return replace(row, closed=closed, returned=now, boot_id=row.last_boot or row.boot_id)


def readmit(row: SubjectRow) -> SubjectRow:
    """Return the row of a host that is in service again. What its last incident explained is forgotten: an observer
    that still holds it against the host will say so again, and then it counts. Nothing is left to be undone: where
    nobody else brings a host back, a person has."""
    return replace(
        row,
        closed=_in_service(row, row.closed) if row.closed is not None else None,
        returned=None,
        conditions=evidence.standing(row.conditions),
    )


def _in_service(row: SubjectRow, closed: Closed) -> Closed:
    """Return what is remembered of the last incident of a host that is in service again."""
    seen_at = max(closed.at.at, row.returned.at if row.returned is not None else BrokerTime(0))
    was_brought_back = closed.shut is None and closed.returned_at > 0
    return replace(
        closed,
        readmitted=True,
        returned_at=closed.returned_at if was_brought_back else seen_at,
        last=None,
        shut=None,
        service=None,
        waiting=(),
    )
