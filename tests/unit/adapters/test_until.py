"""A process works until a signal or a fault and gives back what it holds; reading of the inventory outlives outages."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest

from kasugai.adapters.kafka import inventory_reader
from kasugai.adapters.kafka.inventory_reader import Change, follow
from kasugai.adapters.until import until_set, until_signalled
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.inventory import SegmentRecord
from kasugai.core.words.signals import Stamp
from kasugai.core.words.timing import BrokerTime

STAMP = Stamp(partition=0, offset=0, at=BrokerTime(0))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_what_it_holds_is_given_back(number: signal.Signals) -> None:
    held = ["consumer"]

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            held.clear()

    assert until_signalled(lambda stop: until_set(stop, work())) == 0
    assert held == []


def test_a_fault_of_its_own_is_raised() -> None:
    async def work() -> None:
        raise LogAway("Kafka is away")

    with pytest.raises(LogAway, match="Kafka is away"):
        until_signalled(lambda stop: until_set(stop, work()))


def test_a_fault_while_it_gives_back_is_raised_and_not_lost() -> None:
    async def work(stop: asyncio.Event) -> None:
        try:
            stop.set()
            await asyncio.Event().wait()
        finally:
            raise LogAway("the last commit failed")

    with pytest.raises(LogAway, match="the last commit failed"):
        until_signalled(lambda stop: until_set(stop, work(stop)))


def test_who_follows_the_inventory_goes_on_after_an_outage_and_misses_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(inventory_reader, "PAUSE", 0.0)
    records = [SegmentRecord(segment_id=str(n), name=f"rack{n}") for n in range(4)]
    heard: list[object] = []
    has_all = asyncio.Event()

    class Reader:
        """One that is away after each record, and goes on where it was."""

        async def changes(self) -> AsyncIterator[Change]:
            while len(heard) < len(records):
                yield records[len(heard)], STAMP
                raise LogAway("no broker")
            has_all.set()
            await asyncio.Event().wait()

    async def story() -> None:
        following = asyncio.create_task(follow(Reader(), heard.append))
        await has_all.wait()
        following.cancel()

    asyncio.run(asyncio.wait_for(story(), 20))
    assert heard == records
    assert caplog.text.count("the inventory cannot be read, trying again: no broker") == len(records)
