"""Operators' pages: one for every reason that a person may have to act on, and nothing that leads nowhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kasugai.core.words.verdicts import Reason

REPO = Path(__file__).resolve().parents[2]
PAGES = REPO / "docs" / "operators"
REASONS = PAGES / "reasons"

NEED_NOBODY = {
    "first-sighting",
    "waiting-for-witnesses",
    "waiting-to-confirm",
    "evidence-expired",
    "confirmed",
    "asserted",
    "power-off",
    "storage-closed",
    "cleared",
    "observed",
    "process-back",
    "host-back",
    "stop-over",
    "guest-gone",
    "guest-elsewhere",
    "restarted-since",
    "part-of-incident",
    "stale",
    "no-fact",
    "changed",
    "destinations-changed",
    "destination-died",
    "conductor-gave-up",
    "record-left-open",
    "back-off-over",
    "recovered",
    "nothing-done",
    "older-epoch",
    "not-its-owner",
    "not-open",
    "on-probation",
    "probation-over",
    "command",
    "not-waiting",
    "already-so",
    "nothing-to-approve",
    "no-limit",
    "no-evidence",
    "watchdog",
    "caller-failed",
}
"""Told, and never the reason of a hold, a veto, an alert or a failure. A new reason is added here or gets a page."""


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason not in NEED_NOBODY])
def test_a_reason_that_may_need_a_person_has_its_page(reason: Reason) -> None:
    text = (REASONS / f"{reason}.md").read_text()
    assert text.startswith(f"# {reason}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Look", "Do"]


def test_a_reason_needs_a_person_or_nobody() -> None:
    assert not {file.stem for file in REASONS.glob("*.md")} & NEED_NOBODY


def test_the_index_of_reasons_is_fresh() -> None:
    command = [sys.executable, "-c", "import draw_reasons; print(draw_reasons.render(), end='')"]
    drawn = subprocess.run(command, cwd=REPO / "tools", capture_output=True, text=True, check=True).stdout
    assert (REASONS / "README.md").read_text() == drawn, "type .venv/bin/python tools/draw_reasons.py"


@pytest.mark.parametrize("file", sorted(PAGES.rglob("*.md")), ids=lambda file: file.stem)
def test_no_link_leads_nowhere(file: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", file.read_text()):
        assert "://" in target or (file.parent / target).exists(), target


@pytest.mark.parametrize("file", sorted(PAGES.rglob("*.md")), ids=lambda file: file.stem)
def test_commands_are_spelt_as_the_command_line_spells_them(file: Path) -> None:
    """`kasugai NOUN VERB` of the pages exists."""
    from kasugai.cli.main import build_parser

    for words in re.findall(r"kasugai ((?:[a-z]+ )?[a-z]+)(?= |`|$)", file.read_text(), re.MULTILINE):
        noun, _, verb = words.partition(" ")
        nouns = build_parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
        if not isinstance(nouns, dict) or noun not in nouns:
            continue
        verbs = nouns[noun]._subparsers
        if verb and verbs is not None:
            assert verb in verbs._group_actions[0].choices, words
