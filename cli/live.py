"""One frame of the live view: the steps as a checklist with elapsed times, one bar for the instances. Pure."""

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table

from kasugai.cli.incident_text import Names, segment_name, short
from kasugai.cli.tables import took
from kasugai.cli.terminal import words
from kasugai.core.telling.incident_views import IncidentView
from kasugai.core.telling.progress import StepView
from kasugai.core.telling.timeline import timeline
from kasugai.core.words.facts import StepState
from kasugai.core.words.timing import Instant, Millis

STYLES = {
    "done": "green",
    "failed": "red",
    "started": "cyan",
    "unsure": "yellow",
    "absolved": "yellow",
    "waiting": "dim",
}
MARKS = {"done": "✓", "failed": "✗", "started": "…", "unsure": "?", "absolved": "·", "waiting": "·"}
SENTENCES = 6
"""The last sentences that are shown."""
BAR = 30


def frame(view: IncidentView, names: Names, now: Instant) -> RenderableType:
    """Return the frame of this instant."""
    end = view.until or now
    parts: list[RenderableType] = [_head(view, names, end), _checklist(view, now)]
    if view.plan is not None and view.subject.is_host:
        parts.append(_bar(view))
    story = [words(line.text(view.since), "dim", one_row=True) for line in timeline(view.records)]
    return Group(*parts, words(""), *story[-SENTENCES:])


def _head(view: IncidentView, names: Names, end: Instant) -> RenderableType:
    head = words(f"incident {short(view)}", "bold", one_row=True)
    head.append_text(
        words(f"  {view.subject.kind} {view.called}  segment {segment_name(view, names)}  ", "not bold")
    )
    head.append_text(words(str(view.phase), "bold"))
    return head.append_text(words(f"  {took(Millis(end - view.since))}  {view.why}", "not bold"))


def _checklist(view: IncidentView, now: Instant) -> Table:
    grid = Table.grid(padding=(0, 2))
    for _ in range(4):
        grid.add_column()
    for step in view.steps.values():
        style = STYLES[step.word]
        name = step.step.name or step.step.subject
        grid.add_row(
            words(f"  {MARKS[step.word]}", style),
            words(f"{step.step.action} {name}", style),
            elapsed(step, now),
            words(step.record.reason if step.record else "", "dim", one_row=True),
        )
    return grid


def elapsed(step: StepView, now: Instant) -> str:
    """Return how long a step has been under way, or took."""
    if step.began is None or step.word == StepState.ABSOLVED:
        return ""
    return took(Millis((step.ended or now) - step.began))


def _bar(view: IncidentView) -> Table:
    grid = Table.grid(padding=(0, 2))
    done, total = view.instances_done, len(view.instances)
    grid.add_row(
        "  instances",
        ProgressBar(
            total=total or 1,
            completed=done,
            width=BAR,
            style="dim",
            complete_style="cyan",  # rich's own would look like an alarm
            finished_style="green",
        ),
        view.progress,
    )
    return grid
