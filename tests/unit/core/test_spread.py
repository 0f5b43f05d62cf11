"""Where guests are sent by name: to who lives, has room, and has the fewest; and when that is left to Nova."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.nova_views import AggregateView, Needs, ServiceView
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.recovering.spread import ANYWHERE, HOLE, NAMED_TRIES, black_holes, choose, load_of
from kasugai.core.recovering.steps.evacuate import NOBODY
from kasugai.core.recovering.targets import SCHEDULER
from kasugai.core.words.facts import StepRecord, StepState
from kasugai.core.words.timing import MonoTime
from tests.unit.core.makers import guest, order, record, service
from tests.unit.core.scene import NOW, entry, moving, planned, scene

SMALL = Needs(resources=(("VCPU", 1),))
WEB = guest("g1", needs=SMALL)
GUESTS = tuple(guest(f"g{n}", needs=SMALL) for n in range(1, 5))
ALL = ("cmp2", "cmp3", "cmp4")
OWNER = Memory(owner_since=MonoTime(0), epoch=1)


def up(host: str, **given: Any) -> ServiceView:
    """Nova's record of a host that lives and takes guests."""
    return service(host=host, **{"is_up": True, **given})


def town(*hosts: ServiceView | str, source: ServiceView | None = None) -> dict[str, ServiceView]:
    """All compute services: the dead source's, and these."""
    views = [source or service(), *(up(each) if isinstance(each, str) else each for each in hosts)]
    return {view.host: view for view in views}


def ask(
    *records: StepRecord,
    computes: Mapping[str, ServiceView] | None,
    room: Mapping[str, int] | None = None,
    avoid: tuple[str, ...] = (),
    reserves: tuple[str, ...] = (),
    memory: Memory = OWNER,
    epoch: int = 1,
    aggregates: tuple[AggregateView, ...] | None = None,
    room_at: int = 0,
) -> Situation:
    rooms = {} if room is None else {SMALL: room}
    seen = moving(*GUESTS, computes=computes, room=rooms, room_at=MonoTime(room_at), aggregates=aggregates)
    return scene(
        seen,
        order=order(decided_at=NOW, avoid=avoid, reserves=reserves),
        entry=entry(*records, epoch=epoch),
        memory=memory,
        plan=planned(*GUESTS),
    )


def chosen(s: Situation, *, tried: tuple[str, ...] = (), failed: tuple[str, ...] = ()) -> str | None:
    return choose(s, WEB, tried, failed, load_of(s))


def failure(number: int, *hosts: str, **given: Any) -> StepRecord:
    """An evacuation that these hosts could not bring to its end."""
    return record(
        f"evacuate:g{number}", StepState.ABSOLVED, **{"tries": 1, "failed_on": " ".join(hosts), **given}
    )


def landed(number: int, host: str, **given: Any) -> StepRecord:
    return record(f"evacuate:g{number}", StepState.DONE, **{"tries": 1, "destination": host, **given})


def test_the_host_with_the_fewest_is_named_and_of_several_the_first_by_name() -> None:
    roomy = {"cmp2": 9, "cmp3": 9, "cmp4": 9}
    assert chosen(ask(computes=town("cmp3", "cmp2", "cmp4"), room=roomy)) == "cmp2"
    assert chosen(ask(landed(2, "cmp2"), computes=town(*ALL), room=roomy)) == "cmp3"
    assert chosen(ask(landed(2, "cmp2"), landed(3, "cmp3"), computes=town(*ALL), room=roomy)) == "cmp4"


@pytest.mark.parametrize("lame", [{"is_up": False}, {"is_enabled": False}, {"forced_down": True}])
def test_a_host_that_nova_shows_as_down_or_disabled_is_not_named(lame: dict[str, Any]) -> None:
    computes = town(up("cmp2", **lame), "cmp3")
    assert chosen(ask(computes=computes, room={"cmp2": 9, "cmp3": 9})) == "cmp3"


