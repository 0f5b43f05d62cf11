"""Instances: one word opens an incident, their host comes first, a budget counts, and nothing that was said is lost."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.deciding import crowds
from kasugai.core.deciding.rows import IncidentRow, SubjectRow
from kasugai.core.words.facts import Fact, FactKind, Result
from kasugai.core.words.hardware import is_hardware
from kasugai.core.words.incident import Open, Phase, Stop
from kasugai.core.words.policy import Exhausted, Policy
from kasugai.core.words.signals import Fault, Instruction, Limit, Outcome, Source, Symptom
from kasugai.core.words.subject import Kind, Subject
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, alive, down, fact, host, report, segment
from tests.unit.core.scripts import Move, Say, Work, examples, guests, passes, play, scripts
from tests.unit.core.story import START, Story, bid

WEB1 = Subject(kind=Kind.INSTANCE, host="cmp1", detail="web1")
NAME = WEB1.name


def crash(episode: str = "c1", **given: Any) -> Fault:
    """Return a report that web1 has failed."""
    about: dict[str, Any] = {"observer": "api", "kind": Kind.INSTANCE, "detail": "web1", **given}
    return down(about.pop("source", Source.REPORTED), episode, **about)


def ordinary(episode: str = "o1", symptom: Symptom = Symptom.CLEAR) -> Fault:
    """Return an ordinary event of web1's life."""
    return crash(episode, symptom=symptom)


def work(story: Story, kind: FactKind, subject: Subject = WEB1, **given: Any) -> Fact:
    """Return a worker's fact about the subject's open incident."""
    order = incident(story, subject).order
    about: dict[str, Any] = {
        "incident": order.incident,
        "attempt": order.attempt,
        "n": order.n,
        "subject": subject,
    }
    return replace(fact(kind, **given), **about)


def incident(story: Story, subject: Subject = WEB1) -> IncidentRow:
    found = story.row(subject.name).incident
    assert found is not None
    return found


def finish(
    story: Story, result: Result = Result.RECOVERED, subject: Subject = WEB1, **given: Any
) -> list[str]:
    """Let a worker finish the open incident."""
    reason = given.pop("reason", Reason.PARTIAL if result is Result.FAILED else Reason.RECOVERED)
    effects = given.pop("effects", result is not Result.WITHDRAWN)
    return story.hear(
        work(story, FactKind.FINISHED, subject, result=result, reason=reason, effects=effects, **given)
    )


def test_one_word_opens_an_incident_that_says_when_it_was_said() -> None:
    story = Story()
    assert story.write(crash(), at=7) == ["open instance/web1 (observed)"]
    (order,) = story.opens
    assert order.seen_at == START + 7 * S and order.subject == WEB1 and not order.relocates
    assert (order.reserves, order.avoid, order.undoes, order.condemned) == ((), (), None, "")
    assert "s1/subject/host/cmp1" not in story.post.table


def test_a_report_that_is_sent_twice_changes_nothing() -> None:
    story = Story()
    story.write(crash(), at=1)
    row = story.row(NAME)
    assert story.write(crash(), at=20) == [] and story.row(NAME) == row
    finish(story)
    assert story.write(crash(), at=30) == ["ignore instance/web1 (stale)"]


def test_another_report_belongs_to_the_open_incident() -> None:
    story = Story()
    story.write(crash(), at=1)
    assert story.write(crash("c2"), at=2) == ["explain instance/web1 (part-of-incident)"]
    assert len(story.opens) == 1


def test_what_was_said_after_the_last_publication_opens_the_next_incident() -> None:
    story = Story()
    story.write(crash(), at=1)
    story.write(crash("c2"), at=2)
    assert finish(story) == ["close instance/web1 (recovered)", "open instance/web1 (observed)"]
    first, second = story.opens
    assert second.previous == first.incident and second.seen_at == START + 2 * S
    said = finish(story, Result.WITHDRAWN, reason=Reason.RESTARTED_SINCE)
    assert said == ["close instance/web1 (restarted-since)"]
    assert story.row(NAME).conditions == ()


