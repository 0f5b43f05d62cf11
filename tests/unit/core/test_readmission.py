"""A host that an incident took out of service: what brings it back, and what it counts as until then."""

import pytest

from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.incident import Phase
from kasugai.core.words.policy import HostReturn, Policy
from kasugai.core.words.signals import Fault, Source, Symptom
from kasugai.core.words.timing import PRODUCTION
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, alive, down, fact, report, started
from tests.unit.core.story import Story, answer

PROBATION = PRODUCTION.probation // S


def out(result: Result = Result.RECOVERED, **first: str) -> Story:
    """Return a story in which cmp1 was recovered (or not) after two witnesses had spoken, at second 5. A person brings
    it back."""
    story = Story(policy=Policy(attempts=1, host_return=HostReturn.BY_HAND))
    story.write(down(Source.HEARTBEAT, **first))
    story.write(down(Source.PEER))
    story.wait(5)
    story.hear(answer(fact(FactKind.FINISHED, result=result, reason=Reason.PARTIAL), story))
    assert story.row().is_out
    return story


@pytest.mark.parametrize("result", [Result.RECOVERED, Result.FAILED])
@pytest.mark.parametrize("sign", [started(), started(Source.REPORTED), alive(boot_id="b2")])
def test_a_sign_of_its_return_begins_a_probation_of_five_minutes(result: Result, sign: Fault) -> None:
    story = out(result, boot_id="b1")
    assert story.write(sign, at=10) == ["watch cmp1 (on-probation)"]
    assert story.wait(10 + PROBATION - 1) == []
    assert story.wait(10 + PROBATION + 1) == ["readmit cmp1 (probation-over)"]
    closed = story.row().closed
    assert not story.row().is_out and closed is not None and closed.readmitted and closed.last is None


@pytest.mark.parametrize(
    "sign", [alive(boot_id="b1"), alive(), alive(Source.PEER, boot_id="b2"), alive(Source.CLUSTER)]
)
def test_a_host_that_answers_without_having_been_restarted_stays_out(sign: Fault) -> None:
    story = out(boot_id="b1")
    assert story.write(sign, at=10) == ["ignore cmp1 (sign-of-life)"]
    story.wait(400)
    assert story.row().is_out


def test_a_heartbeat_whose_boot_nobody_knew_proves_no_restart() -> None:
    story = out()
    story.write(alive(boot_id="b2"), at=10)
    assert story.row().returned is None


def test_the_boot_that_was_lost_is_the_last_one_that_was_heard_of_before() -> None:
    story = out(boot_id="b1")
    story.write(alive(boot_id="b1", episode="late"), at=9)
    story.write(down(Source.HEARTBEAT, "e9", boot_id="b2"), at=10)
    assert story.row().boot_id == "b1"
    story.write(alive(boot_id="b2"), at=11)
    assert story.row().returned is not None


def test_a_complaint_breaks_the_probation_off_and_opens_an_incident_of_its_own() -> None:
    story = out()
    story.write(started(), at=10)
    story.write(down(Source.PEER, "e2"), at=20)
    assert story.row().returned is None
    story.write(down(Source.CLUSTER, "e2"))
    assert story.wait(26) == ["open cmp1 (confirmed)"]
    assert story.opens[-1].previous == story.opens[0].incident != story.opens[-1].incident


def test_a_complaint_that_is_taken_back_leaves_a_host_back_that_has_booted() -> None:
    """Its heartbeat tells of its boot only once; a word of a peer may be late."""
    story = out(boot_id="b1")
    story.write(alive(boot_id="b2"), at=10)
    story.write(down(Source.PEER, "e2"), at=11)
    assert story.row().returned is None
    story.write(down(Source.PEER, "e2", symptom=Symptom.CLEAR), at=12)
    assert story.row().returned is not None
    assert story.wait(12 + PROBATION + 1)[-1] == "readmit cmp1 (probation-over)"


def test_a_complaint_that_expires_leaves_a_host_back_that_has_booted() -> None:
    story = out(boot_id="b1")
    story.write(alive(boot_id="b2"), at=10)
    story.write(down(Source.PEER, "e2"), at=11)
    story.wait(11 + 180)
    assert story.row().returned is not None


def test_a_host_that_fell_silent_again_after_its_boot_is_not_back_whoever_takes_back_what() -> None:
    story = out(boot_id="b1")
    story.write(alive(boot_id="b2"), at=10)
    story.write(down(Source.HEARTBEAT, "e2", boot_id="b2"), at=20)
    story.write(down(Source.PEER, "e2"), at=20)
    story.wait(26)
    story.hear(answer(fact(FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.PARTIAL), story))
    story.write(down(Source.PEER, "e2", symptom=Symptom.CLEAR), at=30)
    assert story.row().is_out and story.row().returned is None
    story.wait(30 + 300)
    assert story.row().returned is None, "the boot that was lost is the second one"
    story.write(alive(boot_id="b3"), at=400)
    assert story.row().returned is not None


def test_a_second_sign_does_not_begin_the_probation_anew() -> None:
    story = out()
    story.write(started(), at=10)
    story.write(started(episode="s2"), at=200)
    assert story.wait(10 + PROBATION + 1)[-1] == "readmit cmp1 (probation-over)"


def test_what_stood_at_the_close_is_forgotten_with_the_readmission_and_counts_when_it_is_said_again() -> None:
    story = Story(policy=Policy(host_return=HostReturn.BY_HAND))
    off = down(Source.POWER, symptom=Symptom.OFF)
    story.write(off)
    story.hear(answer(fact(FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.RECOVERED), story))
    for at in range(30, 331, 30):
        story.write(off, at=at)
        if at == 30:
            story.write(started(), at=31)
    assert story.wait(332) == ["readmit cmp1 (probation-over)"]
    assert story.row().conditions == ()
    assert story.write(off, at=360) == ["open cmp1 (power-off)"]


def test_a_host_that_is_out_counts_as_unhealthy_until_it_is_readmitted() -> None:
    story = out()
    assert story.write(report(host="cmp2"), at=6) == ["hold cmp2 (storm)"]
    later = out()
    later.write(started(), at=10)
    later.wait(320)
    assert later.write(report(host="cmp2")) == ["open cmp2 (asserted)"]


def test_a_withdrawn_incident_takes_nothing_out() -> None:
    story = Story()
    story.write(report())
    story.hear(
        answer(fact(FactKind.FINISHED, result=Result.WITHDRAWN, reason=Reason.NOTHING_DONE), story), at=1
    )
    closed = story.row().closed
    assert closed is not None and closed.phase is Phase.WITHDRAWN and not story.row().is_out
