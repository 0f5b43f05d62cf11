"""A recovery's instances as Masakari's vmoves: one per instance that any plan of the incident knows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from kasugai.api.views import MoveStatus, VMoveView
from kasugai.core.recovering.steps.guests import GONE
from kasugai.core.telling.incident_views import IncidentView
from kasugai.core.telling.progress import StepView, step_views
from kasugai.core.telling.ties import Tie
from kasugai.core.words.actions import Meaning
from kasugai.core.words.facts import Fact, StepState
from kasugai.core.words.identity import derive
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.timing import BrokerTime, Instant

NUMBERS = 2**48
"""Vmoves' integer ids lie below it: exact in every JSON reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One instance's move, whichever notification shows it."""

    instance: str
    name: str
    source: str
    destination: str = ""
    status: MoveStatus
    message: str = ""
    planned_at: Instant
    began_at: Instant | None = None
    ended_at: Instant | None = None


def vmove_of(notification: str, move: Move) -> VMoveView:
    """Return a move as `notification` shows it: its uuid and number are derived, the same after every rebuild."""
    uuid: UUID = derive("vmove", notification, move.instance)
    return VMoveView(
        number=uuid.int % NUMBERS,
        uuid=str(uuid),
        notification_uuid=notification,
        instance_uuid=move.instance,
        instance_name=move.name,
        source_host=move.source,
        dest_host=move.destination,
        start_time=move.began_at,
        end_time=move.ended_at,
        status=move.status,
        message=move.message,
        created_at=move.planned_at,
        updated_at=move.ended_at or move.began_at,
    )


def moves_of(view: IncidentView) -> tuple[Move, ...]:
    """Return the moves of all attempts, in the order in which they were first planned, then by name."""
    told = [(seen.at, seen.value) for seen in view.records if isinstance(seen.value, Fact)]
    plans = [(at, fact.plan) for at, fact in told if fact.plan is not None]
    if not plans:
        return ()
    known: dict[str, Step] = {}
    planned: dict[str, Instant] = {}
    for at, plan in sorted(plans, key=lambda p: (p[1].attempt, p[1].epoch, len(p[1].steps), p[0], Tie(p[1]))):
        for step in plan.steps:
            known[step.key] = step
            planned[step.key] = min(at, planned.get(step.key, at))
    whole: Plan = replace(plans[0][1], steps=tuple(known.values()))
    steps = step_views(whole, told)
    moves = [_move(view, step, steps, planned[step.step.key]) for step in steps.values() if _is_move(step)]
    return tuple(
        sorted((*moves, *_left(view, moves, plans)), key=lambda m: (m.planned_at, m.name, m.instance))
    )


def _is_move(step: StepView) -> bool:
    return step.step.words.meaning is Meaning.MOVED


def _move(view: IncidentView, step: StepView, steps: Mapping[str, StepView], planned: Instant) -> Move:
    after = _restoration(steps, step.step.subject)
    status, message = _status(view, step, after)
    last = after if after is not None and step.is_done else step
    return Move(
        instance=step.step.subject,
        name=step.step.name,
        source=view.host,
        destination=step.record.destination if step.record else "",
        status=status,
        message=message,
        planned_at=planned,
        began_at=step.began,
        ended_at=(last.ended or step.ended) if status is not MoveStatus.ONGOING else None,
    )


def _restoration(steps: Mapping[str, StepView], guest: str) -> StepView | None:
    restorations = (step for step in steps.values() if step.step.words.meaning is Meaning.RESTORED)
    return next((step for step in restorations if step.step.subject == guest), None)


def _status(view: IncidentView, step: StepView, after: StepView | None) -> tuple[MoveStatus, str]:
    record = step.record
    if record is not None and record.state is StepState.DONE:
        return (MoveStatus.IGNORED, GONE) if record.reason == GONE else _landed(view, record.reason, after)
    if record is not None and record.state is StepState.FAILED:
        return MoveStatus.FAILED, record.reason
    if view.phase.is_final:
        return MoveStatus.FAILED, view.why
    if record is not None and record.state.is_open:
        return MoveStatus.ONGOING, "unsure" if record.state is StepState.UNSURE else ""
    return MoveStatus.PENDING, record.reason if record is not None else ""


def _landed(view: IncidentView, reason: str, after: StepView | None) -> tuple[MoveStatus, str]:
    """On another host; a guest that was stopped must be stopped again."""
    if after is None or after.is_done:
        return MoveStatus.SUCCEEDED, reason
    if after.record is not None and after.record.state is StepState.FAILED:
        return MoveStatus.FAILED, f"not stopped again: {after.record.reason}"
    if view.phase.is_final:
        return MoveStatus.FAILED, f"not stopped again: {view.why}"
    return MoveStatus.ONGOING, reason


def _left(view: IncidentView, moves: list[Move], plans: list[tuple[BrokerTime, Plan]]) -> list[Move]:
    """Instances that the plans leave where they are, each by its first plan's reason."""
    taken = {move.instance for move in moves}
    found: dict[str, Move] = {}
    for at, plan in sorted(plans, key=lambda p: (p[0], p[1].attempt, p[1].epoch, Tie(p[1]))):
        for guest, reason in plan.excluded:
            if guest not in taken and guest not in found:
                found[guest] = Move(
                    instance=guest,
                    name="",
                    source=view.host,
                    status=MoveStatus.IGNORED,
                    message=reason,
                    planned_at=at,
                )
    return list(found.values())
