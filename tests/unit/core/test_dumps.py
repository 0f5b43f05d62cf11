"""The gate before a host that dumps: until when the fence waits, and what ends the wait."""

from dataclasses import replace

import pytest

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.dumps import DUMPED, SILENT
from kasugai.core.deciding.rows import Condition, SegmentRow
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Source, Symptom
from kasugai.core.words.timing import Millis, SteadyTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, asked, condition, moment, row
from tests.unit.core.makers import segment as described

PATIENT = Policy(dump_wait=Millis(100 * S))


def dump(since: int = 0, seen: int | None = None) -> Condition:
    made = condition(Source.PEER, since, symptom=Symptom.DUMPING)
    return replace(made, seen=moment(since if seen is None else seen))


def gate(*conditions: Condition, at: int, policy: Policy = PATIENT, **about: object) -> Asked:
    where = SegmentRow(record=described(policy=policy))
    return asked(row=row(conditions=conditions, **about), deadline=SteadyTime(at), segment=where)


@pytest.mark.parametrize(
    ("conditions", "ends"),
    [
        ((dump(),), SILENT),
        ((dump(seen=30 * S),), 30 * S + SILENT),
        ((dump(seen=90 * S),), 100 * S),
        ((dump(since=40 * S, seen=120 * S), replace(dump(seen=60 * S), observer="host/9")), 100 * S),
    ],
)
def test_it_waits_for_the_last_word_and_for_no_longer_than_the_policy(
    conditions: tuple[Condition, ...], ends: int
) -> None:
    assert DUMPED.why(gate(*conditions, at=ends - 1)) is Reason.DUMPING
    assert DUMPED.why(gate(*conditions, at=ends)) is None
    assert DUMPED.wait(gate(*conditions, at=0)).until == ends
    assert "100 s from its first word at most" in DUMPED.detail(gate(*conditions, at=0), Reason.DUMPING)


def test_nobody_waits_without_a_dump_or_where_the_segment_does_not() -> None:
    assert DUMPED.why(gate(condition(), at=0)) is None and DUMPED.wait(gate(condition(), at=0)).until is None
    assert DUMPED.why(gate(dump(), at=0, policy=Policy())) is None


def test_power_that_is_off_and_a_trusted_word_end_the_wait() -> None:
    off = condition(Source.POWER, symptom=Symptom.OFF)
    fenced = condition(Source.REPORTED, asserted=True)
    assert DUMPED.why(gate(dump(), off, at=0)) is None
    assert DUMPED.why(gate(dump(), fenced, at=0)) is None
    assert DUMPED.why(gate(dump(), fenced, at=0, policy=replace(PATIENT, trust_assertions=False))) is not None
