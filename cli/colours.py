"""Colours for words of state: the word is always there too, and none of it where nobody looks."""

from kasugai.cli.tables import Cell
from kasugai.cli.terminal import is_coloured
from kasugai.core.words.incident import Phase

CODES = {
    Phase.SUSPECTED: "33",
    Phase.OPENED: "36",
    Phase.RECOVERING: "36",
    Phase.HELD: "33",
    Phase.RECOVERED: "32",
    Phase.FAILED: "31",
    Phase.WITHDRAWN: "2",
    Phase.IGNORED: "2",
}
"""ANSI: yellow waits for somebody, cyan is under way, green is well, red is not, dim is past."""


def phase_cells() -> Cell | None:
    """Return what colours the column PHASE, or None."""
    return _paint if is_coloured() else None


def _paint(head: str, text: str) -> str:
    code = CODES.get(Phase(text.strip())) if head == "PHASE" else None
    return f"\x1b[{code}m{text}\x1b[0m" if code else text
