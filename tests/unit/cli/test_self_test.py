"""The self-test of operators: fresh, and each answer stands in what its reader is given."""

import pytest

from tests.support.self_test import OUTAGES, PAGE, Outage, render, report_of, screen_of
from tests.unit.cli.test_report_page import Page

COMMAND = "type: .venv/bin/python -m tests.support.self_test"


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text() == render(), COMMAND


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.scenario)
def test_an_outages_report_is_fresh(outage: Outage) -> None:
    assert outage.file.read_text() == report_of(outage), COMMAND


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.scenario)
def test_every_answer_stands_in_the_screen_or_in_the_report(outage: Outage) -> None:
    seen = f"{screen_of(outage)}\n{Page(report_of(outage)).text}"
    for question in outage.questions:
        assert question.stands
        for words in question.stands:
            assert words in seen, (question.ask, words)
