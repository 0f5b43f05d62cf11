"""Commands: what each does, and what is told of those that do not fit."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.deciding import commands, refusals
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.rows import SegmentRow
from kasugai.core.deciding.steady import Times
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.incident import Phase, Stop
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Command, Instruction, Limit, Source
from kasugai.core.words.timing import PRODUCTION, SteadyTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import (
    INCIDENT,
    S,
    alive,
    asked,
    down,
    fact,
    host,
    moment,
    report,
    segment,
)
from tests.unit.core.story import START, Post, Story, answer, bid, serve

FOUR = ("cmp1", "cmp2", "cmp3", "cmp4")


def opened(**policy: Any) -> Story:
    """Return a story in which cmp1's incident was opened by a report."""
    story = Story(policy=Policy(**policy))
    story.write(report())
    story.write(down(Source.PEER))
    return story


def begun(**policy: Any) -> Story:
    """Return one whose effects have begun."""
    story = opened(**policy)
    story.hear(answer(fact(FactKind.WORKING, effects=True), story))
    return story


def failed() -> Story:
    """Return one whose only attempt has failed."""
    story = begun(attempts=1)
    story.hear(answer(fact(FactKind.FINISHED, result=Result.FAILED, reason=Reason.PARTIAL), story))
    return story


def kinds(story: Story) -> list[str]:
    return [type(order).__name__ for order in story.post.orders]


def test_a_disarmed_segment_opens_nothing_until_it_is_armed() -> None:
    story = Story()
    assert story.write(bid(Instruction.DISARM)) == ["disarm segment/rack1 (command): ann: why not"]
    assert story.write(report()) == ["hold cmp1 (disarmed-by-command)"]
    assert story.write(bid(Instruction.ARM, 2)) == [
        "arm segment/rack1 (command): ann: why not",
        "open cmp1 (asserted)",
    ]


@pytest.mark.parametrize("story", [opened(), begun()], ids=["opened", "begun"])
def test_disarming_stops_what_is_under_way_and_arming_resumes_it_with_a_new_attempt(story: Story) -> None:
    assert story.write(bid(Instruction.DISARM), at=10)[1:] == ["stop cmp1 (disarmed-by-command)"]
    assert story.incident.barred == "disarmed-by-command"
    assert story.write(bid(Instruction.ARM, 2), at=20)[1:] == ["reopen cmp1 (changed)"]
    assert kinds(story) == ["Open", "Stop", "Resume", "Open"]
    assert (story.opens[-1].n, story.opens[-1].attempt) == (2, 2)


def test_what_a_worker_answered_to_the_stop_does_not_keep_arming_from_resuming() -> None:
    story = begun()
    story.write(bid(Instruction.DISARM))
    story.hear(answer(fact(FactKind.HELD, reason=Reason.STOPPED, effects=True), story), at=3)
    assert story.wait(70) == ["hold cmp1 (disarmed-by-command)"]
    assert story.write(bid(Instruction.ARM, 2))[1:] == ["reopen cmp1 (changed)"]


def test_a_command_and_the_inventory_must_both_allow_to_act_and_say_when_they_differ() -> None:
    story = Story(armed=False)
    assert story.write(bid(Instruction.ARM)) == ["refuse segment/rack1 (disarmed): arm by ann: why not"]
    assert story.write(bid(Instruction.DISARM, 2)) == ["disarm segment/rack1 (command): ann: why not"]
    assert story.describe(segment(version=2)) == ["hold segment/rack1 (disarmed-by-command)"]
    assert story.post.verdicts[-1].detail == "ann: why not"
    assert story.describe(segment(version=3, armed=False)) == []
    assert story.write(bid(Instruction.ARM, 3)) == ["arm segment/rack1 (command): ann: why not"]
    assert story.post.verdicts[-1].also == (Reason.DISARMED,)
    assert story.write(report()) == ["hold cmp1 (disarmed)"]


