"""Who gets which reserve: healthy ones, each once, one at a time."""

from dataclasses import replace
from typing import Any

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.gates import DESCRIPTIONS, Wait
from kasugai.core.deciding.kinds import KINDS
from kasugai.core.deciding.reserves import LOOK_AGAIN, RESERVE, extended, free, give, room
from kasugai.core.deciding.rows import Closed, HostRow, IncidentRow, SegmentRow, Spent, SubjectRow
from kasugai.core.words.facts import FactKind, Result, StepState
from kasugai.core.words.incident import Phase
from kasugai.core.words.policy import Method, Policy
from kasugai.core.words.signals import Command, Instruction
from kasugai.core.words.subject import Kind, host_subject
from kasugai.core.words.timing import SteadyTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import (
    INCIDENT,
    asked,
    condition,
    fact,
    host,
    moment,
    order,
    record,
    report,
    row,
    segment,
    uuid_of,
)
from tests.unit.core.story import Story, answer

RESERVED = Policy(method=Method.RESERVED_HOST)
M = moment(0)


def town_of(
    *subjects: SubjectRow, subject: SubjectRow | None = None, policy: Policy = RESERVED, **given: Any
) -> Asked:
    hosts = {name: host(name, reserved=True) for name in ("r1", "r2")} | {"cmp1": host()} | given
    return asked(
        row=subject or row(),
        segment=SegmentRow(record=segment(policy=policy)),
        hosts={name: HostRow(record=record) for name, record in hosts.items()},
        subjects={subject.name: subject for subject in subjects},
    )


def about(name: str, **given: Any) -> SubjectRow:
    return row(host=name, **given)


def test_a_free_reserve_is_one_that_nothing_speaks_against() -> None:
    assert free(town_of()) == ("r1", "r2")
    for record_ in (
        host("r1", reserved=False),
        host("r1", reserved=True, deleted=True),
        host("r1", reserved=True, on_maintenance=True),
    ):
        assert free(town_of(r1=record_)) == ("r2",)
    closed = Closed(incident=order().incident, phase=Phase.FAILED, at=moment(0))
    assert free(town_of(about("r1", conditions=(condition(),)))) == ("r2",)
    assert free(town_of(about("r1", closed=closed))) == ("r2",)
    assert free(town_of(about("r1", closed=replace(closed, phase=Phase.WITHDRAWN)))) == ("r1", "r2")


def test_a_host_is_no_reserve_of_its_own() -> None:
    assert free(town_of(subject=about("r1"))) == ("r2",)


def test_one_is_spent_until_it_is_described_anew() -> None:
    user = about("cmp9", spent=(Spent(host="r1", version=1),))
    assert free(town_of(user)) == ("r2",)
    assert free(town_of(subject=row(spent=user.spent))) == ("r2",)
    assert free(town_of(user, r1=host("r1", reserved=True, version=2))) == ("r1", "r2")


def test_a_new_incident_gets_one_if_its_policy_wants_any() -> None:
    assert give(town_of()) == ("r1",)
    assert give(town_of(policy=Policy(method=Method.AUTO_PRIORITY))) == ("r1",)
    assert give(town_of(policy=Policy())) == ()
    assert RESERVE.ask(town_of()) is None
    none = town_of(r1=host("r1"), r2=host("r2"))
    assert give(none) == () and RESERVE.why(none) is Reason.NO_RESERVE
    assert [kind for kind, what in KINDS.items() if RESERVE in what.gates] == [Kind.HOST]
    assert RESERVE.ask(replace(none, segment=SegmentRow(record=segment()))) is None


def test_the_next_one_is_given_when_there_was_no_room() -> None:
    had = order(policy=RESERVED, reserves=("r1",))
    assert extended(town_of(), had, Reason.NO_CAPACITY) == ("r1", "r2")
    assert extended(town_of(), had, Reason.NO_FENCE_DEVICE) == ("r1",)
    assert extended(town_of(r2=host("r2")), had, Reason.NO_CAPACITY) == ("r1",)
    assert extended(town_of(), order(), Reason.NO_CAPACITY) == ()


def test_what_is_no_reserve_of_its_own_any_more_is_taken_back() -> None:
    had = order(policy=RESERVED, reserves=("r1", "r2"))
    for record_ in (host("r1"), host("r1", reserved=True, on_maintenance=True)):
        assert extended(town_of(r1=record_), had, "") == ("r2",)
    other = replace(order(reserves=("r1",)), incident=INCIDENT)
    taker = about("cmp9", incident=IncidentRow(order=other, phase=Phase.OPENED, heard=M, published=M))
    assert extended(town_of(taker), had, "") == ("r2",)
    assert extended(town_of(about("cmp9", spent=(Spent(host="r1", version=1),))), had, "") == ("r2",)
    assert extended(town_of(subject=row(spent=(Spent(host="r1", version=1),))), had, "") == ("r1", "r2")
    assert extended(town_of(), order(policy=RESERVED, reserves=("r7",)), "") == ()


