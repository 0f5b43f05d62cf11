"""An incident as the projects of its servers may see it: a row for each server whose project a plan of it names.

A server whose project no plan tells, or of which two plans tell different projects, is shown to nobody.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from kasugai.api.projection.moves import Move
from kasugai.api.recoveries import Cause, RecoveryView, State, told
from kasugai.api.views import MoveStatus
from kasugai.core.telling.incident_views import IncidentView
from kasugai.core.telling.progress import StepView
from kasugai.core.words.actions import About, Meaning
from kasugai.core.words.facts import Fact, StepState
from kasugai.core.words.identity import derive
from kasugai.core.words.incident import Phase
from kasugai.core.words.subject import Kind

CAUSES = {Kind.HOST: Cause.HOST, Kind.PROCESS: Cause.DEGRADED_HOST, Kind.INSTANCE: Cause.SERVER}
MOVES = {
    MoveStatus.PENDING: State.WAITING,
    MoveStatus.ONGOING: State.RECOVERING,
    MoveStatus.SUCCEEDED: State.RECOVERED,
    MoveStatus.FAILED: State.FAILED,
    MoveStatus.IGNORED: State.LEFT,
}
OUTCOMES = {Phase.RECOVERED: State.RECOVERED, Phase.FAILED: State.FAILED}


@dataclass(frozen=True, slots=True)
class Owned:
    """A row, and whose it is."""

    project: str
    view: RecoveryView


def recoveries_of(view: IncidentView, moves: Iterable[Move]) -> tuple[Owned, ...]:
    """Return the rows of an incident whose guests' moves these are, in the order of its servers' uuids."""
    owners = _owners(view)
    rows = {row.server: row for row in _rows(view, moves) if row.server in owners}
    return tuple(Owned(owners[server], rows[server]) for server in sorted(rows))


def _owners(view: IncidentView) -> dict[str, str]:
    plans = [s.value.plan for s in view.records if isinstance(s.value, Fact) and s.value.plan is not None]
    said: dict[str, set[str]] = {}
    for plan in plans:
        for server, project in plan.projects.items():
            said.setdefault(server, set()).add(project)
    return {server: projects.pop() for server, projects in said.items() if len(projects) == 1}


def _rows(view: IncidentView, moves: Iterable[Move]) -> Iterator[RecoveryView]:
    if view.subject.kind is Kind.INSTANCE:
        yield _of_server(view)
        return
    yield from (_of_move(view, move) for move in moves)
    yield from (_of_restart(view, step) for step in view.steps.values() if _is_restart(step))


def _is_restart(step: StepView) -> bool:
    return step.step.words.meaning is Meaning.RESTARTED


def _of_move(view: IncidentView, move: Move) -> RecoveryView:
    """A server that no drain has called was not harmed by the drain's end."""
    state, is_untouched = MOVES[move.status], view.subject.kind is Kind.PROCESS and move.began_at is None
    if state is State.FAILED and is_untouched:
        state = State.LEFT
    return _row(
        view,
        server=move.instance,
        name=move.name,
        state=state,
        began_at=move.began_at,
        ended_at=move.ended_at,
        destination=move.destination,
        reason=move.message,
    )


def _of_restart(view: IncidentView, step: StepView) -> RecoveryView:
    """A server that waited for its host to come back."""
    return _row(
        view,
        server=step.step.subject,
        name=step.step.name,
        state=_state_of(view, step),
        began_at=step.began,
        ended_at=step.ended,
        reason=step.record.reason if step.record else "",
    )


def _state_of(view: IncidentView, step: StepView) -> State:
    """A start that is passed over (its user wishes it off, it is paused) is done with its reason."""
    state = step.record.state if step.record else None
    if state is StepState.DONE:
        return State.LEFT if step.record and step.record.reason else State.RECOVERED
    if state is StepState.FAILED or view.phase.is_final:
        return State.FAILED
    return State.RECOVERING if state is not None and state.is_open else State.WAITING


def _of_server(view: IncidentView) -> RecoveryView:
    """The server that failed: it stands where its incident stands."""
    steps = [step for step in view.steps.values() if step.step.words.about is About.GUEST]
    began = min((step.began for step in steps if step.began is not None), default=None)
    going_on = State.WAITING if began is None else State.RECOVERING
    state = OUTCOMES.get(view.phase, State.LEFT) if view.phase.is_final else going_on
    return _row(
        view,
        server=view.subject.detail,
        name=view.guest,
        state=state,
        began_at=began,
        ended_at=view.until,
        destination=_last(step.record.destination for step in steps if step.record),
        reason=view.why,
    )


def _last(words: Iterable[str]) -> str:
    return next((word for word in reversed(list(words)) if word), "")


def _row(view: IncidentView, *, server: str, state: State, reason: str, **said: Any) -> RecoveryView:
    return RecoveryView(
        recovery=str(derive("recovery", str(view.incident), server)),
        server=server,
        cause=CAUSES[view.subject.kind],
        state=state,
        why=told(reason) if state is State.LEFT else "",
        opened_at=view.since,
        incident=str(view.incident),
        host=view.host,
        reason=reason,
        **said,
    )
