"""Evidence: who counts as a witness, since when, for how long, and what contradicts it."""

from dataclasses import replace

import pytest

from kasugai.core.deciding import evidence, testimony
from kasugai.core.deciding.rows import Closed, Condition, Word
from kasugai.core.words.incident import Phase
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Fault, Source, Symptom
from kasugai.core.words.timing import BrokerTime, SteadyTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, alive, condition, down, moment, report, row, uuid_of

POLICY = Policy()
PEER = condition(Source.PEER, since=0)
NOVA = condition(Source.NOVA, since=2 * S)
ASSERTED = condition(Source.REPORTED, asserted=True)


def weigh(*conditions: Condition, at: int = 0, policy: Policy = POLICY) -> Reason:
    return evidence.weigh(conditions, policy, SteadyTime(at))


def test_one_witness_is_a_first_sighting() -> None:
    assert weigh(PEER) is Reason.FIRST_SIGHTING


def test_two_peers_are_one_kind_of_witness_and_wait_for_another() -> None:
    other = replace(PEER, observer="peer/2")
    assert weigh(PEER, other, at=60 * S) is Reason.WAITING_FOR_WITNESSES


def test_two_kinds_wait_four_seconds_from_the_moment_they_agreed() -> None:
    assert weigh(PEER, NOVA, at=6 * S - 1) is Reason.WAITING_TO_CONFIRM
    assert weigh(PEER, NOVA, at=6 * S) is Reason.CONFIRMED


def test_a_kind_counts_from_its_first_observer() -> None:
    late = condition(Source.NOVA, since=50 * S, observer="nova/2")
    assert weigh(PEER, NOVA, late, at=6 * S) is Reason.CONFIRMED
    assert weigh(late, PEER, NOVA, at=6 * S) is Reason.CONFIRMED


def test_a_policy_may_ask_for_three_kinds() -> None:
    third = condition(Source.CLUSTER, since=9 * S)
    policy = Policy(confirm_observers=3)
    assert weigh(PEER, NOVA, at=60 * S, policy=policy) is Reason.WAITING_FOR_WITNESSES
    assert weigh(PEER, NOVA, third, at=13 * S - 1, policy=policy) is Reason.WAITING_TO_CONFIRM
    assert weigh(PEER, NOVA, third, at=13 * S, policy=policy) is Reason.CONFIRMED


def test_too_few_witnesses_for_ten_minutes_are_insufficient() -> None:
    assert weigh(PEER, at=600 * S - 1) is Reason.FIRST_SIGHTING
    assert weigh(PEER, at=600 * S) is Reason.INSUFFICIENT_EVIDENCE


def test_a_trusted_assertion_confirms_at_once() -> None:
    assert weigh(ASSERTED) is Reason.ASSERTED
    assert weigh(ASSERTED, policy=Policy(trust_assertions=False)) is Reason.FIRST_SIGHTING


def test_power_read_as_off_is_proof_before_all_else() -> None:
    off = condition(Source.POWER, symptom=Symptom.OFF)
    assert weigh(ASSERTED, off) is Reason.POWER_OFF


def test_only_the_proofs_open() -> None:
    of_hosts = {Reason.CONFIRMED, Reason.ASSERTED, Reason.POWER_OFF, Reason.VOUCHED, Reason.HOST_USELESS}
    assert of_hosts | {Reason.OBSERVED, Reason.WATCHDOG} == evidence.PROOFS


def test_what_a_closed_incident_explains_does_not_stand() -> None:
    assert evidence.standing((PEER, replace(NOVA, explained=True))) == (PEER,)


def dues(conditions: tuple[Condition, ...]) -> list[SteadyTime]:
    """When anything about them changes by itself."""
    return [*evidence.expiries(conditions, POLICY), *evidence.turns(conditions, POLICY)]


def test_a_lone_witness_is_due_when_it_expires_and_when_patience_ends() -> None:
    assert sorted(dues((PEER,))) == [
        SteadyTime(evidence.EXPIRY),
        SteadyTime(evidence.PATIENCE),
    ]


