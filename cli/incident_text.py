"""Incidents as tables, pages and JSON: values in, text out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from kasugai.cli.colours import phase_cell
from kasugai.cli.tables import Column, Line, age, table, took
from kasugai.core.telling.incident_views import SHORT, IncidentView
from kasugai.core.telling.progress import StepView
from kasugai.core.telling.timeline import timeline
from kasugai.core.words.actions import About
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import DISKS
from kasugai.core.words.policy import Fencing
from kasugai.core.words.timing import Instant, Millis

COLUMNS = (
    Column("INCIDENT"),
    Column("SUBJECT"),
    Column("SEGMENT"),
    Column("PHASE"),
    Column("STEPS", right=True),
    Column("INSTANCES", right=True),
    Column("AGE", right=True),
    Column("WHY"),
)

Names = Mapping[str, str]
"""Segments' names by id."""


def short(view: IncidentView) -> str:
    """Return the beginning of the incident's id."""
    return str(view.incident)[:SHORT] if view.incident else "-"


def listed(views: Sequence[IncidentView], names: Names, now: Instant, width: int | None) -> list[Line]:
    """Return the table of `incident list`."""
    return table(COLUMNS, [_row(view, names, now) for view in views], width, phase_cell)


def _row(view: IncidentView, names: Names, now: Instant) -> tuple[str, ...]:
    return (
        short(view),
        view.called,
        segment_name(view, names),
        str(view.phase),
        f"{view.steps_done}/{len(view.steps)}" if view.plan else "-",
        f"{view.instances_done}/{len(view.instances)}" if _has_instances(view) else "-",
        age(Millis(now - view.since)),
        view.why,
    )


def _has_instances(view: IncidentView) -> bool:
    return view.plan is not None and (view.subject.is_host or bool(view.instances))


def segment_name(view: IncidentView, names: Names) -> str:
    """Return the segment's name, or the beginning of its id when the inventory has forgotten it."""
    return names.get(view.segment) or view.segment[:SHORT]


def page(view: IncidentView, names: Names, now: Instant, width: int | None = None) -> list[str]:
    """Return the page of `incident show`: head, timeline, and where each instance's steps stand."""
    steps = ["", *_guests(view, width)] if view.plan is not None else []
    return [*_head(view, names, now), "", *_story(view), *steps]


def _head(view: IncidentView, names: Names, now: Instant) -> list[str]:
    took_or_age = (
        f"took {took(Millis(view.until - view.since))}"
        if view.until
        else f"{age(Millis(now - view.since))} ago"
    )
    facts = {
        "incident": str(view.incident or "none was opened"),
        **_about(view),
        "host": view.host,
        "segment": segment_name(view, names),
        "phase": str(view.phase),
        "why": view.why,
        "opened": f"{stamp(view.since)} ({took_or_age})",
        **_unfenced(view),
        "attempt": f"{view.attempt}, {view.owners} owner{'' if view.owners == 1 else 's'} so far",
        **_progress(view),
    }
    return [f"{name + ':':<11}{text}" for name, text in facts.items()]


def _about(view: IncidentView) -> dict[str, str]:
    """Name the instance or the process; a host has a line of its own."""
    if view.subject.is_host:
        return {}
    name = f" ({view.guest})" if view.guest else ""
    return {str(view.subject.kind): f"{view.subject.detail}{name}"}


def _progress(view: IncidentView) -> dict[str, str]:
    if view.subject.is_host:
        return {"instances": f"{view.progress}{_at_a_time(view)}" if view.plan else "no plan yet"}
    return {"steps": f"{view.steps_done} of {len(view.steps)} are done" if view.plan else "no plan yet"}


def _unfenced(view: IncidentView) -> dict[str, str]:
    """Say so where the incident's policy asks for no fence."""
    orders = [seen.value for seen in view.records if isinstance(seen.value, Open)]
    if not view.subject.is_host or not orders or orders[-1].policy.fence is not Fencing.NONE:
        return {}
    seconds = orders[-1].policy.unfenced_wait // 1000
    return {"fencing": f"NONE is asked for: where nothing else proves it, {seconds} s of silence are enough"}


