"""Writes deploy/grafana/dashboards: `.venv/bin/python tools/draw_dashboard.py`; see the tests.

For a site of one's own: `--runbooks https://wiki.example.org/kasugai --out DIR`.
"""

import argparse
from pathlib import Path

from dashboards import incident, now, pipeline, promise, readiness
from dashboards.grafana import render

FOLDER = Path(__file__).resolve().parents[1] / "deploy" / "grafana" / "dashboards"
RUNBOOKS = "file:///usr/share/doc/kasugai/operators"
BOARDS = (now.BOARD, incident.BOARD, readiness.BOARD, promise.BOARD, pipeline.BOARD)


def main() -> None:
    """Draw as the command line says."""
    parser = argparse.ArgumentParser(description="Draw the dashboards for Grafana.")
    parser.add_argument("--runbooks", default=RUNBOOKS, help="where docs/operators can be read")
    parser.add_argument("--out", type=Path, default=FOLDER, help="the folder to write to")
    said = parser.parse_args()
    for board in BOARDS:
        (said.out / f"{board.uid}.json").write_text(render(board, said.runbooks.rstrip("/")))


if __name__ == "__main__":
    main()
