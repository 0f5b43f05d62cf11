"""How many hosts may be lost, whichever they are: exact where guests are alike, and never too many."""

from dataclasses import replace
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.telling.packing import Packing
from kasugai.core.telling.survivable import Promises, survivable
from kasugai.core.words.capacity import GuestSeen, Outlook, Size, Snapshot, Stock
from kasugai.core.words.policy import Method
from tests.support.estates import SEGMENT, estate, estates, guest


def promised(cloud: Snapshot) -> int | None:
    return survivable(cloud, cloud.segments[SEGMENT]).lost


def alike(hosts: int, guests: int, free: int) -> Snapshot:
    names = [f"cmp{n:02}" for n in range(hosts)]
    return estate(
        dict.fromkeys(names, (free, free)),
        {name: [guest(f"{name}-{n}") for n in range(guests)] for name in names},
    )


@pytest.mark.parametrize(
    ("hosts", "guests", "free", "lost"),
    [
        (20, 19, 1, 1),
        (20, 10, 10, 10),
        (20, 20, 1, 0),
        (3, 2, 1, 1),
        (3, 3, 1, 0),
        (4, 0, 0, 4),
        (5, 1, 9, 4),
    ],
)
def test_it_is_exact_where_all_are_alike(hosts: int, guests: int, free: int, lost: int) -> None:
    assert promised(alike(hosts, guests, free)) == lost


def test_what_stands_against_one_more_is_told() -> None:
    found = survivable(alike(3, 3, 1), alike(3, 3, 1).segments[SEGMENT])
    assert (found.lost, found.limit, found.uncovered) == (0, "MEMORY_MB 1, VCPU 1", 0)


@pytest.mark.parametrize("hosts", [(), ("a-host-that-nova-has-not",)])
def test_of_a_segment_without_hosts_nothing_is_promised(hosts: tuple[str, ...]) -> None:
    """Or its gauge would say 0, and an alert ring for a segment that was only just described."""
    cloud = alike(3, 1, 9)
    empty = replace(cloud.segments[SEGMENT], name="new", hosts=hosts)
    found = survivable(cloud, empty)
    assert (found.hosts, found.lost, found.limit) == (0, None, "no hosts")


def test_memory_alone_limits_where_processors_are_shared_out_freely() -> None:
    cloud = estate(
        {f"cmp{n}": (160, 4) for n in range(5)}, {f"cmp{n}": [guest(f"a{n}")] * 4 for n in range(5)}
    )
    assert promised(cloud) == 2


def test_guests_of_whom_nothing_is_known_are_counted_apart() -> None:
    cloud = alike(3, 1, 9)
    odd = guest("odd", settled=Outlook.UNKNOWN, why="asks-for hw:numa_nodes")
    guests = {**cloud.guests, "cmp00": (*cloud.guests["cmp00"], replace(odd, host="cmp00"))}
    found = survivable(replace(cloud, guests=guests), cloud.segments[SEGMENT])
    assert (found.lost, found.uncovered) == (2, 1)


def test_nothing_is_promised_where_placement_does_not_tell() -> None:
    cloud = replace(alike(3, 1, 9), sizes=(Size(resources=(("VCPU", 1),), why="placement-refused: 403"),))
    found = survivable(cloud, cloud.segments[SEGMENT])
    assert (found.lost, found.limit) == (None, "placement-refused: 403")


def test_as_many_as_there_are_reserves_that_take_the_fullest_host() -> None:
    free = {"cmp1": (0, 0), "cmp2": (0, 0), "cmp3": (0, 0), "r1": (3, 3), "r2": (2, 2), "r3": (9, 9)}
    cloud = estate(
        free,
        {"cmp1": [guest("a"), guest("b"), guest("c")], "cmp2": [guest("d")]},
        hosts={name: {"is_disabled": True} for name in ("r1", "r2", "r3")},
        method=Method.RESERVED_HOST,
        reserves=("r1", "r2", "r3"),
    )
    found = survivable(cloud, cloud.segments[SEGMENT])
    assert (found.lost, found.limit) == (2, "free reserves")