def test_the_source_is_no_destination_even_where_it_looks_alive() -> None:
    s = ask(computes=town("cmp2", source=up("cmp1")), room={"cmp1": 9, "cmp2": 1})
    assert chosen(s) == "cmp2"


@pytest.mark.parametrize("computes", [None, {"cmp2": up("cmp2")}])
def test_nova_chooses_once_where_no_list_shows_the_source_s_own_row(
    computes: Mapping[str, ServiceView] | None,
) -> None:
    s = ask(computes=computes, room={"cmp2": 9}, avoid=("cmp2",))
    assert chosen(s) == SCHEDULER
    assert chosen(s, tried=("cmp2",)) == SCHEDULER
    assert chosen(s, tried=(ANYWHERE,)) is None


def test_nova_chooses_where_placement_does_not_tell() -> None:
    unknown = ask(computes=town("cmp2"))
    assert chosen(unknown) == SCHEDULER
    assert chosen(unknown, tried=(ANYWHERE,)) is None
    untold = ask(computes=town("cmp2"), room={"cmp2": 9})
    assert choose(untold, guest("g1"), (), (), NOBODY) == SCHEDULER, "its needs are not known"
    assert choose(untold, WEB, (), (), NOBODY) == "cmp2"


DOUBT = town(up("cmp2", age=20.0), up("cmp3", age=0.0), up("cmp4", age=0.0))


def test_a_host_that_may_have_failed_is_not_named_nor_left_for_nova_to_choose() -> None:
    roomy = {"cmp2": 9, "cmp3": 9, "cmp4": 9}
    assert chosen(ask(computes=DOUBT, room=roomy)) == "cmp3"
    assert chosen(ask(computes=DOUBT)) == "cmp3", "Placement does not tell, and Nova might choose it"
    assert chosen(ask(computes=DOUBT, room={"cmp2": 9})) is None, "it alone has room"
    assert chosen(ask(computes=DOUBT, room=roomy), tried=("cmp3", "cmp4")) is None


def test_nova_chooses_after_three_refusals_where_no_more_is_known_than_that_a_host_may_have_failed() -> None:
    many = {f"cmp{n}": up(f"cmp{n}", age=0.0) for n in range(3, 9)}
    computes = {**DOUBT, **many}
    assert chosen(ask(computes=computes), tried=("cmp3", "cmp4")) == "cmp5"
    assert chosen(ask(computes=computes), tried=("cmp3", "cmp4", "cmp5")) == SCHEDULER
    assert chosen(ask(computes=computes), tried=("cmp3", "cmp4", "cmp5", ANYWHERE)) is None
    suspected = ask(computes=computes, avoid=("cmp8",))
    assert chosen(suspected, tried=("cmp3", "cmp4", "cmp5")) == "cmp6", "that one surely is no destination"


def test_a_full_host_is_not_named_and_nova_chooses_where_all_are() -> None:
    assert chosen(ask(computes=town("cmp2", "cmp3"), room={"cmp2": 0, "cmp3": 1})) == "cmp3"
    full = ask(computes=town("cmp2", "cmp3"), room={"cmp2": 0})
    assert chosen(full) == SCHEDULER
    assert chosen(full, tried=(ANYWHERE,)) is None


def test_reserves_that_were_full_are_no_hosts_of_ours_that_nova_refused() -> None:
    full = tuple(f"r{n}" for n in range(2 * NAMED_TRIES))
    s = ask(computes=town("cmp2", "cmp3"), room={"cmp2": 9}, reserves=full)
    assert chosen(s, tried=full) == "cmp2"
    assert chosen(replace(s, order=replace(s.order, avoid=("cmp3",))), tried=full) == "cmp2"


def test_nova_chooses_itself_after_three_refusals_of_ours() -> None:
    hosts = tuple(f"cmp{n}" for n in range(2, 9))
    s = ask(computes=town(*hosts), room=dict.fromkeys(hosts, 9))
    assert chosen(s, tried=hosts[: NAMED_TRIES - 1]) == hosts[NAMED_TRIES - 1]
    assert chosen(s, tried=hosts[:NAMED_TRIES]) == SCHEDULER
    assert chosen(s, tried=(*hosts[:NAMED_TRIES], ANYWHERE)) is None


