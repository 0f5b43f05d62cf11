"""What if hosts were lost: who is dealt where, and who is never said to fit."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.telling.storms import is_storm
from kasugai.core.telling.whatif import DOMAIN_STORM, NO_RESERVE, NO_ROOM, OTHER_KIN, STORM, Loss, lose
from kasugai.core.words.capacity import Outlook, Size, Snapshot
from kasugai.core.words.domains import Domain
from kasugai.core.words.policy import Method
from tests.support.estates import SEGMENT, estate, estates, guest

ROOMY = {"cmp1": (0, 0), "cmp2": (9, 9), "cmp3": (9, 9)}


def told(loss: Loss) -> dict[str, tuple[str, str, str]]:
    return {g.name: (str(g.outlook), g.to, g.why) for g in loss.guests}


def test_guests_are_dealt_one_by_one_to_the_host_that_has_got_the_fewest() -> None:
    cloud = estate(ROOMY, {"cmp1": map(guest, "abcd")})
    assert [g.to for g in lose(cloud, ["cmp1"]).guests] == ["cmp2", "cmp3", "cmp2", "cmp3"]


def test_the_same_room_is_promised_to_one_guest_only_whichever_host_it_comes_from() -> None:
    free = {"cmp1": (9, 9), "cmp2": (9, 9), "cmp3": (1, 9)}
    cloud = estate(free, {"cmp1": [guest("a")], "cmp2": [guest("b")]})
    assert told(lose(cloud, ["cmp1", "cmp2"])) == {"a": ("fits", "cmp3", ""), "b": ("nowhere", "", NO_ROOM)}


def test_two_of_an_anti_affinity_group_never_come_together() -> None:
    guests = {"cmp1": [guest("a", group="g"), guest("b", group="g")], "cmp2": [guest("c", group="g")]}
    cloud = estate(ROOMY, guests, groups={"g": 1})
    assert told(lose(cloud, ["cmp1"])) == {"a": ("fits", "cmp3", ""), "b": ("nowhere", "", NO_ROOM)}


def test_where_two_may_be_on_a_host_two_are() -> None:
    cloud = estate(
        {"cmp1": (0, 0), "cmp2": (9, 9)}, {"cmp1": [guest(n, group="g") for n in "abc"]}, groups={"g": 2}
    )
    assert [str(g.outlook) for g in lose(cloud, ["cmp1"]).guests] == ["fits", "fits", "nowhere"]


def test_room_in_another_zone_is_novas_to_give() -> None:
    cloud = estate({"cmp1": (0, 0), "cmp2": (9, 9)}, {"cmp1": [guest("a")]}, hosts={"cmp2": {"kin": "az2"}})
    assert told(lose(cloud, ["cmp1"])) == {"a": ("unknown", "", OTHER_KIN)}


@pytest.mark.parametrize("about", [{"bars": "down"}, {"bars": "suspected"}, {"is_disabled": True}])
def test_nobody_is_sent_to_a_host_that_may_not_take_guests(about: dict[str, object]) -> None:
    cloud = estate({"cmp1": (0, 0), "cmp2": (9, 9)}, {"cmp1": [guest("a")]}, hosts={"cmp2": about})
    assert told(lose(cloud, ["cmp1"])) == {"a": ("nowhere", "", NO_ROOM)}


def test_a_host_that_waits_for_a_person_has_no_guest_that_fits_and_its_guests_take_their_room() -> None:
    free = {"cmp1": (0, 0), "cmp2": (0, 0), "cmp3": (1, 1)}
    waits = {"cmp1": {"waits": "no-fence-device"}}
    cloud = estate(free, {"cmp1": [guest("a")], "cmp2": [guest("b")]}, hosts=waits)
    assert told(lose(cloud, ["cmp1", "cmp2"])) == {
        "a": ("held", "cmp3", "no-fence-device"),
        "b": ("nowhere", "", NO_ROOM),
    }


def test_one_of_whom_nothing_can_be_said_may_get_the_room_that_it_needs() -> None:
    odd = guest("a", settled=Outlook.UNKNOWN, why="asks-for hw:numa_nodes")
    cloud = estate({"cmp1": (0, 0), "cmp2": (1, 1)}, {"cmp1": [odd, guest("b")]})
    assert told(lose(cloud, ["cmp1"])) == {
        "a": ("unknown", "", "asks-for hw:numa_nodes"),
        "b": ("nowhere", "", NO_ROOM),
    }


def test_what_placement_did_not_tell_is_no_room() -> None:
    cloud = estate(ROOMY, {"cmp1": [guest("a"), guest("b", size=None)]})
    cloud = replace(cloud, sizes=(Size(resources=(("VCPU", 1),), why="placement-refused: 403"),))
    assert told(lose(cloud, ["cmp1"])) == {
        "a": ("unknown", "", "placement-refused: 403"),
        "b": ("unknown", "", ""),
    }


def test_what_policy_leaves_takes_no_room() -> None:
    left = guest("a", size=None, settled=Outlook.LEFT, why="local-disk")
    cloud = estate({"cmp1": (0, 0), "cmp2": (1, 1)}, {"cmp1": [left, guest("b")]})
    found = lose(cloud, ["cmp1"])
    assert told(found) == {"a": ("left", "", "local-disk"), "b": ("fits", "cmp2", "")}
    assert found.is_survived


@pytest.mark.parametrize(
    ("method", "places"),
    [
        (Method.AUTO, ["cmp2", "", ""]),
        (Method.RESERVED_HOST, ["cmp3", "cmp3", ""]),
        (Method.AUTO_PRIORITY, ["cmp2", "cmp3", "cmp3"]),
        (Method.RH_PRIORITY, ["cmp3", "cmp3", "cmp2"]),
    ],
)
def test_places_are_tried_in_the_order_of_the_segments_method(method: Method, places: list[str]) -> None:
    free = {"cmp1": (0, 0), "cmp2": (1, 1), "cmp3": (2, 2)}
    reserve = {"cmp3": {"is_disabled": True}}
    cloud = estate(free, {"cmp1": map(guest, "abc")}, hosts=reserve, method=method, reserves=("cmp3",))
    assert [g.to for g in lose(cloud, ["cmp1"]).guests] == places


def test_a_reserve_is_given_to_one_lost_host() -> None:
    free = {"cmp1": (0, 0), "cmp2": (0, 0), "cmp3": (9, 9)}
    cloud = estate(
        free,
        {"cmp1": [guest("a")], "cmp2": [guest("b")]},
        hosts={"cmp3": {"is_disabled": True}},
        method=Method.RESERVED_HOST,
        reserves=("cmp3",),
    )
    assert told(lose(cloud, ["cmp1", "cmp2"])) == {
        "a": ("fits", "cmp3", ""),
        "b": ("nowhere", "", NO_RESERVE),
    }


def test_a_reserve_of_another_zone_is_novas_to_judge() -> None:
    cloud = estate(
        {"cmp1": (0, 0), "cmp3": (9, 9)},
        {"cmp1": [guest("a")]},
        hosts={"cmp3": {"is_disabled": True, "kin": "az2"}},
        method=Method.RESERVED_HOST,
        reserves=("cmp3",),
    )
    assert told(lose(cloud, ["cmp1"])) == {"a": ("unknown", "", OTHER_KIN)}


def test_a_reserve_that_is_full_gives_way_to_the_next_and_both_are_its_own() -> None:
    free = {"cmp1": (0, 0), "r1": (1, 1), "r2": (1, 1), "r3": (0, 0)}
    cloud = estate(
        free,
        {"cmp1": [guest("a"), guest("b"), guest("c")]},
        hosts={name: {"is_disabled": True} for name in ("r1", "r2", "r3")},
        method=Method.RESERVED_HOST,
        reserves=("r1", "r2", "r3"),
    )
    assert [g.to for g in lose(cloud, ["cmp1"]).guests] == ["r1", "r2", ""]


def test_hosts_of_another_kin_that_are_full_or_kept_by_its_group_are_no_doubt() -> None:
    free = {"cmp1": (0, 0), "far1": (0, 0), "far2": (1, 1), "far3": (9, 9)}
    guests = {
        "cmp1": [guest("a", group="g")],
        "far3": [guest("b", group="g")],
        "far2": [guest("c", group="g")],
    }
    cloud = estate(
        free, guests, groups={"g": 1}, hosts={name: {"kin": "az2"} for name in ("far1", "far2", "far3")}
    )
    offers = dict(cloud.sizes[0].offers or {})
    full = replace(cloud.sizes[0], offers={"far1": offers["far2"], **offers})
    stocks = tuple(replace(s, free=0) if at in (4, 5) else s for at, s in enumerate(cloud.stocks))
    assert told(lose(replace(cloud, sizes=(full,), stocks=stocks), ["cmp1"])) == {
        "a": ("nowhere", "", NO_ROOM)
    }


def test_outlooks_are_counted_also_those_that_nobody_has() -> None:
    found = lose(estate(ROOMY, {"cmp1": [guest("a")]}), ["cmp1", "nobody"])
    assert found.counts()[Outlook.FITS] == 1 and found.counts()[Outlook.HELD] == 0
    assert [host.name for host in found.hosts] == ["cmp1"]


def test_a_host_of_no_segment_waits_for_a_person_and_has_no_reserve() -> None:
    alone = {"cmp1": {"segment": "", "waits": "in-no-segment"}}
    found = lose(estate(ROOMY, {"cmp1": [guest("a")]}, hosts=alone), ["cmp1"])
    assert told(found) == {"a": ("held", "cmp2", "in-no-segment")} and found.hosts[0].segment == ""


def test_as_many_hosts_as_make_a_storm_wait_for_a_person() -> None:
    cloud = estate(ROOMY, {"cmp1": [guest("a")], "cmp2": []})
    segment = replace(cloud.segments[SEGMENT], max_unhealthy=50)
    cloud = replace(cloud, segments={SEGMENT: segment})
    assert [is_storm(segment, set(names)) for names in ([], ["cmp1"], ["cmp1", "cmp2"])] == [
        False,
        False,
        True,
    ]
    found = lose(cloud, ["cmp1", "cmp2"])
    assert found.storms == ("rack1",) and told(found) == {"a": ("held", "cmp3", STORM)}


RACK = [f"cmp{n}" for n in range(1, 9)]
PDU, ROW = Domain(kind="pdu", name="pdu-3"), Domain(kind="row", name="row-a")


def rack(hosts: dict[str, dict[str, Any]] | None = None, **policy: Any) -> Snapshot:
    """Eight hosts with a guest each; three on one PDU, six in one row."""
    cloud = estate(dict.fromkeys(RACK, (9, 9)), {name: [guest(f"on-{name}")] for name in RACK}, hosts=hosts)
    domains = {PDU: frozenset(RACK[:3]), ROW: frozenset(RACK[:6])}
    return replace(cloud, segments={SEGMENT: replace(cloud.segments[SEGMENT], domains=domains, **policy)})


def waits(cloud: Snapshot, *lost: str) -> dict[str, tuple[str, str]]:
    return {host.name: (host.waits, host.domain) for host in lose(cloud, lost).hosts}


def test_a_whole_domain_counts_as_one_where_its_kind_does() -> None:
    plain, as_one = rack(max_unhealthy=30), rack(max_unhealthy=30, domain_as_one=("pdu",))
    assert lose(plain, RACK[:3]).storms == ("rack1",)
    assert lose(as_one, RACK[:3]).is_survived, "one thing has failed"
    assert lose(as_one, RACK[:4]).storms == (), "two of eight"
    assert lose(as_one, [*RACK[:2], *RACK[3:5]]).storms == ("rack1",), "one on the PDU lives: it was not that"
    row = rack(max_unhealthy=30, domain_as_one=("row",))
    assert lose(row, RACK[:6]).storms == ("rack1",), "more than half of the segment says nothing"


def test_a_small_domain_in_a_storm_of_its_own_waits_for_a_person() -> None:
    cloud = rack(domain_trip=60, domain_small=4)
    assert waits(cloud, "cmp1", "cmp7") == {"cmp1": ("", ""), "cmp7": ("", "")}
    found = lose(cloud, ["cmp1", "cmp2", "cmp7"])
    stopped = (DOMAIN_STORM, "pdu/pdu-3")
    assert waits(cloud, "cmp1", "cmp2", "cmp7") == {"cmp1": stopped, "cmp2": stopped, "cmp7": ("", "")}
    assert {g.host: str(g.outlook) for g in found.guests} == {"cmp1": "held", "cmp2": "held", "cmp7": "fits"}
    assert waits(rack(max_unhealthy=20, domain_trip=60, domain_small=4), "cmp1", "cmp2") == {
        "cmp1": (STORM, ""),
        "cmp2": (STORM, ""),
    }, "the segment's storm comes first"


def test_hosts_of_a_large_domain_in_a_storm_are_recovered_in_turn() -> None:
    cloud = rack(domain_trip=60, domain_small=2)
    lost = RACK[2:6]
    assert waits(cloud, *lost) == dict.fromkeys(lost, ("", "row/row-a"))
    assert lose(cloud, lost).is_survived


def test_a_host_in_maintenance_is_in_no_storm() -> None:
    aside = {"cmp1": {"waits": "maintenance", "is_set_aside": True}}
    assert waits(rack(aside, max_unhealthy=25, domain_trip=60), "cmp1", "cmp2") == {
        "cmp1": ("maintenance", ""),
        "cmp2": ("", ""),
    }


def test_a_host_of_the_same_name_in_another_case_is_the_source_to_nova() -> None:
    cloud = estate({"cmp1": (0, 0), "CMP1": (9, 9)}, {"cmp1": [guest("a")]})
    assert told(lose(cloud, ["cmp1"])) == {"a": ("nowhere", "", NO_ROOM)}


def chosen(cloud: Snapshot) -> st.SearchStrategy[tuple[Snapshot, set[str]]]:
    return st.tuples(st.just(cloud), st.sets(st.sampled_from(sorted(cloud.hosts)), min_size=1))


@given(estates().flatmap(chosen))
def test_the_printed_assignment_can_be_carried_out(case: tuple[Snapshot, set[str]]) -> None:
    cloud, lost = case
    found = lose(cloud, lost)
    named = [g for g in found.guests if g.to]
    known = {g.uuid: g for some in cloud.guests.values() for g in some}
    assert [g.uuid for g in found.guests] == [g.uuid for host in sorted(lost) for g in cloud.guests[host]]
    for each in named:
        host = cloud.hosts[each.to]
        assert each.to not in lost and host.is_open and host.kin == cloud.hosts[each.host].kin
        assert known[each.uuid].settled is None
    _within_inventories(cloud, [(known[g.uuid].size, g.to) for g in named])
    _apart(cloud, lost, [(known[g.uuid].group, g.to) for g in named])


def _within_inventories(cloud: Snapshot, assigned: Iterable[tuple[int | None, str]]) -> None:
    taken: Counter[int] = Counter()
    for size, host in assigned:
        assert size is not None
        (offer,) = (cloud.sizes[size].offers or {})[host]
        taken.update(dict(zip(offer.stocks, offer.amounts, strict=True)))
    assert all(cloud.stocks[at].free >= count for at, count in taken.items())


def _apart(cloud: Snapshot, lost: set[str], assigned: Iterable[tuple[str, str]]) -> None:
    arrived = Counter(assigned)
    for (group, host), count in arrived.items():
        if group:
            there = cloud.groups[group].members.get(host, 0)
            assert there + count <= max(there, cloud.groups[group].most)


@given(estates().flatmap(chosen))
def test_who_fits_comes_from_a_host_that_is_recovered_by_itself(case: tuple[Snapshot, set[str]]) -> None:
    cloud, lost = case
    for each in lose(cloud, lost).guests:
        is_sure = each.outlook is Outlook.FITS
        assert not is_sure or (each.to and not each.why and not cloud.hosts[each.host].waits)
