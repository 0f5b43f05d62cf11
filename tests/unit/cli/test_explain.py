"""`kasugai explain`: the reason with its sentence and the evidence; plain when piped, the API's keys in JSON."""

from dataclasses import replace

import pytest

from kasugai.api.own import shown as own
from kasugai.api.projection.subjects import verdicts_of
from kasugai.cli.exits import SaidNo
from kasugai.cli.explain import choose
from kasugai.cli.explain_text import as_json, page
from kasugai.core.telling.explain import Decided
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Reason, Verb
from tests.support.incidents import OPENED, START, decided
from tests.support.projections import UUID_1, naming, posted

HELD = replace(
    naming(decided(Verb.HOLD, Reason.DISARMED, None, detail="by ann"), posted()), also=(Reason.MAINTENANCE,)
)
TOLD = [
    Decided(BrokerTime(START), 0, HELD),
    Decided(BrokerTime(START + 1000), 1, replace(naming(OPENED, posted()), count=70)),
]


def test_each_verdict_says_why_and_on_what_evidence() -> None:
    assert page(TOLD).splitlines() == [
        "2026-11-18T11:06:40.000Z  hold cmp1 (disarmed)",
        "  because   The segment may not act: its description in the inventory says so.",
        "  also      maintenance: An operator set the host aside.",
        "  namely    by ann",
        f"  evidence  api says down (episode {UUID_1})",
        "",
        "2026-11-18T11:06:40.000Z  open cmp1 (confirmed)",
        "  because   Enough witnesses for long enough.",
        "  incident  7f3ca1b2",
        f"  evidence  api says down (episode {UUID_1})",
        "  evidence  69 more in other parts of this verdict",
    ]


def test_a_verdict_without_evidence_says_so() -> None:
    assert page([Decided(BrokerTime(START), 0, OPENED)]).endswith(
        "  evidence  1 more in other parts of this verdict"
    )
    assert page([Decided(BrokerTime(START), 0, replace(OPENED, count=0))]).endswith("  evidence  none stands")


def test_colours_are_for_terminals_only() -> None:
    assert "\x1b[" not in page(TOLD)
    assert page(TOLD, coloured=True).count("\x1b[0m") == 2


def test_json_is_what_the_api_answers() -> None:
    assert [as_json(each) for each in TOLD] == [own.verdict(view) for view in verdicts_of(TOLD)]


def test_what_nothing_was_decided_about_is_a_no_that_says_what_there_is() -> None:
    assert choose(TOLD, "cmp1") == TOLD
    with pytest.raises(
        SaidNo, match=r"nothing was decided about cmp2 \(but about host/cmp1\): kasugai incident"
    ):
        choose(TOLD, "cmp2")
    with pytest.raises(SaidNo, match=r"nothing was decided about cmp2: kasugai"):
        choose([], "cmp2")
