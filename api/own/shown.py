"""Bodies of answers about incidents and verdicts: the same keys as `kasugai incident show -o json`. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kasugai.api.views import IncidentView, StepView, TimelineLine, VerdictView
from kasugai.core.telling.numbers import NOWHERE, Standing
from kasugai.core.words.timing import Instant
from kasugai.schemas.meanings import meaning

Row = dict[str, Any]

Names = Mapping[str, str]
"""Segments' names by id."""


def stamp(at: Instant | None) -> str | None:
    """Return a time as RFC 3339 says it, with milliseconds."""
    if at is None:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def incident(view: IncidentView, names: Names) -> Row:
    """Return an incident without its steps."""
    return {
        "incident": view.incident,
        "kind": view.kind,
        "subject": view.subject,
        "name": view.name,
        "host": view.host,
        "host_uuid": view.host_uuid,
        "segment": names.get(view.segment, view.segment),
        "segment_id": view.segment,
        "phase": view.phase,
        "is_open": view.is_open,
        "why": view.why,
        "opened_at": stamp(view.opened_at),
        "closed_at": stamp(view.closed_at),
        "updated_at": stamp(view.updated_at),
        "attempt": view.attempt,
        "epoch": view.epoch,
        "instances": {
            "total": view.instances,
            "done": view.instances_done,
            "left": [{"instance": left.instance, "reason": left.reason} for left in view.left],
        },
        "notifications": list(view.notifications),
    }


def plan(view: IncidentView) -> Row:
    """Return where each step of the newest plan stands, in its order."""
    return {"incident": view.incident, "attempt": view.attempt, "steps": [_step(step) for step in view.steps]}


def _step(view: StepView) -> Row:
    return {
        "step": view.step,
        "action": view.action,
        "subject": view.subject,
        "name": view.name,
        "needs": list(view.needs),
        "state": view.state,
        "tries": view.tries,
        "reason": view.reason,
        "destination": view.destination or None,
        "disks": view.disks or None,
        "began_at": stamp(view.began_at),
        "ended_at": stamp(view.ended_at),
    }


def line(view: TimelineLine) -> Row:
    """Return one sentence of a story."""
    return {"at": stamp(view.at), "actor": view.actor, "sentence": view.sentence}


def verdict(view: VerdictView) -> Row:
    """Return one decision."""
    return {
        "verdict": view.verdict_id,
        "at": stamp(view.at),
        "subject": view.subject,
        "segment_id": view.segment,
        "verb": view.verb,
        "reason": view.reason,
        "meaning": view.meaning,
        "also": list(view.also),
        "detail": view.detail,
        "hosts": list(view.hosts),
        "incident": view.incident or None,
        "evidence": [
            {
                "event_id": each.event_id,
                "observer": each.observer,
                "symptom": each.symptom,
                "episode": each.episode,
            }
            for each in view.evidence
        ],
        "count": view.count,
    }


def standing(stands: Standing) -> Row:
    """Return how a host stands."""
    why = stands.unprotected
    return {
        "host": stands.host,
        "segment": None if stands.segment == NOWHERE else stands.segment,
        "state": stands.state,
        "protected": why is None,
        "reason": None if why is None else str(why),
        "meaning": None if why is None else meaning(why),
    }
