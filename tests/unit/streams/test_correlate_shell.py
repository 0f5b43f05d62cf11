"""Correlate's door to the shell: bytes become letters and rows, and what is none is poison."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.port import Ended, Poison, Record
from kasugai.adapters.kafka.records import Outgoing
from kasugai.core.deciding.rows import ClockRow, HostRow, SegmentRow
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.incident import Order
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import InventoryChange, Letter, Source, Stamp, Tick, fault
from kasugai.core.words.subject import host_subject, segment_subject
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.core.words.verdicts import Reason, Verb, Verdict
from kasugai.schemas.codec import Undecodable, decode, encode
from kasugai.schemas.topics import VERDICTS
from kasugai.streams.correlate import Correlate, Rest
from kasugai.streams.correlate_shell import Anew, CorrelateShell, letter_of, offset_of, row_of
from kasugai.streams.decisions import Decisions
from tests.support.shell import Hands

TRACE = f"00-{1:032x}-{2:016x}-01"
RACK = SegmentRecord(segment_id="rack1", name="one")
HOST = HostRecord(host_uuid="uuid-1", name="cmp1", segment_id="rack1")
REPORT = fault(
    host="cmp1", host_uuid="uuid-1", observer="api", source=Source.REPORTED, asserted=True, episode="e1"
)


class Listener:
    """Takes decisions."""

    def __init__(self) -> None:
        """Nothing decided yet."""
        self.orders: list[Order] = []
        self.traces: list[dict[str, str]] = []

    def publish(
        self, verdicts: Sequence[Verdict], orders: Sequence[Order], cause: Letter
    ) -> "asyncio.Future[None]":
        """Take them."""
        self.orders += orders
        self.traces.append(cause.trace)
        taken = asyncio.get_running_loop().create_future()
        taken.set_result(None)
        return taken


def record(value: bytes | None, offset: int, headers: tuple[tuple[str, bytes], ...] = ()) -> Record:
    """A record of the mailbox."""
    return Record(
        partition=0, offset=offset, at=1_000_000 + offset, key=b"rack1", value=value, headers=headers
    )


def letter(signal: Any, segment: str = "rack1") -> bytes:
    """A letter as it lies there."""
    return encode(Letter(segment=segment, signal=signal))


async def tell(mailbox: CorrelateShell, *values: bytes, first: int = 0) -> dict[str, bytes]:
    """Hand the mailbox records and return the rows that it wrote."""
    rows: dict[str, bytes] = {}

    async def write(key: str, value: bytes | Ended) -> None:
        assert not isinstance(value, Ended)
        rows[key] = value

    for number, value in enumerate(values, first):
        await mailbox.begin(record(value, number, (("traceparent", TRACE.encode()),))).finish(write)
    return rows


def test_letters_become_rows_and_orders() -> None:
    listener = Listener()
    mailbox = CorrelateShell(Correlate(listener))
    mailbox.restore(0, [])
    changes = [letter(InventoryChange(record=RACK)), letter(InventoryChange(record=HOST))]
    rows = asyncio.run(tell(mailbox, *changes, letter(REPORT)))
    assert [order.host for order in listener.orders] == ["cmp1"]
    assert listener.traces[-1] == {"traceparent": TRACE}
    assert {"rack1/about", "rack1/host/cmp1", "rack1/subject/host/cmp1"} <= set(rows)
    assert offset_of(rows["rack1/subject/host/cmp1"]) == 2


def test_a_successor_goes_on_from_the_rows() -> None:
    first, second = Listener(), Listener()
    mailbox = CorrelateShell(Correlate(first))
    mailbox.restore(0, [])
    changes = [letter(InventoryChange(record=RACK)), letter(InventoryChange(record=HOST))]
    rows = asyncio.run(tell(mailbox, *changes, letter(REPORT)))
    mailbox.revoke(0)
    successor = CorrelateShell(Correlate(second))
    successor.restore(0, rows.items())
    asyncio.run(tell(successor, letter(REPORT), first=2))
    asyncio.run(tell(successor, letter(REPORT), first=3))
    assert second.orders == []


def test_rows_of_another_topic_end_it_with_what_to_type() -> None:
    clock = encode(ClockRow(partition=0, offset=7, topic="old"))
    shell = CorrelateShell(Correlate(Listener(), topic="new"))
    with pytest.raises(Anew, match=r"kasugai\.signals was made anew and .* type kasugai topics remake$"):
        shell.restore(0, [("~clock", clock)])


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"rubbish",
        encode(RACK),
        encode(Tick(period=Millis(500))),
        encode(Letter(segment="", signal=REPORT)),
        encode(Letter(segment="rack1", signal=replace(REPORT, subject=segment_subject("one")))),
        encode(Letter(segment="rack1", signal=Tick(period=Millis(500)))),
    ],
)
def test_what_is_no_letter_is_poison(value: bytes | None) -> None:
    with pytest.raises(Poison):
        letter_of(record(value, 0))


def test_a_record_that_cannot_be_decided_is_poison_after_its_rows() -> None:
    class Broken(Correlate):
        def begin(self, *_: Any) -> Rest:
            return Rest(trouble="ZeroDivisionError: a bug")

    mailbox = CorrelateShell(Broken(Listener()))
    mailbox.restore(0, [])
    with pytest.raises(Poison, match="a bug"):
        asyncio.run(tell(mailbox, letter(REPORT)))


@pytest.mark.parametrize(
    "row",
    [SegmentRow(record=RACK, offset=7), HostRow(record=HOST, offset=7), ClockRow(partition=0, offset=7)],
)
def test_rows_say_where_they_were_written(row: SegmentRow | HostRow | ClockRow) -> None:
    assert row_of(encode(row)) == row
    assert offset_of(encode(row)) == 7


def test_what_is_no_row_is_not_taken_for_one() -> None:
    with pytest.raises(Undecodable, match="a Tick is no row"):
        row_of(encode(Tick(period=Millis(500))))


def test_ticks_are_letters_to_the_whole_partition() -> None:
    mailbox = CorrelateShell(Correlate(Listener()))

    async def ask() -> list[Any]:
        before = mailbox.tick(0)
        mailbox.restore(0, [])
        return [before, mailbox.tick(0), mailbox.tick(0)]

    unknown, first, second = asyncio.run(ask())
    assert unknown is None and second is None
    key, value = first
    assert key is None
    assert isinstance(decode(value), Letter) and decode(value).segment == ""  # type: ignore[attr-defined]


class Sink:
    """Takes batches; each waits to be acknowledged or refused."""

    def __init__(self) -> None:
        """Nothing taken yet."""
        self.batches: list[list[Outgoing]] = []
        self.answers: list[asyncio.Future[None]] = []

    async def publish_all(self, records: list[Outgoing]) -> list[Stamp]:
        """Take them."""
        self.batches.append(records)
        self.answers.append(asyncio.get_running_loop().create_future())
        await self.answers[-1]
        return [Stamp(partition=0, offset=0, at=BrokerTime(0)) for _ in records]


def verdict(number: int) -> Verdict:
    """A verdict."""
    return Verdict(
        verdict_id=UUID(int=number),
        verb=Verb.SUSPECT,
        subject=host_subject(f"cmp{number}"),
        segment="rack1",
        reason=Reason.FIRST_SIGHTING,
        evidence=(),
        count=1,
        at=BrokerTime(0),
    )


def decisions_into(sink: Sink, membership: Membership | None = None) -> Decisions:
    """Decisions of a proven member."""
    if membership is None:
        membership = Membership(10.0, Hands())
        membership.confirmed(membership.now())
    return Decisions(sink, membership)  # type: ignore[arg-type]


def publish(decisions: Decisions, *numbers: int) -> "asyncio.Future[None]":
    """Begin to publish what one record decided."""
    return decisions.publish([verdict(n) for n in numbers], [], Letter(segment="rack1", signal=REPORT))


def keys(batch: list[Outgoing]) -> list[bytes | None]:
    """What a batch is about."""
    return [record.key for record in batch]


def test_decisions_are_published_only_by_a_proven_member() -> None:
    clock, sink = Hands(), Sink()
    membership = Membership(10.0, clock)

    async def story() -> None:
        publishing = publish(decisions_into(sink, membership), 1)
        await asyncio.sleep(0.1)
        assert sink.batches == []
        membership.confirmed(clock.at)
        await asyncio.sleep(0.1)
        sink.answers[0].set_result(None)
        await asyncio.wait_for(publishing, 1.0)

    asyncio.run(story())
    assert [sent.topic for sent in sink.batches[0]] == [VERDICTS]


def test_what_is_decided_while_a_batch_is_on_its_way_makes_up_the_next_one() -> None:
    sink = Sink()

    async def story() -> None:
        decisions = decisions_into(sink)
        first = publish(decisions, 1)
        await asyncio.sleep(0)
        later = [publish(decisions, 2, 3), publish(decisions, 4)]
        await asyncio.sleep(0.01)
        assert len(sink.batches) == 1, "one batch at a time"
        sink.answers[0].set_result(None)
        await first
        await asyncio.sleep(0.01)
        assert not any(decision.done() for decision in later)
        sink.answers[1].set_result(None)
        await asyncio.gather(*later)

    asyncio.run(asyncio.wait_for(story(), 5))
    assert [keys(batch) for batch in sink.batches] == [
        [b"host/cmp1"],
        [b"host/cmp2", b"host/cmp3", b"host/cmp4"],
    ]


def test_behind_a_batch_that_failed_nothing_goes_out() -> None:
    sink = Sink()

    async def story() -> None:
        decisions = decisions_into(sink)
        begun = [publish(decisions, 1)]
        await asyncio.sleep(0)
        begun.append(publish(decisions, 2))
        sink.answers[0].set_exception(LogAway("not acknowledged"))
        await asyncio.sleep(0.01)
        begun.append(publish(decisions, 3))
        for decision in begun:
            with pytest.raises(LogAway):
                await decision

    asyncio.run(asyncio.wait_for(story(), 5))
    assert len(sink.batches) == 1


def test_what_was_dropped_before_it_went_out_never_does() -> None:
    sink = Sink()

    async def story() -> None:
        decisions = decisions_into(sink)
        first = publish(decisions, 1)
        await asyncio.sleep(0)
        dropped, kept = publish(decisions, 2), publish(decisions, 3)
        dropped.cancel()
        sink.answers[0].set_result(None)
        await first
        await asyncio.sleep(0.01)
        sink.answers[1].set_result(None)
        await kept

    asyncio.run(asyncio.wait_for(story(), 5))
    assert keys(sink.batches[1]) == [b"host/cmp3"]
