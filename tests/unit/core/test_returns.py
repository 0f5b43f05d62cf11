"""When a host that was recovered is brought back, what its return knows, and what keeps it out."""

from dataclasses import replace

import pytest

from kasugai.core.deciding import returning
from kasugai.core.deciding.rows import IncidentRow
from kasugai.core.words.facts import CLOSED, FactKind, Result, StepState
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.incident import OutOfService, Phase
from kasugai.core.words.plan import LOCAL_DISK, Plan, Step
from kasugai.core.words.policy import HostReturn, Policy
from kasugai.core.words.signals import Instruction, Limit, Source
from kasugai.core.words.timing import PRODUCTION
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import HOST, INCIDENT, S, alive, down, fact, moment, record
from tests.unit.core.story import Story, answer, bid

PROBATION = PRODUCTION.probation // S
WROTE = Policy().disable_reason


def finished(
    story: Story, *, tries: int = 1, result: Result = Result.RECOVERED, closed: str = "", **plan: object
) -> list[str]:
    """Let a worker end the open incident, whose force-down it called so often, and whose fence closed storage to these
    addresses."""
    known = Plan(incident=INCIDENT, attempt=1, epoch=1, host=HOST, window=8, steps=(), **plan)  # type: ignore[arg-type]
    forced = record(f"force-down:{HOST}", StepState.DONE, tries=tries)
    said = fact(FactKind.FINISHED, result=result, reason=Reason.RECOVERED, effects=True)
    steps = (forced, record(f"fence:{HOST}", StepState.DONE, notes=FrozenMap({CLOSED: closed})))
    return story.hear(answer(replace(said, plan=known, steps=steps if closed else steps[:1]), story))


def recovered(word: HostReturn = HostReturn.WAIT, **given: object) -> Story:
    """Return a story in which cmp1 was recovered at second 5."""
    story = Story(policy=Policy(host_return=word))
    story.write(down(Source.HEARTBEAT, boot_id="b1"))
    story.write(down(Source.PEER))
    story.wait(5)
    finished(story, **given)  # type: ignore[arg-type]
    return story


def test_a_return_undoes_the_recovery_and_knows_how_it_left_the_host() -> None:
    story = recovered(disabled="maintenance", excluded=(("g1", LOCAL_DISK), ("g2", "excluded-name")))
    first = story.opens[-1].incident
    assert story.write(alive(boot_id="b2"), at=10) == ["open cmp1 (host-back)"]
    order = story.opens[-1]
    assert order.undoes == first and order.incident != first
    assert order.service == OutOfService(wrote=WROTE, before="maintenance")
    assert order.waiting == ("g1",)
    returned = story.row().returned
    assert returned is not None and order.back_at == returned.at
    assert order.reserves == ()


def test_a_force_down_that_was_somebody_elses_is_not_ours_to_lift() -> None:
    story = recovered(tries=0)
    story.write(alive(boot_id="b2"), at=10)
    assert story.opens[-1].service is None


def test_it_knows_to_which_addresses_our_fence_closed_the_storage() -> None:
    story = recovered(closed="192.0.2.11 192.0.2.12")
    story.write(alive(boot_id="b2"), at=10)
    assert story.opens[-1].service == OutOfService(wrote=WROTE, closed=("192.0.2.11", "192.0.2.12"))


def test_storage_that_we_closed_is_ours_to_open_though_the_force_down_was_not() -> None:
    story = recovered(tries=0, closed="192.0.2.11")
    story.write(alive(boot_id="b2"), at=10)
    assert story.opens[-1].service == OutOfService(wrote=WROTE, closed=("192.0.2.11",))


def test_what_an_earlier_recovery_closed_and_nobody_has_opened_is_ours_still() -> None:
    before = OutOfService(wrote=WROTE, before="maintenance", closed=("192.0.2.11",))
    fence = record(f"fence:{HOST}", StepState.DONE, notes=FrozenMap({CLOSED: "192.0.2.11 192.0.2.12"}))
    said = replace(fact(FactKind.FINISHED), steps=(fence,))
    story = recovered()
    row = story.row()
    assert row.closed is not None
    known = replace(row, closed=replace(row.closed, service=before))
    again = IncidentRow(order=story.opens[-1], phase=Phase.RECOVERING, heard=moment(0), published=moment(0))
    left = returning.service_left(known, again, said)
    assert left == replace(before, closed=("192.0.2.11", "192.0.2.12"))


