"""Writes docs/topics.md from the contract files: `.venv/bin/python tools/draw_topics.py`."""

from pathlib import Path

from kasugai.schemas.page import render
from kasugai.schemas.topics import contracts

PAGE = Path(__file__).resolve().parents[1] / "docs" / "topics.md"

if __name__ == "__main__":
    PAGE.write_text(render(contracts().values()))
