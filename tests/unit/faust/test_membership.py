"""A member proves itself by a young heartbeat, waits for one when unsure, and ends when none comes."""

import asyncio

import pytest

from kasugai.adapters.faust.exits import Exit
from kasugai.adapters.faust.membership import PAUSE, Membership, steady
from tests.support.shell import Hands, Left


def prove(membership: Membership) -> None:
    asyncio.run(membership.prove())


def test_a_new_member_has_proved_nothing(clock: Hands) -> None:
    membership = Membership(10.0, clock)
    assert not membership.is_fresh


def test_a_heartbeat_counts_from_when_it_was_sent(clock: Hands) -> None:
    membership = Membership(10.0, clock)
    sent = membership.now()
    clock.at += 4.0
    membership.confirmed(sent)
    assert membership.is_fresh
    prove(membership)
    clock.at += 1.0
    assert not membership.is_fresh


def test_an_older_confirmation_takes_nothing_back(clock: Hands) -> None:
    membership = Membership(10.0, clock)
    membership.confirmed(clock.at)
    membership.confirmed(clock.at - 8.0)
    assert membership.is_fresh


def test_who_is_not_a_member_any_more_ends_at_once(clock: Hands) -> None:
    membership = Membership(10.0, clock)
    membership.confirmed(clock.at)
    membership.lost()
    with pytest.raises(Left) as ended:
        prove(membership)
    assert ended.value.code is Exit.ZOMBIE


def test_who_is_unsure_waits_for_a_heartbeat(clock: Hands) -> None:
    membership = Membership(10.0, clock)

    async def scenario() -> None:
        proving = asyncio.create_task(membership.prove())
        await asyncio.sleep(3 * PAUSE)
        assert not proving.done()
        membership.confirmed(clock.at)
        await asyncio.wait_for(proving, 1.0)

    asyncio.run(scenario())


def test_who_waits_in_vain_ends_after_another_half(clock: Hands) -> None:
    membership = Membership(10.0, clock)
    membership.confirmed(clock.at)

    async def scenario() -> None:
        clock.at += 6.0
        proving = asyncio.create_task(membership.prove())
        await asyncio.sleep(3 * PAUSE)
        assert not proving.done()
        clock.at += 5.0
        await proving

    with pytest.raises(Left) as ended:
        asyncio.run(scenario())
    assert ended.value.code is Exit.ZOMBIE


def test_the_clock_moves() -> None:
    assert steady() <= steady()
