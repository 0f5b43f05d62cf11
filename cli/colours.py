"""Colours for words of state: the word is always there too; whether colours are shown is the terminal's business."""

from collections.abc import Mapping

from kasugai.cli.tables import Painted, Part
from kasugai.core.words.incident import Phase

CODES: Mapping[str, str] = {
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


def phase_cell(head: str, text: str) -> Part:
    """Colour the column PHASE."""
    code = CODES.get(text.strip()) if head == "PHASE" else None
    return Painted(text, code) if code else text