def test_arming_ends_what_a_bug_disarmed() -> None:
    story = Story()
    about = story.post.table["s1/about"]
    assert isinstance(about, SegmentRow)
    story.mailbox._segments["s1"].about = SegmentRow(
        record=about.record, offset=about.offset, undecidable=True
    )
    assert story.write(report()) == ["hold cmp1 (undecidable)"]
    assert story.describe(segment(version=2)) == []
    story.describe(segment(version=3, armed=False))
    assert story.describe(segment(version=4)) == ["hold segment/rack1 (undecidable)"]
    assert story.write(bid(Instruction.ARM))[1:] == ["open cmp1 (asserted)"]


def test_a_disarm_stops_what_has_begun_also_when_its_host_is_deleted() -> None:
    story = begun()
    story.describe(host(version=2, deleted=True))
    assert kinds(story) == ["Open"]
    story.write(bid(Instruction.DISARM))
    assert kinds(story) == ["Open", "Stop"]
    assert story.incident.barred == Reason.DISARMED_BY_COMMAND


def test_a_hold_stops_an_incident_and_lasts_until_it_is_approved_by_name() -> None:
    story = begun()
    assert story.write(bid(Instruction.HOLD, host="cmp1")) == [
        "hold cmp1 (command): ann: why not",
        "stop cmp1 (held-by-command)",
    ]
    story.hear(answer(fact(FactKind.HELD, reason=Reason.STOPPED, effects=True), story), at=3)
    assert story.write(bid(Instruction.RETRY, 2, host="cmp1")) == [
        "refuse cmp1 (held-by-command): retry by ann: why not"
    ]
    assert story.write(bid(Instruction.APPROVE, 3, host="cmp1", limit=Limit.STORM)) == [
        "refuse cmp1 (nothing-to-approve): approve by ann: why not"
    ]
    assert story.write(bid(Instruction.APPROVE, 4, host="cmp1", limit=Limit.HOLD), at=9) == [
        "approve cmp1 (command): ann: why not",
        "reopen cmp1 (changed)",
    ]


def test_a_host_can_be_held_before_anything_is_known_about_it() -> None:
    story = Story()
    story.write(bid(Instruction.HOLD, host="cmp1"))
    assert story.write(report()) == ["hold cmp1 (held-by-command)"]
    assert story.write(bid(Instruction.APPROVE, 2, host="cmp1", limit=Limit.HOLD))[1:] == [
        "open cmp1 (asserted)"
    ]


def test_a_hold_outlives_the_withdrawal() -> None:
    story = opened()
    story.write(bid(Instruction.HOLD, host="cmp1"))
    story.hear(
        answer(fact(FactKind.FINISHED, result=Result.WITHDRAWN, reason=Reason.NOTHING_DONE), story), at=2
    )
    assert story.row().incident is None and story.row().hold is not None
    assert story.row().reason is Reason.HELD_BY_COMMAND


@pytest.mark.parametrize("result", [Result.RECOVERED, Result.FAILED])
def test_a_hold_outlives_any_end_and_the_next_failure_waits_for_its_approval(result: Result) -> None:
    story = begun(attempts=1)
    story.write(bid(Instruction.HOLD, host="cmp1"))
    story.hear(answer(fact(FactKind.FINISHED, result=result, reason=Reason.PARTIAL), story), at=2)
    assert story.write(report("r2")) == ["hold cmp1 (held-by-command)"]
    said = story.write(bid(Instruction.APPROVE, 2, host="cmp1", limit=Limit.HOLD))
    assert said[1:] == ["open cmp1 (asserted)"]


def test_a_cancelled_incident_without_effects_ends_and_explains_what_stands() -> None:
    story = opened()
    said = story.write(bid(Instruction.CANCEL, incident=story.opened))
    assert said == ["cancel cmp1 (command): ann: why not", "stop cmp1 (held-by-command)"]
    closed = story.hear(
        answer(fact(FactKind.FINISHED, result=Result.WITHDRAWN, reason=Reason.NOTHING_DONE), story), at=2
    )
    assert closed == ["close cmp1 (nothing-done)"] and story.row().hold is None
    assert [c.explained for c in story.row().conditions] == [True]
    assert story.write(report("r2")) == ["open cmp1 (asserted)"]