def test_storage_that_is_shared_has_to_hold_all_of_them() -> None:
    cloud = alike(4, 2, 9)
    pool = len(cloud.stocks)
    stocks = (*cloud.stocks, Stock(resource="DISK_GB", free=50, hosts=4))
    (size,) = cloud.sizes
    offers = {
        host: tuple(replace(o, stocks=(*o.stocks, pool), amounts=(*o.amounts, 10)) for o in ways)
        for host, ways in (size.offers or {}).items()
    }
    shared = replace(size, resources=(*size.resources, ("DISK_GB", 10)), offers=offers)
    found = survivable(replace(cloud, stocks=stocks, sizes=(shared,)), cloud.segments[SEGMENT])
    assert (found.lost, found.limit) == (2, "shared storage")


def test_where_each_host_has_a_member_of_a_group_none_may_be_lost() -> None:
    names = ("cmp1", "cmp2", "cmp3")
    free = dict.fromkeys(names, (9, 9))
    cloud = estate(free, {name: [guest(f"on-{name}", group="g")] for name in names}, groups={"g": 1})
    assert promised(cloud) == 0
    wide = estate({**free, "cmp4": (9, 9)}, cloud.guests, groups={"g": 1})
    assert promised(wide) == 1, "the fourth host takes one"


def test_small_guests_may_come_first_and_leave_too_little_for_a_large_one() -> None:
    free = {"cmp1": (0, 0), "cmp2": (4, 4), "cmp3": (4, 4)}
    cloud = estate(free, {"cmp1": [guest("a"), guest("b"), guest("c", size=1)]}, sizes=((2, 2), (3, 3)))
    assert promised(cloud) == 0


def test_segments_of_one_kin_share_its_room_and_each_promise_is_of_one_alone() -> None:
    cloud = alike(6, 2, 1)
    names = sorted(cloud.hosts)
    halves = {
        f"s{n}": replace(cloud.segments[SEGMENT], segment_id=f"s{n}", name=f"rack{n}", hosts=tuple(some))
        for n, some in enumerate((names[:3], names[3:]))
    }
    promises = Promises(replace(cloud, segments=halves))
    assert [promises.of(segment).lost for segment in halves.values()] == [2, 2]


def test_reserves_without_guests_to_take_bound_nothing() -> None:
    cloud = estate({"cmp1": (0, 0), "cmp2": (0, 0)}, {}, method=Method.RESERVED_HOST)
    assert promised(cloud) == 2


def test_an_offer_whose_room_has_gone_meanwhile_is_none() -> None:
    cloud = alike(3, 1, 1)
    stocks = tuple(replace(stock, free=0) for stock in cloud.stocks)
    assert promised(replace(cloud, stocks=stocks)) == 0


@given(estates(odd=False), st.integers(0, 1000))
def test_whichever_hosts_are_lost_and_in_whatever_order_all_find_room(cloud: Snapshot, seed: int) -> None:
    lost = promised(cloud)
    assert lost is not None
    chance = Random(seed)
    for hosts in combinations(sorted(cloud.hosts), lost):
        assert _all_placed(cloud, frozenset(hosts), chance), hosts


def _all_placed(cloud: Snapshot, lost: frozenset[str], chance: Random) -> bool:
    packing = Packing(cloud, lost)
    guests = [guest for host in sorted(lost) for guest in cloud.guests[host]]
    chance.shuffle(guests)
    return all(_placed(cloud, packing, guest, lost, chance) for guest in guests)


def _placed(cloud: Snapshot, packing: Packing, each: GuestSeen, lost: frozenset[str], chance: Random) -> bool:
    assert each.size is not None
    hosts = [name for name in cloud.hosts if name not in lost]
    chance.shuffle(hosts)
    return any(packing.take(each.size, host, each.group) for host in hosts)