def test_with_a_power_device_to_switch_it_on_it_begins_at_once() -> None:
    story = recovered(HostReturn.POWER_ON)
    assert story.opens[-1].undoes == story.opens[0].incident
    assert story.opens[-1].back_at is None


def test_a_failed_recovery_switches_nothing_on() -> None:
    story = Story(policy=Policy(host_return=HostReturn.POWER_ON, attempts=1))
    story.write(down(Source.HEARTBEAT, boot_id="b1"))
    story.write(down(Source.PEER))
    story.wait(5)
    finished(story, result=Result.FAILED)
    assert story.row().incident is None
    assert story.write(alive(boot_id="b2"), at=10) == ["open cmp1 (host-back)"]


def test_a_worker_is_told_at_once_when_the_host_shows_life() -> None:
    story = recovered(HostReturn.POWER_ON)
    assert "reopen cmp1 (sign-of-life)" in story.write(alive(boot_id="b2"), at=20)
    assert story.opens[-1].n == 2 and story.opens[-1].back_at is not None


def test_what_is_said_of_a_host_that_is_being_switched_on_is_explained() -> None:
    story = recovered(HostReturn.POWER_ON)
    story.write(down(Source.CLUSTER, "e7"), at=20)
    story.write(down(Source.NOVA, "e8"), at=21)
    story.wait(40)
    assert len({order.incident for order in story.opens}) == 2
    assert not story.incident.stopped


def test_a_complaint_after_its_return_stops_it_and_is_weighed() -> None:
    story = recovered()
    story.write(alive(boot_id="b2"), at=10)
    assert story.write(down(Source.PEER, "e2"), at=12) == ["stop cmp1 (observed)"]
    ended = fact(FactKind.FINISHED, result=Result.WITHDRAWN, reason=Reason.NOTHING_DONE)
    assert story.hear(answer(ended, story))[-1] == "suspect cmp1 (first-sighting)"
    assert story.row().is_out, "it was never taken back"
    story.write(down(Source.CLUSTER, "e2"), at=13)
    assert "open cmp1 (confirmed)" in story.wait(20)
    finished(story, tries=0)
    closed = story.row().closed
    assert closed is not None and closed.service == OutOfService(wrote=WROTE), (
        "what nobody undid is ours still"
    )


def test_a_host_that_is_back_counts_as_healthy_at_once() -> None:
    story = recovered()
    view = story.mailbox
    assert "cmp1" in _unhealthy(view)
    story.write(alive(boot_id="b2"), at=10)
    assert "cmp1" not in _unhealthy(view)
    story.write(down(Source.PEER, "e2"), at=12)
    assert "cmp1" in _unhealthy(view)


def _unhealthy(mailbox: object) -> set[str]:
    segment = mailbox._segments["s1"]  # type: ignore[attr-defined]
    return set(segment.tally._confirmed) | set(segment.tally._suspected)


def test_its_probation_begins_when_its_return_has_ended() -> None:
    story = recovered()
    story.write(alive(boot_id="b2"), at=10)
    assert "readmit cmp1 (probation-over)" not in story.wait(10 + PROBATION + 5)
    ended = fact(FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.HOST_BACK, effects=True)
    story.hear(answer(ended, story))
    assert story.row().boot_id == "b2"
    assert story.wait(story.seconds + PROBATION + 1) == ["readmit cmp1 (probation-over)"]


def test_by_hand_nothing_is_opened() -> None:
    story = recovered(HostReturn.BY_HAND)
    assert story.write(alive(boot_id="b2"), at=10) == ["watch cmp1 (on-probation)"]
    assert story.wait(10 + PROBATION + 1) == ["readmit cmp1 (probation-over)"]


def test_a_host_that_nobody_brings_back_is_told_of_once() -> None:
    story = recovered()
    hour = returning.MISSED_AFTER // S
    assert story.wait(hour + 4) == []
    assert story.wait(hour + 10) == ["alert cmp1 (host-away)"]
    assert story.wait(2 * hour) == []


def fail(story: Story, number: int, at: float) -> list[str]:
    """Let a host that is back fail again, be recovered, and show life once more."""
    story.write(down(Source.HEARTBEAT, f"f{number}", boot_id=f"b{number}"), at=at)
    story.write(down(Source.PEER, f"f{number}"))
    said = story.wait(at + 5)
    said += finished(story)
    return said + story.write(alive(episode=f"a{number}", boot_id=f"b{number + 1}"), at=at + 10)


def back(story: Story) -> None:
    ended = fact(FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.HOST_BACK, effects=True)
    story.hear(answer(ended, story))