def test_who_waits_for_a_reserve_is_asked_now_and_then_and_when_a_host_is_described() -> None:
    none = town_of(r1=host("r1"), r2=host("r2"))
    for deadline, until in ((7, LOOK_AGAIN), (LOOK_AGAIN, 2 * LOOK_AGAIN)):
        closed = RESERVE.ask(replace(none, deadline=SteadyTime(deadline)))
        assert closed is not None and closed.until == until and closed.on == {DESCRIPTIONS}


def test_only_an_incident_that_found_no_room_waits_for_some() -> None:
    waiting = IncidentRow(
        order=order(), phase=Phase.HELD, heard=M, published=M, reason=str(Reason.NO_CAPACITY)
    )
    assert room(row(incident=waiting)).on == {DESCRIPTIONS}
    assert room(row(incident=replace(waiting, reason=""))) == room(row()) == Wait()


def town(**policy: Any) -> Story:
    story = Story(policy=Policy(**{"method": Method.RESERVED_HOST, "max_unhealthy": 100, **policy}))
    story.describe(host("r1", reserved=True))
    return story


def lost(name: str) -> Any:
    return report(f"r-{name}", host=name)


def test_two_hosts_never_get_the_same_reserve() -> None:
    story = town()
    assert story.write(lost("cmp1")) == ["open cmp1 (asserted)"]
    assert story.write(lost("cmp2")) == ["hold cmp2 (no-reserve)"]
    assert [(order.host, order.reserves) for order in story.opens] == [("cmp1", ("r1",))]
    assert story.describe(host("r2", reserved=True)) == ["open cmp2 (asserted)"]
    assert story.opens[-1].reserves == ("r2",)


def closing(*steps: Any) -> Any:
    return fact(FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.RECOVERED, steps=steps)


def test_a_reserve_that_was_not_needed_is_free_again() -> None:
    story = town()
    story.write(lost("cmp1"))
    story.write(lost("cmp2"))
    story.hear(answer(closing(record("enable-compute:r1", StepState.FAILED)), story))
    assert story.wait(story.seconds + 31) == ["open cmp2 (asserted)"]
    assert story.opens[-1].reserves == ("r1",)


def test_a_reserve_that_was_enabled_is_in_use_until_it_is_described_anew() -> None:
    story = town()
    story.write(lost("cmp1"))
    story.hear(answer(closing(record("enable-compute:r1", StepState.DONE)), story))
    assert story.row().spent == (Spent(host="r1", version=1),)
    assert story.write(lost("cmp2")) == ["hold cmp2 (no-reserve)"]
    assert story.describe(host("r1", reserved=True, version=2)) == ["open cmp2 (asserted)"]


def test_a_retry_does_not_take_a_reserve_that_was_given_to_another_meanwhile() -> None:
    story = town(attempts=1)
    story.write(lost("cmp1"))
    story.write(lost("cmp2"))
    failed = fact(FactKind.FINISHED, result=Result.FAILED, reason=Reason.PARTIAL)
    story.hear(answer(failed, story))
    assert story.wait(story.seconds + 31) == ["open cmp2 (asserted)"]
    retry = Command(
        command_id=uuid_of(1),
        order=Instruction.RETRY,
        segment="s1",
        subject=host_subject("cmp1"),
        author="ann",
        reason="again",
    )
    story.write(retry)
    assert [(order.host, order.reserves) for order in story.opens[1:]] == [("cmp2", ("r1",)), ("cmp1", ())]


def held(reason: Reason) -> Any:
    return fact(FactKind.HELD, reason=reason)


def test_another_reserve_is_given_at_once_when_the_first_is_full() -> None:
    story = town()
    story.describe(host("r2", reserved=True))
    story.write(lost("cmp1"))
    story.hear(answer(held(Reason.NO_CAPACITY), story))
    assert story.wait(story.seconds + 7) == ["reopen cmp1 (back-off-over)"]
    assert story.opens[-1].reserves == ("r1", "r2")


def test_a_new_host_lets_an_incident_without_room_be_looked_at_again() -> None:
    story = town(method=Method.AUTO)
    story.write(lost("cmp1"))
    story.hear(answer(held(Reason.NO_CAPACITY), story), at=10)
    assert story.describe(host("cmp4")) == ["reopen cmp1 (changed)"]
    story.hear(answer(held(Reason.DESTINATION_FAILED), story), at=20)
    assert story.describe(host("cmp5")) == []


def test_a_lack_of_room_is_looked_at_again_after_ten_minutes_at_the_latest() -> None:
    story = town(method=Method.AUTO)
    story.write(lost("cmp1"))
    for n in range(6):
        order_ = story.incident.order
        story.hear(replace(answer(held(Reason.NO_CAPACITY), story), n=order_.n, epoch=n + 1))
        story.wait(story.seconds + 700)
        assert story.incident.order.n > order_.n
