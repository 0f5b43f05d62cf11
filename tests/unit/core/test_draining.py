"""Degraded hosts: what the policy makes of a mark, who goes first, how many at a time, and when a mark is over."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.words.facts import FactKind, Result, StepState
from kasugai.core.words.hardware import HARDWARE, hardware_subject
from kasugai.core.words.incident import Stop
from kasugai.core.words.policy import Degraded, Policy
from kasugai.core.words.signals import Fault, Instruction, Source, Symptom
from kasugai.core.words.subject import Kind, Subject, host_subject
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import down, fact, record, segment
from tests.unit.core.story import Story, bid

CMP1, CMP2 = hardware_subject("cmp1"), hardware_subject("cmp2")
SHUT = (record("disable-compute:cmp1", StepState.DONE, tries=1),)
OPENED = (record("enable-again:cmp1", StepState.DONE, tries=1),)
OPEN = "open process/cmp1/hardware (observed)"


def mark(host: str = "cmp1", episode: str = "m1", **given: Any) -> Fault:
    """Return a person's word, or another's, that a host is degraded."""
    facts: dict[str, Any] = {"observer": "cli", "kind": Kind.PROCESS, "detail": HARDWARE, **given}
    return down(facts.pop("source", Source.REPORTED), episode, host=host, **facts)


def over(host: str = "cmp1", episode: str = "o1", **given: Any) -> Fault:
    """Return the end of such a word."""
    return mark(host, episode, **{"symptom": Symptom.CLEAR, **given})


def alert(host: str = "cmp1", **given: Any) -> Fault:
    """Return an alert's word."""
    return mark(host, "a1", source=Source.METRICS, observer="alertmanager/degraded", **given)


def rack(**policy: Any) -> Story:
    """Return a segment of four hosts that drains degraded ones."""
    return Story(
        policy=Policy(**{"degraded": Degraded.DRAIN, **policy}), hosts=("cmp1", "cmp2", "cmp3", "cmp4")
    )


def finish(story: Story, subject: Subject = CMP1, steps: Any = SHUT, **given: Any) -> list[str]:
    """Let a worker end the open incident."""
    words = {"result": Result.RECOVERED, "reason": Reason.RECOVERED, "steps": steps, **given}
    return work(story, FactKind.FINISHED, subject, **words)


def work(story: Story, kind: FactKind, subject: Subject = CMP1, **given: Any) -> list[str]:
    """Let a worker say something about the open incident."""
    row = story.row(subject.name).incident
    assert row is not None
    order, said = row.order, fact(kind, **{"effects": True, "steps": SHUT, **given})
    return story.hear(
        replace(said, incident=order.incident, attempt=order.attempt, n=order.n, subject=subject)
    )


def drained(**policy: Any) -> Story:
    """Return the story of a host that was drained."""
    story = rack(**policy)
    assert story.write(mark(), at=1) == [OPEN]
    assert finish(story) == ["close process/cmp1/hardware (recovered)"]
    return story


def test_a_mark_is_noted_unless_the_policy_asks_for_more_and_condemns_nobody() -> None:
    story = Story(policy=Policy(process_evacuate=(HARDWARE,), process_disable=(HARDWARE,)))
    assert story.write(mark(), at=1) == ["ignore process/cmp1/hardware (degraded-noted)"]
    assert story.opens == [] and story.post.table.get("s1/subject/host/cmp1") is None
    drains = segment(version=2, policy=Policy(degraded=Degraded.DRAIN, process_evacuate=(HARDWARE,)))
    assert story.describe(drains) == [OPEN]
    assert not story.opens[0].subject.is_host and story.opens[0].condemned == ""


def test_a_persons_mark_stands_until_it_is_taken_back() -> None:
    story = drained()
    story.pass_days(3)
    assert story.row(CMP1.name).conditions != ()
    assert story.write(over(), at=story.seconds)[:1] == ["open process/cmp1/hardware (process-back)"]
    assert story.opens[-1].undoes == story.opens[0].incident
    assert finish(story, steps=OPENED) == ["close process/cmp1/hardware (recovered)"]
    assert story.row(CMP1.name).closed is not None and story.row(CMP1.name).conditions == ()


def test_a_mark_that_waits_for_its_turn_is_not_forgotten_in_a_day() -> None:
    story = drained()
    assert story.write(mark("cmp2"), at=2) == ["hold process/cmp2/hardware (drain-limit)"]
    story.pass_days(2)
    story.write(over(), at=story.seconds)
    assert "open process/cmp2/hardware (observed)" in finish(story, steps=OPENED)


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_as_many_are_drained_as_the_policy_allows_and_a_drained_host_counts_until_it_is_back(
    limit: int,
) -> None:
    story = rack(degraded_hosts=limit)
    for number, name in enumerate(("cmp1", "cmp2", "cmp3", "cmp4"), 1):
        verb = "open" if number <= limit else "hold"
        assert story.write(mark(name), at=number)[0].startswith(f"{verb} process/{name}/hardware")
    finish(story)
    assert len({each.incident for each in story.opens}) == limit, "drained, and not back"
    story.write(over(), at=10)
    said = finish(story, steps=OPENED)
    assert [line[:4] for line in said].count("open") == 1, "one of those who wait"


