"""A subject without an open incident: suspected, held, ignored, withdrawn, or opened."""

import pytest

from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Source, Symptom
from kasugai.core.words.subject import Kind
from kasugai.core.words.verdicts import EVIDENCE_LIMIT, Reason
from tests.unit.core.makers import INCIDENT, S, alive, down, host, report, segment
from tests.unit.core.story import START, Story

OFF = down(Source.POWER, symptom=Symptom.OFF)


def test_the_first_observer_makes_a_suspicion_and_its_repetition_is_silent() -> None:
    story = Story()
    assert story.write(down()) == ["suspect cmp1 (first-sighting)"]
    assert story.write(down(), at=30) == []
    assert story.opens == []


def test_two_kinds_of_witnesses_open_after_four_seconds() -> None:
    story = Story()
    story.write(down(Source.PEER))
    assert story.write(down(Source.NOVA), at=2) == ["suspect cmp1 (waiting-to-confirm)"]
    assert story.wait(5.5) == []
    assert story.wait(6.5) == ["open cmp1 (confirmed)"]


def test_a_second_peer_waits_for_a_witness_of_another_kind() -> None:
    story = Story()
    story.write(down())
    assert story.write(down(observer="peer/2")) == ["suspect cmp1 (waiting-for-witnesses)"]


def test_one_witness_alone_never_fences_and_is_told_after_ten_minutes() -> None:
    story = Story()
    story.write(down())
    said = []
    for at in range(30, 1200, 30):
        said += story.wait(at) + story.write(down())
    assert said == ["suspect cmp1 (insufficient-evidence)"] and story.opens == []


def test_an_assertion_opens_at_once_and_says_when_it_was_made() -> None:
    story = Story()
    assert story.write(report(), at=3) == ["open cmp1 (asserted)"]
    assert story.opens[0].asserted_at == START + 3 * S


def test_power_read_as_off_opens_at_once_and_vouches_for_nothing() -> None:
    story = Story()
    assert story.write(OFF) == ["open cmp1 (power-off)"]
    assert story.opens[0].asserted_at is None


def test_the_first_publication_says_all_that_a_worker_needs() -> None:
    story = Story(policy=Policy(window=3))
    said = report()
    story.write(said, at=3)
    (order,) = story.opens
    assert (order.n, order.attempt, order.segment, order.host) == (1, 1, "s1", "cmp1")
    assert order.decided_at == order.opened_at == START + 3 * S
    assert order.policy == Policy(window=3) and order.previous is None
    assert [e.event_id for e in order.evidence] == [said.event_id]


def test_an_order_lists_up_to_64_faults() -> None:
    story = Story()
    for source in (Source.PEER, Source.NOVA, Source.CLUSTER, Source.HEARTBEAT, Source.REPORTED):
        for n in range(EVIDENCE_LIMIT // 4):
            story.write(down(source, observer=f"{source}/{n}"))
    story.write(OFF)
    assert len(story.opens[0].evidence) == EVIDENCE_LIMIT


def test_the_incident_is_named_after_the_oldest_fault_whichever_record_completes_the_proof() -> None:
    one, other = Story(), Story()
    one.write(down(Source.PEER), at=0)
    one.write(down(Source.NOVA), at=1)
    one.wait(9)
    other.write(down(Source.PEER), at=0)
    other.write(OFF, at=1)
    assert one.opens[0].incident == other.opens[0].incident


def test_a_sign_of_life_withdraws_the_suspicion() -> None:
    story = Story()
    story.write(down(Source.PEER))
    story.write(down(Source.NOVA))
    assert story.write(alive(), at=3) == ["withdraw cmp1 (sign-of-life)"]
    assert story.wait(20) == [] and story.opens == []


def test_an_observer_that_takes_its_word_back_withdraws_the_suspicion() -> None:
    story = Story()
    story.write(down())
    assert story.write(down(symptom=Symptom.CLEAR)) == ["withdraw cmp1 (cleared)"]


def test_observers_that_fall_silent_withdraw_the_suspicion() -> None:
    story = Story()
    story.write(down())
    assert story.wait(94) == []
    assert story.wait(96) == ["withdraw cmp1 (evidence-expired)"]


def test_a_sign_of_life_out_of_the_blue_is_covered_and_changes_nothing() -> None:
    story = Story()
    assert story.write(alive()) == ["ignore cmp1 (sign-of-life)"]
    assert story.write(alive()) == []
    assert story.write(alive()) == [] and story.row().conditions == ()


def test_a_host_that_the_inventory_does_not_know_is_ignored_until_it_does() -> None:
    story = Story(hosts=())
    assert story.write(report()) == ["ignore cmp1 (unknown-subject)"]
    assert story.describe(host()) == ["open cmp1 (asserted)"]


def test_a_deleted_host_or_segment_is_unknown_again() -> None:
    story = Story()
    story.describe(host(version=2, deleted=True))
    assert story.write(report()) == ["ignore cmp1 (unknown-subject)"]
    other = Story()
    other.describe(segment(version=2, deleted=True))
    assert other.write(report()) == ["ignore cmp1 (unknown-subject)"]


@pytest.mark.parametrize(("kind", "told"), [(Kind.INSTANCE, "(observed)"), (Kind.PROCESS, "(process-noted)")])
def test_other_kinds_of_faults_do_not_touch_the_host(kind: Kind, told: str) -> None:
    story = Story()
    (said,) = story.write(report(kind=kind, detail="nova-x"))
    assert said.endswith(told)
    assert "s1/subject/host/cmp1" not in story.post.table


def test_a_host_that_dies_while_its_segment_is_disarmed_is_recovered_once_it_is_armed() -> None:
    story = Story(armed=False)
    assert story.write(OFF) == ["hold cmp1 (disarmed)"]
    assert story.wait(60) == []
    assert story.describe(segment(version=2)) == ["open cmp1 (power-off)"]


def test_a_host_set_aside_is_left_alone_until_its_maintenance_ends() -> None:
    story = Story()
    story.describe(host(version=2, on_maintenance=True))
    assert story.write(report()) == ["hold cmp1 (maintenance)"]
    assert story.describe(host(version=3)) == ["open cmp1 (asserted)"]


def test_every_closed_gate_stands_in_the_verdict() -> None:
    story = Story(armed=False)
    story.write(down())
    assert story.post.verdicts[-1].also == (Reason.DISARMED,)


def test_a_refusal_is_withdrawn_when_the_host_shows_life() -> None:
    story = Story(armed=False)
    story.write(report())
    assert story.write(alive()) == ["withdraw cmp1 (sign-of-life)"]


def test_a_host_without_a_uuid_takes_it_from_the_first_fault_that_knows_it() -> None:
    story = Story()
    story.write(down())
    story.write(down(Source.NOVA, host_uuid="u1"))
    story.write(down(Source.CLUSTER, host_uuid="u2"))
    assert story.row().host_uuid == "u1"
    story.write(OFF)
    assert story.opens[0].host_uuid == "u1" and story.opened != INCIDENT


def test_a_sign_of_life_that_is_delivered_twice_contradicts_nothing_that_came_between() -> None:
    story = Story()
    story.write(alive())
    story.write(down(Source.PEER), at=1)
    story.write(down(Source.NOVA))
    assert story.write(alive(), at=2) == []
    assert len(story.row().conditions) == 2