def _at_a_time(view: IncidentView) -> str:
    return f", up to {view.window} at a time" if view.window else ""


def _story(view: IncidentView) -> list[str]:
    return ["timeline", *(f"  {line.text(view.since)}" for line in timeline(view.records))]


def _guests(view: IncidentView, width: int | None) -> list[str]:
    names = _names(view)
    tells_disks = any(DISKS in step.step.params for step in view.steps.values())
    columns = (
        Column("  SUBJECT"),
        Column("STEP"),
        Column("STATE"),
        Column("TOOK", right=True),
        *([Column("DISKS")] if tells_disks else []),
        Column("WHY"),
    )
    rows = [
        (
            f"  {names[step.step.subject]}",
            str(step.step.action),
            step.word,
            duration(step),
            *([step.step.params.get(DISKS, "-")] if tells_disks else []),
            step.record.reason if step.record else "",
        )
        for step in (*view.moved_before, *view.steps.values())
    ]
    left = [
        (f"  {guest}", "-", "left", "-", *(["-"] if tells_disks else []), reason)
        for guest, reason in (view.plan.excluded if view.plan else ())
    ]
    return ["steps", *table(columns, [*rows, *left], width)]


def _names(view: IncidentView) -> Mapping[str, str]:
    """Return what each subject is called; equal names with the beginning of the id."""
    steps = [step.step for step in (*view.moved_before, *view.steps.values())]
    names = {view.host: view.host} | {step.subject: step.name or step.subject for step in steps}
    several = {name for name, count in Counter(names.values()).items() if count > 1}
    return {
        subject: f"{name} ({subject[:SHORT]})" if name in several else name for subject, name in names.items()
    }


def duration(step: StepView) -> str:
    """Return how long a step took; `-` where it has no effect or no end."""
    if step.began is None or step.ended is None:
        return "-"
    return took(Millis(step.ended - step.began))


def as_json(view: IncidentView, names: Names) -> dict[str, Any]:
    """Return the stable form of a view."""
    return {
        "incident": str(view.incident) if view.incident else None,
        "kind": str(view.subject.kind),
        "subject": view.subject.name,
        "name": view.guest,
        "host": view.host,
        "segment": segment_name(view, names),
        "segment_id": view.segment,
        "phase": str(view.phase),
        "why": view.why,
        "opened_at": stamp(view.since),
        "closed_at": stamp(view.until) if view.until else None,
        "attempt": view.attempt,
        "epoch": view.epoch,
        "steps": [_step_json(step) for step in view.steps.values()],
        "instances": {
            "total": len(view.instances),
            "done": view.instances_done,
            "window": view.window,
            "left": [{"instance": guest, "reason": reason} for guest, reason in view.plan.excluded]
            if view.plan
            else [],
        },
    }


def _step_json(step: StepView) -> dict[str, Any]:
    is_host = step.step.words.about is About.HOST
    return {
        "step": step.step.key,
        "action": str(step.step.action),
        "subject": step.step.subject,
        "name": step.step.subject if is_host else step.step.name,
        "state": step.word,
        "tries": step.record.tries if step.record else 0,
        "reason": step.record.reason if step.record else "",
        "destination": step.record.destination if step.record else "",
        "disks": step.step.params.get(DISKS, ""),
        "began_at": stamp(step.began) if step.began else None,
        "ended_at": stamp(step.ended) if step.ended else None,
    }


def timeline_json(view: IncidentView) -> list[dict[str, str]]:
    """Return the stable form of a timeline."""
    return [
        {"at": stamp(line.at), "actor": line.actor, "sentence": line.sentence}
        for line in timeline(view.records)
    ]


def stamp(at: Instant) -> str:
    """Return a time as RFC 3339 says it, with milliseconds."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