def test_an_incident_answers_what_was_said_before_it_also_where_nothing_was_done() -> None:
    story = Story()
    story.write(crash())
    assert finish(story, Result.WITHDRAWN, reason=Reason.USERS_WISH) == ["close instance/web1 (users-wish)"]
    assert story.row(NAME).conditions == () and story.wait(700) == []


def test_what_repeats_is_answered_until_it_ends() -> None:
    story = Story()
    said = crash(source=Source.PEER, observer="peer/1")
    story.write(said, at=1)
    story.write(said, at=10)
    assert finish(story) == ["close instance/web1 (recovered)"]
    assert story.write(said, at=40) == [] and story.row(NAME).incident is None


def test_a_sign_of_life_stops_no_guests_incident_for_it_may_be_our_own_doing() -> None:
    story = Story()
    story.write(crash())
    assert story.write(ordinary()) == ["explain instance/web1 (part-of-incident)"]
    assert story.write(ordinary("o2", Symptom.ALIVE)) == ["explain instance/web1 (sign-of-life)"]
    late = replace(ordinary("o3"), said_at=BrokerTime(START - 700 * S))
    assert story.write(late) == ["ignore instance/web1 (stale)"]
    assert story.row(NAME).conditions != ()
    assert finish(story) == ["close instance/web1 (recovered)"]


def test_a_sign_of_life_ends_what_only_waits() -> None:
    story = Story(armed=False)
    assert story.write(crash()) == ["hold instance/web1 (disarmed)"]
    assert story.write(ordinary()) == ["withdraw instance/web1 (cleared)"]


def test_the_evidence_of_an_open_incident_may_expire_and_it_goes_on() -> None:
    story = Story()
    story.write(crash(source=Source.PEER, observer="peer/1"))
    story.hear(work(story, FactKind.WORKING))
    story.wait(100)
    assert story.row(NAME).conditions == ()
    assert [type(order) for order in story.post.orders if isinstance(order, Stop)] == []
    assert incident(story).order.n > 1, "it is published again while nobody answers"


def test_a_report_that_waits_is_over_after_a_day_whoever_else_said_so() -> None:
    story = Story(armed=False)
    story.write(crash())
    story.write(crash(source=Source.PEER, observer="peer/1"))
    story.wait(100)
    story.pass_days(1.5)
    assert story.row(NAME).conditions == ()


def test_a_guest_is_where_it_was_seen_last() -> None:
    story = Story()
    story.write(crash())
    finish(story)
    story.describe(host("cmp2", version=2, on_maintenance=True))
    assert story.write(crash("c2", host="cmp2"), at=5) == ["hold instance/web1 (maintenance)"]
    story.describe(host("cmp2", version=3))
    assert story.opens[-1].subject.host == "cmp2"
    story.write(crash("c3", host="unheard-of"), at=6)
    finish(story, subject=replace(WEB1, host="unheard-of"))
    assert story.row(NAME).reason is Reason.UNKNOWN_SUBJECT


# Its host comes first


def test_a_guest_waits_for_its_host_and_is_looked_at_when_that_is_recovered() -> None:
    """Nova may have stopped it by itself before its host was fenced: then it was brought back as stopped."""
    story = Story()
    story.write(down(Source.PEER), at=1)
    assert story.write(crash(), at=2) == ["hold instance/web1 (host-first)"]
    assert story.write(report(), at=3) == ["open cmp1 (asserted)"]
    assert story.hear(_of_host(story, FactKind.FINISHED, result=Result.RECOVERED, effects=True), at=9) == [
        "close cmp1 (recovered)",
        "open instance/web1 (observed)",
    ]
    assert finish(story, reason=Reason.GUEST_ELSEWHERE, result=Result.WITHDRAWN) == [
        "close instance/web1 (guest-elsewhere)"
    ]
    assert story.row(NAME).conditions == () and story.wait(700) == []


def _of_host(story: Story, kind: FactKind, **given: Any) -> Fact:
    order = story.incident.order
    given = {"reason": Reason.RECOVERED, **given}
    return replace(fact(kind, **given), incident=order.incident, attempt=order.attempt, n=order.n)


