"""A process without which the segment's policy holds its host for useless: the host is recovered, not the process.

The process's row says that it condemns its host; the host's row has a condition that follows from it, and is decided in
the very record that changes the process's. So a host has one incident and one owner, whatever ails it.
"""

from dataclasses import replace

from kasugai.core.deciding import evidence
from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.gates import pass_gates
from kasugai.core.deciding.hostfirst import is_answered
from kasugai.core.deciding.kinds import KINDS
from kasugai.core.deciding.naming import next_incident
from kasugai.core.deciding.processgates import action
from kasugai.core.deciding.rows import Condition, HostRow, SubjectRow
from kasugai.core.words.policy import ProcessAction
from kasugai.core.words.signals import Source, Symptom
from kasugai.core.words.subject import host_subject, process_subject
from kasugai.core.words.verdicts import Reason, Verb


def is_due(asked: Asked) -> bool:
    """Whether a subject whose gates are all open has its host recovered instead of an incident of its own."""
    return KINDS[asked.row.kind].condemns and action(asked) is ProcessAction.EVACUATE


def condemn(draft: Draft) -> None:
    """Let the process's host be recovered, and say what comes of that in this record: the host's incident, or what
    holds it. The host is decided behind the process."""
    if draft.row.condemned is None:
        draft.row = replace(draft.row, condemned=draft.times.moment)
    host = draft.asked.host_row(draft.row.host) or new_host(draft.row, draft.asked.host)
    asked = draft.asked.about(host)
    asked = asked.about(followed(asked, draft.row))
    if host.incident is not None:
        draft.tell(Verb.EXPLAIN, Reason.PART_OF_INCIDENT, incident=host.incident.order.incident)
    elif not evidence.standing(asked.row.conditions):
        over = host.closed.incident if host.closed else None
        draft.tell(Verb.EXPLAIN, Reason.PART_OF_INCIDENT, incident=over)
    elif closed := pass_gates(KINDS[host.kind].gates, asked):
        also = tuple(each.reason for each in closed)
        draft.tell(Verb.HOLD, Reason.HOST_USELESS, also=also, detail=closed[0].detail)
    else:
        draft.tell(Verb.EXPLAIN, Reason.PART_OF_INCIDENT, incident=next_incident(asked.row))


def new_host(subject: SubjectRow, described: HostRow | None) -> SubjectRow:
    """Return the row of a subject's host of which nothing was said before."""
    host_uuid = described.record.host_uuid if described is not None else subject.host_uuid
    return SubjectRow(segment=subject.segment, subject=host_subject(subject.host), host_uuid=host_uuid)


def concerns_host(row: SubjectRow, host: SubjectRow | None) -> bool:
    """Whether a process's host is to be decided behind it: it condemns the host, and the host's row does not say so; or
    the other way round."""
    known = () if host is None else host.conditions
    return (row.condemned is not None) != any(c.useless == row.subject.detail for c in known)


def followed(asked: Asked, process: SubjectRow | None = None) -> SubjectRow:
    """Return a host's row with the conditions that follow from its processes, of which `process` is as it will be. One
    that is known stays as it is: what an incident explained stays explained."""
    host = asked.row
    others = tuple(c for c in host.conditions if not c.useless)
    known = {c.useless: c for c in host.conditions if c.useless}
    found = []
    for name in dict.fromkeys(asked.policy.process_evacuate):
        subject = process_subject(host.host, name)
        row = (
            process
            if process is not None and process.subject == subject
            else asked.subjects.get(subject.name)
        )
        condition = None if row is None else _condition(row, host)
        if condition is not None:
            found.append(known.get(name, condition))
    if not found and not known:
        return host
    conditions = tuple(sorted((*others, *found), key=lambda c: c.observer))
    return host if conditions == host.conditions else replace(host, conditions=conditions)


def _condition(process: SubjectRow, host: SubjectRow) -> Condition | None:
    """Return what a process's failure holds against its host; None for nothing, or nothing new."""
    standing = [c for c in evidence.standing(process.conditions) if not is_answered(host, c)]
    if process.condemned is None or not standing:
        return None
    first = min(standing, key=lambda c: (c.since.at, c.event_id))
    return Condition(
        observer=process.name,
        source=Source.REPORTED,
        symptom=Symptom.DOWN,
        event_id=first.event_id,
        episode=first.episode,
        asserted=False,
        since=process.condemned,
        seen=process.condemned,
        useless=process.subject.detail,
    )
