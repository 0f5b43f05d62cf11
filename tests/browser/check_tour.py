"""`status`, `doctor`, `explain`, `incident report`, `whatif`, `record` and `replay` on the demo (`make tour`): held to
what they should say there.
Their output is written to docs/operators/tour.md as it was printed.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.chromium import Chromium
from tests.support.sources import REPO

WITHIN = 200
PAGE = REPO / "docs" / "operators" / "tour.md"
PICTURE = REPO / "docs" / "pictures" / "report-demo.png"
CONF = "demo.conf"
"""What the page calls the demo's settings."""
HEAD = """\
# A tour of the demo

Drawn by `make tour` on `kasugai demo --keep`: do not edit. What the commands print for people, word for word but for
names of files and ports. The demo says at its end where its settings are; here that file is called `demo.conf`.
"""


LOWER = "demo: max-unhealthy 20 in the place of 50"
SAME = """\
incidents  1 as they were
decisions  4 as they were
fencings   as they were
moves      as they were
"""


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo that has played its story and keeps running."""

    conf: str
    folder: Path

    def type(self, *words: str, code: int = 0) -> str:
        """Return what a command prints on the demo."""
        done = subprocess.run(
            [sys.executable, "-m", "kasugai.cli", *words, "--config-file", self.conf],
            capture_output=True,
            text=True,
            timeout=WITHIN,
            check=False,
            cwd=self.folder,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def shown(self, text: str) -> str:
        """Return a text without what differs from machine to machine."""
        text = text.replace(self.conf, CONF).replace(str(Path(self.conf).parent), "/tmp/kasugai-demo")
        return re.sub(r"127\.0\.0\.1:(?!15868)\d+", "127.0.0.1:9092", text)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "kasugai.cli", "demo", "--keep"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"TMPDIR": str(folder)},
    ) as child:
        try:
            yield Demo(_conf(child), folder)
        finally:
            child.send_signal(signal.SIGINT)


def _conf(child: "subprocess.Popen[str]") -> str:
    """Wait for the end of the story, and return where its settings are."""
    assert child.stdout is not None
    told = []
    for line in child.stdout:
        told.append(line)
        if line.startswith("Ctrl-C ends it"):
            break
    story = "".join(told)
    assert "All 12 instances are back" in story, story
    found = re.search(r"incident list --config-file (\S+)", story)
    assert found is not None, story
    return found[1]


@pytest.mark.timeout(600)
def test_the_commands_say_on_the_demo_what_happened(demo: Demo) -> None:
    status = demo.type("status")
    assert "well, but for what somebody has ordered or can wait for the day" in status
    assert re.search(r"^demo +cmp1 +out of service since its recovery", status, re.MULTILINE)
    known, unknown = demo.type("explain", "cmp1"), demo.type("explain", "cmp2")
    assert "open cmp1 (power-off)" in known and "not protected (out)" in known
    assert "cmp2 in segment demo is in-service, and nothing is known against it" in unknown
    doctor = demo.type("doctor")
    for part in (
        "settings",
        "kafka",
        "clocks",
        "policies",
        "agents",
        "redis",
        "nova",
        "bridge",
        "power",
        "api",
    ):
        assert re.search(rf"^(ok|!!|--|\?\?) +{part} ", doctor, re.MULTILINE), doctor
    name = demo.type("incident", "report", "cmp1").strip()
    _look(demo.folder / name)
    sections = {
        "How things stand": ("status", status),
        "Why, and what of the host now": ("explain cmp1", known),
        "A host to which nothing happened": ("explain cmp2", unknown),
        "What it stands on": ("doctor", doctor),
        **_forecasts(demo),
        **_replays(demo),
        "One page for the ticket": ("incident report cmp1", name),
    }
    told = "".join(
        f"\n## {title}\n\n```\n$ kasugai {words} --config-file {CONF}\n{demo.shown(text).rstrip()}\n```\n"
        for title, (words, text) in sections.items()
    )
    PAGE.write_text(f"{HEAD}{told}\n![the report](../pictures/{PICTURE.name})\n")


def _forecasts(demo: Demo) -> dict[str, tuple[str, str]]:
    """Ask what the next failure would do: cmp1 is out, and nobody goes there."""
    survive = demo.type("whatif", "survive")
    assert re.search(r"^demo +4 +2 +0 ", survive, re.MULTILINE), survive
    one = demo.type("whatif", "lose", "cmp2")
    count = re.match(r"If cmp2 were lost: (\d+) guests: \1 fits\n", one)
    assert count is not None and int(count[1]) > 0, one
    assert len(re.findall(r"^cmp2 +\S+ +fits +cmp[34] ", one, re.MULTILINE)) == int(count[1]), one
    two = demo.type("whatif", "lose", "cmp2", "cmp3", code=1)
    assert re.search(r"^cmp3 +demo +held: storm$", two, re.MULTILINE), two
    return {
        "Would the next failure be survived": ("whatif survive", survive),
        "Where everybody would go": ("whatif lose cmp2", one),
        "Two at once": ("whatif lose cmp2 cmp3", two),
    }


def _replays(demo: Demo) -> dict[str, tuple[str, str]]:
    """Record the outage, and decide it again: no other decision, nor by a threshold that one host does not reach."""
    record = "record --from 1h --to 5s -o demo.recording"
    recorded = demo.type(*record.split())
    assert re.match(r"demo\.recording: \d+ records, compared from ", recorded), recorded
    same = demo.type("replay", "demo.recording")
    assert same.endswith(SAME), same
    (demo.folder / "lower.yaml").write_text("name: demo\npolicy: {max-unhealthy: 20}\n")
    lower = "replay demo.recording --policy lower.yaml --diff"
    lowered = demo.type(*lower.split())
    assert LOWER in lowered and lowered.endswith(SAME), lowered
    return {
        "Recorded": (record, recorded),
        "Decided again": ("replay demo.recording", same),
        "Under another policy, which holds storms earlier: one host is none": (lower, lowered),
    }


def _look(file: Path) -> None:
    with Chromium() as browser:
        browser.show(file, width=1280)
        text = browser.value("document.body.innerText")
        assert "Host cmp1 of segment demo failed with 12 guests." in text
        assert "12 of 12 guests went to other hosts" in text and browser.complaints == []
        browser.picture(PICTURE, height=1400)