def test_what_is_heard_of_a_guest_after_its_hosts_recovery_is_looked_at_whenever_it_was_said() -> None:
    story = Story()
    story.write(report(), at=1)
    story.hear(_of_host(story, FactKind.FINISHED, result=Result.RECOVERED, effects=True), at=5)
    assert story.write(crash(), at=6) == ["open instance/web1 (observed)"]
    early = replace(crash("c2", detail="web2"), said_at=BrokerTime(START + 4 * S))
    assert story.write(early) == ["open instance/web2 (observed)"]


def test_a_host_that_was_only_suspected_lets_its_guest_go() -> None:
    story = Story()
    story.write(down(Source.PEER), at=1)
    story.write(crash(), at=2)
    assert story.write(alive(), at=3) == [
        "withdraw cmp1 (sign-of-life)",
        "open instance/web1 (observed)",
    ]


def test_one_witness_that_never_falls_silent_holds_guests_for_ten_minutes_and_no_longer() -> None:
    story = Story()
    story.write(down(Source.REPORTED, observer="cli"), at=1)
    story.write(crash(), at=2)
    assert story.wait(600.5) == []
    assert "open instance/web1 (observed)" in story.wait(602)


def test_a_host_that_is_held_holds_its_guests_for_as_long() -> None:
    story = Story()
    story.write(bid(Instruction.HOLD))
    story.write(report(), at=1)
    story.write(crash(), at=2)
    story.wait(700)
    assert story.row(NAME).reason is Reason.HOST_FIRST


def test_a_guests_incident_that_nobody_has_begun_is_stopped_when_its_host_is_suspected() -> None:
    story = Story()
    story.write(crash(), at=1)
    assert story.write(down(Source.PEER), at=2) == [
        "suspect cmp1 (first-sighting)",
        "stop instance/web1 (host-first)",
    ]
    assert finish(story, Result.WITHDRAWN, reason=Reason.NOTHING_DONE) == [
        "close instance/web1 (nothing-done)",
        "hold instance/web1 (host-first)",
    ]
    assert story.write(alive(), at=4) == [
        "withdraw cmp1 (sign-of-life)",
        "open instance/web1 (observed)",
    ]


def test_one_that_has_begun_is_stopped_and_goes_on_when_its_host_is_well() -> None:
    story = Story()
    story.write(crash(), at=1)
    story.hear(work(story, FactKind.WORKING, effects=True))
    assert story.write(down(Source.PEER), at=2) == [
        "suspect cmp1 (first-sighting)",
        "stop instance/web1 (host-first)",
    ]
    story.hear(work(story, FactKind.HELD, reason=Reason.STOPPED, effects=True), at=3)
    story.wait(80)
    assert incident(story).barred == Reason.HOST_FIRST
    assert story.write(alive(), at=90) == [
        "withdraw cmp1 (sign-of-life)",
        "reopen instance/web1 (changed)",
    ]


def test_a_held_guest_stays_held_when_its_failed_host_is_in_service_again() -> None:
    story = Story(policy=Policy(attempts=1))
    story.write(bid(Instruction.HOLD, subject=WEB1))
    story.write(report(), at=1)
    story.write(crash(), at=2)
    failed: dict[str, Any] = {"result": Result.FAILED, "reason": Reason.PARTIAL, "effects": True}
    story.hear(_of_host(story, FactKind.FINISHED, **failed), at=5)
    assert story.row(NAME).reason is Reason.HELD_BY_COMMAND, "its host is as well as it will be"
    assert story.write(alive(Source.NOVA), at=10) == ["open cmp1 (host-back)"]
    assert story.row(NAME).reason is Reason.HELD_BY_COMMAND
    back = _of_host(story, FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.HOST_BACK, effects=True)
    story.hear(back, at=20)
    assert story.wait(321) == ["readmit cmp1 (probation-over)"]
    assert story.row(NAME).conditions != ()


# Many at once