def test_a_larger_limit_lets_those_go_who_wait() -> None:
    story = rack()
    story.write(mark(), at=1)
    story.write(mark("cmp2"), at=2)
    more = segment(version=2, policy=Policy(degraded=Degraded.DRAIN, degraded_hosts=2))
    assert "open process/cmp2/hardware (observed)" in story.describe(more)


def test_a_host_that_an_operator_had_disabled_counts_as_drained_too() -> None:
    story = rack()
    story.write(mark(), at=1)
    finish(story, steps=(record("disable-compute:cmp1", StepState.DONE, tries=0),))
    assert story.write(mark("cmp2"), at=2) == ["hold process/cmp2/hardware (drain-limit)"]


def test_guests_go_to_no_degraded_host_and_to_none_that_is_suspected() -> None:
    story = rack(degraded_hosts=2)
    story.write(mark(), at=1)
    assert "reopen process/cmp1/hardware (destinations-changed)" in story.write(mark("cmp2"), at=3)
    story.write(down(host="cmp3"), at=6)
    story.wait(8)
    newest = {each.subject.name: each.avoid for each in story.opens}
    assert newest == {CMP1.name: ("cmp2", "cmp3"), CMP2.name: ("cmp1", "cmp3")}


def test_the_host_comes_first() -> None:
    story = rack()
    story.write(mark(), at=1)
    work(story, FactKind.WORKING)
    said = story.write(down(), at=2)
    assert "stop process/cmp1/hardware (host-first)" in said
    assert isinstance(story.post.orders[-1], Stop)
    ended = finish(story, result=Result.WITHDRAWN, reason=Reason.STOPPED)
    assert ended == [
        "close process/cmp1/hardware (stopped)",
        "hold process/cmp1/hardware (host-first)",
    ]
    assert OPEN in story.write(down(symptom=Symptom.CLEAR, episode="c1"), at=3)


def test_nobody_is_moved_away_from_a_host_that_is_out_or_held() -> None:
    story = rack()
    story.write(bid(Instruction.HOLD, subject=host_subject("cmp1")), at=1)
    assert story.write(mark(), at=2) == ["hold process/cmp1/hardware (host-first)"]


def test_an_alert_that_is_heard_no_more_ends_nothing() -> None:
    story = rack()
    story.write(alert(), at=1)
    finish(story)
    story.wait(200)
    assert story.row(CMP1.name).conditions == () and len(story.opens) == 1
    assert story.write(over(), at=201) == ["open process/cmp1/hardware (process-back)"]


def test_a_mark_is_over_once_nobody_who_set_it_stands_by_it() -> None:
    story = rack()
    story.write(alert(), at=1)
    story.write(mark(), at=2)
    assert OPEN in finish(story), "who was marked anew is looked at anew"
    finish(story)
    story.write(alert(symptom=Symptom.CLEAR), at=3)
    assert len(story.opens) == 2
    assert story.write(over(), at=4) == ["open process/cmp1/hardware (process-back)"]


def test_a_person_who_says_that_it_is_well_ends_every_mark() -> None:
    story = rack()
    story.write(alert(), at=1)
    finish(story)
    story.write(mark(), at=2)
    finish(story)
    said = story.write(over(symptom=Symptom.ALIVE), at=3)
    assert said == ["open process/cmp1/hardware (process-back)"]


def test_a_mark_that_ends_before_anything_was_done_leaves_nothing_to_undo() -> None:
    story = rack()
    story.write(mark(), at=1)
    assert "stop process/cmp1/hardware (cleared)" in story.write(over(), at=2)
    nothing: dict[str, Any] = {"result": Result.WITHDRAWN, "reason": Reason.NOTHING_DONE, "effects": False}
    assert finish(story, steps=(), **nothing) == ["close process/cmp1/hardware (nothing-done)"]
    assert len(story.opens) == 1


def test_a_retry_begins_anew_where_a_guest_could_not_be_moved() -> None:
    story = rack()
    story.write(mark(), at=1)
    work(story, FactKind.HELD, reason=Reason.MIGRATION_FAILED)
    story.write(bid(Instruction.RETRY, subject=CMP1), at=2)
    assert (story.opens[-1].attempt, story.opens[-1].n) == (2, 2)


def test_a_processs_end_does_not_let_guests_onto_degraded_hardware() -> None:
    """nova-compute failed first and had the host disabled; it is back while the hardware is still degraded."""
    story = rack()
    compute = Subject(kind=Kind.PROCESS, host="cmp1", detail="nova-compute")
    failing: dict[str, Any] = {"observer": "api", "kind": Kind.PROCESS, "detail": "nova-compute"}
    story.write(down(Source.REPORTED, "p1", **failing), at=1)
    finish(story, compute)
    story.write(mark(), at=2)
    finish(story, steps=(record("disable-compute:cmp1", StepState.DONE, tries=0),))
    back = story.write(down(Source.REPORTED, "p2", symptom=Symptom.CLEAR, **failing), at=3)
    assert back == ["hold process/cmp1/nova-compute (observed)"]
    assert "open process/cmp1/nova-compute (process-back)" in story.write(over(), at=4)
