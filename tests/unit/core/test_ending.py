"""When rows end: memory does not grow with every name ever heard, and nothing that matters is forgotten."""

from dataclasses import replace

import pytest

from kasugai.adapters.redis_ledger import RETENTION
from kasugai.core.deciding import ending
from kasugai.core.deciding.ending import LASTS, UNKNOWN_LASTS, UNKNOWN_MOST
from kasugai.core.deciding.mailbox import Decided, Mailbox
from kasugai.core.deciding.rows import Closed, HostRow, Spent, Tombstone
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.incident import Phase
from kasugai.core.words.policy import HostReturn, Policy
from kasugai.core.words.signals import UNKNOWN_SEGMENT, Instruction, Letter, Outcome, Signal, Stamp, Tick
from kasugai.core.words.timing import BrokerTime, Millis, SteadyTime
from kasugai.core.words.verdicts import Reason, Verb
from tests.unit.core.makers import (
    S,
    alive,
    asked,
    condition,
    down,
    fact,
    host,
    moment,
    report,
    row,
    segment,
    started,
)
from tests.unit.core.story import START, Story, answer, bid

DAY = 24 * 3600 * S
AFTER_A_MONTH = SteadyTime(LASTS)
KEY = "s1/subject/host/cmp1"


def closed_story() -> Story:
    """A host that was recovered, brought back, re-admitted, and is well."""
    story = Story()
    story.write(report())
    recovered(story)
    assert story.write(started(), at=10) == ["open cmp1 (host-back)"]
    recovered(story, Reason.HOST_BACK)
    story.wait(330)
    assert not story.row().is_out
    return story


def recovered(story: Story, reason: Reason = Reason.RECOVERED) -> None:
    """Let a worker end cmp1's open incident."""
    story.hear(answer(fact(FactKind.FINISHED, result=Result.RECOVERED, reason=reason, effects=True), story))


def test_a_row_in_which_nothing_stands_ends_in_the_end() -> None:
    story = closed_story()
    story.pass_days(35)
    assert KEY in story.post.table
    story.pass_days(2)
    assert KEY not in story.post.table
    assert "host/cmp1" not in story.mailbox._segments["s1"].subjects


def test_a_successor_does_not_know_it_any_more_and_a_new_fault_begins_anew() -> None:
    story = closed_story()
    story.pass_days(37)
    successor = Mailbox.restore(0, story.post.table.values())
    assert "host/cmp1" not in successor._segments["s1"].subjects
    assert story.write(down(episode="new")) == ["suspect cmp1 (first-sighting)"]


@pytest.mark.parametrize(
    "stands",
    [
        {"conditions": (condition(),)},
        {"hold": object()},
        {"vouch": object()},
        {"incident": object()},
    ],
    ids=lambda stands: next(iter(stands)),
)
def test_what_something_stands_in_does_not_end(stands: dict[str, object]) -> None:
    assert ending.ends_at(asked(row=row())) == AFTER_A_MONTH
    assert ending.ends_at(asked(row=row(**stands))) is None


def test_a_host_that_is_out_is_remembered_for_as_long_as_it_is_described() -> None:
    out = row(closed=Closed(incident=condition().event_id, phase=Phase.RECOVERED, at=moment(0)))
    assert ending.ends_at(asked(row=out, host=HostRow(record=host()))) is None
    assert ending.ends_at(asked(row=out)) == AFTER_A_MONTH
    back = replace(out, closed=replace(out.closed, readmitted=True))  # type: ignore[type-var]
    assert ending.ends_at(asked(row=back, host=HostRow(record=host()))) == AFTER_A_MONTH


def test_the_row_of_a_host_that_a_person_brought_back_ends_as_well() -> None:
    """What its recovery did is nobody's to undo any more."""
    story = Story(policy=Policy(host_return=HostReturn.BY_HAND))
    story.write(report())
    recovered(story)
    story.write(started(), at=10)
    assert "readmit cmp1 (probation-over)" in story.wait(330)
    story.describe(segment(version=2, policy=Policy(host_return=HostReturn.POWER_ON)))
    assert story.row().incident is None, "another policy switches no host on that is in service"
    story.pass_days(37)
    assert KEY not in story.post.table


@pytest.mark.parametrize("is_held", [False, True])
def test_the_row_of_a_host_that_never_came_back_ends_with_its_description(is_held: bool) -> None:
    story = Story(policy=Policy(host_return=HostReturn.POWER_ON if is_held else HostReturn.WAIT))
    story.write(report())
    recovered(story)
    if is_held:
        story.hear(answer(fact(FactKind.HELD, reason=Reason.HOST_AWAY), story))
    story.pass_days(40)
    assert story.row().is_out
    story.describe(host(version=2, deleted=True))
    if is_held:
        ended = fact(FactKind.FINISHED, result=Result.WITHDRAWN, reason=Reason.NOTHING_DONE)
        assert story.hear(answer(ended, story))[0] == "close cmp1 (nothing-done)"
    story.pass_days(37 if is_held else 1)
    assert KEY not in story.post.table