def test_guests_that_fail_together_wait_for_their_host_which_is_told_once() -> None:
    story = Story()
    said = [line for number in range(40) for line in story.write(crash(detail=f"g{number}"), at=5)]
    assert [line for line in said if line.startswith("alert")] == ["alert cmp1 (guests-fail-together)"]
    assert sum("open" in line for line in said) == crowds.MANY
    assert sum("(guests-fail-together)" in line for line in said) == 40 - crowds.MANY + 1
    assert story.wait(7.5) == []
    assert sum("open" in line for line in story.wait(8.5)) == 30
    assert story.row().warned is not None and story.row().conditions == ()


def test_the_next_crowd_is_told_again_after_a_minute() -> None:
    story = Story()
    for number in range(12):
        story.write(crash(detail=f"g{number}"), at=5)
    story.wait(70)
    told = [line for number in range(12, 30) for line in story.write(crash(detail=f"g{number}"))]
    assert told.count("alert cmp1 (guests-fail-together)") == 1


def test_guests_that_fail_one_after_another_or_on_several_hosts_are_no_crowd() -> None:
    story = Story()
    for number in range(30):
        story.write(crash(detail=f"g{number}"), at=2 * number + 1)
        finish(story, subject=replace(WEB1, detail=f"g{number}"))
    for number in range(18):
        story.write(crash(detail=f"h{number}", host=f"cmp{1 + number % 2}"))
    assert all("together" not in v.reason for v in story.post.verdicts)


def test_the_crowd_of_a_host_that_dies_is_looked_at_behind_it() -> None:
    story = Story()
    for number in range(15):
        story.write(crash(detail=f"g{number}"), at=5)
    story.write(report(), at=6)
    assert sum(isinstance(order, Stop) for order in story.post.orders) == crowds.MANY
    story.hear(_of_host(story, FactKind.FINISHED, result=Result.RECOVERED, effects=True), at=9)
    opened = [order for order in story.post.orders if isinstance(order, Open) and not order.subject.is_host]
    assert len({order.subject for order in opened}) == 15, "those that were stopped withdraw first"


# The budget

TWICE = Policy(restart_budget=2, restart_window=Millis(600 * S))


def restarted(story: Story, times: int, begin: float = 1, **given: Any) -> list[str]:
    said: list[str] = []
    for number in range(times):
        said += story.write(crash(f"r{begin}-{number}"), at=begin + 10 * number)
        said += finish(story, **given)
    return said


def test_a_guest_is_restarted_as_often_as_its_segment_allows_until_the_first_time_is_long_ago() -> None:
    story = Story(policy=TWICE)
    restarted(story, 2)
    assert story.write(crash(), at=30) == ["hold instance/web1 (restart-budget)"]
    assert story.post.verdicts[-1].detail == "restarted 2 times within 600 s; the segment allows 2"
    assert story.wait(600.5) == []
    assert story.wait(601.5) == ["open instance/web1 (observed)"]
    assert len(story.row(NAME).restarts) == 2


def test_what_was_withdrawn_before_any_effect_costs_nothing() -> None:
    story = Story(policy=TWICE)
    for number in range(5):
        story.write(crash(f"r{number}"), at=number + 1)
        finish(story, Result.WITHDRAWN, reason=Reason.USERS_WISH)
    assert story.row(NAME).restarts == () and len(story.opens) == 5


def test_an_attempt_that_failed_counts_and_none_is_made_beyond_the_budget() -> None:
    story = Story(policy=TWICE)
    story.write(crash(), at=1)
    assert finish(story, Result.FAILED) == ["retry instance/web1 (partial-failure)"]
    assert story.wait(40) == ["reopen instance/web1 (back-off-over)"]
    assert finish(story, Result.FAILED) == ["close instance/web1 (partial-failure)"]
    assert len(story.row(NAME).restarts) == 2
    story.write(crash("c2"), at=50)
    assert story.row(NAME).reason is Reason.RESTART_BUDGET
    later = Story(policy=replace(TWICE, attempts=5))
    later.write(crash(), at=1)
    finish(later, Result.FAILED)
    later.wait(40)
    finish(later, Result.FAILED)
    assert later.post.verdicts[-1].also == (Reason.RESTART_BUDGET,)
    assert later.row(NAME).phase is None


