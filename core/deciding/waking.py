"""When a subject must be asked again: derived from what closed gates wait for, what a worker waits for, and the times
at which evidence turns (what rests on it is asked again too), an incident is published again and a probation ends.
"""

from kasugai.core.deciding import destinations, evidence, readmission
from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.gates import Gate, Wait, When
from kasugai.core.deciding.kinds import KINDS
from kasugai.core.deciding.proof import UNPROVEN
from kasugai.core.deciding.reserves import room
from kasugai.core.deciding.rows import SubjectRow
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.view import SegmentView
from kasugai.core.words.timing import PRODUCTION, SteadyTime, Timing


def index(view: SegmentView, row: SubjectRow, times: Times, timing: Timing = PRODUCTION) -> None:
    """Remember in the view's index when a tick must touch the row, and on whom it waits."""
    waits = _waits(view.asked(row, times, timing))
    due = _next(view, row, waits, times, timing)
    view.waits.put(row.name, due, frozenset().union(*(wait.on for wait in waits)))


def due_of(
    view: SegmentView, row: SubjectRow, times: Times, timing: Timing = PRODUCTION
) -> SteadyTime | None:
    """Return the next steady time later than the last tick at which a tick must touch the row; None for never."""
    return _next(view, row, _waits(view.asked(row, times, timing)), times, timing)


def due(view: SegmentView, times: Times, timing: Timing) -> list[str]:
    """Return whom a tick touches: who was due by the tick before it (the count of a storm has moved on since the index
    was told of it), in key order."""
    rows = (view.subjects[subject] for subject in view.waits.due(times.deadline))
    dues = ((row.name, due_of(view, row, times.of_tick_before, timing)) for row in rows)
    return sorted(subject for subject, due in dues if due is not None and due <= times.deadline)


def _next(
    view: SegmentView, row: SubjectRow, waits: list[Wait], times: Times, timing: Timing
) -> SteadyTime | None:
    dues = [wait.until for wait in waits]
    if view.segment is not None:
        dues += evidence.expiries(row.conditions)
        if not _says_when_it_turns(row):
            dues += evidence.turns(row.conditions, view.segment.record.policy)
    dues += (row.incident.due if row.incident else None, readmission.due(row, timing.probation))
    return min((due for due in dues if due is not None and due > times.deadline), default=None)


def _says_when_it_turns(row: SubjectRow) -> bool:
    """Whether the gate of evidence is what the subject was told of: its own wait says when evidence turns."""
    return row.incident is None and row.reason in UNPROVEN


def _waits(asked: Asked) -> list[Wait]:
    waits = [room(asked.row), destinations.wait(asked.row)]
    if evidence.standing(asked.row.conditions):
        incident = asked.row.incident
        told = asked.row.reason if incident is None else incident.barred
        waits += [gate.wait(asked) for gate in KINDS[asked.row.kind].gates if _holds(gate, told, asked)]
    return waits


def _holds(gate: Gate, told: str | None, asked: Asked) -> bool:
    """Whether the gate is what the subject was told of, or is closed to it. One that may open unseen (it is asked of
    some only) holds as long as nothing else was told."""
    return told in gate.reasons or (gate.when is When.ALWAYS and gate.why(asked) is not None)