def test_a_held_host_is_remembered() -> None:
    story = Story()
    story.write(bid(Instruction.HOLD, host="cmp1"))
    story.pass_days(40)
    assert story.row().hold is not None


def test_a_worker_that_speaks_of_an_incident_that_nobody_knows_makes_no_row() -> None:
    story = Story()
    before = dict(story.post.table)
    assert story.write(Outcome(fact=fact(FactKind.WORKING))) == ["disregard cmp1 (not-open)"]
    assert story.post.table == before


def unknown(mailbox: Mailbox, offset: int, signal: Signal, seconds: float = 0) -> Decided:
    stamp = Stamp(partition=0, offset=offset, at=BrokerTime(START + round(seconds * S)))
    return mailbox.take(Letter(segment=UNKNOWN_SEGMENT, signal=signal), stamp)


def test_of_unknown_subjects_a_thousand_rows_are_kept_and_the_others_are_told_and_counted() -> None:
    mailbox = Mailbox.restore(0)
    for n in range(UNKNOWN_MOST):
        assert len(unknown(mailbox, n, down(host=f"h{n}")).rows) == 1
    told = unknown(mailbox, UNKNOWN_MOST, down(host="one-more"))
    (verdict,) = told.verdicts
    assert (verdict.verb, verdict.reason) == (Verb.IGNORE, Reason.UNKNOWN_SUBJECT)
    assert told.rows == () and told.unkept == 1
    again = unknown(mailbox, UNKNOWN_MOST + 1, down(host="h7", episode="other"))
    assert len(again.rows) == 1 and again.unkept == 0, "whoever has a row keeps it"


def test_an_unknown_subject_is_forgotten_after_a_day_whatever_is_held_against_it() -> None:
    mailbox = Mailbox.restore(0)
    tick = Letter(segment="", signal=Tick(period=Millis(2 * DAY)))
    mailbox.take(tick, Stamp(partition=0, offset=0, at=BrokerTime(START)))
    unknown(mailbox, 1, down(host="h1"), 1)
    early = mailbox.take(tick, Stamp(partition=0, offset=2, at=BrokerTime(START + UNKNOWN_LASTS)))
    late = mailbox.take(tick, Stamp(partition=0, offset=3, at=BrokerTime(START + UNKNOWN_LASTS + 1001)))
    assert [type(row).__name__ for row in early.rows] == ["ClockRow"]
    assert [row.key for row in late.rows] == ["unknown/subject/host/h1", "~clock"]
    assert mailbox._segments == {}, "and its segment with the last of them"


def test_segments_that_somebody_makes_up_take_no_memory() -> None:
    mailbox = Mailbox.restore(0)
    for n in range(50):
        letter = Letter(segment=f"s{n}", signal=bid(Instruction.ARM, segment=f"s{n}"))
        mailbox.take(letter, Stamp(partition=0, offset=n, at=BrokerTime(START)))
    assert mailbox._segments == {}


def test_a_host_that_is_forgotten_is_a_destination_again() -> None:
    story = Story()
    story.write(alive(), at=1)
    mailbox = Mailbox.restore(0, story.post.table.values())
    mine = mailbox._segments["s1"]
    mine.put(row(conditions=(condition(),)))
    assert mine.tally.unfit == {"cmp1"}
    mine.put(Tombstone(segment="s1", subject=row().subject, offset=9))
    assert mine.tally.unfit == set() and mine.tally.unfit_mark == 0
    assert "host/cmp1" not in mine.waits.dues


def test_a_reserve_that_was_spent_is_remembered_until_it_is_described_anew() -> None:
    spent = row(spent=(Spent(host="r1", version=3),))
    described = {"r1": HostRow(record=host("r1", version=3))}
    assert ending.ends_at(asked(row=spent, hosts=described)) is None
    anew = {"r1": HostRow(record=host("r1", version=4))}
    assert ending.ends_at(asked(row=spent, hosts=anew)) == AFTER_A_MONTH
    assert ending.ends_at(asked(row=spent)) == AFTER_A_MONTH


def test_a_row_that_was_touched_lately_is_not_over() -> None:
    story = closed_story()
    story.pass_days(20)
    story.write(alive(episode="a2"))
    story.pass_days(20)
    assert story.row().touched > 20 * DAY


def test_rows_that_end_in_one_tick_end_in_their_order() -> None:
    story = closed_story()
    story.write(alive(host="cmp2"))
    story.write(alive(host="cmp3"))
    story.pass_days(37)
    assert [key for key in story.post.table if "/subject/" in key] == []
    assert story.mailbox._segments["s1"].tally.unfit == set()


def test_a_row_outlives_what_the_ledger_keeps_of_its_incidents() -> None:
    """A fault of the same id opens the same incident where no row is left, and the ledger has it as recovered."""
    assert LASTS > RETENTION