def test_a_cancelled_incident_with_effects_is_held_until_it_is_approved() -> None:
    story = begun()
    story.write(bid(Instruction.CANCEL, host="cmp1"))
    story.hear(answer(fact(FactKind.HELD, reason=Reason.STOPPED, effects=True), story), at=3)
    assert story.wait(200) == ["hold cmp1 (held-by-command)"]
    assert story.write(bid(Instruction.CANCEL, 2, host="cmp1")) == [
        "refuse cmp1 (already-so): cancel by ann: why not"
    ]
    story.write(bid(Instruction.APPROVE, 3, host="cmp1", limit=Limit.HOLD))
    assert not story.incident.cancelled and story.opens[-1].attempt == 2


def test_a_held_incident_is_retried_at_once_and_its_pause_begins_anew() -> None:
    story = begun()
    story.hear(answer(fact(FactKind.HELD, reason=Reason.FENCE_REFUSED, effects=True), story))
    assert story.write(bid(Instruction.RETRY, host="cmp1"), at=2) == [
        "retry cmp1 (command): ann: why not",
        "reopen cmp1 (command)",
    ]
    assert (story.opens[-1].n, story.opens[-1].attempt, story.incident.back_off) == (2, 1, 0)
    assert story.write(bid(Instruction.RETRY, 2, host="cmp1")) == [
        "refuse cmp1 (not-waiting): retry by ann: why not"
    ]


def test_a_failed_incident_is_retried_as_the_same_one_on_the_same_word() -> None:
    story = failed()
    first, closed = story.opens[0], story.row().closed
    assert closed is not None and story.row().is_out
    assert story.write(bid(Instruction.RETRY, incident=first.incident), at=5) == [
        "retry cmp1 (command): ann: why not",
        "reopen cmp1 (command)",
    ]
    again = story.opens[-1]
    assert (again.incident, again.attempt, again.n) == (first.incident, 2, 2)
    assert again.asserted_at == first.asserted_at and story.incident.phase is Phase.OPENED
    assert story.row().closed == replace(closed, last=None)


def test_a_failed_incident_that_was_stopped_is_resumed_by_the_retry() -> None:
    story = begun(attempts=1)
    story.write(bid(Instruction.DISARM))
    story.hear(answer(fact(FactKind.FINISHED, result=Result.FAILED, reason=Reason.PARTIAL), story))
    story.write(bid(Instruction.ARM, 2))
    story.write(bid(Instruction.RETRY, 3, host="cmp1"))
    assert kinds(story)[-2:] == ["Resume", "Open"] and story.opens[-1].attempt == 2


def test_a_failed_incident_whose_evidence_is_gone_is_not_retried() -> None:
    story = failed()
    story.write(alive())
    assert story.write(bid(Instruction.RETRY, host="cmp1")) == [
        "refuse cmp1 (no-evidence): retry by ann: why not"
    ]


def test_a_failed_incident_needs_its_proof_for_a_retry() -> None:
    story = Story(policy=Policy(attempts=1))
    story.write(down(Source.PEER))
    story.write(down(Source.NOVA))
    story.wait(5)
    story.hear(answer(fact(FactKind.FINISHED, result=Result.FAILED, reason=Reason.PARTIAL), story))
    story.wait(90)
    story.write(down(Source.PEER))
    story.wait(120)
    assert story.write(bid(Instruction.RETRY, host="cmp1")) == [
        "refuse cmp1 (first-sighting): retry by ann: why not"
    ]


def test_a_storm_is_approved_for_a_host_or_for_a_segment_and_for_no_more_than_was_said() -> None:
    story = Story(hosts=FOUR)
    for name in ("cmp1", "cmp2", "cmp3"):
        story.write(report(host=name))
    assert len(story.opens) == 1
    assert story.write(bid(Instruction.APPROVE, limit=Limit.STORM, up_to=2)) == [
        "approve segment/rack1 (command): ann: why not"
    ]
    assert story.write(bid(Instruction.APPROVE, 2, host="cmp3", limit=Limit.STORM)) == [
        "approve cmp3 (command): ann: why not",
        "open cmp3 (asserted)",
    ]
    assert story.write(bid(Instruction.APPROVE, 3, limit=Limit.STORM)) == [
        "refuse segment/rack1 (no-limit): approve by ann: why not"
    ]
    assert story.write(bid(Instruction.APPROVE, 4, limit=Limit.STORM, up_to=3)) == [
        "approve segment/rack1 (command): ann: why not",
        "open cmp2 (asserted)",
    ]
    assert story.write(report(host="cmp4")) == ["hold cmp4 (storm)"]