def test_an_answer_that_is_no_end_costs_nothing() -> None:
    story = Story(policy=TWICE)
    story.write(crash(), at=1)
    story.hear(work(story, FactKind.VETOED, reason=Reason.HOST_NOT_UP))
    story.wait(10)
    assert incident(story).order.n == 2 and len(story.row(NAME).restarts) == 1


def test_with_relocation_one_more_is_let_through_and_not_another_while_that_counts() -> None:
    story = Story(policy=replace(TWICE, restart_then=Exhausted.RELOCATE))
    restarted(story, 2)
    assert story.write(crash(), at=30) == ["open instance/web1 (observed)"]
    assert [order.relocates for order in story.opens] == [False, False, True]
    finish(story)
    assert story.write(crash("c2"), at=40) == ["hold instance/web1 (restart-budget)"]
    story.wait(612)
    assert story.opens[-1].relocates is False and len(story.opens) == 4
    assert story.row(NAME).relocated == START + 30 * S


def test_a_relocation_for_which_nothing_was_done_may_be_tried_again() -> None:
    story = Story(policy=replace(TWICE, restart_then=Exhausted.RELOCATE))
    restarted(story, 2)
    story.write(crash(), at=30)
    finish(story, Result.WITHDRAWN, reason=Reason.USERS_DOING)
    assert story.row(NAME).relocated is None
    story.write(crash("c2"), at=40)
    assert [order.relocates for order in story.opens] == [False, False, True, True]


def test_a_budget_of_none_waits_for_another_policy() -> None:
    story = Story(policy=Policy(restart_budget=0))
    assert story.write(crash()) == ["hold instance/web1 (restart-budget)"]
    assert story.describe(segment(version=2)) == ["open instance/web1 (observed)"]


def test_a_person_may_have_a_guest_restarted_beyond_its_budget_and_that_counts() -> None:
    story = Story(policy=TWICE)
    restarted(story, 2)
    story.write(crash(), at=30)
    assert story.write(bid(Instruction.RETRY, subject=WEB1)) == [
        "retry instance/web1 (command): ann: why not",
        "open instance/web1 (observed)",
    ]
    assert len(story.row(NAME).restarts) == 3


def test_a_person_may_retry_what_failed_beyond_its_budget_and_that_counts() -> None:
    story = Story(policy=TWICE)
    restarted(story, 1)
    story.write(crash(), at=30)
    finish(story, Result.FAILED)
    known = story.row(NAME).closed
    assert known is not None and known.phase is Phase.FAILED
    assert story.write(bid(Instruction.RETRY, incident=known.incident)) == [
        "retry instance/web1 (command): ann: why not",
        "reopen instance/web1 (command)",
    ]
    assert (incident(story).order.attempt, len(story.row(NAME).restarts)) == (2, 3)


def cut_short() -> Story:
    """A guest whose budget is one restart, which a Stop has cut short."""
    story = Story(policy=replace(TWICE, restart_budget=1))
    story.write(crash(), at=1)
    story.hear(work(story, FactKind.WORKING, effects=True))
    story.write(bid(Instruction.DISARM))
    story.hear(work(story, FactKind.HELD, reason=Reason.STOPPED, effects=True), at=5)
    return story


def test_what_a_stop_has_cut_short_goes_on_and_is_paid_for_already() -> None:
    story = cut_short()
    story.write(bid(Instruction.ARM, 2), at=6)
    story.wait(80)
    assert (incident(story).order.attempt, len(story.row(NAME).restarts)) == (2, 1)


def test_who_fails_again_while_it_is_stopped_waits_for_the_budget_and_a_person_need_not() -> None:
    story = cut_short()
    story.write(crash("p2"), at=6)
    story.write(bid(Instruction.ARM, 2), at=7)
    assert "hold instance/web1 (restart-budget)" in story.wait(80)
    assert story.write(bid(Instruction.RETRY, 3, subject=WEB1), at=90) == [
        "retry instance/web1 (command): ann: why not",
        "reopen instance/web1 (command)",
    ]
    assert (incident(story).order.attempt, len(story.row(NAME).restarts)) == (2, 2)