def test_where_somebody_must_be_avoided_a_host_is_named_whatever_placement_tells() -> None:
    for room in (None, {"cmp2": 9, "cmp3": 9}):
        assert chosen(ask(computes=town("cmp2", "cmp3"), room=room, avoid=("cmp2",))) == "cmp3"
    assert chosen(ask(computes=town("cmp2"), avoid=("cmp2",))) is None, "Nova would choose it"
    full = ask(computes=town("cmp2", "cmp3"), room={"cmp2": 9, "cmp3": 0}, avoid=("cmp2",))
    assert chosen(full) is None


def test_nobody_is_kept_from_nova_by_an_avoided_host_that_it_does_not_use() -> None:
    s = ask(computes=town("cmp2", up("cmp3", is_up=False)), avoid=("cmp3", "cmp9"))
    assert chosen(s) == SCHEDULER


def test_where_somebody_must_be_avoided_twice_as_many_hosts_are_tried_and_no_more() -> None:
    hosts = tuple(f"cmp{n}" for n in range(2, 10))
    s = ask(computes=town(*hosts, "bad"), avoid=("bad",))
    assert chosen(s, tried=hosts[: 2 * NAMED_TRIES - 1]) == hosts[2 * NAMED_TRIES - 1]
    assert chosen(s, tried=hosts[: 2 * NAMED_TRIES]) is None


def test_a_guest_goes_back_to_where_it_could_not_be_started_only_for_want_of_another() -> None:
    s = ask(computes=town("cmp2", "cmp3"))
    assert chosen(s, failed=("cmp2",)) == "cmp3", "Nova might choose cmp2"
    assert chosen(s, failed=("cmp2", "cmp3")) == "cmp2"
    assert chosen(s, failed=("cmp2",), tried=("cmp2", "cmp3")) is None
    assert chosen(s, failed=("cmp7",)) == SCHEDULER, "it is no destination any more"


RACK = AggregateView(aggregate_id=1, name="rack", hosts=frozenset({"cmp1", "cmp3"}))
ELSEWHERE = AggregateView(aggregate_id=2, name="elsewhere", hosts=frozenset({"cmp2"}))


def test_a_host_of_the_source_s_zone_and_aggregates_goes_before_one_that_differs() -> None:
    source, roomy = service(zone="east"), {"cmp2": 9, "cmp3": 9}
    zones = town(up("cmp2", zone="west"), up("cmp3", zone="east"), source=source)
    assert chosen(ask(landed(2, "cmp3"), computes=zones, room=roomy)) == "cmp3", "for all its load"
    racked = ask(landed(2, "cmp3"), computes=town("cmp2", "cmp3"), room=roomy, aggregates=(RACK, ELSEWHERE))
    assert chosen(racked) == "cmp3"
    both = town(up("cmp2", zone="east"), up("cmp3", zone="west"), source=source)
    other = town(up("cmp3", zone="east"), up("bad", zone="east"), up("a-west", zone="west"), source=source)
    held = AggregateView(aggregate_id=3, name="held", hosts=frozenset({"cmp1", "a-west"}))
    assert chosen(ask(computes=both, room=roomy, aggregates=(RACK,), avoid=("cmp9",))) == SCHEDULER
    named = ask(computes=both | {"bad": up("bad")}, room=roomy, aggregates=(RACK,), avoid=("bad",))
    assert chosen(named) == "cmp2", "a zone weighs more"
    weighed = ask(computes=other, room={"cmp3": 9, "a-west": 9}, aggregates=(held,), avoid=("bad",))
    assert chosen(weighed) == "cmp3", "than an aggregate and the order of names"