def test_whoever_is_asked_about_a_storm_is_told_how_many_are_unhealthy() -> None:
    story = Story(hosts=FOUR)
    for name in ("cmp1", "cmp2", "cmp3"):
        story.write(report(host=name))
    story.wait(61)
    asked = [verdict for verdict in story.post.verdicts if verdict.reason is Reason.APPROVAL_NEEDED]
    assert {verdict.detail for verdict in asked} == {"3 of 4 hosts are unhealthy"}
    assert not [v for v in story.post.verdicts if v.reason is Reason.STORM and v.detail]


def test_an_approval_ends_with_the_incident_that_it_let_through() -> None:
    story = Story(hosts=FOUR)
    for name in ("cmp2", "cmp1"):
        story.write(report(host=name))
    story.write(bid(Instruction.APPROVE, host="cmp1", limit=Limit.STORM))
    assert story.row().approval is not None
    story.hear(answer(fact(FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.RECOVERED), story))
    assert story.row().approval is None


UNFIT = [
    (bid(Instruction.ARM), "already-so"),
    (bid(Instruction.APPROVE), "no-limit"),
    (bid(Instruction.APPROVE, limit=Limit.STORM), "no-limit"),
    (bid(Instruction.APPROVE, limit=Limit.STORM, up_to=3), "nothing-to-approve"),
    (bid(Instruction.APPROVE, limit=Limit.HOLD), "nothing-to-approve"),
    (bid(Instruction.APPROVE, host="cmp1"), "no-limit"),
    (bid(Instruction.APPROVE, host="cmp1", limit=Limit.HOLD), "nothing-to-approve"),
    (bid(Instruction.HOLD, host="cmp9"), "unknown-subject"),
    (bid(Instruction.HOLD, incident=INCIDENT), "not-open"),
    (bid(Instruction.CANCEL, host="cmp1"), "not-open"),
    (bid(Instruction.CANCEL, incident=INCIDENT), "not-open"),
    (bid(Instruction.RETRY, host="cmp1"), "not-open"),
]


@pytest.mark.parametrize(("command", "why"), UNFIT, ids=lambda value: str(getattr(value, "order", value)))
def test_what_does_not_fit_is_told_and_changes_nothing(command: Command, why: str) -> None:
    story = Story()
    story.write(alive(host="cmp2"))
    (said,) = story.write(command)
    assert f"({why}): {command.order} by ann: why not" in said and said.startswith("refuse ")
    assert story.post.orders == []


def test_words_about_an_incident_that_has_ended_do_not_fit() -> None:
    story = opened()
    known = story.opened
    story.hear(answer(fact(FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.RECOVERED), story))
    for number, order in enumerate((Instruction.HOLD, Instruction.CANCEL, Instruction.RETRY), 1):
        assert "(not-open)" in story.write(bid(order, number, incident=known))[0]


def test_words_about_a_host_that_has_left_the_segment_are_refused_unless_it_has_an_incident() -> None:
    story = begun()
    story.describe(host(version=2, deleted=True))
    assert story.write(bid(Instruction.HOLD, host="cmp1"))[0] == "hold cmp1 (command): ann: why not"
    ended = fact(FactKind.FINISHED, result=Result.RECOVERED, reason=Reason.RECOVERED)
    story.hear(answer(ended, story))
    assert story.write(bid(Instruction.APPROVE, 2, host="cmp1", limit=Limit.HOLD)) == [
        "refuse cmp1 (unknown-subject): approve by ann: why not"
    ]


def test_disarming_and_holding_twice_is_told() -> None:
    story = Story()
    story.write(bid(Instruction.DISARM))
    story.write(bid(Instruction.HOLD, 2, host="cmp1"))
    assert "(already-so)" in story.write(bid(Instruction.DISARM, 3))[0]
    assert "(already-so)" in story.write(bid(Instruction.HOLD, 4, host="cmp1"))[0]


