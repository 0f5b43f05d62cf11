"""Writes deploy/grafana/dashboards/kasugai.json: `.venv/bin/python tools/draw_dashboard.py`; see the tests."""

from pathlib import Path

from kasugai.adapters.telemetry.dashboard import render

FILE = Path(__file__).resolve().parents[1] / "deploy" / "grafana" / "dashboards" / "kasugai.json"

if __name__ == "__main__":
    FILE.write_text(render())
