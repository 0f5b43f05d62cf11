"""What every Ledger must do (workers/ports.py): one suite, played in memory and on a real Redis."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from copy import copy
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kasugai.core.recovering.doors import Folded, Lease, LeaseLost, LedgerUnreadable
from kasugai.core.recovering.ledger import Entry, Flag
from kasugai.core.words.facts import Result, StepRecord
from kasugai.core.words.subject import Subject, host_subject
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.workers.ports import Ledger
from tests.strategies import values_of, words
from tests.support.ledgers import (
    FOREIGN,
    KEYS,
    InMemory,
    OnRedis,
    Place,
    incident,
    large_entry,
    story,
)
from tests.support.redis import RedisServer

HOST = host_subject("cmp1.example.org")
ONE, TWO, THREE = incident(1), incident(2), incident(3)
STOP = Flag(said_at=BrokerTime(0), offset=5, stop=True, reason="cancelled")
GO = Flag(said_at=BrokerTime(0), offset=6, stop=False)

Write = Callable[[Ledger, Lease], Awaitable[object]]

OWNERS_WRITES: dict[str, Write] = {
    "renew": lambda ledger, lease: ledger.renew(lease),
    "save": lambda ledger, lease: ledger.save(lease, folded(Entry(incident=TWO, reason="late"))),
    "adopt": lambda ledger, lease: ledger.adopt(lease, 1_000),
    "begin": lambda ledger, lease: ledger.begin(lease, ONE),
    "record": lambda ledger, lease: ledger.record(lease, Entry(incident=ONE, reason="late")),
    "record an effect": lambda ledger, lease: ledger.record(
        lease, Entry(incident=ONE, reason="late"), effect=True
    ),
}
"""Everything that only the owner may do."""


def folded(*entries: Entry, epoch: int = 0, facts: int = 0, **flags: Flag) -> Folded:
    """Return a fold with these entries; flags by the incident's number (`_1=...`)."""
    return Folded(
        epoch=epoch,
        offsets={"recovery/0": facts, "incidents/0": facts} if facts else {},
        entries={entry.incident: entry for entry in entries},
        flags={incident(int(name.removeprefix("_"))): flag for name, flag in flags.items()},
    )


async def own(ledger: Ledger, owner: str, *, subject: Subject = HOST, epoch: int | None = None) -> Lease:
    """Acquire the subject, which nobody may hold, and adopt `epoch`."""
    lease = await ledger.acquire(subject, owner)
    assert lease is not None
    if epoch is not None:
        await ledger.adopt(lease, epoch)
    return lease


async def refuses_all(ledger: Ledger, lease: Lease) -> None:
    """Every write under `lease` is refused, and none changes anything."""
    before = await ledger.load(lease.subject)
    for name, write in OWNERS_WRITES.items():
        with pytest.raises(LeaseLost, match=lease.subject.name):
            await write(ledger, copy(lease))
            pytest.fail(f"{name} was not refused")
    assert await ledger.load(lease.subject) == before


async def until_after(moment: float) -> None:
    """Sleep until a little after `moment` of the event loop's time."""
    await asyncio.sleep(moment - asyncio.get_running_loop().time() + 0.05)


entries = st.builds(
    lambda entry, records: replace(entry, incident=ONE, steps={record.key: record for record in records}),
    values_of(Entry),
    st.lists(values_of(StepRecord), max_size=4),
)

flags = st.builds(
    Flag, said_at=st.integers(0, 2**53), offset=st.integers(0, 2**53), stop=st.booleans(), reason=words
)