def test_a_host_that_differs_from_the_source_is_named_only_where_somebody_must_be_avoided() -> None:
    strange = town(up("cmp2", zone="west"))
    assert chosen(ask(computes=strange, room={"cmp2": 9})) == SCHEDULER
    assert chosen(ask(computes=strange | {"bad": up("bad")}, room={"cmp2": 9}, avoid=("bad",))) == "cmp2"


def test_an_aggregate_that_does_not_hold_the_source_binds_nobody() -> None:
    s = ask(computes=town("cmp2", "cmp3"), room={"cmp2": 9, "cmp3": 9}, aggregates=(ELSEWHERE,))
    assert chosen(s) == "cmp2"


def test_the_load_is_who_was_sent_there_and_is_there_or_on_the_way() -> None:
    memory = Memory(
        owner_since=MonoTime(0), epoch=1, in_flight=frozenset({"evacuate:g3"}), aims={"evacuate:g3": "cmp4"}
    )
    s = ask(
        landed(1, "cmp2", target="cmp3"),
        record("evacuate:g2", StepState.UNSURE, tries=1, target="cmp2"),
        record("evacuate:g3", StepState.ABSOLVED, tries=1, target="cmp2"),
        record("evacuate:g4", StepState.ABSOLVED, tries=1, target="cmp2"),
        computes=town(*ALL),
        memory=memory,
    )
    assert load_of(s).sent == {"cmp2": 2, "cmp4": 1}


def test_the_load_does_not_know_where_nova_sends_a_guest() -> None:
    flying = Memory(owner_since=MonoTime(0), epoch=1, in_flight=frozenset({"evacuate:g2"}))
    s = ask(record("evacuate:g1", tries=1), landed(3, ""), computes=town(*ALL), memory=flying)
    assert not load_of(s).sent


def test_several_different_guests_that_could_not_be_started_make_a_black_hole() -> None:
    again = failure(1, *["cmp2"] * HOLE)
    assert black_holes(entry(again)) == frozenset(), "one guest may be at fault itself"
    two = (failure(1, "cmp2", "cmp3"), failure(2, "cmp2"))
    assert black_holes(entry(*two)) == {"cmp2"}
    resets = [record(f"reset:g{n}", StepState.FAILED, failed_on="cmp2") for n in (1, 2)]
    assert black_holes(entry(*resets)) == frozenset()


def test_a_host_that_starts_a_guest_after_all_that_it_could_not_start_is_no_black_hole_any_more() -> None:
    two = (failure(1, "cmp2"), failure(2, "cmp2"))
    assert black_holes(entry(*two, landed(3, "cmp2", failed_on="cmp2", epoch=2), epoch=2)) == frozenset()
    assert black_holes(entry(*two, landed(3, "cmp2", failed_on="cmp2", epoch=1), epoch=2)) == {"cmp2"}
    assert black_holes(entry(*two, landed(3, "cmp4", failed_on="cmp2", epoch=2), epoch=2)) == {"cmp2"}


def test_a_guest_that_landed_before_a_host_broke_does_not_make_it_whole() -> None:
    two = (failure(1, "cmp2"), failure(2, "cmp2"))
    assert black_holes(entry(*two, landed(3, "cmp2", epoch=1), epoch=1)) == {"cmp2"}


def test_a_host_that_nova_refuses_for_several_guests_is_named_last() -> None:
    """It gets nobody, so it would always have the fewest."""

    def seen(*records: StepRecord, room: int = 9, memory: Memory = OWNER) -> str | None:
        return chosen(
            ask(*records, computes=town("cmp2", "cmp3"), room={"cmp2": 9, "cmp3": room}, memory=memory)
        )

    one, two = failure(2, tried="cmp2"), failure(3, tried="cmp2")
    assert seen(one, landed(4, "cmp3")) == "cmp2", "one guest may be at fault itself"
    assert seen(one, two, landed(4, "cmp3")) == "cmp3"
    assert seen(one, two, room=0) == "cmp2", "better than none"
    assert seen(one, two, landed(4, "cmp3"), memory=HEIR) == "cmp2", "a new owner begins anew"


