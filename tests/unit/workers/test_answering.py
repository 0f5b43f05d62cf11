"""Which other incident of its subject an order finds in the way."""

from dataclasses import replace
from uuid import UUID

import pytest

from kasugai.core.recovering.doors import Folded
from kasugai.core.recovering.ledger import Entry
from kasugai.core.words.facts import StepState
from kasugai.core.words.incident import Stop
from kasugai.core.words.timing import BrokerTime
from kasugai.workers.answering import other_of
from tests.unit.core.makers import SEGMENT, order, record

BEFORE = UUID(int=7)
KEY = "disable-compute:cmp1"
NEXT = order()


def folded(state: StepState) -> Folded:
    """Return a ledger with an incident that was cut short."""
    step = record(KEY, state, tries=1)
    return Folded(entries={BEFORE: Entry(incident=BEFORE, effects=True, steps={KEY: step})}, flags={})


def test_one_that_was_cut_short_is_in_the_way_of_all_but_the_one_that_undoes_it() -> None:
    cut_short = folded(StepState.ABSOLVED)
    assert other_of(cut_short, NEXT) == str(BEFORE)
    assert other_of(cut_short, replace(NEXT, undoes=UUID(int=8))) == str(BEFORE)
    assert other_of(cut_short, replace(NEXT, undoes=BEFORE)) is None


def test_one_that_a_stop_has_ended_is_in_nobodys_way_once_no_call_of_it_may_arrive() -> None:
    """Correlate has closed it: it opens the subject's next incident only then."""
    for state in StepState:
        ledger = folded(state)
        stopped = replace(ledger.entries[BEFORE], reason="stopped")
        found = other_of(replace(ledger, entries={BEFORE: stopped}), NEXT)
        assert (found is None) is not state.is_open


@pytest.mark.parametrize("state", [StepState.STARTED, StepState.UNSURE])
def test_while_its_call_may_arrive_it_is_in_the_way_of_that_too(state: StepState) -> None:
    assert other_of(folded(state), replace(NEXT, undoes=BEFORE)) == str(BEFORE)


def test_a_stop_undoes_nothing() -> None:
    stop = Stop(
        incident=NEXT.incident,
        subject=NEXT.subject,
        n=1,
        attempt=1,
        segment=SEGMENT,
        decided_at=BrokerTime(0),
        reason="",
    )
    assert other_of(folded(StepState.ABSOLVED), stop) == str(BEFORE)
    assert other_of(Folded(entries={}, flags={}), NEXT) is None
