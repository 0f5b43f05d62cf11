"""One frame of the live view: the steps as a checklist with elapsed times, one bar for the instances. Pure."""

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from kasugai.cli.incident_text import Names, segment_name, short
from kasugai.cli.tables import took
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
    if view.plan is not None:
        parts.append(_bar(view))
    story = [Text(line.text(view.since), style="dim", no_wrap=True) for line in timeline(view.records)]
    return Group(*parts, Text(""), *story[-SENTENCES:])


def _head(view: IncidentView, names: Names, end: Instant) -> Text:
    return Text.assemble(
        (f"incident {short(view)}", "bold"),
        f"  host {view.host}  segment {segment_name(view, names)}  ",
        (str(view.phase), "bold"),
        f"  {took(Millis(end - view.since))}  {view.why}",
        no_wrap=True,
        overflow="ellipsis",
    )


def _checklist(view: IncidentView, now: Instant) -> Table:
    grid = Table.grid(padding=(0, 2))
    for _ in range(4):
        grid.add_column()
    for step in view.steps.values():
        style = STYLES[step.word]
        name = step.step.name or step.step.subject
        grid.add_row(
            Text(f"  {MARKS[step.word]}", style),
            Text(f"{step.step.action} {name}", style),
            elapsed(step, now),
            _why(step),
        )
    return grid


def elapsed(step: StepView, now: Instant) -> str:
    """Return how long a step has been under way, or took."""
    if step.began is None or step.word == StepState.ABSOLVED:
        return ""
    return took(Millis((step.ended or now) - step.began))


def _why(step: StepView) -> Text:
    return Text(step.record.reason if step.record else "", "dim", no_wrap=True, overflow="ellipsis")


def _bar(view: IncidentView) -> Table:
    grid = Table.grid(padding=(0, 2))
    done, total = view.instances_done, len(view.instances)
    grid.add_row(
        "  instances",
        ProgressBar(total=total or 1, completed=done, width=BAR),
        view.progress,
    )
    return grid
