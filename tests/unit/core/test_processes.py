"""Processes: what the policy makes of one that fails, how that is undone, and how it condemns its host."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from kasugai.core.deciding.rows import IncidentRow, SubjectRow
from kasugai.core.words.facts import Fact, FactKind, Result, StepState
from kasugai.core.words.incident import Open, Phase, Stop
from kasugai.core.words.policy import HostReturn, Policy
from kasugai.core.words.signals import Fault, Instruction, Limit, Source, Symptom
from kasugai.core.words.subject import Kind, Subject, host_subject, process_subject
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, alive, down, fact, host, record, report, segment
from tests.unit.core.story import START, Story, bid

COMPUTE = process_subject("cmp1", "nova-compute")
NAME = COMPUTE.name
LIBVIRT = process_subject("cmp1", "libvirtd")
FATAL = Policy(process_evacuate=("libvirtd",))
CMP1 = host_subject("cmp1")
SHUT = (record("disable-compute:cmp1", StepState.DONE, tries=1),)
FOUND_SHUT = (record("disable-compute:cmp1", StepState.DONE, tries=0),)
OPENED = (record("enable-again:cmp1", StepState.DONE, tries=1),)


def stopped(episode: str = "p1", process: str = "nova-compute", **given: Any) -> Fault:
    """Return a report that a process of cmp1 has failed."""
    about: dict[str, Any] = {"observer": "api", "kind": Kind.PROCESS, "detail": process, **given}
    return down(about.pop("source", Source.REPORTED), episode, **about)


def started(episode: str = "s1", process: str = "nova-compute", **given: Any) -> Fault:
    """Return a word that a process of cmp1 runs."""
    return stopped(episode, process, **{"symptom": Symptom.CLEAR, **given})


def incident(story: Story, subject: Subject = COMPUTE) -> IncidentRow:
    found = story.row(subject.name).incident
    assert found is not None
    return found


def work(story: Story, kind: FactKind, subject: Subject = COMPUTE, **given: Any) -> Fact:
    """Return a worker's fact about the subject's open incident."""
    order = incident(story, subject).order
    return replace(
        fact(kind, **given), incident=order.incident, attempt=order.attempt, n=order.n, subject=subject
    )


def finish(
    story: Story, result: Result = Result.RECOVERED, subject: Subject = COMPUTE, **given: Any
) -> list[str]:
    """Let a worker finish the open incident."""
    usual = Reason.PARTIAL if result is Result.FAILED else Reason.RECOVERED
    about = {"reason": usual, "effects": result is not Result.WITHDRAWN, **given}
    return story.hear(work(story, FactKind.FINISHED, subject, result=result, **about))


def bring_back(story: Story, at: float | None = None) -> None:
    """Let a worker end the return of cmp1, which shows life; its probation begins."""
    assert incident(story, CMP1).order.undoes is not None
    story.wait(story.seconds if at is None else at)
    assert finish(story, subject=CMP1, reason=Reason.HOST_BACK)[0] == "close cmp1 (host-back)"


def disabled() -> Story:
    """Return the story of a host that gets no new guests because of a process."""
    story = Story()
    assert story.write(stopped(), at=1) == [f"open {NAME} (observed)"]
    assert finish(story, steps=SHUT) == [f"close {NAME} (recovered)"]
    return story


BACK = [f"open {NAME} (process-back)"]


def test_a_process_of_no_importance_is_noted_before_all_that_could_hold_it() -> None:
    story = Story(armed=False)
    assert story.write(stopped(process="chronyd")) == ["ignore process/cmp1/chronyd (process-noted)"]
    assert story.opens == []


def test_another_policy_makes_something_of_what_was_noted() -> None:
    story = Story()
    story.write(stopped(process="chronyd"))
    policy = Policy(process_disable=("chronyd",))
    assert story.describe(segment(version=2, policy=policy)) == ["open process/cmp1/chronyd (observed)"]


def test_what_was_noted_is_over_with_its_host_without_a_word() -> None:
    story = Story()
    story.write(stopped(process="chronyd"), at=1)
    story.write(report(), at=2)
    assert finish(story, subject=CMP1) == ["close cmp1 (recovered)"]
    assert story.row("process/cmp1/chronyd").conditions == ()


def test_nothing_is_concluded_while_a_host_may_still_be_starting() -> None:
    story = Story()
    story.write(alive(boot_id="b1"), at=1)
    assert story.row().booted is None, "the first boot that is heard of may be old"
    story.write(alive(episode="a2", boot_id="b2"), at=10)
    story.write(alive(episode="a3", boot_id="b2"), at=20)
    story.write(alive(episode="a4"), at=20)
    assert story.row().booted is not None
    assert story.write(stopped(), at=30) == [f"hold {NAME} (just-booted)"]
    assert story.wait(309.5) == []
    assert story.wait(310.5) == [f"open {NAME} (observed)"]


def test_a_boot_of_a_host_that_is_out_is_seen_once() -> None:
    story = Story()
    story.write(alive(boot_id="b1"), at=1)
    story.write(report(), at=2)
    finish(story, subject=CMP1)
    story.write(alive(episode="a2", boot_id="b2"), at=10)
    booted = story.row().booted
    bring_back(story)
    for number in range(40):
        story.write(alive(episode=f"r{number}", boot_id="b2"), at=20 + 10 * number)
    assert story.row().booted == booted is not None and not story.row().is_out


# It is undone


@pytest.mark.parametrize("symptom", [Symptom.CLEAR, Symptom.ALIVE])
def test_what_was_done_is_undone_once_when_the_process_runs_again(symptom: Symptom) -> None:
    story = disabled()
    first = story.opens[0].incident
    assert story.write(started(symptom=symptom), at=9) == BACK
    order = story.opens[-1]
    assert (order.undoes, order.previous, order.evidence, order.seen_at) == (first, first, (), None)
    assert finish(story, steps=OPENED) == [f"close {NAME} (recovered)"]
    said = [line for n in range(3) for line in story.write(started(f"again{n}"))]
    assert all("open" not in line for line in said)


def test_where_nothing_was_done_nothing_is_undone() -> None:
    story = Story()
    story.write(stopped(), at=1)
    finish(story, steps=FOUND_SHUT)
    assert story.write(started(), at=9) == [f"ignore {NAME} (cleared)"]
    never = Story()
    assert never.write(started()) == [f"ignore {NAME} (cleared)"]


def test_what_is_to_be_undone_is_remembered_for_as_long_as_the_host_is() -> None:
    story = disabled()
    story.pass_days(40)
    assert story.write(started()) == BACK
    other = disabled()
    other.describe(host(version=2, deleted=True))
    other.pass_days(40)
    assert NAME not in {row.name for row in other.post.table.values() if isinstance(row, SubjectRow)}


@pytest.mark.parametrize("first", ["nova-compute", "libvirtd"])
def test_a_host_is_enabled_when_the_last_of_its_processes_is_back(first: str) -> None:
    """The second one found the host disabled: the incident of the first undoes that, when nothing else has failed."""
    story = Story(policy=Policy(process_disable=("nova-compute", "libvirtd")))
    story.write(stopped(), at=1)
    finish(story, steps=SHUT)
    story.write(stopped("p2", "libvirtd"), at=2)
    finish(story, subject=LIBVIRT, steps=FOUND_SHUT)
    if first == "libvirtd":
        assert story.write(started("s2", "libvirtd"), at=10) == ["ignore process/cmp1/libvirtd (cleared)"]
        assert story.write(started(), at=20) == BACK
        return
    assert story.write(started(), at=10) == [f"hold {NAME} (observed)"]
    assert story.post.verdicts[-1].detail == "libvirtd has failed as well"
    assert story.write(started("s2", "libvirtd"), at=20) == ["ignore process/cmp1/libvirtd (cleared)", *BACK]


def test_a_process_that_fails_again_is_an_ordinary_failure() -> None:
    story = disabled()
    story.write(started(), at=9)
    finish(story, steps=OPENED)
    assert story.write(stopped("p2"), at=20) == [f"open {NAME} (observed)"]
    finish(story, steps=SHUT)
    assert story.write(started("s2"), at=30) == BACK


def test_one_that_fails_again_while_that_is_being_undone_stops_it_and_is_recovered() -> None:
    story = disabled()
    story.write(started(), at=9)
    assert story.write(stopped("p2"), at=10) == [f"stop {NAME} (observed)"]
    said = finish(story, Result.WITHDRAWN, reason=Reason.NOTHING_DONE)
    assert said == [f"close {NAME} (nothing-done)", f"open {NAME} (observed)"]
    finish(story, steps=FOUND_SHUT)
    assert story.write(started("s2"), at=20) == BACK
    assert story.opens[-1].undoes == story.opens[0].incident, "whose reason stands in Nova's record"


def test_one_that_fails_again_after_an_undoing_began_is_recovered_behind_it() -> None:
    story = disabled()
    story.write(started(), at=9)
    story.hear(work(story, FactKind.WORKING, effects=True))
    assert story.write(stopped("p2"), at=10) == [f"stop {NAME} (observed)"]
    assert finish(story, steps=OPENED) == [f"close {NAME} (recovered)", f"open {NAME} (observed)"]


def test_an_undoing_that_was_cut_short_in_the_middle_makes_way() -> None:
    story = disabled()
    story.write(started(), at=9)
    story.write(stopped("p2"), at=10)
    assert story.write(stopped("p3"), at=11) == [f"explain {NAME} (part-of-incident)"]
    held = work(story, FactKind.HELD, reason=Reason.STOPPED, effects=True)
    assert story.hear(held) == [f"close {NAME} (stopped)", f"open {NAME} (observed)"]
    finish(story, steps=FOUND_SHUT)
    assert story.write(started("s2"), at=20) == BACK


def test_a_stopped_undoing_is_not_published_while_the_process_fails() -> None:
    story = disabled()
    story.write(started(), at=9)
    story.write(stopped("p2"), at=10)
    published = len(story.opens)
    story.wait(80)
    assert len(story.opens) == published and f"{NAME}" in incident(story).order.subject.name


def test_a_failed_undoing_is_tried_again_and_then_by_a_person() -> None:
    story = disabled()
    story.write(started(), at=9)
    assert finish(story, Result.FAILED) == [f"retry {NAME} (partial-failure)"]
    story.wait(60)
    assert finish(story, Result.FAILED) == [f"close {NAME} (partial-failure)"]
    assert story.write(started("s2"), at=70) == [f"ignore {NAME} (cleared)"]
    assert story.write(bid(Instruction.RETRY, subject=COMPUTE)) == [
        f"retry {NAME} (command): ann: why not",
        f"reopen {NAME} (command)",
    ]
    assert story.opens[-1].undoes == story.opens[0].incident and story.opens[-1].attempt == 3


def test_a_failed_undoing_is_not_forgotten_when_the_process_fails_anew() -> None:
    story = disabled()
    story.write(started(), at=9)
    for _ in range(2):
        finish(story, Result.FAILED)
        story.wait(story.seconds + 40)
    story.write(bid(Instruction.HOLD, 1, subject=COMPUTE))
    assert story.write(stopped("p2")) == [f"hold {NAME} (held-by-command)"]
    failed = story.row(NAME)
    assert failed.closed is not None and failed.closed.phase is Phase.FAILED
    assert story.write(bid(Instruction.APPROVE, 2, subject=COMPUTE, limit=Limit.HOLD))[1:] == [
        f"open {NAME} (observed)"
    ]
    finish(story, steps=FOUND_SHUT)
    assert story.write(started("s2")) == BACK
    assert story.opens[-1].undoes == story.opens[0].incident


def test_an_undoing_that_failed_is_not_tried_by_hand_while_the_process_fails() -> None:
    story = disabled()
    story.write(started(), at=9)
    for _ in range(2):
        finish(story, Result.FAILED)
        story.wait(story.seconds + 40)
    story.describe(segment(version=2, armed=False))
    story.write(stopped("p2"))
    assert story.write(bid(Instruction.RETRY, 3, subject=COMPUTE)) == [
        f"refuse {NAME} (not-open): retry by ann: why not"
    ]


@pytest.mark.parametrize("gate", ["maintenance", "disarmed", "held", "host-first"])
def test_what_holds_an_incident_holds_an_undoing(gate: str) -> None:
    story = disabled()
    match gate:
        case "maintenance":
            story.describe(host(version=2, on_maintenance=True))
        case "disarmed":
            story.describe(segment(version=2, armed=False))
        case "held":
            story.write(bid(Instruction.HOLD, subject=COMPUTE))
        case _:
            story.write(down(Source.PEER))
    (said,) = story.write(started(), at=9)
    assert said.startswith(f"hold {NAME}") and gate in said
    match gate:
        case "maintenance":
            said = story.describe(host(version=3))[-1]
        case "disarmed":
            said = story.describe(segment(version=3))[-1]
        case "held":
            said = story.write(bid(Instruction.APPROVE, 2, subject=COMPUTE, limit=Limit.HOLD))[-1]
        case _:
            said = story.write(alive())[-1]
    assert [said] == BACK


def test_a_process_that_comes_back_before_anything_is_done_is_withdrawn() -> None:
    story = Story()
    story.write(stopped(), at=1)
    assert story.write(started(), at=2) == [f"stop {NAME} (cleared)"]
    said = finish(story, Result.WITHDRAWN, reason=Reason.NOTHING_DONE)
    assert said == [f"close {NAME} (nothing-done)"]


def test_a_process_that_comes_back_while_its_host_is_shut_is_stopped_and_then_undone() -> None:
    story = Story()
    story.write(stopped(), at=1)
    story.write(started(), at=2)
    assert finish(story, steps=SHUT) == [f"close {NAME} (recovered)", *BACK]
    other = Story()
    other.write(stopped(), at=1)
    other.hear(work(other, FactKind.WORKING, effects=True))
    other.write(started(), at=2)
    held = work(other, FactKind.HELD, reason=Reason.STOPPED, effects=True, steps=SHUT)
    assert other.hear(held) == [f"close {NAME} (stopped)", *BACK]


def test_one_that_was_stopped_by_a_person_in_the_middle_is_carried_to_its_end_and_undone() -> None:
    story = Story()
    story.write(stopped(), at=1)
    story.hear(work(story, FactKind.WORKING, effects=True))
    story.write(bid(Instruction.DISARM))
    story.hear(work(story, FactKind.HELD, reason=Reason.STOPPED, effects=True), at=3)
    story.write(started(), at=4)
    story.write(bid(Instruction.ARM, 2), at=10)
    story.wait(80)
    assert incident(story).order.attempt == 2 and not incident(story).stopped
    assert finish(story, steps=SHUT)[-1:] == BACK


def test_a_word_that_comes_late_counts_if_it_was_said_after_the_failure() -> None:
    story = disabled()
    story.wait(700)
    late = replace(started(), said_at=BrokerTime(START + 20 * S))
    assert story.write(late) == BACK
    other = disabled()
    other.wait(700)
    other.write(replace(started(), said_at=BrokerTime(START)))
    assert len(other.opens) == 1 and not other.row(NAME).well


def test_an_open_incident_of_a_silent_observer_ends_before_any_effect_only() -> None:
    story = Story()
    story.write(stopped(source=Source.PEER, observer="peer/1"), at=1)
    assert f"stop {NAME} (evidence-expired)" in story.wait(100)
    other = Story()
    other.write(stopped(source=Source.PEER, observer="peer/1"), at=1)
    other.hear(work(other, FactKind.WORKING, effects=True))
    other.wait(140)
    assert not incident(other).stopped and incident(other).order.n > 1


# It condemns its host


def test_a_fatal_process_has_its_host_recovered_and_no_incident_of_its_own() -> None:
    story = Story(policy=FATAL)
    said = story.write(stopped(process="libvirtd"), at=1)
    assert said == ["explain process/cmp1/libvirtd (part-of-incident)", "open cmp1 (host-useless)"]
    (order,) = story.opens
    assert (order.subject, order.condemned, order.asserted_at, order.confirmed_at) == (
        CMP1,
        "libvirtd",
        None,
        None,
    )
    assert story.post.verdicts[0].incident == order.incident and order.host_uuid == "uuid-cmp1"
    assert story.write(alive(), at=2) == ["explain cmp1 (sign-of-life)"]
    story.write(replace(alive(episode="late"), said_at=BrokerTime(START - 700 * S)))
    assert not incident(story, CMP1).stopped
    assert story.write(stopped("p2", "libvirtd"), at=3) == [
        "explain process/cmp1/libvirtd (part-of-incident)"
    ]
    assert finish(story, subject=CMP1) == ["close cmp1 (recovered)"]
    row = story.row(LIBVIRT.name)
    assert (row.conditions, row.condemned) == ((), None)
    assert story.wait(700) == [] and len(story.opens) == 1


def test_a_process_that_is_back_before_any_effect_pardons_its_host() -> None:
    story = Story(policy=FATAL)
    story.write(stopped(process="libvirtd"), at=1)
    assert story.write(started(process="libvirtd"), at=2) == [
        "ignore process/cmp1/libvirtd (cleared)",
        "stop cmp1 (process-back)",
    ]
    assert isinstance(story.post.orders[-1], Stop)
    said = finish(story, Result.WITHDRAWN, subject=CMP1, reason=Reason.NOTHING_DONE)
    assert said == ["close cmp1 (nothing-done)"] and story.row().conditions == ()


def test_a_host_that_has_been_fenced_for_it_is_recovered_to_the_end() -> None:
    story = Story(policy=FATAL)
    story.write(stopped(process="libvirtd"), at=1)
    story.hear(work(story, FactKind.WORKING, CMP1, effects=True))
    story.write(started(process="libvirtd"), at=2)
    assert not incident(story, CMP1).stopped
    story.wait(40)
    assert story.opens[-1].condemned == "libvirtd" and story.opens[-1].n > 1


def test_other_evidence_of_its_death_takes_the_processs_place() -> None:
    story = Story(policy=FATAL)
    story.write(stopped(process="libvirtd"), at=1)
    story.write(report(), at=2)
    story.wait(40)
    assert story.opens[-1].condemned == "" and story.opens[-1].asserted_at is not None


def test_a_condemned_host_passes_all_gates_of_a_host() -> None:
    story = Story(policy=FATAL)
    story.write(bid(Instruction.HOLD, subject=CMP1))
    assert story.write(stopped(process="libvirtd"), at=1) == [
        "hold process/cmp1/libvirtd (host-useless)",
        "hold cmp1 (held-by-command)",
    ]
    assert story.write(bid(Instruction.APPROVE, 2, subject=CMP1, limit=Limit.HOLD)) == [
        "approve cmp1 (command): ann: why not",
        "open cmp1 (host-useless)",
        "explain process/cmp1/libvirtd (part-of-incident)",
    ]
    assert story.post.verdicts[-1].incident == story.opened


def test_a_process_whose_gates_close_again_pardons_its_host() -> None:
    story = Story(policy=FATAL)
    story.write(stopped(process="libvirtd"), at=1)
    assert story.write(bid(Instruction.HOLD, subject=LIBVIRT)) == [
        "hold process/cmp1/libvirtd (command): ann: why not",
        "hold process/cmp1/libvirtd (held-by-command)",
        "stop cmp1 (process-back)",
    ]
    other = Story(policy=FATAL)
    other.write(stopped(process="libvirtd"), at=1)
    changed = replace(FATAL, process_evacuate=(), process_disable=("libvirtd",))
    other.describe(segment(version=2, policy=changed))
    other.wait(2)
    assert incident(other, CMP1).stopped and other.row(LIBVIRT.name).condemned is None


def test_a_process_waits_for_a_suspicion_of_its_host_and_condemns_it_at_the_next_tick() -> None:
    story = Story(policy=FATAL)
    story.write(down(Source.PEER), at=1)
    assert story.write(stopped(process="libvirtd"), at=2) == ["hold process/cmp1/libvirtd (host-first)"]
    assert story.write(alive(), at=3) == [
        "withdraw cmp1 (sign-of-life)",
        "explain process/cmp1/libvirtd (part-of-incident)",
    ]
    assert story.wait(3.5) == ["open cmp1 (host-useless)"]
    assert story.post.verdicts[-2].incident == story.opened


def test_guests_of_a_condemned_host_wait_for_it() -> None:
    story = Story(policy=FATAL)
    story.write(stopped(process="libvirtd"), at=1)
    web1 = down(Source.REPORTED, "c1", observer="api", kind=Kind.INSTANCE, detail="web1")
    assert story.write(web1) == ["hold instance/web1 (host-first)"]
    assert story.write(stopped(), at=2) == [f"hold {NAME} (host-first)"]


def test_a_host_that_could_not_be_recovered_is_not_condemned_by_the_same_word_again() -> None:
    story = Story(policy=replace(FATAL, attempts=1))
    story.write(stopped(process="libvirtd"), at=1)
    assert finish(story, Result.FAILED, subject=CMP1) == ["close cmp1 (partial-failure)"]
    assert story.write(stopped("p2", "libvirtd"), at=2) == [
        "explain process/cmp1/libvirtd (part-of-incident)"
    ]
    assert story.wait(100) == [] and len(story.opens) == 1
    story.write(bid(Instruction.RETRY, subject=CMP1))
    assert story.opens[-1].condemned == "libvirtd" and story.opens[-1].attempt == 2
    finish(story, Result.FAILED, subject=CMP1)
    assert story.write(alive(Source.NOVA), at=200)[0] == "open cmp1 (host-back)"
    bring_back(story)
    story.wait(520)
    closed = story.row().closed
    assert closed is not None and closed.readmitted


def test_a_host_is_not_condemned_for_what_was_said_before_it_came_back() -> None:
    story = Story(policy=replace(FATAL, attempts=1))
    story.write(stopped(process="libvirtd"), at=1)
    finish(story, Result.FAILED, subject=CMP1)
    story.write(stopped("p2", "libvirtd"), at=20)
    story.write(alive(Source.NOVA), at=100)
    bring_back(story, at=110)
    assert "readmit cmp1 (probation-over)" in story.wait(411) and story.row().incident is None
    assert [order.undoes is None for order in story.opens] == [True, False]
    row = story.row(LIBVIRT.name)
    assert (row.conditions, row.condemned) == ((), None)


def test_a_host_is_condemned_anew_for_what_was_said_after_it_came_back() -> None:
    story = Story(policy=replace(FATAL, attempts=1))
    story.write(stopped(process="libvirtd"), at=1)
    finish(story, Result.FAILED, subject=CMP1)
    story.write(alive(Source.NOVA), at=100)
    bring_back(story, at=110)
    assert story.write(stopped("p2", "libvirtd"), at=120)[-1] == "open cmp1 (host-useless)"
    assert story.opens[-1].undoes is None and story.opens[-1].incident != story.opens[0].incident


def test_where_a_person_brings_a_host_back_it_is_condemned_anew_once_it_is_re_admitted() -> None:
    by_hand = replace(FATAL, attempts=1, host_return=HostReturn.BY_HAND)
    story = Story(policy=by_hand)
    story.write(stopped(process="libvirtd"), at=1)
    finish(story, Result.FAILED, subject=CMP1)
    story.write(alive(Source.NOVA), at=100)
    story.write(stopped("p2", "libvirtd"), at=120)
    assert story.wait(401)[:2] == ["readmit cmp1 (probation-over)", "open cmp1 (host-useless)"]
    assert len(story.opens) == 2


def test_what_fails_while_its_host_is_taken_back_into_service_is_not_over_with_that() -> None:
    story = Story()
    story.write(report(), at=1)
    finish(story, subject=CMP1)
    story.write(bid(Instruction.HOLD, subject=COMPUTE))
    story.write(stopped(), at=10)
    story.write(alive(Source.NOVA), at=20)
    story.write(stopped("p2", observer="cli"), at=30)
    bring_back(story, at=40)
    assert [c.observer for c in story.row(NAME).conditions] == ["cli"], "the other one is from before"
    story.wait(400)
    assert not story.row().is_out and story.row(NAME).reason is Reason.HELD_BY_COMMAND
    assert story.write(bid(Instruction.APPROVE, 2, subject=COMPUTE, limit=Limit.HOLD))[-1] == (
        f"open {NAME} (observed)"
    )


def test_nor_with_a_return_that_was_withdrawn() -> None:
    story = Story()
    story.write(report(), at=1)
    finish(story, subject=CMP1)
    story.write(alive(Source.NOVA), at=20)
    story.write(stopped(), at=30)
    story.write(down(Source.PEER, "e9"), at=31)
    finish(story, Result.WITHDRAWN, subject=CMP1, reason=Reason.NOTHING_DONE)
    assert story.row().is_out and story.row(NAME).reason is Reason.HOST_FIRST
    assert [c.observer for c in story.row(NAME).conditions] == ["api"]


def test_of_what_was_said_of_a_process_what_is_younger_than_its_hosts_return_stands() -> None:
    story = Story(policy=Policy(attempts=1))
    story.write(bid(Instruction.HOLD, subject=COMPUTE))
    story.write(report(), at=1)
    finish(story, Result.FAILED, subject=CMP1)
    story.write(stopped(observer="cli"), at=20)
    story.write(alive(Source.NOVA), at=100)
    story.write(stopped("p2"), at=120)
    bring_back(story, at=130)
    assert story.wait(431) == ["readmit cmp1 (probation-over)"]
    assert [c.observer for c in story.row(NAME).conditions] == ["api"]
    assert story.row(NAME).reason is Reason.HELD_BY_COMMAND


def test_a_process_that_fails_after_its_host_was_recovered_has_failed_anew() -> None:
    story = Story()
    story.write(report(), at=1)
    story.write(stopped(), at=2)
    early, late = finish(story, subject=CMP1), story.write(stopped("p2"), at=9)
    assert early[-1] == f"explain {NAME} (part-of-incident)" and late == [f"open {NAME} (observed)"]
    both = Story()
    both.write(report(), at=1)
    both.write(stopped(), at=2)
    both.write(bid(Instruction.HOLD, subject=CMP1), at=3)
    later = stopped("p3", source=Source.PEER, observer="peer/1")
    finish(both, subject=CMP1)
    assert both.write(later, at=9) == [f"open {NAME} (observed)"]


def test_two_fatal_processes_make_one_incident() -> None:
    policy = Policy(process_evacuate=("libvirtd", "ovs"))
    story = Story(policy=policy)
    story.write(stopped(process="ovs"), at=1)
    assert story.write(stopped(process="libvirtd"), at=2) == ["hold process/cmp1/libvirtd (host-first)"]
    assert len({order.incident for order in story.opens}) == 1


def test_a_fatal_process_in_a_storm_is_held_like_any_host() -> None:
    story = Story(policy=FATAL)
    story.write(report("r2", host="cmp2"), at=1)
    said = story.write(stopped(process="libvirtd"), at=2)
    assert said[:2] == ["hold process/cmp1/libvirtd (host-useless)", "hold cmp1 (storm)"]
    assert [order.subject.host for order in story.opens] == ["cmp2"]


def test_evidence_of_a_process_that_is_unknown_condemns_nobody() -> None:
    story = Story(policy=FATAL)
    assert story.write(stopped(process="libvirtd", host="cmp9")) == [
        "ignore process/cmp9/libvirtd (unknown-subject)"
    ]
    assert "s1/subject/host/cmp9" not in story.post.table


def opens(story: Story) -> list[UUID]:
    return [order.incident for order in story.post.orders if isinstance(order, Open)]


def test_a_silent_agent_pardons_no_host_that_was_fenced() -> None:
    story = Story(policy=FATAL)
    story.write(stopped(process="libvirtd", source=Source.PEER, observer="agent"), at=1)
    story.hear(work(story, FactKind.WORKING, CMP1, effects=True))
    story.wait(100)
    assert not incident(story, CMP1).stopped and len(set(opens(story))) == 1


def test_quiet_after_a_boot_may_be_none() -> None:
    story = Story(policy=Policy(process_quiet=Millis(0)))
    story.write(alive(boot_id="b1"), at=1)
    story.write(alive(episode="a2", boot_id="b2"), at=2)
    assert story.write(stopped(), at=2.5) == [f"open {NAME} (observed)"]
