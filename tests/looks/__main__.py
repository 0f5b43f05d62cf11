"""Draws each dashboard's preview, by day and by night, on a screen and on a telephone: `make dashboards-look`.

It plays the stories, has a Prometheus of its own answer every panel's query, makes a page of each dashboard's JSON with
these answers, and lets Chromium take pictures of it.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.looks.answers import preview
from tests.looks.moments import MOMENTS, Moment
from tests.looks.page import page
from tests.looks.pictures import Unsightly, take
from tests.support.chromium import Chromium
from tests.support.prometheus_archive import PrometheusArchive

REPO = Path(__file__).resolve().parents[2]
BOARDS = REPO / "deploy" / "grafana" / "dashboards"
PLOTLY = Path("plotly", "package_data", "plotly.min.js")
"""Where plotly's wheel carries it, below site-packages."""


def main() -> None:
    """Draw as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.looks")
    parser.add_argument(
        "--plotly", type=Path, required=True, help="an environment in which plotly is installed"
    )
    parser.add_argument("--out", type=Path, default=REPO / ".cache" / "looks", help="where the pages go")
    parser.add_argument(
        "--pictures", type=Path, default=REPO / "docs" / "pictures", help="where the pictures go"
    )
    parser.add_argument("--keep", action="store_true", help="draw what was recorded before, play nothing")
    said = parser.parse_args()
    said.out.mkdir(parents=True, exist_ok=True)
    (script,) = said.plotly.glob(f"lib/python*/site-packages/{PLOTLY}")
    for drawn in _drawn(said.out, script, keep=said.keep):
        with Chromium() as browser:
            for picture in take(browser, drawn, said.pictures):
                sys.stdout.write(f"{picture.relative_to(REPO)}, {picture.stat().st_size // 1000} kB\n")


def _drawn(out: Path, script: Path, *, keep: bool) -> Iterator[Path]:
    """Give the page of each dashboard once it is drawn."""
    recordings: dict[str, Path] = {}
    with ExitStack() as stack:
        archives: dict[str, PrometheusArchive] = {}
        for moment in MOMENTS:
            if moment.story not in recordings:
                recordings[moment.story] = _recorded(moment, out, keep=keep)
                archive = PrometheusArchive(recordings[moment.story], moment.every)
                archives[moment.story] = stack.enter_context(archive)
            drawn = out / f"{moment.board}.html"
            shown = preview(BOARDS / f"{moment.board}.json", moment, archives[moment.story])
            drawn.write_text(page(shown, script))
            yield drawn


def _recorded(moment: Moment, out: Path, *, keep: bool) -> Path:
    recording = out / f"{moment.story}.txt"
    if keep and recording.exists():
        return recording
    scenario = REPO / "tests" / "looks" / f"{moment.story}.scenario"
    command = ["tests.support.story_metrics", str(scenario), str(recording), "--every", f"{moment.every:g}"]
    subprocess.run([sys.executable, "-m", *command], check=True, cwd=REPO)
    return recording


if __name__ == "__main__":
    try:
        main()
    except Unsightly as error:
        raise SystemExit(f"looks: {error}") from None