def test_a_command_that_is_delivered_twice_is_obeyed_once() -> None:
    story = begun()
    story.write(bid(Instruction.HOLD, host="cmp1"))
    story.write(bid(Instruction.APPROVE, 2, host="cmp1", limit=Limit.HOLD), at=9)
    before = list(story.post.orders)
    assert story.write(bid(Instruction.HOLD, host="cmp1")) == ["ignore cmp1 (stale)"]
    assert story.post.orders == before
    successor = Post(table=dict(story.post.table))
    serve(successor, story.mail[-1:])
    assert (successor.table, successor.orders) == (story.post.table, [])


def test_a_command_that_comes_a_day_late_is_refused() -> None:
    story = Story(hosts=FOUR)
    for name in ("cmp2", "cmp1"):
        story.write(report(host=name))
    at = START + round(story.seconds * S)
    late = at - refusals.COMMAND_LASTS - 1
    said = story.write(bid(Instruction.APPROVE, limit=Limit.STORM, up_to=2, said_at=late))
    assert said == ["refuse segment/rack1 (stale): approve by ann: why not"]
    assert story.write(bid(Instruction.HOLD, 2, host="cmp1", said_at=late)) == [
        "refuse cmp1 (stale): hold by ann: why not"
    ]
    assert story.write(bid(Instruction.APPROVE, 3, limit=Limit.STORM, up_to=2, said_at=late + 1))[1:] == [
        "open cmp1 (asserted)"
    ]


def test_a_segment_that_nobody_described_or_that_is_gone_refuses() -> None:
    story = Story()
    assert story.write(bid(Instruction.ARM), to="s9") == [
        "refuse segment/s9 (unknown-subject): arm by ann: why not"
    ]
    story.describe(segment(version=2, deleted=True))
    assert "(unknown-subject)" in story.write(bid(Instruction.DISARM, 2))[0]


def test_a_successor_between_the_two_rows_of_a_command_carries_it_out_once() -> None:
    story = begun()
    for command in (
        bid(Instruction.HOLD, host="cmp1"),
        bid(Instruction.HOLD, host="cmp1"),
        bid(Instruction.CANCEL, 2, host="cmp9"),
    ):
        partition = story.mailbox._segments["s1"]
        offset = len(story.mail)
        times = Times(moment=moment(9), deadline=SteadyTime(9))
        hearing = commands.take_command(partition.view(), command, times, offset)
        again = commands.take_command(hearing.view, command, times, offset)
        first = command.command_id not in (partition.about.recent if partition.about else ())
        assert again.changes == () and (again.subjects == hearing.subjects or not first)
        story.write(command)


def test_a_long_reason_is_cut_in_the_row_and_less_in_the_verdict() -> None:
    story = Story()
    story.write(bid(Instruction.DISARM, reason="x" * 5_000))
    about = story.post.table["s1/about"]
    assert isinstance(about, SegmentRow) and about.disarmed is not None
    assert len(about.disarmed.reason) == commands.KEPT
    assert len(story.post.verdicts[-1].detail) == commands.TOLD


def test_a_segment_forgets_its_oldest_commands() -> None:
    story = Story()
    for number in range(1, 60):
        story.write(bid(Instruction.DISARM, number))
    about = story.post.table["s1/about"]
    assert isinstance(about, SegmentRow) and len(about.recent) == 32


def test_no_subject_obeys_what_is_about_its_segment() -> None:
    draft = Draft(
        surroundings=asked(),
        times=Times(moment=moment(0), deadline=SteadyTime(0)),
        timing=PRODUCTION,
        offset=1,
    )
    with pytest.raises(ValueError, match="about a segment"):
        commands.carry_out(draft, bid(Instruction.ARM))


def test_the_reason_lands_in_the_verdict_with_the_incident() -> None:
    story = begun()
    story.write(bid(Instruction.HOLD, host="cmp1", reason="power work"))
    said = story.post.verdicts[-2]
    assert (said.incident, said.detail) == (story.opened, "ann: power work")
    assert isinstance(story.post.orders[-1], Stop)