def test_two_witnesses_are_due_when_each_expires_and_when_they_confirm() -> None:
    expected = [6 * S, evidence.EXPIRY, 2 * S + evidence.EXPIRY]
    assert sorted(dues((PEER, NOVA))) == [SteadyTime(at) for at in expected]


def test_a_report_is_over_in_the_end_and_an_assertion_and_what_is_explained_do_not() -> None:
    alone = [SteadyTime(evidence.REPORT_STANDS), SteadyTime(evidence.PATIENCE)]
    report = condition(Source.REPORTED)
    assert dues((report,)) == alone
    assert dues((replace(report, explained=True),)) == []
    assert evidence.expiries((ASSERTED,), POLICY) == []
    assert evidence.expiries((ASSERTED,), Policy(trust_assertions=False)) == alone[:1]
    doubted = replace(ASSERTED, doubt=Reason.SENDER_NOT_TRUSTED)
    assert evidence.expiries((doubted,), POLICY) == alone[:1]
    assert dues((replace(PEER, explained=True),)) == [SteadyTime(evidence.EXPIRY)]
    assert dues(()) == []


def test_an_observer_that_repeats_itself_expires_after_its_silence_and_a_report_does_not() -> None:
    told = condition(Source.REPORTED)
    assert evidence.expire((PEER, told), SteadyTime(evidence.EXPIRY - 1)) == (PEER, told)
    assert evidence.expire((PEER, told), SteadyTime(evidence.EXPIRY)) == (told,)


def hear(said: Fault, *conditions: Condition, at: int = 0) -> tuple[Condition, ...]:
    return testimony.note(row(conditions=conditions), said, moment(at), ()).conditions


def test_a_fault_becomes_a_condition_stamped_with_now() -> None:
    said = down(Source.NOVA)
    (held,) = testimony.note(row(), said, moment(7, 5), ()).conditions
    assert (held.observer, held.event_id, held.since, held.seen) == (
        said.observer,
        said.event_id,
        moment(7, 5),
        moment(7, 5),
    )
    assert (held.source, held.symptom, held.explained, held.vouched_at) == (
        Source.NOVA,
        Symptom.DOWN,
        False,
        0,
    )


def test_conditions_are_sorted_by_observer_whoever_spoke_first() -> None:
    one, other = down(observer="b"), down(observer="a")
    assert [c.observer for c in hear(other, *hear(one))] == ["a", "b"]


def test_a_repetition_is_noted_every_five_seconds_and_keeps_its_beginning() -> None:
    first = hear(down())
    assert hear(down(), *first, at=5 * S - 1) == first
    (noted,) = hear(down(), *first, at=5 * S)
    assert (noted.since, noted.seen) == (moment(0), moment(5 * S))


def test_a_new_episode_of_the_same_observer_begins_anew() -> None:
    (noted,) = hear(down(episode="e2"), *hear(down()), at=3 * S)
    assert noted.since == moment(3 * S) and noted.episode == "e2"


def test_the_same_observer_may_go_from_down_to_off() -> None:
    off = down(Source.POWER, symptom=Symptom.OFF)
    (noted,) = hear(off, *hear(down(Source.POWER)), at=1)
    assert noted.symptom is Symptom.OFF


def test_a_later_report_without_assertion_does_not_take_an_assertion_back() -> None:
    vouched = hear(report())
    assert hear(report("r2", asserted=False), *vouched, at=9) == vouched
    (renewed,) = hear(report("r2"), *vouched, at=9)
    assert renewed.episode == "r2"


def test_an_assertion_that_an_incident_explains_is_replaced() -> None:
    (vouched,) = hear(report())
    (noted,) = hear(report("r2", asserted=False), replace(vouched, explained=True))
    assert not noted.asserted


def test_an_unknown_report_followed_by_an_assertion_is_not_swallowed() -> None:
    (noted,) = hear(report("r2"), *hear(report(asserted=False)), at=3)
    assert noted.asserted and noted.vouched_at == 3


def test_an_assertion_is_as_old_as_its_own_record_whatever_its_observers_clock_says() -> None:
    ages = [hear(report(observed_at=seen), at=9 * S)[0].vouched_at for seen in (0, 3 * S, 20 * S)]
    assert ages == [9 * S] * 3
    ages = [
        hear(replace(report(observed_at=3 * S), said_at=BrokerTime(said)), at=9 * S)[0].vouched_at
        for said in (5 * S, 20 * S)
    ]
    assert ages == [5 * S, 9 * S]