def thrice() -> Story:
    story = recovered()
    story.write(alive(boot_id="b2"), at=10)
    back(story)
    assert "open cmp1 (host-back)" in fail(story, 2, at=100)
    back(story)
    said = fail(story, 3, at=200)
    assert "alert cmp1 (quarantine)" in said and said[-1] == "hold cmp1 (quarantine)"
    return story


def test_the_third_failure_within_a_day_keeps_it_out_until_a_person_approves() -> None:
    story = thrice()
    story.pass_days(3)
    assert story.row().quarantined is not None and story.row().incident is None
    approval = bid(Instruction.APPROVE, host=HOST, limit=Limit.QUARANTINE)
    assert "open cmp1 (host-back)" in story.write(approval)
    assert story.row().failures == ()


def test_failures_of_different_days_make_no_quarantine() -> None:
    story = recovered()
    story.write(alive(boot_id="b2"), at=10)
    back(story)
    fail(story, 2, at=100)
    back(story)
    story.pass_days(2)
    assert "open cmp1 (host-back)" in fail(story, 3, at=story.seconds + 100)


def test_an_approval_of_a_quarantine_that_does_not_stand_is_refused() -> None:
    story = recovered()
    approval = bid(Instruction.APPROVE, host=HOST, limit=Limit.QUARANTINE)
    assert story.write(approval) == ["refuse cmp1 (nothing-to-approve): approve by ann: why not"]


def test_what_fails_while_it_is_out_fails_no_second_time() -> None:
    story = recovered()
    for number in (2, 3, 4):
        story.write(
            down(Source.CLUSTER, f"x{number}", observer=f"cluster/{number}", asserted=False), at=100 * number
        )
        story.write(down(Source.REPORTED, f"y{number}", observer="api"))
        story.wait(100 * number + 6)
        if story.row().incident is not None:
            finished(story, tries=0)
    assert len(story.row().failures) == 1 and story.row().quarantined is None


def test_a_host_is_given_up_by_its_return_or_by_one_that_is_opened() -> None:
    story = recovered()
    assert story.write(bid(Instruction.RETIRE, host=HOST), at=20)[-1] == "open cmp1 (host-back)"
    assert story.opens[-1].retired_by == "ann"
    ended = fact(FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.COMMAND, effects=True)
    story.hear(answer(ended, story))
    assert not story.row().is_out and story.row().retired is None


def test_a_return_that_is_held_gives_the_host_up_in_another_attempt() -> None:
    story = recovered(HostReturn.POWER_ON)
    story.hear(answer(fact(FactKind.HELD, reason=Reason.HOST_AWAY), story))
    story.write(bid(Instruction.RETIRE, host=HOST), at=20)
    assert story.opens[-1].attempt == 2 and story.opens[-1].retired_by == "ann"


@pytest.mark.parametrize(
    ("before", "reason"), [("nothing", "not-open"), ("back", "sign-of-life"), ("retired", "already-so")]
)
def test_a_host_is_not_given_up(before: str, reason: str) -> None:
    story = Story() if before == "nothing" else recovered()
    if before == "back":
        story.write(alive(boot_id="b2"), at=10)
    if before == "retired":
        story.write(bid(Instruction.RETIRE, 7, host=HOST), at=10)
    said = story.write(bid(Instruction.RETIRE, host=HOST))
    assert said == [f"refuse cmp1 ({reason}): retire by ann: why not"]


def test_a_recovery_whose_host_is_back_ends_unless_a_call_may_still_move_a_guest() -> None:
    story = Story()
    story.write(alive(boot_id="b1", episode="a0"))
    story.write(down(Source.HEARTBEAT, boot_id="b1"), at=1)
    story.write(down(Source.PEER))
    story.wait(6)
    story.hear(answer(fact(FactKind.WORKING, effects=True), story))
    step = Step(action="evacuate", subject="g1", name="web")
    known = Plan(incident=INCIDENT, attempt=1, epoch=1, host=HOST, window=8, steps=(step,))
    story.write(alive(boot_id="b2"), at=20)
    assert story.incident.stopped
    held = answer(fact(FactKind.HELD, reason=Reason.STOPPED, effects=True, plan=known), story)
    under_way = replace(held, steps=(record("evacuate:g1", StepState.UNSURE, tries=1),))
    assert not returning.is_back_meanwhile(story.row(), under_way)
    assert "open cmp1 (host-back)" in story.hear(held)
    assert story.opens[-1].waiting == ("g1",)
