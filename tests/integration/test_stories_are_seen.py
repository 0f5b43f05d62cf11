"""Every panel's query and every alert's expression, asked of a real Prometheus that holds what was scraped of a story:
each gives an answer in the story that is named for it, and an alert's lasts for as long as it must to ring.

Simulated stories are played in virtual time (tests/support/story_metrics.py); what they cannot have (a loop that stands
still, an API that fails) or what takes days is taken from the stories of alerts_test.in.yml.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from kasugai.sim.cloud.world import NEW_YEAR
from kasugai.sim.lab.grammar import read
from tests.support.kafka import REPO
from tests.support.prometheus_archive import PrometheusArchive
from tests.support.spoken_series import UNITS, recorded, step_of, stories

pytestmark = [pytest.mark.integration]

BOARDS = {
    file.stem: json.loads(file.read_text())
    for file in (REPO / "deploy/grafana/dashboards").glob("kasugai-*.json")
}
"""The pipeline's own is asked of real processes: tests/integration/test_operable.py."""
RULES = yaml.safe_load((REPO / "deploy/prometheus/alerts.yml").read_text())["groups"][0]["rules"]
SPOKEN = {story["name"]: story for story in stories(REPO / "deploy/prometheus/alerts_test.in.yml")}
OUTAGE = "an-outage"
BAD_DAY = "a bad day says what is wrong"
HOURS = "what stands for hours rings when it has"
DAYS = "what is forgotten rings after a day and after a week"
WITNESS = "a witness that has given no opinion for ten minutes is missing, and those that see are not"
DEVICE = "a fence device that no observer reaches rings, and one that another reaches does not"
LIES = "an-agent-that-lies"
BLAST = "blast-fourteen-hosts-of-one-pdu"

PANELS = {
    "Words without a proof": LIES,
    "Failed together": BLAST,
}
"""The story in which a panel shows something, where it is not the outage."""
ALERTS = {
    "KasugaiDeadMansSwitch": OUTAGE,
    "KasugaiHostIncident": OUTAGE,
    "KasugaiHeld": OUTAGE,
    "KasugaiStorm": "storm-of-20-for-60s",
    "KasugaiFailedTogether": BLAST,
    "KasugaiAlert": "destination-starts-nothing",
    "KasugaiInsufficientEvidence": OUTAGE,
    "KasugaiRecoveryFailed": "retried-by-command",
    "KasugaiRecoveryRunsLong": HOURS,
    "KasugaiGuestStuck": HOURS,
    "KasugaiProcessAbsent": BAD_DAY,
    "KasugaiProcessDown": OUTAGE,
    "KasugaiNumbersAbsent": BAD_DAY,
    "KasugaiLoopStandsStill": BAD_DAY,
    "KasugaiBehind": BAD_DAY,
    "KasugaiLivenessBlind": BAD_DAY,
    "KasugaiApiFailing": BAD_DAY,
    "KasugaiCapacityBelowOneHost": BAD_DAY,
    "KasugaiRoomOld": BAD_DAY,
    "KasugaiHostUnprotected": HOURS,
    "KasugaiHostsInNoSegment": OUTAGE,
    "KasugaiEvidenceSourceSilent": WITNESS,
    "KasugaiFenceDeviceSilent": DEVICE,
    "KasugaiAgentKeysRefused": LIES,
    "KasugaiReceiverAway": BAD_DAY,
    "KasugaiNotReady": BAD_DAY,
    "KasugaiRestarts": BAD_DAY,
    "KasugaiDeadLetters": BAD_DAY,
    "KasugaiUnreadable": BAD_DAY,
    "KasugaiBridgeHearsNothing": BAD_DAY,
    "KasugaiBridgeCannotRead": BAD_DAY,
    "KasugaiHeldOnAHost": BAD_DAY,
    "KasugaiHostOut": DAYS,
    "KasugaiServiceDisabled": DAYS,
}
"""The story in which an alert rings."""