def test_an_observer_takes_back_its_own_word_only() -> None:
    held = (*hear(down(Source.NOVA)), *hear(down(Source.PEER)))
    cleared = hear(down(Source.PEER, symptom=Symptom.CLEAR), *held)
    assert [c.source for c in cleared] == [Source.NOVA]


def test_a_sign_of_life_ends_all_testimony_but_power_off() -> None:
    off = condition(Source.POWER, symptom=Symptom.OFF)
    after = testimony.note(row(conditions=(PEER, ASSERTED, off)), alive(), moment(8), (uuid_of(3),))
    assert after.conditions == (off,) and after.alive == moment(8) and after.recent == (uuid_of(3),)


def test_a_sign_of_life_ends_a_persons_word_also_while_something_else_stands() -> None:
    word = Word(command=uuid_of(4), author="ann", reason="pulled", at=moment(5))
    off = condition(Source.POWER, symptom=Symptom.OFF)
    vouched = replace(row(conditions=(off,)), vouch=word)
    assert testimony.note(vouched, down(Source.NOVA), moment(8), ()).vouch == word
    assert testimony.note(vouched, alive(), moment(8), ()).vouch is None


def test_what_is_no_news_leaves_the_row_as_it_is() -> None:
    said = down(Source.NOVA)
    first = testimony.note(row(), said, moment(7), (said.event_id,))
    assert first.recent == (said.event_id,)
    assert testimony.note(first, said, moment(8), first.recent) is first


def test_only_one_off_reports_can_be_stale() -> None:
    assert not testimony.is_stale(row(recent=(down().event_id,)), down(), heard=True)


def test_a_report_that_was_evidence_before_is_stale_unless_it_still_stands() -> None:
    said = report()
    assert testimony.is_stale(row(recent=(said.event_id,)), said, heard=True)
    standing = condition(Source.REPORTED, event_id=said.event_id)
    assert not testimony.is_stale(row(recent=(said.event_id,), conditions=(standing,)), said, heard=True)
    other = condition(Source.REPORTED, event_id=uuid_of(99))
    assert testimony.is_stale(row(recent=(said.event_id,), conditions=(other,)), said, heard=True)


@pytest.mark.parametrize(("made", "stale"), [(0, False), (40 * S - 1, True), (40 * S, False)])
def test_a_report_made_a_minute_before_the_close_is_no_news(made: int, stale: bool) -> None:
    closed = Closed(incident=uuid_of(1), phase=Phase.RECOVERED, at=moment(100 * S, 7))
    assert testimony.is_stale(row(closed=closed), report(observed_at=made), heard=False) is stale


def test_a_report_about_a_host_that_never_had_an_incident_is_news() -> None:
    assert not testimony.is_stale(row(), report(observed_at=1), heard=False)


def test_the_youngest_trusted_assertion_counts_as_the_fence() -> None:
    vouched = [replace(ASSERTED, vouched_at=BrokerTime(at)) for at in (3, 9, 5)]
    assert evidence.asserted_at((PEER, *vouched), POLICY) == 9
    assert evidence.asserted_at((PEER,), POLICY) is None
    assert evidence.asserted_at(tuple(vouched), Policy(trust_assertions=False)) is None


def test_a_subject_is_as_old_as_its_first_condition() -> None:
    assert evidence.oldest((NOVA, PEER)) == 0


@pytest.mark.parametrize("symptom", [Symptom.ALIVE, Symptom.CLEAR])
@pytest.mark.parametrize("source", [Source.PEER, Source.REPORTED])
def test_a_sign_of_life_or_a_word_taken_back_is_said_once_by_anybody(
    symptom: Symptom, source: Source
) -> None:
    said = down(source, symptom=symptom, observed_at=1)
    closed = Closed(incident=uuid_of(1), phase=Phase.RECOVERED, at=moment(100 * S, 7))
    assert not testimony.is_stale(row(closed=closed), said, heard=False)
    assert testimony.is_stale(row(recent=(said.event_id,)), said, heard=True)