class Leases:
    """Who may act on a host."""

    @story()
    async def test_one_owner_holds_a_host_and_no_other(self, place: Place) -> None:
        await own(place.ledger, "a")
        assert await place.ledger.is_leased(HOST)
        assert await place.ledger.acquire(HOST, "b") is None

    @story()
    async def test_of_fifty_that_race_one_wins(self, place: Place) -> None:
        won = await asyncio.gather(*(place.ledger.acquire(HOST, f"worker-{n}") for n in range(50)))
        (lease,) = [lease for lease in won if lease is not None]
        await place.ledger.adopt(lease, 1)
        assert await place.ledger.begin(lease, ONE)

    @story()
    async def test_an_owner_that_did_not_hear_the_answer_asks_again(self, place: Place) -> None:
        await own(place.ledger, "a")
        again = await own(place.ledger, "a", epoch=1)
        assert await place.ledger.begin(again, ONE)

    @story()
    async def test_an_incarnation_that_has_adopted_is_not_given_out_again(self, place: Place) -> None:
        await own(place.ledger, "a", epoch=1)
        assert await place.ledger.acquire(HOST, "a") is None

    @story()
    async def test_hosts_do_not_touch_one_another(self, place: Place) -> None:
        names = ("cmp1", "cmp10", "CMP1", "cmp1:lease", "{cmp1}", "cmp1*", " cmp1", "鎹", "a|b\nc")
        leases = [
            await own(place.ledger, "a", subject=host_subject(name), epoch=n + 1)
            for n, name in enumerate(names)
        ]
        for n, lease in enumerate(leases):
            assert await place.ledger.record(lease, Entry(incident=incident(n), subject=lease.subject))
        for n, name in enumerate(names):
            kept = await place.ledger.load(host_subject(name))
            assert (kept.epoch, [*kept.entries]) == (n + 1, [incident(n)])

    @story(ttl=Millis(300))
    async def test_a_lease_that_is_not_renewed_ends_and_another_takes_over(self, place: Place) -> None:
        old = await own(place.ledger, "a", epoch=1)
        await until_after(old.until)
        assert not await place.ledger.is_leased(HOST)
        await refuses_all(place.ledger, old)
        await own(place.ledger, "b", epoch=2)
        await refuses_all(place.ledger, old)

    @story(ttl=Millis(2_000))
    async def test_a_renewed_lease_goes_on(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        first_end = lease.until
        await asyncio.sleep(1.2)
        await place.ledger.renew(lease)
        assert lease.until >= first_end + 1.2
        await until_after(first_end)
        assert await place.ledger.is_leased(HOST)
        assert await place.ledger.begin(lease, ONE)

    @story()
    async def test_the_owner_counts_its_time_from_before_it_asked(self, place: Place) -> None:
        clock = asyncio.get_running_loop().time
        before = clock()
        lease = await own(place.ledger, "a")
        assert before + 10 <= lease.until <= clock() + 10
        before = clock()
        await place.ledger.renew(lease)
        assert before + 10 <= lease.until <= clock() + 10

    @story()
    async def test_no_write_but_a_renewal_prolongs(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        end = lease.until
        for name in OWNERS_WRITES.keys() - {"renew"}:
            await OWNERS_WRITES[name](place.ledger, lease)
        assert lease.until == end

    @story()
    async def test_a_released_host_is_free_at_once(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        await place.ledger.release(lease)
        assert not await place.ledger.is_leased(HOST)
        await own(place.ledger, "b", epoch=2)

    @story()
    async def test_a_release_by_another_is_silent_and_changes_nothing(self, place: Place) -> None:
        old = await own(place.ledger, "a", epoch=1)
        await place.ledger.release(old)
        new = await own(place.ledger, "b", epoch=2)
        await place.ledger.release(old)
        assert await place.ledger.begin(new, ONE)

    @story()
    async def test_whose_leases_are_held_is_told_for_many_at_once(self, place: Place) -> None:
        await own(place.ledger, "a")
        gone = await own(place.ledger, "b", subject=host_subject("gone"))
        await place.ledger.release(gone)
        await place.spoil(host_subject("odd"), "lease", "rubbish")
        many = [host_subject(f"cmp{n}") for n in range(2_500)]
        last = await own(place.ledger, "c", subject=many[-1])
        asked = [HOST, host_subject("gone"), host_subject("odd"), *many]
        assert await place.ledger.leased(asked) == {HOST, last.subject}
        assert await place.ledger.leased([]) == frozenset()

    @story()
    async def test_what_the_dead_held_is_free_at_once(self, place: Place) -> None:
        old = await own(place.ledger, "w#line.1/a/1", epoch=1)
        other = await own(place.ledger, "v#line.1/b/1", subject=host_subject("b"), epoch=1)
        assert await place.ledger.release_all("w#line.") == 1
        await refuses_all(place.ledger, old)
        assert await place.ledger.begin(other, ONE)
        await own(place.ledger, "w#line.2/a/1", epoch=2)

    @story()
    async def test_what_an_owner_does_at_once_does_not_stand_in_its_own_way(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        begun = [place.ledger.begin(lease, incident(n)) for n in range(20)]
        recorded = [place.ledger.record(lease, Entry(incident=incident(n)), effect=True) for n in range(20)]
        answers = await asyncio.gather(
            place.ledger.renew(lease), *begun, place.ledger.renew(lease), *recorded
        )
        assert answers.count(True) == 40
        assert len((await place.ledger.load(HOST)).entries) == 20


class Epochs:
    """A later owner's epoch is higher, and an earlier one's writes are refused."""

    @story()
    async def test_an_epoch_only_grows(self, place: Place) -> None:
        first = await own(place.ledger, "a", epoch=5)
        await place.ledger.release(first)
        second = await own(place.ledger, "b")
        for epoch in (0, 4, 5):
            with pytest.raises(LeaseLost, match=HOST.name):
                await place.ledger.adopt(second, epoch)
        assert second.epoch == 0
        await place.ledger.adopt(second, 6)
        assert second.epoch == 6
        assert (await place.ledger.load(HOST)).epoch == 6

    @story()
    async def test_epochs_are_numbers_and_not_words(self, place: Place) -> None:
        first = await own(place.ledger, "a", epoch=9)
        await place.ledger.release(first)
        await own(place.ledger, "b", epoch=10)
        assert (await place.ledger.load(HOST)).epoch == 10

    @story()
    async def test_an_old_owner_writes_nothing_after_a_takeover(self, place: Place) -> None:
        old = await own(place.ledger, "a", epoch=1)
        await place.ledger.record(old, Entry(incident=ONE, reason="first"))
        await place.ledger.release(old)
        await refuses_all(place.ledger, old)
        new = await own(place.ledger, "b", epoch=2)
        await refuses_all(place.ledger, old)
        assert await place.ledger.record(new, Entry(incident=ONE, reason="second"))

    @story()
    async def test_an_owner_that_has_not_adopted_is_told_from_the_next_that_has_not_either(
        self, place: Place
    ) -> None:
        old = await own(place.ledger, "a")
        await place.ledger.release(old)
        new = await own(place.ledger, "b")
        await place.ledger.renew(new)
        await refuses_all(place.ledger, old)
        await place.ledger.save(new, folded(Entry(incident=ONE)))

    @story()
    async def test_the_right_owner_with_another_epoch_writes_nothing(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=2)
        await refuses_all(place.ledger, replace(lease, epoch=1))
        await refuses_all(place.ledger, replace(lease, epoch=3))
        await refuses_all(place.ledger, replace(lease, epoch=0))
        assert await place.ledger.begin(lease, ONE)

    @story()
    async def test_a_fold_does_not_lower_the_epoch(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=10)
        await place.ledger.save(lease, folded(epoch=9))
        assert (await place.ledger.load(HOST)).epoch == 10
        await place.ledger.save(lease, folded(epoch=11))
        assert (await place.ledger.load(HOST)).epoch == 11
        with pytest.raises(LeaseLost, match=HOST.name):
            await place.ledger.adopt(lease, 11)


class Flags:
    """A Stop holds until a later Resume."""

    @pytest.mark.parametrize(
        "order", [*permutations((STOP, GO, Flag(said_at=BrokerTime(0), offset=10, stop=True)))]
    )
    def test_the_greatest_offset_counts_whatever_the_order(
        self, place: Place, order: tuple[Flag, ...]
    ) -> None:
        async def told() -> None:
            for flag in order:
                await place.ledger.flag(HOST, ONE, flag)
            assert await place.ledger.stopped(HOST, ONE) == Flag(said_at=BrokerTime(0), offset=10, stop=True)

        place.play(told, ttl=Millis(10_000))

    @story()
    async def test_an_older_word_that_comes_late_changes_nothing(self, place: Place) -> None:
        stop, late = (
            replace(STOP, said_at=BrokerTime(2_000)),
            replace(GO, said_at=BrokerTime(1_999), offset=99),
        )
        await place.ledger.flag(HOST, ONE, stop)
        await place.ledger.flag(HOST, ONE, late)
        assert await place.ledger.stopped(HOST, ONE) == stop
        lease = await own(place.ledger, "a", epoch=1)
        await place.ledger.save(lease, folded(_1=late))
        assert not await place.ledger.begin(lease, ONE)
        younger = replace(GO, said_at=BrokerTime(2_001), offset=1)
        await place.ledger.flag(HOST, ONE, younger)
        assert await place.ledger.stopped(HOST, ONE) == younger

    @story()
    async def test_of_equal_offsets_the_first_stays(self, place: Place) -> None:
        await place.ledger.flag(HOST, ONE, STOP)
        await place.ledger.flag(HOST, ONE, replace(GO, offset=STOP.offset))
        assert await place.ledger.stopped(HOST, ONE) == STOP

    @story()
    async def test_without_a_flag_nothing_is_stopped(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        assert await place.ledger.stopped(HOST, ONE) is None
        assert await place.ledger.begin(lease, ONE)

    @story()
    async def test_under_a_stop_no_effect_begins_until_it_is_lifted(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        first, second = Entry(incident=ONE, reason="first"), Entry(incident=ONE, reason="second")
        await place.ledger.record(lease, first)
        await place.ledger.flag(HOST, ONE, STOP)
        assert not await place.ledger.begin(lease, ONE)
        assert not await place.ledger.record(lease, second, effect=True)
        assert (await place.ledger.load(HOST)).entries == {ONE: first}
        await place.ledger.flag(HOST, ONE, GO)
        assert await place.ledger.begin(lease, ONE)
        assert await place.ledger.record(lease, second, effect=True)
        assert (await place.ledger.load(HOST)).entries == {ONE: second}

    @story()
    async def test_what_has_happened_is_recorded_under_a_stop_too(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        await place.ledger.flag(HOST, ONE, STOP)
        assert await place.ledger.record(lease, Entry(incident=ONE, reason="done"))
        assert (await place.ledger.load(HOST)).entries == {ONE: Entry(incident=ONE, reason="done")}

    @story()
    async def test_a_stop_is_for_its_incident_alone(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        await place.ledger.flag(HOST, ONE, STOP)
        assert await place.ledger.begin(lease, TWO)
        assert await place.ledger.record(lease, Entry(incident=TWO), effect=True)

    @story()
    async def test_a_fold_keeps_the_newer_flags_and_those_that_it_does_not_know(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        await place.ledger.flag(HOST, ONE, STOP)
        await place.ledger.flag(HOST, TWO, STOP)
        await place.ledger.flag(HOST, THREE, STOP)
        await place.ledger.save(lease, folded(_1=replace(GO, offset=4), _2=GO))
        assert (await place.ledger.load(HOST)).flags == {ONE: STOP, TWO: GO, THREE: STOP}

    @story()
    async def test_a_stop_outlives_the_change_of_owners(self, place: Place) -> None:
        old = await own(place.ledger, "a", epoch=1)
        await place.ledger.flag(HOST, ONE, STOP)
        await place.ledger.release(old)
        new = await own(place.ledger, "b", epoch=2)
        assert not await place.ledger.begin(new, ONE)


class Entries:
    """What is kept comes back as it was."""

    @story()
    async def test_of_an_unknown_host_nothing_is_kept(self, place: Place) -> None:
        assert await place.ledger.load(HOST) == folded()
        assert not await place.ledger.is_leased(HOST)

    def test_entries_and_flags_come_back_exactly(self, place: Place) -> None:
        @settings(max_examples=60, deadline=None)
        @given(entries, flags)
        def check(entry: Entry, flag: Flag) -> None:
            other = replace(entry, incident=TWO)

            async def told() -> None:
                lease = await own(place.ledger, "a")
                await place.ledger.save(lease, folded(entry, epoch=7, facts=2**53, _3=flag))
                await place.ledger.adopt(lease, 8)
                await place.ledger.record(lease, other)
                kept = await place.ledger.load(HOST)
                assert kept == folded(entry, other, epoch=8, facts=2**53, _3=flag)
                assert await place.ledger.stopped(HOST, THREE) == flag

            place.play(told, ttl=Millis(10_000))

        check()

    @story()
    async def test_a_plan_of_two_hundred_guests_comes_back(self, place: Place) -> None:
        entry = large_entry(200, incident=ONE, subject=HOST)
        lease = await own(place.ledger, "a", epoch=1)
        assert await place.ledger.record(lease, entry, effect=True)
        assert (await place.ledger.load(HOST)).entries == {ONE: entry}
        await place.ledger.save(lease, folded(entry, replace(entry, incident=TWO)))
        assert (await place.ledger.load(HOST)).entries == {ONE: entry, TWO: replace(entry, incident=TWO)}

    @story()
    async def test_a_record_replaces_the_one_before_and_leaves_the_others(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        await place.ledger.save(lease, folded(Entry(incident=TWO), facts=12))
        await place.ledger.record(lease, Entry(incident=ONE, reason="first", answered=3))
        await place.ledger.record(lease, Entry(incident=ONE, result=Result.FAILED))
        await place.ledger.record(lease, Entry(incident=ONE, attempt=2))
        kept = await place.ledger.load(HOST)
        assert kept == folded(Entry(incident=TWO), Entry(incident=ONE, attempt=2), epoch=1, facts=12)

    @story()
    async def test_a_fold_replaces_everything(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        await place.ledger.save(lease, folded(Entry(incident=ONE), Entry(incident=TWO), facts=12))
        await place.ledger.save(lease, folded(Entry(incident=TWO, answered=2), facts=11))
        assert await place.ledger.load(HOST) == folded(Entry(incident=TWO, answered=2), epoch=1, facts=11)

    @story()
    async def test_what_was_loaded_does_not_change_with_the_ledger(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        before = await place.ledger.load(HOST)
        await place.ledger.record(lease, Entry(incident=ONE))
        await place.ledger.flag(HOST, ONE, STOP)
        assert before == folded(epoch=1)


class Losses:
    """A ledger that has forgotten says no, and a new owner's fold makes it whole."""

    @story()
    async def test_after_a_flush_the_owner_is_refused_and_a_new_one_restores_all(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        await place.ledger.record(lease, Entry(incident=ONE))
        await place.ledger.flag(HOST, TWO, STOP)
        known = await place.ledger.load(HOST)
        await place.flush()
        await refuses_all(place.ledger, lease)
        assert await place.ledger.load(HOST) == folded()

        new = await own(place.ledger, "b")
        await place.ledger.save(new, known)
        with pytest.raises(LeaseLost, match=HOST.name):
            await place.ledger.adopt(new, 1)
        await place.ledger.adopt(new, 2)
        assert await place.ledger.load(HOST) == replace(known, epoch=2)
        assert not await place.ledger.begin(new, TWO)
        await refuses_all(place.ledger, lease)

    @story()
    async def test_an_older_state_from_before_the_lease_refuses_the_owner(self, place: Place) -> None:
        await own(place.ledger, "a", subject=host_subject("other"), epoch=1)
        older = await place.snapshot()
        lease = await own(place.ledger, "a", epoch=1)
        await place.restore(older)
        await refuses_all(place.ledger, lease)

    @story()
    async def test_an_older_state_from_before_the_adoption_refuses_the_owner(self, place: Place) -> None:
        lease = await own(place.ledger, "a")
        older = await place.snapshot()
        await place.ledger.adopt(lease, 1)
        await place.restore(older)
        await refuses_all(place.ledger, lease)

    @story()
    async def test_an_older_state_of_the_same_lease_refuses_the_owner_too(self, place: Place) -> None:
        """The replica knew the lease and the epoch; what it missed may have been a step."""
        lease = await own(place.ledger, "a", epoch=1)
        older = await place.snapshot()
        await place.ledger.record(lease, Entry(incident=ONE, effects=True), effect=True)
        await place.restore(older)
        await refuses_all(place.ledger, lease)

        await place.ledger.release(lease)
        new = await own(place.ledger, "b")
        await place.ledger.save(new, folded(Entry(incident=ONE, effects=True), epoch=1))
        await place.ledger.adopt(new, 2)
        assert (await place.ledger.load(HOST)).entries == {ONE: Entry(incident=ONE, effects=True)}

    @story()
    async def test_a_copy_that_missed_nothing_serves_the_owner_on(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        await place.ledger.record(lease, Entry(incident=ONE))
        await place.restore(await place.snapshot())
        await place.ledger.renew(lease)
        assert await place.ledger.begin(lease, ONE)
        assert (await place.ledger.load(HOST)).entries == {ONE: Entry(incident=ONE)}


class Foreigners:
    """What somebody else has written is absent, ends nobody, and goes with the next fold."""

    @pytest.mark.parametrize("how", FOREIGN)
    @pytest.mark.parametrize("what", KEYS)
    def test_it_is_absent_until_a_fold_makes_the_subject_whole(
        self, place: Place, what: str, how: str
    ) -> None:
        async def told() -> None:
            whole = folded(Entry(incident=ONE, effects=True), Entry(incident=TWO), epoch=4, facts=12, _1=STOP)
            lease = await own(place.ledger, "a")
            await place.ledger.save(lease, whole)
            await place.ledger.adopt(lease, 5)
            await place.spoil(HOST, what, how)
            kept = await place.ledger.load(HOST)
            assert kept.offsets == whole.offsets if what == "lease" else kept.offsets == {}
            assert what != "entry" or ONE not in kept.entries
            assert what != "flag" or ONE not in kept.flags
            await place.ledger.release(lease)
            new = await own(place.ledger, "b")
            await place.ledger.save(new, whole)
            await place.ledger.adopt(new, 6)
            assert await place.ledger.load(HOST) == replace(whole, epoch=6)
            assert not await place.ledger.begin(new, ONE)
            assert await place.ledger.record(new, Entry(incident=TWO, reason="on"), effect=True)

        place.play(told, ttl=Millis(10_000))

    @pytest.mark.parametrize("how", FOREIGN)
    @pytest.mark.parametrize("what", KEYS)
    def test_whoever_meets_it_is_refused_or_writes_over_it_and_nothing_else(
        self, place: Place, what: str, how: str
    ) -> None:
        """No other error, which would end a process; and no effect begins where nobody can say that it may."""

        async def told() -> None:
            for name, write in OWNERS_WRITES.items():
                await place.flush()
                lease = await own(place.ledger, "a", epoch=1)
                await place.ledger.save(lease, folded(Entry(incident=ONE), facts=12, _1=STOP))
                await place.spoil(HOST, what, how)
                with suppress(LeaseLost):
                    assert await write(place.ledger, lease) in (None, False, name == "record")
            await place.spoil(HOST, what, how)
            await place.ledger.flag(HOST, ONE, replace(STOP, offset=7))
            await place.ledger.stopped(HOST, ONE)
            assert await place.ledger.is_leased(HOST) is (what != "lease")
            assert await place.ledger.release_all("nobody") == 0

        place.play(told, ttl=Millis(10_000))

    @story()
    async def test_under_a_flag_that_nobody_can_read_no_effect_begins(self, place: Place) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        await place.ledger.flag(HOST, ONE, STOP)
        await place.spoil(HOST, "flag", "rubbish")
        with pytest.raises(LedgerUnreadable):
            await place.ledger.begin(lease, ONE)
        with pytest.raises(LedgerUnreadable):
            await place.ledger.record(lease, Entry(incident=ONE), effect=True)
        assert (await place.ledger.load(HOST)).entries == {}

    @story()
    async def test_a_lease_that_nobody_can_read_is_nobody_s(self, place: Place) -> None:
        old = await own(place.ledger, "a", epoch=1)
        await place.spoil(HOST, "lease", "another type")
        await refuses_all(place.ledger, old)
        new = await own(place.ledger, "b", epoch=2)
        await refuses_all(place.ledger, old)
        await place.ledger.renew(new)

    @story()
    async def test_a_stop_is_kept_although_the_index_cannot_be_read_and_the_fold_begins_anew(
        self, place: Place
    ) -> None:
        """The index knew of other incidents, whose calls may be under way."""
        lease = await own(place.ledger, "a", epoch=1)
        await place.ledger.save(lease, folded(Entry(incident=ONE, effects=True), facts=12))
        await place.spoil(HOST, "index", "another type")
        await place.ledger.flag(HOST, TWO, STOP)
        kept = await place.ledger.load(HOST)
        assert (kept.flags, kept.offsets) == ({TWO: STOP}, {})


class Liars:
    """What reads well and is wrong is not believed for longer than until the next fold."""

    @story()
    async def test_an_index_that_names_too_few_lets_the_log_be_read_from_its_beginning(
        self, place: Place
    ) -> None:
        whole = folded(Entry(incident=ONE, effects=True), Entry(incident=TWO), epoch=4, facts=12, _3=STOP)
        lease = await own(place.ledger, "a")
        await place.ledger.save(lease, whole)
        await place.ledger.adopt(lease, 5)
        await place.lie(HOST, "index")
        await place.ledger.record(lease, Entry(incident=THREE))
        await place.ledger.flag(HOST, TWO, STOP)
        kept = await place.ledger.load(HOST)
        assert ONE not in kept.entries
        assert kept.offsets == {}
        await place.ledger.release(lease)
        await place.ledger.save(await own(place.ledger, "b"), whole)
        assert (await place.ledger.load(HOST)).offsets == whole.offsets

    @story()
    async def test_what_is_written_after_a_fold_takes_nothing_from_what_is_known_of_the_log(
        self, place: Place
    ) -> None:
        lease = await own(place.ledger, "a", epoch=1)
        await place.ledger.save(lease, folded(Entry(incident=ONE), epoch=1, facts=12))
        for answered in (1, 2):
            await place.ledger.record(lease, Entry(incident=TWO, answered=answered))
            await place.ledger.flag(HOST, ONE, replace(STOP, offset=answered))
        assert (await place.ledger.load(HOST)).offsets == folded(facts=12).offsets

    @story()
    async def test_a_doubted_epoch_falls_and_no_other(self, place: Place) -> None:
        await place.ledger.release(await own(place.ledger, "a", epoch=4))
        await place.lie(HOST, "epoch")
        absurd = (await place.ledger.load(HOST)).epoch
        lease = await own(place.ledger, "b")
        await place.ledger.save(lease, folded(epoch=4), doubted=absurd - 1)
        assert (await place.ledger.load(HOST)).epoch == absurd
        await place.ledger.save(lease, folded(epoch=4), doubted=absurd)
        assert (await place.ledger.load(HOST)).epoch == 4
        with pytest.raises(LeaseLost, match=HOST.name):
            await place.ledger.adopt(lease, 4)
        await place.ledger.adopt(lease, 5)


class Ledgers(Leases, Epochs, Flags, Entries, Losses, Foreigners, Liars):
    """The whole suite."""


class TestInMemory(Ledgers):
    """The simulator's ledger."""

    @pytest.fixture
    def place(self) -> Place:
        """Memory."""
        return InMemory()


class TestOnRedis(Ledgers):
    """The ledger of a deployment."""

    @pytest.fixture
    def place(self, redis_server: RedisServer) -> Place:
        """A real server."""
        return OnRedis(redis_server.url)
