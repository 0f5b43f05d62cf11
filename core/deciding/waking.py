"""When a subject must be asked again: derived from what closed gates wait for, what a worker waits for, and the times
at which evidence turns (what rests on it is asked again too), an incident is published again, a probation ends and a
row ends. What is undecidable waits for a word about itself.
"""

from kasugai.core.deciding import destinations, draining, ending, evidence, readmission, returning, undoing
from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.gates import Gate, Wait, When
from kasugai.core.deciding.kinds import KINDS
from kasugai.core.deciding.neighbours import concerns_host
from kasugai.core.deciding.proof import UNPROVEN
from kasugai.core.deciding.reserves import room
from kasugai.core.deciding.rows import SubjectRow
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.view import SegmentView
from kasugai.core.words.timing import PRODUCTION, Millis, SteadyTime, Timing, later


def index(view: SegmentView, row: SubjectRow, times: Times, timing: Timing = PRODUCTION) -> None:
    """Remember in the view's index when a tick must touch the row, and on whom it waits."""
    asked = view.asked(row, times, timing)
    waits = _waits(asked)
    due = _next(view, asked, waits, times, timing)
    view.waits.put(row.name, due, frozenset().union(*(wait.on for wait in waits)))


def due_of(
    view: SegmentView, row: SubjectRow, times: Times, timing: Timing = PRODUCTION
) -> SteadyTime | None:
    """Return the next steady time later than the last tick at which a tick must touch the row; None for never."""
    asked = view.asked(row, times, timing)
    return _next(view, asked, _waits(asked), times, timing)


def due(view: SegmentView, times: Times, timing: Timing) -> list[str]:
    """Return whom a tick touches: who was due by the tick before it (the count of a storm has moved on since the index
    was told of it), in key order."""
    rows = (view.subjects[subject] for subject in view.waits.due(times.deadline))
    dues = ((row.name, due_of(view, row, times.of_tick_before, timing)) for row in rows)
    return sorted(subject for subject, due in dues if due is not None and due <= times.deadline)


def _next(
    view: SegmentView, asked: Asked, waits: list[Wait], times: Times, timing: Timing
) -> SteadyTime | None:
    row = asked.row
    if row.undecidable:
        return None
    dues = [_ends_at(asked), *(wait.until for wait in waits)]
    if view.segment is not None:
        dues += evidence.expiries(row.conditions, view.segment.record.policy)
        if not _says_when_it_turns(row) and not KINDS[row.kind].occurs:
            dues += evidence.turns(row.conditions, view.segment.record.policy)
    if concerns_host(row, view, times):
        dues.append(later(asked.deadline, Millis(1)))
    dues += (row.incident.due if row.incident else None, readmission.due(asked, timing.probation))
    dues.append(returning.missed_at(asked))
    return min((due for due in dues if due is not None and due > asked.deadline), default=None)


def _ends_at(asked: Asked) -> SteadyTime | None:
    """When the row ends: at the next tick where what kept it beyond its time stands no more, as the description of a
    host that never came back."""
    ends = ending.ends_at(asked)
    return None if ends is None else max(ends, later(asked.deadline, Millis(1)))


def _says_when_it_turns(row: SubjectRow) -> bool:
    """Whether the gate of evidence is what the subject was told of: its own wait says when evidence turns."""
    return row.incident is None and row.reason in UNPROVEN


def _waits(asked: Asked) -> list[Wait]:
    if asked.row.undecidable:
        return []
    row = asked.row
    waits = [room(row), destinations.wait(row), draining.wait(row)]
    told = row.reason if row.incident is None else row.incident.barred
    return waits + [gate.wait(asked) for gate in _gates_before(asked) if _holds(gate, told, asked)]


def _gates_before(asked: Asked) -> tuple[Gate, ...]:
    """The gates of which what stands in a row is asked: its evidence, an occurrence that is worked on, an undoing."""
    row, kind = asked.row, KINDS[asked.row.kind]
    if evidence.standing(row.conditions) or (row.incident is not None and kind.occurs):
        return kind.gates
    return tuple(gate for gate in kind.gates if gate.undoing) if undoing.due(asked) else ()


def _holds(gate: Gate, told: str | None, asked: Asked) -> bool:
    """Whether the gate is what the subject was told of, or is closed to it, or may close on another's account. One that
    may open unseen (it is asked of some only) holds as long as nothing else was told."""
    if gate.follows:
        return True
    return told in gate.reasons or (gate.when is When.ALWAYS and gate.why(asked) is not None)
