"""Correlate's order of effects: publish, await, write; and what it says of a bug."""

import asyncio
import logging
from collections.abc import Sequence

import pytest

from kasugai.core.deciding import one_subject
from kasugai.core.deciding.rows import Written
from kasugai.core.words.incident import Order
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import InventoryChange, Letter, Signal, Source, Stamp, fault
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verdict
from kasugai.streams.correlate import Correlate, Rest

RACK = SegmentRecord(segment_id="rack1", name="one")
HOST = HostRecord(host_uuid="uuid-1", name="cmp1", segment_id="rack1")
REPORT = fault(host="cmp1", observer="api", source=Source.REPORTED, asserted=True, episode="e1")


class Broker:
    """Takes publications and acknowledges them when it is told to."""

    def __init__(self) -> None:
        self.handed_over: list[Verdict | Order] = []
        self.acknowledged = asyncio.get_running_loop().create_future()

    def publish(
        self, verdicts: Sequence[Verdict], orders: Sequence[Order], cause: Letter
    ) -> "asyncio.Future[None]":
        """Take them."""
        self.handed_over += [*verdicts, *orders]
        return self.acknowledged


def begin(correlate: Correlate, *signals: Signal) -> list[Rest]:
    letters = [Letter(segment="rack1", signal=signal) for signal in signals]
    return [
        correlate.begin(letter, Stamp(partition=0, offset=n, at=BrokerTime(1_000_000 + n)))
        for n, letter in enumerate(letters)
    ]


def described(broker: Broker) -> Correlate:
    correlate = Correlate(broker)
    correlate.restore(0, [])
    return correlate


def test_rows_are_written_when_the_publications_are_acknowledged_and_not_before() -> None:
    async def story() -> None:
        broker, written = Broker(), list[str]()

        async def write(row: Written) -> None:
            written.append(row.key)

        *_, rest = begin(
            described(broker), InventoryChange(record=RACK), InventoryChange(record=HOST), REPORT
        )
        assert [type(value).__name__ for value in broker.handed_over] == ["Verdict", "Open"]
        finishing = asyncio.ensure_future(rest.finish(write))
        await asyncio.sleep(0)
        assert written == []
        broker.acknowledged.set_result(None)
        await finishing
        assert written == ["rack1/subject/host/cmp1"]

    asyncio.run(asyncio.wait_for(story(), 5))


def test_what_decides_nothing_publishes_nothing_and_what_is_dropped_is_taken_back() -> None:
    async def story() -> None:
        broker = Broker()
        first, _, third = begin(
            described(broker), InventoryChange(record=RACK), InventoryChange(record=HOST), REPORT
        )
        assert first.publishing is None
        first.drop()
        assert not broker.acknowledged.cancelled()
        third.drop()
        assert broker.acknowledged.cancelled()

    asyncio.run(asyncio.wait_for(story(), 5))


def test_a_bug_is_logged_with_its_trace_and_told_as_trouble(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("bug")

    monkeypatch.setattr(one_subject, "_weigh", broken)

    async def story() -> Rest:
        return begin(described(Broker()), InventoryChange(record=RACK), REPORT)[-1]

    with caplog.at_level(logging.ERROR):
        rest = asyncio.run(story())
    assert rest.trouble == "RuntimeError: bug"
    (line,) = caplog.records
    assert line.exc_info is not None and isinstance(line.exc_info[1], RuntimeError)


def test_ticks_are_counted_from_the_last_one_and_the_quiet_from_the_last_record() -> None:
    async def story() -> None:
        correlate = described(Broker())
        assert correlate.tick(1, 0.0) is None, "no partition of ours"
        assert correlate.tick(0, 100.0) is not None
        assert correlate.tick(0, 129.9) is None and correlate.tick(0, 130.0) is not None
        correlate.revoke(0)
        assert correlate.tick(0, 999.0) is None and not correlate.phases()

    asyncio.run(story())
