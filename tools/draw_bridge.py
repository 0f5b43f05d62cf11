"""Writes the table of docs/operators/bridge.md: `.venv/bin/python tools/draw_bridge.py`."""

from pathlib import Path

from kasugai.bridge.reading.page import render

PAGE = Path(__file__).resolve().parents[1] / "docs" / "operators" / "bridge.md"

if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text()))
