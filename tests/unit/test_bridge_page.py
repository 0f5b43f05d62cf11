"""The page about Nova's notifications says what the code does, and each row's story exists."""

import pytest

from kasugai.bridge.reading.page import render
from kasugai.bridge.reading.table import TABLE, Becomes, Row
from tests.support.sources import REPO

PAGE = REPO / "docs" / "operators" / "bridge.md"
SCENARIOS = REPO / "tests" / "scenarios"


def test_the_page_is_fresh() -> None:
    assert render(PAGE.read_text()) == PAGE.read_text(), "type .venv/bin/python tools/draw_bridge.py"


def test_a_page_without_a_place_for_the_table_is_not_written() -> None:
    with pytest.raises(ValueError, match="has no lines"):
        render("# Another page\n")


@pytest.mark.parametrize("row", [row for row in TABLE if row.story], ids=lambda row: row.story)
def test_the_story_of_a_row_is_told_with_novas_notifications(row: Row) -> None:
    assert "\n  nova notifies" in (SCENARIOS / f"{row.story}.scenario").read_text()


def test_whatever_is_published_has_a_story() -> None:
    told = {row.becomes for row in TABLE if row.story}
    assert told == set(Becomes)
