"""The mailbox as a fold: what a letter leads to, and when a tick is due."""

import pytest

from kasugai.core.deciding import one_subject
from kasugai.core.deciding.mailbox import Decided, MadeAnew, Mailbox
from kasugai.core.deciding.rows import ClockRow, Tombstone
from kasugai.core.words.incident import Open, Phase
from kasugai.core.words.signals import InventoryChange, Letter, Signal, Source, Stamp, Tick
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime, Millis
from tests.unit.core.makers import S, alive, down, host, report, segment
from tests.unit.core.story import Story


def take(mailbox: Mailbox, offset: int, signal: Signal, to: str = "s1") -> Decided:
    stamp = Stamp(partition=0, offset=offset, at=BrokerTime(1_000 * S + offset))
    return mailbox.take(Letter(segment=to, signal=signal), stamp)


def described() -> Mailbox:
    mailbox = Mailbox.restore(0)
    take(mailbox, 0, InventoryChange(record=segment()))
    take(mailbox, 1, InventoryChange(record=host()))
    return mailbox


def test_a_letter_leads_to_rows_verdicts_and_orders() -> None:
    decided = take(described(), 2, report())
    assert [row.key for row in decided.rows] == ["s1/subject/host/cmp1"]
    assert len(decided.verdicts) == 1 and isinstance(decided.orders[0], Open)
    assert (decided.errors, decided.trouble) == ((), None)


def test_the_partitions_time_is_written_last_and_at_ticks_only() -> None:
    mailbox = described()
    take(mailbox, 2, down())
    assert not any(isinstance(row, ClockRow) for row in take(mailbox, 3, down(Source.NOVA)).rows)
    *_, clock = take(mailbox, 4, Tick(period=Millis(500)), to="").rows
    assert clock == mailbox.clock and isinstance(clock, ClockRow)
    assert (clock.offset, clock.tick_at) == (4, 1_000 * S + 4)


def test_what_lies_below_the_highest_row_is_done() -> None:
    mailbox = described()
    rows = [row for row in take(mailbox, 2, report()).rows if not isinstance(row, Tombstone)]
    successor = Mailbox.restore(0, rows)
    assert take(successor, 1, InventoryChange(record=host())) == Decided()


def test_rows_of_another_topic_of_the_same_name_are_refused() -> None:
    """By their offsets, what stands in the new one would be done already."""
    mailbox = Mailbox.restore(0, topic="old")
    *_, clock = take(mailbox, 4, Tick(period=Millis(500)), to="").rows
    assert isinstance(clock, ClockRow) and clock.topic == "old"
    with pytest.raises(MadeAnew, match="the rows are of topic old, the mailbox is new"):
        Mailbox.restore(0, [clock], topic="new")


@pytest.mark.parametrize(("wrote", "reads"), [("old", "old"), ("old", ""), ("", "old"), ("", "")])
def test_a_topic_that_the_broker_does_not_name_is_believed_to_be_the_same(wrote: str, reads: str) -> None:
    successor = Mailbox.restore(0, [ClockRow(partition=0, offset=4, topic=wrote)], topic=reads)
    assert successor.clock.topic == (wrote or reads)


def test_a_bug_about_a_segment_that_nobody_described_has_nothing_to_disarm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("bug")

    monkeypatch.setattr(one_subject, "_weigh", broken)
    decided = take(Mailbox.restore(0), 2, report())
    assert (decided.rows, decided.verdicts, decided.trouble) == ((), (), "RuntimeError: bug")


def test_the_fold_counts_who_is_in_which_phase() -> None:
    mailbox = described()
    take(mailbox, 2, report())
    take(mailbox, 3, down(host="cmp2"))
    take(mailbox, 4, down(host="cmp3", episode="e3"))
    take(mailbox, 5, alive(host="cmp3"))
    assert mailbox.phases() == {(Kind.HOST, Phase.OPENED): 1, (Kind.HOST, Phase.SUSPECTED): 1}


def test_ticks_come_often_while_a_deadline_is_near_and_seldom_otherwise() -> None:
    mailbox = described()
    assert mailbox.tick(Millis(0), None) == Tick(period=Millis(30_000))
    take(mailbox, 2, down())
    take(mailbox, 3, down(Source.NOVA))
    assert mailbox.tick(Millis(0), Millis(100)) is None and mailbox.tick(Millis(0), Millis(500)) == Tick(
        period=Millis(500)
    )


def test_in_a_quiet_partition_deadlines_come_nearer() -> None:
    mailbox = described()
    take(mailbox, 2, down())
    assert mailbox.tick(Millis(0), None) == Tick(period=Millis(30_000)), "the witness expires in 95 s"
    assert mailbox.tick(Millis(84_000), Millis(84_000)) == Tick(period=Millis(30_000))
    assert mailbox.tick(Millis(86_000), Millis(1_000)) == Tick(period=Millis(500))


def test_a_long_pause_begins_with_the_tick_that_announces_it() -> None:
    story = Story()
    story.write(down())
    story.write(down(Source.NOVA))
    near = story.mailbox.tick(Millis(0), None)
    story.write(alive())
    far = story.mailbox.tick(Millis(0), Millis(500))
    assert near is not None and far is not None and (near.period, far.period) == (500, 30_000)
    assert (
        story.mailbox.tick(Millis(0), Millis(500)) is None
        and story.mailbox.tick(Millis(0), Millis(30_000)) is not None
    )
