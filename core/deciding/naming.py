"""The name of the incident that a subject's evidence opens: known before it is, and the same whoever opens it."""

from uuid import UUID

from kasugai.core.deciding import evidence
from kasugai.core.deciding.rows import SubjectRow
from kasugai.core.words.identity import incident_id


def next_incident(row: SubjectRow, opener: UUID | None = None) -> UUID:
    """Return the id of the subject's next incident; `opener`: what opens it, where that is no evidence."""
    previous = row.closed.incident if row.closed else None
    return incident_id(row.kind, row.host_uuid or row.host, opener or _opener(row), previous)


def _opener(row: SubjectRow) -> UUID:
    """The oldest standing condition's event: the same whichever record completed the proof."""
    first = min(evidence.standing(row.conditions), key=lambda c: (c.since.at, c.event_id))
    return first.event_id
