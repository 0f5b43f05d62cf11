"""An incident as a scenario: written, played, and held beside what was.

A scenario plays the world again and not the record, so it may end otherwise; whoever writes it says so.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kasugai.cli.exporting.cloud import Cast, cloud
from kasugai.cli.exporting.material import Material, gather
from kasugai.cli.exporting.script import Script
from kasugai.cli.finding import find
from kasugai.cli.incident_text import short, stamp
from kasugai.cli.replaying.past import Past
from kasugai.core.telling.comparing import Story, Window, stories
from kasugai.core.telling.incident_views import IncidentView, Seen, fold
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.codec import Undecodable, decode
from kasugai.schemas.recordings import ROWS, opened
from kasugai.schemas.topics import SIGNALS
from kasugai.sim.lab.grammar import Scenario, read_text
from kasugai.sim.lab.runner import record

EVER = Window(begin=BrokerTime(0), end=BrokerTime(1 << 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A scenario, and how it goes."""

    text: str
    """With the log of how it goes."""
    was: Story
    plays: Story | None
    """The incident about the same subject that it ends with; None: it opens none."""
    broken: tuple[str, ...]
    """Violated invariants: an error of the simulator, or of ours."""

    @property
    def differences(self) -> list[str]:
        """Return in what its end is another one; none: it ends as it did."""
        if self.plays is None:
            return ["no incident is opened"]
        pairs = [
            ("it was opened as", self.was.why, self.plays.why),
            ("it ended as", str(self.was.end), str(self.plays.end)),
            ("fencings", str(self.was.fencings), str(self.plays.fencings)),
            ("guests moved", str(self.was.moves), str(self.plays.moves)),
        ]
        return [f"{what}: {was}, and here {plays}" for what, was, plays in pairs if was != plays]


def seen_in(path: Path) -> list[Seen]:
    """Return what was decided and done, by a recording."""
    past = Past()
    with opened(path) as recording:
        for entry in recording.entries:
            if entry.topic in (SIGNALS, ROWS):
                continue
            try:
                past.add(decode(entry.frame), entry.stamp)
            except Undecodable:
                continue
    return past.seen


def export(path: Path, wanted: str) -> Exported:
    """Return the scenario of an incident of a recording, by the beginning of its id or the name of what it is about.
    SaidNo where there is none."""
    seen = seen_in(path)
    view = find([view for view in fold(seen) if view.incident is not None], wanted)
    with opened(path) as recording:
        material = gather(view, recording.entries, seen)
    text = _text(material)
    scenario = read_text(Path(f"{short(view)}.scenario"), text)
    return _played(scenario, text, view, seen)


def _text(material: Material) -> str:
    cast = Cast(material)
    script = [f"  {line}" for line in Script(material, cast).lines()]
    stage = [f"  {line}" for line in cloud(material, cast)]
    return "\n".join([*_head(material, cast.unknown), "", "cloud", *stage, "", "script", *script, ""])


def _head(material: Material, unknown: Sequence[str]) -> list[str]:
    view = material.view
    lines = [
        f"Incident {short(view)}: {view.subject.title}, {view.why}.",
        "",
        f"Exported from what was recorded between {stamp(material.begin)} and {stamp(material.end)}.",
        "What observers said is said again; what had happened for it is concluded, and so is what Nova knew.",
    ]
    told = list(dict.fromkeys(unknown))
    return [*lines, *(["", "Not told here:", *(f"* {each}" for each in told)] if told else [])]


def _played(scenario: Scenario, text: str, view: IncidentView, seen: Sequence[Seen]) -> Exported:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "played.recording"
        with path.open("wb") as file:
            run = record(scenario, file)
        plays = stories(seen_in(path), EVER)
    (was,) = (story for story in stories(seen, EVER) if story.incident == view.incident)
    own = [story for story in plays if _is_same(story, was)]
    return Exported(
        text=f"{text}\nlog\n{run.log}",
        was=was,
        plays=replace(own[0], incident=was.incident) if own else None,
        broken=run.broken,
    )


def _is_same(story: Story, was: Story) -> bool:
    """A guest of the simulator has another uuid; there is one incident of a kind on a host in a story, or the first."""
    same = story.subject.kind == was.subject.kind and story.subject.host == was.subject.host
    return same and story.undoes == was.undoes
