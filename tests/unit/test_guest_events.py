"""The table of a guest's failures, and the page that tells it."""

import re

from kasugai.core.words.guest_events import FAILURES, is_failure
from tests.support.sources import REPO


def test_the_page_has_every_event_that_is_a_failure_and_no_other() -> None:
    text = (REPO / "docs" / "recovery.md").read_text()
    section = text[text.index("### Which events are failures") :]
    told = re.findall(r"^\| `([A-Z_]+)` \| `([A-Z_]+)` \|", section, re.MULTILINE)
    assert set(told) == FAILURES and all(is_failure(*each) for each in told)


def test_an_ordinary_end_is_no_failure() -> None:
    assert not is_failure("LIFECYCLE", "STOPPED_SHUTDOWN")
    assert not is_failure("IO_ERROR", "STOPPED_FAILED"), "a failure is a pair"
