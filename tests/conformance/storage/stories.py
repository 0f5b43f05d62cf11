"""What every Storage port must do (workers/ports.py): one suite, in the laboratory and on a real Ceph."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from kasugai.core.recovering.doors import DiskElsewhere, FenceRefused, StorageAway
from kasugai.core.recovering.storage import Disk, DiskKind, StorageState
from tests.conformance.storage.place import Place

Story = Callable[[Place], Coroutine[Any, Any, None]]

WATCH = 30.0
"""Seconds after which a silent client's watch ends."""
YEAR = 365 * 86_400
NOWHERE = Disk(DiskKind.VOLUME, "11111111-1111-4111-8111-111111111111")


async def it_knows_exactly_its_hosts(place: Place) -> None:
    assert place.port.has("h1") and place.port.has("h2")
    for host in ("h", "h1.example.org", "H1", "nobody"):
        assert not place.port.has(host)
        with pytest.raises(FenceRefused, match="no storage is configured"):
            await place.port.close(host)


async def it_is_open_until_it_is_closed(place: Place) -> None:
    view = await place.port.read("h1", ())
    assert view.state is StorageState.OPEN
    assert (view.open_to, view.closed_to) == (place.addresses("h1"), ())


async def a_closed_host_writes_no_more_and_no_other_is_hindered(place: Place) -> None:
    first, other = await place.write("h1", "a"), await place.write("h2", "b")
    assert await place.writes("h1", first)
    await place.port.close("h1")
    view = await place.port.read("h1", (first,))
    assert (view.state, view.open_to, view.closed_to) == (StorageState.CLOSED, (), place.addresses("h1"))
    await place.pass_time(2)
    assert not await place.writes("h1", first)
    assert not await place.may_write("h1", first), "a client that begins later is no better"
    assert await place.writes("h2", other)
    assert (await place.port.read("h2", ())).state is StorageState.OPEN


async def who_stood_still_meanwhile_writes_no_more(place: Place) -> None:
    disk = await place.write("h1", "c")
    await place.stand_still("h1")
    await place.port.close("h1")
    await place.go_on("h1")
    await place.pass_time(3)
    assert not await place.writes("h1", disk)


async def a_client_that_lives_renews_its_watch(place: Place) -> None:
    disk = await place.write("h1", "d")
    await place.pass_time(WATCH + 10)
    view = await place.port.read("h1", (disk,))
    assert view.watchers and view.watchers[0].startswith(place.addresses("h1")[0]), view
    assert not view.strangers


async def a_silent_clients_watch_ends(place: Place) -> None:
    disk = await place.write("h1", "e")
    await place.stand_still("h1")
    view = await place.port.read("h1", (disk,))
    assert view.watchers, "nobody knows yet that it is silent"
    await place.pass_time(WATCH + 10)
    view = await place.port.read("h1", (disk,))
    assert view.watchers == ()


async def another_hosts_client_is_a_stranger(place: Place) -> None:
    disk = await place.write("h2", "f")
    view = await place.port.read("h1", (disk,))
    assert view.watchers == ()
    assert [each.partition(":")[0] for each in view.strangers] == [place.addresses("h2")[0]]


async def what_is_closed_twice_is_opened_once(place: Place) -> None:
    await place.port.close("h1")
    await place.port.close("h1")
    await place.port.open("h1", place.addresses("h1"))
    await place.port.open("h1", place.addresses("h1"))
    assert (await place.port.read("h1", ())).state is StorageState.OPEN
    assert await place.may_write("h1", await place.write("h1", "g"))


async def what_somebody_else_closed_counts_and_stays(place: Place) -> None:
    first, second = place.addresses("h1")
    await place.close_by_hand(second, YEAR)
    view = await place.port.read("h1", ())
    assert (view.state, view.open_to, view.closed_to) == (StorageState.OPEN, (first,), (second,))
    await place.port.close("h1")
    assert (await place.port.read("h1", ())).state is StorageState.CLOSED
    await place.port.open("h1", (first,))
    assert not await place.is_closed_to(first)
    assert await place.is_closed_to(second)


async def what_is_about_to_end_is_no_fence_and_is_not_prolonged(place: Place) -> None:
    first, second = place.addresses("h1")
    await place.close_by_hand(first, YEAR)
    await place.close_by_hand(second, 300)
    view = await place.port.read("h1", ())
    assert view.state is StorageState.UNKNOWN
    assert second in view.why and "about to end" in view.why
    with pytest.raises(FenceRefused, match="about to end"):
        await place.port.close("h1")


async def locks_of_the_closed_out_are_lifted_and_nobody_elses(place: Place) -> None:
    own, others = await place.write("h1", "i"), await place.write("h2", "j")
    assert (await place.lockers(own), await place.lockers(others)) == (("h1",), ("h2",))
    with pytest.raises(StorageAway, match="not seen closed"):
        await place.port.free("h1", (own,))
    assert await place.lockers(own) == ("h1",), "nobody has proven anything yet"
    await place.port.close("h1")
    await place.port.free("h1", (own, others))
    assert (await place.lockers(own), await place.lockers(others)) == ((), ("h2",))
    await place.port.free("h1", (own,))
    assert await place.writes("h2", others)


async def the_guest_writes_on_its_new_host(place: Place) -> None:
    disk = await place.write("h1", "k")
    await place.port.close("h1")
    await place.port.free("h1", (disk,))
    await place.die("h1")
    assert await place.may_write("h2", disk)


async def a_disk_that_does_not_lie_there_is_told(place: Place) -> None:
    disk = await place.write("h1", "l")
    await place.port.close("h1")
    with pytest.raises(DiskElsewhere, match=f"volume {NOWHERE.id} is in none of the pools"):
        await place.port.free("h1", (disk, NOWHERE))
    with pytest.raises(DiskElsewhere, match="Nova names no disk"):
        await place.port.free("h1", ())


async def a_cluster_that_is_away_says_nothing(place: Place) -> None:
    disk = await place.write("h1", "m")
    await place.go_away()
    view = await place.port.read("h1", (disk,))
    assert (view.state, view.watchers) == (StorageState.UNKNOWN, None)
    assert "no answer" in view.why
    with pytest.raises(FenceRefused, match="no answer"):
        await place.port.close("h1")
    with pytest.raises(StorageAway, match="no answer"):
        await place.port.free("h1", (disk,))
    await place.answer()
    assert (await place.port.read("h1", (disk,))).watchers


STORIES: tuple[Story, ...] = (
    it_knows_exactly_its_hosts,
    it_is_open_until_it_is_closed,
    a_closed_host_writes_no_more_and_no_other_is_hindered,
    who_stood_still_meanwhile_writes_no_more,
    a_client_that_lives_renews_its_watch,
    a_silent_clients_watch_ends,
    another_hosts_client_is_a_stranger,
    what_is_closed_twice_is_opened_once,
    what_somebody_else_closed_counts_and_stays,
    what_is_about_to_end_is_no_fence_and_is_not_prolonged,
    locks_of_the_closed_out_are_lifted_and_nobody_elses,
    the_guest_writes_on_its_new_host,
    a_disk_that_does_not_lie_there_is_told,
    a_cluster_that_is_away_says_nothing,
)
