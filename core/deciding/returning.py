"""When a host that was recovered is brought back into service, and what its return has to know.

A return is an incident of the host that undoes the one before. What is done in it, and what keeps it from being done,
is for a worker to see; how often a host may fail before nobody brings it back by itself is decided in `quarantine`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from uuid import UUID

from kasugai.core.deciding import evidence
from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.rows import Closed, IncidentRow, SubjectRow
from kasugai.core.words.actions import Meaning
from kasugai.core.words.facts import CLOSED, Fact, StepRecord, StepState
from kasugai.core.words.incident import Open, OutOfService, Phase
from kasugai.core.words.plan import LOCAL_DISK
from kasugai.core.words.policy import HostReturn
from kasugai.core.words.timing import Millis, SteadyTime, later

MISSED_AFTER: Millis = Millis(3_600_000)
"""So long after its recovery a person is told that a host does not come back."""
MOST_ADDRESSES = 16
"""So many addresses a host has at most (power.yaml allows no more)."""
MOST_WAITING = 64
"""So many guests that were left for their disks a return starts: more names would make the row too large."""


def is_return(incident: IncidentRow | None) -> bool:
    """Whether a host's incident brings it back."""
    return incident is not None and incident.order.subject.is_host and incident.order.undoes is not None


def is_pending(asked: Asked) -> bool:
    """Whether a host has yet to be brought back by a worker: showing life is not enough."""
    closed = asked.row.closed
    by_hand = asked.policy.host_return is HostReturn.BY_HAND and asked.row.retired is None
    return closed is not None and closed.shut is not None and not by_hand


def is_due(asked: Asked) -> bool:
    """Whether a host that is to be brought back may be: it shows life after a restart, or is switched on by us."""
    row = asked.row
    if row.closed is None or not is_pending(asked):
        return False
    switched_on = asked.policy.host_return is HostReturn.POWER_ON and row.closed.phase is Phase.RECOVERED
    return row.returned is not None or row.retired is not None or switched_on


def missed_at(asked: Asked) -> SteadyTime | None:
    """Return when a person is told that the host does not come back; None where nobody waits for it, or knows."""
    row = asked.row
    if row.closed is None or row.closed.missed or row.incident is not None or row.returned is not None:
        return None
    waits = is_pending(asked) and row.quarantined is None and not is_due(asked)
    return later(row.closed.at.steady, MISSED_AFTER) if waits else None


def is_back_meanwhile(row: SubjectRow, fact: Fact) -> bool:
    """Whether a recovery that was stopped by a sign of life has nothing left to do: the host has been restarted since
    it began, and the guests that it had not called for are where they were."""
    incident = row.incident
    if incident is None or incident.order.undoes is not None or not (incident.stopped and incident.effects):
        return False
    has_booted = row.booted is not None and row.booted.at > incident.order.opened_at
    return has_booted and not evidence.standing(row.conditions) and not any(_may_move(fact))


def _may_move(fact: Fact) -> Iterator[bool]:
    """Of each guest that has not been moved: whether a call of ours may still move it."""
    return (
        record.state is not StepState.ABSOLVED for record in _unmoved(fact).values() if record is not None
    )


def _unmoved(fact: Fact) -> Mapping[str, StepRecord | None]:
    """Return the guests of the plan that are where they were, with the record of their move if there is one."""
    records = {record.key: record for record in fact.steps}
    guests = fact.plan.guests if fact.plan is not None else ()
    known = {step.subject: records.get(step.key) for step in guests}
    return {guest: r for guest, r in known.items() if r is None or r.state is not StepState.DONE}


def ordered(row: SubjectRow, order: Open) -> Open:
    """Return a publication of a host's return, with what it has to know."""
    closed = row.closed
    return replace(
        order,
        reserves=(),
        service=closed.service if closed is not None else None,
        waiting=closed.waiting if closed is not None else (),
        back_at=row.returned.at if row.returned is not None else None,
        retired_by=row.retired.author if row.retired is not None else "",
    )


def has_news(row: SubjectRow) -> bool:
    """Whether the host has shown life since its return was last published, which the worker does not know."""
    incident = row.incident
    if incident is None or not is_return(incident) or incident.stopped:
        return False
    return row.returned is not None and incident.order.back_at is None


def explained(row: SubjectRow) -> SubjectRow:
    """Return the row of a host that is being brought back and was not heard of since: what is said against it tells
    what is known, that it is not back yet."""
    if row.incident is None or not is_return(row.incident) or row.incident.order.back_at is not None:
        return row
    if all(condition.explained for condition in row.conditions):
        return row
    return replace(row, conditions=tuple(replace(c, explained=True) for c in row.conditions))


def note_disabled(incident: IncidentRow, fact: Fact) -> IncidentRow:
    """Return the incident with what a worker's plan says of an operator's word before it."""
    disabled = fact.plan.disabled if fact.plan is not None else ""
    return replace(incident, disabled=disabled) if disabled and disabled != incident.disabled else incident


def left_by(
    row: SubjectRow, incident: IncidentRow, fact: Fact, phase: Phase, *, concluded: bool
) -> UUID | None:
    """Return the incident whose effects are to be undone when the host is back, after its open one has ended."""
    if incident.order.undoes is not None:
        return None if concluded else incident.order.undoes
    if phase in (Phase.RECOVERED, Phase.FAILED):
        return fact.incident
    return row.closed.shut if row.closed is not None else None


def service_left(row: SubjectRow, incident: IncidentRow, fact: Fact) -> OutOfService | None:
    """Return how the host's compute service was left. What an incident found forced down by an earlier one of ours,
    which nobody has undone, is ours still."""
    before = row.closed.service if row.closed is not None and row.closed.shut is not None else None
    if incident.order.undoes is not None:
        return before
    ours = any(step.words.meaning is Meaning.OUT and step.tries > 0 for step in fact.steps)
    closed = _closed(before, fact)
    if not (ours or closed):
        return before
    word = incident.disabled or (before.before if before is not None else "")
    return OutOfService(wrote=incident.order.policy.disable_reason, before=word, closed=closed)


def _closed(before: OutOfService | None, fact: Fact) -> tuple[str, ...]:
    """Return the addresses to which the host's storage is closed by us: now, and by an earlier incident of ours."""
    found = [*(before.closed if before is not None else ())]
    for step in fact.steps:
        found += step.notes.get(CLOSED, "").split() if step.words.meaning is Meaning.FENCED else ()
    return tuple(dict.fromkeys(found))[:MOST_ADDRESSES]


def waiting_left(row: SubjectRow, incident: IncidentRow, fact: Fact) -> tuple[str, ...]:
    """Return the guests that wait for the host; those of an earlier incident that nobody has undone wait on."""
    before = row.closed.waiting if row.closed is not None and row.closed.shut is not None else ()
    if incident.order.undoes is not None or fact.plan is None:
        return before
    now = [guest for guest, why in fact.plan.excluded if why == LOCAL_DISK]
    now += _unmoved(fact) if is_back_meanwhile(row, fact) else ()
    return tuple(dict.fromkeys((*before, *now)))[:MOST_WAITING]


def kept(row: SubjectRow, closed: Closed) -> Closed:
    """Return what is remembered of an incident that was withdrawn while its host was out of service: it is out as
    before, and nothing that was said meanwhile of its guests and processes is answered."""
    before = row.closed
    if before is None or not row.is_out or closed.phase is not Phase.WITHDRAWN:
        return closed
    return replace(closed, phase=before.phase, returned_at=before.returned_at or before.at.at)
