"""Writes deploy/kasugai.conf.sample from the options: `.venv/bin/python tools/draw_settings.py`."""

from pathlib import Path

from kasugai.adapters.settings.sample import render

SAMPLE = Path(__file__).resolve().parents[1] / "deploy" / "kasugai.conf.sample"

if __name__ == "__main__":
    SAMPLE.write_text(render())
