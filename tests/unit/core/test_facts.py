"""Facts: which are outcomes, which are answers, and which share an id."""

from dataclasses import replace

from kasugai.core.words.facts import FactKind, StepState, make_fact
from tests.unit.core.makers import fact, record, uuid_of


def test_outcomes_are_the_six_that_route_copies_into_the_mailbox() -> None:
    outcomes = {kind for kind in FactKind if kind.is_outcome}
    assert outcomes == {"adopted", "working", "queued", "held", "vetoed", "finished"}


def test_answers_are_the_three_that_end_an_order() -> None:
    assert {kind for kind in FactKind if kind.is_answer} == {"held", "vetoed", "finished"}


def test_a_step_is_open_while_a_call_may_be_under_way_and_final_once_it_has_ended() -> None:
    assert {state for state in StepState if state.is_open} == {"started", "unsure"}
    assert {state for state in StepState if state.is_final} == {"done", "failed"}


def test_a_repeated_publication_has_the_same_id_whatever_id_the_draft_had() -> None:
    one = fact(FactKind.HELD, reason="stopped")
    assert make_fact(replace(one, fact_id=uuid_of(9))) == one


def test_each_try_of_a_step_has_a_start_of_its_own() -> None:
    first, second = (fact(FactKind.STARTED, step=record("evacuate:g1", tries=n)) for n in (1, 2))
    assert first.fact_id != second.fact_id


def test_a_steps_fact_is_the_same_whichever_order_it_was_done_for() -> None:
    first, second = (fact(FactKind.DONE, n=n, step=record("evacuate:g1", tries=1)) for n in (1, 2))
    assert first.fact_id == second.fact_id


def test_answers_to_two_orders_and_two_words_of_life_differ() -> None:
    ids = {fact(FactKind.WORKING, n=n, seq=seq).fact_id for n in (1, 2) for seq in (0, 1, 2)}
    assert len(ids) == 6