@dataclass(frozen=True, slots=True)
class Story:
    """A story that can be asked."""

    archive: PrometheusArchive
    begin: float
    end: float
    step: float

    def answers(self, expression: str) -> tuple[Any, ...]:
        """Return what an expression gives over the whole of it."""
        filled = expression.replace("$__rate_interval", "1m").replace("$__range", "1h")
        for variable, value in (("$segment", ".*"), ("$hostname", ".*"), ("$objective", "300")):
            filled = filled.replace(variable, value)
        return self.archive.over(filled, self.begin, self.end, self.step)


class Library:
    """Stories by name, each played when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stories: dict[str, Story] = {}

    def story(self, name: str) -> Story:
        """Return one."""
        if name not in self._stories:
            self._stories[name] = self._spoken(name) if name in SPOKEN else self._simulated(name)
        return self._stories[name]

    def close(self) -> None:
        """Stop all servers."""
        for story in self._stories.values():
            story.archive.__exit__()

    def _simulated(self, name: str) -> Story:
        here = REPO / "tests" / "looks" / f"{name}.scenario"
        scenario = here if here.exists() else REPO / "tests" / "scenarios" / f"{name}.scenario"
        out = self._folder / f"{name}.txt"
        command = [sys.executable, "-m", "tests.support.story_metrics", str(scenario), str(out)]
        subprocess.run(command, check=True, cwd=REPO)
        return self._asked(out, NEW_YEAR + read(scenario).end, 15.0)

    def _spoken(self, name: str) -> Story:
        text, end = recorded(SPOKEN[name], NEW_YEAR)
        out = self._folder / f"{len(self._stories)}.txt"
        out.write_text(text)
        return self._asked(out, end, step_of(SPOKEN[name]))

    def _asked(self, recording: Path, end: float, step: float) -> Story:
        return Story(PrometheusArchive(recording, step).__enter__(), NEW_YEAR, end, step)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Nothing has been played yet."""
    library = Library(tmp_path_factory.mktemp("stories"))
    try:
        yield library
    finally:
        library.close()


QUERIES = [
    pytest.param(
        PANELS.get(panel["title"], OUTAGE), target["expr"], id=f"{uid}: {panel['title']} {target['refId']}"
    )
    for uid, board in sorted(BOARDS.items())
    for panel in board["panels"]
    for target in panel.get("targets", [])
] + [
    pytest.param(OUTAGE, note["target"]["expr"], id=f"{uid}: {note['name']}")
    for uid, board in sorted(BOARDS.items())
    for note in board["annotations"].get("list", [])
    if "expr" in note["target"]  # others are Grafana's own
]


@pytest.mark.parametrize(("story", "query"), QUERIES)
def test_a_panel_shows_something_in_its_story(library: Library, story: str, query: str) -> None:
    assert library.story(story).answers(query), f"no answer in {story}: {query}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_rings_in_its_story(library: Library, rule: Mapping[str, Any]) -> None:
    story = library.story(ALERTS[rule["alert"]])
    lasts = int(rule["for"][:-1]) * (UNITS | {"d": 86_400})[rule["for"][-1]]
    runs = [_longest(each.samples, story.step) for each in story.answers(rule["expr"])]
    assert max(runs, default=-1.0) >= lasts, (
        f"{rule['alert']} does not ring in {ALERTS[rule['alert']]}: {runs}"
    )


def _longest(samples: tuple[tuple[float, float], ...], step: float) -> float:
    """Return for how long a series was there without a gap."""
    longest, since, before = 0.0, samples[0][0], samples[0][0]
    for at, _ in samples:
        since = at if at - before > 1.5 * step else since
        longest, before = max(longest, at - since), at
    return longest


@pytest.mark.parametrize("uid", sorted(BOARDS))
def test_a_variable_has_values(library: Library, uid: str) -> None:
    archive = library.story(OUTAGE).archive
    for variable in BOARDS[uid]["templating"]["list"]:
        if variable["type"] != "query":
            continue
        match, label = variable["query"]["query"].removeprefix("label_values(").rstrip(")").rsplit(", ", 1)
        assert len(archive.values(label, match.replace("$segment", ".*"))) > 1


def test_every_alert_has_a_story_and_no_story_an_alert_that_is_not() -> None:
    assert set(ALERTS) == {rule["alert"] for rule in RULES}
    titles = {panel["title"] for board in BOARDS.values() for panel in board["panels"]}
    assert set(PANELS) <= titles