def test_a_host_that_took_one_after_all_is_not_named_last() -> None:
    s = ask(
        failure(2, tried="cmp2"),
        failure(3, tried="cmp2"),
        landed(1, "cmp2"),
        landed(4, "cmp3"),
        computes=town("cmp2", "cmp3"),
        room={"cmp2": 9, "cmp3": 9},
    )
    assert chosen(s) == "cmp2"


HOLED = (failure(2, "cmp2"), failure(3, "cmp2"))


def test_no_guest_is_sent_to_a_black_hole_where_there_is_another_host() -> None:
    s = ask(*HOLED, computes=town("cmp2", "cmp3"), room={"cmp2": 9, "cmp3": 1}, epoch=2)
    assert chosen(s) == "cmp3"


HEIR = Memory(owner_since=MonoTime(0), epoch=2)
"""An owner that has sent nobody yet."""


def test_where_there_is_no_other_host_each_owner_sends_one_guest_to_a_black_hole() -> None:
    computes = town("cmp2")
    assert chosen(ask(*HOLED, computes=computes, memory=HEIR, epoch=2)) == "cmp2"
    tried = failure(4, "cmp2", tried="cmp2", epoch=2)
    assert chosen(ask(*HOLED, tried, computes=computes, memory=HEIR, epoch=2)) is None
    before = failure(4, "cmp2", tried="cmp2", epoch=1)
    assert chosen(ask(*HOLED, before, computes=computes, memory=HEIR, epoch=2)) == "cmp2"
    on_its_way = record("evacuate:g4", tries=1, target="cmp2", epoch=2)
    flying = ask(*HOLED, on_its_way, computes=computes, memory=HEIR, epoch=2)
    assert chosen(flying) is None and choose(flying, WEB, (), (), NOBODY) is None
    assert chosen(ask(*HOLED, computes=computes, memory=HEIR, epoch=2, room={"cmp2": 0})) is None
    went_well = landed(4, "cmp2", epoch=2)
    assert chosen(ask(*HOLED, went_well, computes=computes, memory=HEIR, epoch=2)) == "cmp2", (
        "the next one may go"
    )


def test_of_guests_that_go_together_one_is_sent_to_a_black_hole() -> None:
    s = ask(*HOLED, computes=town("cmp2"), memory=HEIR, epoch=2)
    load = load_of(s)
    load.add("cmp2")
    assert choose(s, WEB, (), (), load) is None


def test_a_black_hole_that_is_suspected_as_well_is_not_tried() -> None:
    assert chosen(ask(*HOLED, computes=town("cmp2"), memory=HEIR, epoch=2, avoid=("cmp2",))) is None


def test_a_guest_that_landed_takes_its_host_s_room_until_placement_was_asked_again() -> None:
    called = Memory(owner_since=MonoTime(0), epoch=1, begun={"evacuate:g2": MonoTime(100)})
    for room_at, host in ((100, "cmp3"), (101, "cmp2")):
        s = ask(
            landed(2, "cmp2"),
            record("evacuate:g3", tries=1, target="cmp3"),
            record("evacuate:g4", tries=1, target="cmp3"),
            computes=town("cmp2", "cmp3"),
            room={"cmp2": 1, "cmp3": 3},
            memory=called,
            room_at=room_at,
        )
        assert chosen(s) == host


def test_a_guest_on_its_way_takes_its_host_s_room_whenever_placement_was_asked() -> None:
    flying = Memory(
        owner_since=MonoTime(0), epoch=1, in_flight=frozenset({"evacuate:g3"}), aims={"evacuate:g3": "cmp3"}
    )
    s = ask(
        record("evacuate:g2", tries=1, target="cmp2"),
        record("evacuate:g3", StepState.ABSOLVED, tries=1, target="cmp2"),
        computes=town(*ALL),
        room=dict.fromkeys(ALL, 1),
        memory=flying,
        room_at=NOW,
    )
    assert chosen(s) == "cmp4"
    assert load_of(s).untold == {"cmp2": 1, "cmp3": 1}
