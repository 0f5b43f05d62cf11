"""Writes docs/metrics.md anew from the catalogue of metrics; tests say when that is due."""

from pathlib import Path

from kasugai.adapters.telemetry.page import render

if __name__ == "__main__":
    (Path(__file__).resolve().parents[1] / "docs" / "metrics.md").write_text(render())
