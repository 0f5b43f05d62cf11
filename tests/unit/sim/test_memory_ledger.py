"""What only the ledger in memory can do: be taken away, kill its caller before a write, lose an answer."""

import asyncio

import pytest

from kasugai.core.recovering.doors import Lease, LedgerAway
from kasugai.core.recovering.ledger import Entry, Flag
from kasugai.core.words.subject import Subject, host_subject
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.sim import loop
from kasugai.sim.ledger import MemoryLedger
from tests.support.ledgers import incident

HOST = host_subject("cmp1")
ONE = incident(1)


async def own(ledger: MemoryLedger, subject: Subject = HOST) -> Lease:
    lease = await ledger.acquire(subject, "a")
    assert lease is not None
    await ledger.adopt(lease, 1)
    return lease


def test_the_hook_hears_of_every_write_and_of_no_read() -> None:
    heard: list[tuple[str, Subject]] = []

    async def note(name: str, subject: Subject) -> None:
        heard.append((name, subject))

    async def told() -> None:
        ledger = MemoryLedger(before_write=note)
        lease = await own(ledger)
        await ledger.renew(lease)
        await ledger.save(lease, await ledger.load(HOST))
        await ledger.begin(lease, ONE)
        await ledger.record(lease, Entry(incident=ONE))
        await ledger.flag(HOST, ONE, Flag(said_at=BrokerTime(0), offset=1, stop=True))
        await ledger.stopped(HOST, ONE)
        await ledger.is_leased(HOST)
        await ledger.release(lease)

    loop.run(told())
    names = ["acquire", "adopt", "renew", "save", "begin", "record", "flag", "release"]
    assert heard == [(name, HOST) for name in names]


def test_a_worker_killed_in_the_hook_has_written_nothing() -> None:
    async def die(name: str, subject: Subject) -> None:
        if name == "record":
            raise asyncio.CancelledError

    async def told() -> None:
        ledger = MemoryLedger(before_write=die)
        lease = await own(ledger)
        with pytest.raises(asyncio.CancelledError):
            await ledger.record(lease, Entry(incident=ONE))
        assert (await ledger.load(HOST)).entries == {}

    loop.run(told())


def test_a_worker_killed_on_the_way_back_has_written() -> None:
    async def told() -> None:
        ledger = MemoryLedger(latency=1.0)
        lease = await own(ledger)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ledger.record(lease, Entry(incident=ONE)), 0.7)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(ledger.record(lease, Entry(incident=incident(2))), 0.3)
        assert [*(await ledger.load(HOST)).entries] == [ONE]
        await ledger.renew(lease)

    loop.run(told())


def test_while_it_is_away_every_call_says_so_and_nothing_changes() -> None:
    async def told() -> None:
        ledger = MemoryLedger()
        lease = await own(ledger)
        before = await ledger.load(HOST)
        ledger.away(True)
        calls = [
            ledger.acquire(host_subject("other"), "b"),
            ledger.renew(lease),
            ledger.release(lease),
            ledger.load(HOST),
            ledger.save(lease, before),
            ledger.adopt(lease, 2),
            ledger.begin(lease, ONE),
            ledger.record(lease, Entry(incident=ONE)),
            ledger.flag(HOST, ONE, Flag(said_at=BrokerTime(0), offset=1, stop=True)),
            ledger.stopped(HOST, ONE),
            ledger.is_leased(HOST),
        ]
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(answer) for answer in answers] == [LedgerAway] * len(calls)
        ledger.away(False)
        assert await ledger.load(HOST) == before
        assert not await ledger.is_leased(host_subject("other"))
        await ledger.renew(lease)

    loop.run(told())


def test_an_answer_that_is_on_its_way_when_it_goes_away_is_lost_and_the_write_stands() -> None:
    async def told() -> None:
        ledger = MemoryLedger(latency=1.0)
        lease = await own(ledger)
        asyncio.get_running_loop().call_later(0.7, ledger.away, True)
        with pytest.raises(LedgerAway):
            await ledger.record(lease, Entry(incident=ONE))
        ledger.away(False)
        assert [*(await ledger.load(HOST)).entries] == [ONE]

    loop.run(told())


def test_the_owner_s_lease_ends_before_the_ledger_s() -> None:
    async def told() -> None:
        ledger = MemoryLedger(ttl=Millis(5_000), latency=1.0)
        clock = asyncio.get_running_loop().time
        lease = await own(ledger)
        assert lease.until == 5.0
        asked = clock()
        await ledger.renew(lease)
        assert lease.until == asked + 5.0
        await asyncio.sleep(lease.until - clock() - 0.5)
        assert await ledger.is_leased(HOST)
        assert not await ledger.is_leased(HOST)

    loop.run(told())


def test_a_call_takes_the_latency() -> None:
    async def told() -> float:
        await MemoryLedger(latency=0.25).is_leased(HOST)
        return asyncio.get_running_loop().time()

    assert loop.run(told()) == 0.25


def test_a_snapshot_does_not_change_with_the_ledger_nor_the_ledger_with_what_came_back() -> None:
    async def told() -> None:
        ledger = MemoryLedger()
        lease = await own(ledger)
        snapshot = ledger.snapshot()
        for _ in range(2):
            await ledger.record(lease, Entry(incident=ONE))
            await ledger.flag(HOST, ONE, Flag(said_at=BrokerTime(0), offset=1, stop=True))
            ledger.restore(snapshot)
            kept = await ledger.load(HOST)
            assert (kept.entries, kept.flags, kept.epoch) == ({}, {}, 1)
            lease.writes = 0

    loop.run(told())
