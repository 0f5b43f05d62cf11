"""An incident's records as the API's own resources show it: where it stands, its plan, its story."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from kasugai.api.projection.moves import Move, moves_of
from kasugai.api.projection.recoveries import Owned, recoveries_of
from kasugai.api.projection.tasks import tasks_of
from kasugai.api.views import IncidentView, LeftView, StepView, TimelineLine, WorkflowDetail
from kasugai.core.telling import incident_views, progress
from kasugai.core.telling.incident_views import Seen
from kasugai.core.telling.timeline import timeline
from kasugai.core.words.actions import About
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import DISKS
from kasugai.core.words.timing import Instant
from kasugai.core.words.verdicts import Verb, Verdict

API = "api"
"""The observer of what came as a notification; its episodes are the notifications' uuids."""

QUIET = (FactKind.WORKING, FactKind.QUEUED)
"""Facts that move nothing."""


@dataclass(frozen=True, slots=True)
class Incident:
    """All that is shown of one incident."""

    told: incident_views.IncidentView
    """What all of it is made of."""
    view: IncidentView
    timeline: tuple[TimelineLine, ...]
    tasks: tuple[WorkflowDetail, ...]
    moves: tuple[Move, ...]
    recoveries: tuple[Owned, ...]


def incident_of(incident: UUID, seen: Sequence[Seen]) -> Incident:
    """Return what the records about an incident say; there is at least one."""
    view = incident_views.of_incident(incident, seen)
    moves = moves_of(view)
    return Incident(
        told=view,
        view=_view(incident, view),
        timeline=tuple(
            TimelineLine(at=line.at, actor=line.actor, sentence=line.sentence)
            for line in timeline(view.records)
        ),
        tasks=tasks_of(view),
        moves=moves if view.subject.is_host else (),
        recoveries=recoveries_of(view, moves),
    )


def _view(incident: UUID, view: incident_views.IncidentView) -> IncidentView:
    return IncidentView(
        incident=str(incident),
        kind=view.subject.kind,
        subject=view.subject.name,
        host=view.host,
        detail=view.subject.detail,
        name=view.guest,
        host_uuid=_host_uuid(view),
        segment=view.segment,
        phase=view.phase,
        why=view.why,
        opened_at=view.since,
        closed_at=view.until,
        updated_at=_moved_at(view),
        is_retried=_is_retried(view),
        attempt=view.attempt,
        epoch=view.epoch,
        is_open=view.until is None,
        steps=tuple(_step(step) for step in view.steps.values()),
        instances=len(view.instances),
        instances_done=view.instances_done,
        left=tuple(LeftView(instance=guest, reason=why) for guest, why in view.plan.excluded)
        if view.plan
        else (),
        notifications=_notifications(view),
    )


def _host_uuid(view: incident_views.IncidentView) -> str:
    """Return the uuid that the inventory gave its host; empty while no order has been read."""
    values = (seen.value for seen in view.records)
    return max((value.host_uuid for value in values if isinstance(value, Open)), default="")


def _moved_at(view: incident_views.IncidentView) -> Instant:
    return max(
        (s.at for s in view.records if not (isinstance(s.value, Fact) and s.value.kind in QUIET)),
        default=view.since,
    )


def _is_retried(view: incident_views.IncidentView) -> bool:
    words = [s.value.verb for s in view.records if isinstance(s.value, Verdict)]
    later = [verb for verb in words if verb in (Verb.RETRY, Verb.REOPEN, Verb.CLOSE)]
    return bool(later) and later[-1] is Verb.RETRY


def _notifications(view: incident_views.IncidentView) -> tuple[str, ...]:
    return tuple(
        sorted(
            {
                evidence.episode
                for seen in view.records
                if isinstance(seen.value, Verdict)
                for evidence in seen.value.evidence
                if evidence.observer == API
            }
        )
    )


def _step(view: progress.StepView) -> StepView:
    step, record = view.step, view.record
    about_host = step.words.about is About.HOST
    return StepView(
        step=step.key,
        action=step.action,
        subject=step.subject,
        name=step.name or (step.subject if about_host else ""),
        state=view.word,
        tries=record.tries if record else 0,
        reason=record.reason if record else "",
        destination=record.destination if record else "",
        disks=step.params.get(DISKS, ""),
        began_at=view.began,
        ended_at=view.ended,
        needs=step.needs,
    )