def test_who_fails_again_while_it_is_stopped_is_restarted_when_the_budget_has_grown() -> None:
    story = cut_short()
    story.write(crash("p2"), at=6)
    story.write(bid(Instruction.ARM, 2), at=20)
    story.wait(600)
    assert incident(story).order.attempt == 1
    story.wait(602)
    assert incident(story).order.attempt == 2


crashes = st.builds(
    lambda number: Say(crash(f"p{number}")),
    st.integers(0, 400),
)
ends = st.builds(
    Work,
    subject=st.just(WEB1),
    kind=st.sampled_from([FactKind.FINISHED, FactKind.FINISHED, FactKind.HELD, FactKind.VETOED]),
    epoch=st.sampled_from([1, 2, 3, 4]),
    behind=st.just(0),
    result=st.sampled_from(Result),
    effects=st.booleans(),
    ours=st.just(True),
    adopts=st.just(True),
)


@examples(150)
@given(scripts(crashes, crashes, ends, ends, passes, size=60), st.booleans())
def test_in_no_window_are_more_attempts_published_than_the_budget_allows(
    script: list[Move], relocate: bool
) -> None:
    then = Exhausted.RELOCATE if relocate else Exhausted.HOLD
    policy = replace(TWICE, restart_window=Millis(200 * S), restart_then=then)
    story = play(script, Story(policy=policy, hosts=("cmp1",)))
    undone = {
        letter.signal.fact.incident
        for letter, _ in story.mail
        if isinstance(letter.signal, Outcome) and letter.signal.fact.result is Result.WITHDRAWN
    }
    first: dict[tuple[UUID, int], Open] = {}
    for order in story.opens:
        if order.incident not in undone:
            first.setdefault((order.incident, order.attempt), order)
    times = [order.decided_at for order in first.values()]
    for begin in times:
        within = [at for at in times if begin <= at < begin + policy.restart_window]
        assert len(within) <= policy.restart_budget + relocate


# Persons


def test_commands_go_by_the_subjects_name() -> None:
    story = Story()
    assert story.write(bid(Instruction.HOLD, subject=WEB1)) == ["hold instance/web1 (command): ann: why not"]
    assert story.write(crash()) == ["hold instance/web1 (held-by-command)"]
    assert story.write(bid(Instruction.APPROVE, 2, subject=WEB1, limit=Limit.FENCE)) == [
        "refuse instance/web1 (nothing-to-approve): approve by ann: why not"
    ]
    assert story.write(bid(Instruction.APPROVE, 3, subject=WEB1, limit=Limit.HOLD)) == [
        "approve instance/web1 (command): ann: why not",
        "open instance/web1 (observed)",
    ]
    assert story.write(bid(Instruction.CANCEL, 4, subject=WEB1)) == [
        "cancel instance/web1 (command): ann: why not",
        "stop instance/web1 (held-by-command)",
    ]
    story.write(crash("c2"), at=2)
    assert finish(story, Result.WITHDRAWN, reason=Reason.NOTHING_DONE) == [
        "close instance/web1 (nothing-done)"
    ]
    assert story.row(NAME).conditions == ()


@pytest.mark.parametrize("order", [Instruction.RETRY, Instruction.CANCEL])
def test_a_guest_without_an_incident_has_nothing_to_retry_or_to_cancel(order: Instruction) -> None:
    assert Story().write(bid(order, subject=WEB1)) == [
        f"refuse instance/web1 (not-open): {order} by ann: why not"
    ]


@examples(60)
@given(scripts(guests(), guests(), passes, size=40))
def test_a_day_later_nothing_of_a_guest_waits(script: list[Move]) -> None:
    story = play(script, Story(hosts=()))
    story.wait(story.seconds + 100)
    story.pass_days(2)
    rows = [row for row in story.post.table.values() if isinstance(row, SubjectRow)]
    waiting = [row for row in rows if row.conditions and not is_hardware(row.subject)]
    assert waiting == [], "hardware is degraded until somebody says that it is not"
