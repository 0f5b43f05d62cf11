"""The operators' page names tests; each of them is there."""

import re

from tests.support.sources import REPO

PAGE = REPO / "docs" / "operators" / "agent-clusters.md"


def test_the_tests_that_the_page_names_are_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text()))
    folders = (REPO / "tests" / "unit" / "agents", REPO / "tests" / "integration" / "agents")
    there = {
        name
        for folder in folders
        for file in folder.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    assert len(named) > 25
    assert named - there == set()
