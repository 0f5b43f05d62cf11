"""What an incident did to a process's host is undone when the process runs again, by an incident of its own; what one
did to its own host, when that is back.

The row remembers which incident did it, and what the last word about the process is.
"""

from dataclasses import replace
from uuid import UUID

from kasugai.core.deciding import evidence, returning
from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.kinds import KINDS
from kasugai.core.deciding.rows import IncidentRow, Moment, SubjectRow
from kasugai.core.deciding.testimony import said_at
from kasugai.core.words.actions import Meaning
from kasugai.core.words.facts import Fact
from kasugai.core.words.hardware import is_hardware
from kasugai.core.words.signals import Fault


def follow(row: SubjectRow, fault: Fault, now: Moment) -> SubjectRow:
    """Return the row after a word about its subject: whether the last one is that it is well. A word that came late
    counts if it was said after the last failure: what is undone was only to last until then. Hardware is well once
    nobody who called it degraded does any more."""
    if not KINDS[row.kind].is_undone:
        return row
    at = said_at(fault, now)
    if fault.symptom.blames:
        return replace(row, well=False, failed=max(at, row.failed or at))
    if is_hardware(row.subject) and row.conditions:
        return row
    return row if row.failed is not None and at < row.failed else replace(row, well=True)


def due(asked: Asked) -> UUID | None:
    """Return the incident that is to be undone by one of its own; None where nothing is."""
    row = asked.row
    left = row.closed.shut if row.closed is not None and row.incident is None else None
    if left is None or evidence.standing(row.conditions):
        return None
    is_time = returning.is_due(asked) if KINDS[row.kind].returns else row.well
    return left if is_time else None


def left_by(row: SubjectRow, incident: IncidentRow, fact: Fact, *, concluded: bool) -> UUID | None:
    """Return the incident whose effects are still to be undone when the subject's open one has ended; `concluded`: a
    worker ended it, not a Stop. An undoing that failed leaves the rest to a person. Who found the host shut already
    leaves it to whoever shut it."""
    if incident.order.undoes is not None:
        return None if concluded else incident.order.undoes
    if any(step.words.meaning is Meaning.SHUT and step.tries > 0 for step in fact.steps):
        return fact.incident
    before = row.closed
    if before is None:
        return None
    return before.shut if before.last is None else before.last.order.undoes or before.shut
