"""Guests that go together: each is given its host, and one for whom there is none left does not go now."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.advance import advance
from kasugai.core.recovering.calls import Evacuate
from kasugai.core.recovering.moves import Act, Begin, Blocked, Finish, Next, Pending, Wait
from kasugai.core.recovering.nova_views import EvacuationView, GuestView, Needs, ServiceView
from kasugai.core.recovering.planning import insert
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.recovering.spread import ANYWHERE
from kasugai.core.recovering.steps.enable import enabled
from kasugai.core.recovering.steps.evacuate import EVACUATE, NOBODY, assess, next_target, tried_by
from kasugai.core.recovering.targets import SCHEDULER
from kasugai.core.words.facts import FactKind, StepRecord, StepState
from kasugai.core.words.policy import Method, Policy
from kasugai.core.words.timing import MonoTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, guest, migration, order, record, service
from tests.unit.core.scene import NOW, entry, fenced, moving, planned, scene

SMALL = Needs(resources=(("VCPU", 1),))
GUESTS = tuple(guest(f"g{n}", needs=SMALL) for n in range(1, 4))
OWNER = Memory(owner_since=MonoTime(NOW - 5 * S), epoch=1)
READY = record("enable-compute:r1", StepState.DONE, tries=1)


def town(*hosts: str) -> dict[str, ServiceView]:
    """Nova's records of the dead source and of these, which live."""
    return {"cmp1": service(), **{each: service(host=each, is_up=True) for each in hosts}}


def ask(
    *records: StepRecord,
    hosts: tuple[str, ...] = ("cmp2", "cmp3"),
    room: Mapping[str, int] | None = None,
    guests: tuple[GuestView, ...] = GUESTS,
    memory: Memory = OWNER,
    avoid: tuple[str, ...] = (),
    method: Method = Method.AUTO,
    reserves: tuple[str, ...] = (),
    **given: Any,
) -> Situation:
    rooms = {} if room is None else {SMALL: room}
    seen = moving(*guests, **{"computes": town(*hosts), "room": rooms, **given})
    known = order(decided_at=NOW, avoid=avoid, reserves=reserves, policy=Policy(method=method))
    return scene(
        seen,
        order=known,
        entry=entry(*fenced(), *records, epoch=memory.epoch),
        memory=memory,
        plan=planned(*GUESTS),
    )


def begun(answer: Next) -> list[tuple[str, str]]:
    assert isinstance(answer, Act), answer
    return [(begin.step.subject, begin.record.target) for begin in answer.begins]


def begin(s: Situation, number: int = 0) -> StepRecord:
    move = assess(s, s.plan.guests[number])
    assert isinstance(move, Begin), move
    return move.record


def vain(*places: str, number: int = 1, **given: Any) -> StepRecord:
    """An evacuation that Nova had no room for at these places."""
    fields = {"tries": 1, "tried": " ".join(places), "reason": Reason.NO_VALID_HOST, **given}
    return record(f"evacuate:g{number}", StepState.ABSOLVED, **fields)


def test_guests_that_go_together_go_to_different_hosts() -> None:
    room = {"cmp2": 9, "cmp3": 9}
    assert begun(advance(ask(room=room))) == [("g1", "cmp2"), ("g2", "cmp3"), ("g3", "cmp2")]
    there = record("evacuate:g1", StepState.DONE, tries=1, destination="cmp2")
    assert begun(advance(ask(there, room=room, guests=GUESTS[1:]))) == [("g2", "cmp3"), ("g3", "cmp2")]


def test_what_else_the_intent_says_stays_when_its_host_is_dealt() -> None:
    answer = advance(ask(vain("cmp2", number=2, failed_on="cmp9"), room={"cmp2": 9, "cmp3": 9}))
    assert isinstance(answer, Act)
    assert answer.begins[1].record == record(
        "evacuate:g2", tries=2, target="cmp3", tried="cmp2", failed_on="cmp9"
    )


def test_where_nova_chooses_all_go_and_none_has_a_name() -> None:
    assert begun(advance(ask())) == [("g1", SCHEDULER), ("g2", SCHEDULER), ("g3", SCHEDULER)]


def test_one_for_whom_those_before_it_have_left_no_place_does_not_go_now() -> None:
    s = ask(room={"cmp2": 1, "cmp3": 1}, hosts=("cmp2", "cmp3", "bad"), avoid=("bad",))
    assert begun(advance(s)) == [("g1", "cmp2"), ("g2", "cmp3")]


def test_one_for_whom_nova_s_hosts_have_no_room_waits_for_the_reserve_to_be_made_ready() -> None:
    full = ask(
        room={"cmp2": 1},
        hosts=("cmp2", "bad"),
        avoid=("bad",),
        method=Method.AUTO_PRIORITY,
        reserves=("r1",),
    )
    assert begun(advance(full)) == [("g1", "cmp2")], "r1 is not enabled yet"


def test_those_that_landed_take_no_room_from_the_others_once_placement_was_asked_again() -> None:
    there = record("evacuate:g1", StepState.DONE, tries=1, destination="cmp2")
    memory = replace(OWNER, begun={"evacuate:g1": MonoTime(NOW - 40 * S)})
    given: dict[str, Any] = {
        "room": {"cmp2": 1},
        "hosts": ("cmp2", "bad"),
        "avoid": ("bad",),
        "guests": GUESTS[1:],
        "memory": memory,
    }
    assert begun(advance(ask(there, **given, room_at=MonoTime(NOW - 30 * S)))) == [("g2", "cmp2")]
    assert isinstance(advance(ask(there, **given, room_at=MonoTime(NOW - 50 * S))), Wait)
    heir = replace(memory, begun={}, epoch=2)
    given["memory"] = heir
    assert begun(advance(ask(there, **given, room_at=MonoTime(NOW - S)))) == [("g2", "cmp2")]


def target(s: Situation, *records: StepRecord) -> str | None:
    return next_target(s, s.plan.guests[0], records[0] if records else None, NOBODY)


RESERVES: dict[str, Any] = {"reserves": ("r1", "r2"), "hosts": ("cmp2",)}


@pytest.mark.parametrize(
    ("method", "places"),
    [
        (Method.AUTO, [SCHEDULER, None]),
        (Method.RESERVED_HOST, ["r1", "r2", None]),
        (Method.AUTO_PRIORITY, [SCHEDULER, "r1", "r2", None]),
        (Method.RH_PRIORITY, ["r1", "r2", SCHEDULER, None]),
    ],
)
def test_each_place_is_tried_once_in_the_order_of_the_method(
    method: Method, places: list[str | None]
) -> None:
    s = ask(method=method, **RESERVES)
    tried = [place or ANYWHERE for place in places if place is not None]
    assert [target(s, vain(*tried[:n])) for n in range(len(places))] == places


def test_a_reserve_that_cannot_be_made_ready_is_passed_over() -> None:
    s = ask(record("enable-compute:r1", StepState.FAILED), method=Method.RESERVED_HOST, **RESERVES)
    step = enabled("r1", ())
    s = replace(s, plan=insert(s.plan, (step,), 1))
    assert target(s) == "r2"


def test_a_new_owner_asks_everywhere_again_but_not_first_where_the_guest_could_not_be_started() -> None:
    failed = vain("cmp2", "cmp3", failed_on="cmp2")
    same, heir = ask(room={"cmp2": 9, "cmp3": 9}), replace(OWNER, epoch=2)
    assert tried_by(same, failed) == ("cmp2", "cmp3")
    assert target(same, failed) is None
    new = ask(room={"cmp2": 9, "cmp3": 9}, memory=heir)
    assert tried_by(new, failed) == () and tried_by(new, None) == ()
    assert target(new, failed) == "cmp3"


def test_an_intent_carries_what_an_owner_knows_of_the_guest() -> None:
    old = vain("cmp2", failed_on="cmp2", epoch=1)
    kept = begin(ask(old, room={"cmp2": 9, "cmp3": 9}))
    assert kept == record("evacuate:g1", tries=2, target="cmp3", tried="cmp2", failed_on="cmp2")
    anew = begin(ask(old, room={"cmp2": 9, "cmp3": 9}, memory=replace(OWNER, epoch=2)))
    assert anew == record("evacuate:g1", tries=2, target="cmp3", failed_on="cmp2", epoch=2)


def test_an_intent_names_the_records_that_nobody_will_end() -> None:
    records = [
        migration(3, status="failed"),
        migration(4, migration_type="live-migration", status="completed"),
        migration(5),
        migration(6, status="error"),
    ]
    given_up = {"g1": EvacuationView(request="req-1", has_failed=True)}
    s = ask(migrations=records, evacuations=given_up)
    assert begin(s) == record("evacuate:g1", tries=1, seen_migration=6, reused="5")


def test_an_evacuation_under_way_is_waited_for_where_another_s_conductor_gave_up() -> None:
    two = [migration(4), migration(5)]
    given_up = {"g1": EvacuationView(request="req-1", has_failed=True)}
    s = ask(migrations=two, evacuations=given_up)
    assert assess(s, s.plan.guests[0]) == Pending(), "nobody knows which of them it was"


def blocked(s: Situation) -> tuple[Reason, str]:
    move = assess(s, s.plan.guests[0])
    assert isinstance(move, Blocked), move
    return move.reason, move.detail


def test_who_has_no_place_is_told_why() -> None:
    assert blocked(ask(hosts=("bad",), avoid=("bad",))) == (
        Reason.NO_CAPACITY,
        "name-g1: Nova finds no valid host",
    )
    assert blocked(ask(vain(ANYWHERE))) == (Reason.NO_CAPACITY, "name-g1: Nova finds no valid host")
    failed = vain("cmp3", "cmp2", failed_on="cmp3 cmp2 cmp3")
    assert blocked(ask(failed)) == (
        Reason.NO_CAPACITY,
        "name-g1: could not be started on cmp3, cmp2, and there is no other host",
    )


def test_an_attempt_whose_guests_have_no_place_is_held_and_tells_of_each() -> None:
    held = advance(ask(*(vain(ANYWHERE, number=n) for n in (1, 2, 3))))
    assert isinstance(held, Finish)
    names = "; ".join(f"name-g{n}: Nova finds no valid host" for n in (1, 2, 3))
    assert (held.kind, held.reason, held.detail) == (FactKind.HELD, Reason.NO_CAPACITY, names)


def test_a_reserve_is_looked_at_before_a_guest_is_sent_there() -> None:
    s = ask(method=Method.RESERVED_HOST, **RESERVES)
    assert assess(s, s.plan.guests[0]) == Pending(hosts=("r1",))
    ready = ask(READY, method=Method.RESERVED_HOST, **RESERVES)
    ready = replace(ready, plan=insert(ready.plan, (enabled("r1", ()),), 1))
    assert begun(advance(ready)) == [("g1", "r1"), ("g2", "r1"), ("g3", "r1")]


def test_nothing_is_fenced_where_nova_could_not_evacuate_anyway() -> None:
    lit = ask(unwell=frozenset({"placement", "nova-conductor"}))
    unbegun = replace(lit, entry=entry())
    answer = advance(unbegun)
    assert isinstance(answer, Finish)
    assert (answer.kind, answer.reason, answer.detail) == (
        FactKind.HELD,
        Reason.CONTROL_PLANE_UNWELL,
        "Nova cannot evacuate: no answer of nova-conductor, placement",
    )
    assert begun(advance(lit)) == [("g1", ""), ("g2", ""), ("g3", "")], "an effect has begun"
    empty = replace(unbegun, plan=replace(lit.plan, steps=tuple(s for s in lit.plan.steps if not s.name)))
    assert isinstance(fence := advance(empty), Act) and fence.notes[0].step.key == "fence:cmp1"


def test_a_call_is_directed_where_its_intent_says() -> None:
    for room, host in (({"cmp2": 9}, "cmp2"), (None, SCHEDULER)):
        s = ask(room=room)
        move = assess(s, s.plan.guests[0])
        assert isinstance(move, Begin)
        assert EVACUATE.effect(s.order, move, s.look) == Evacuate(guest="g1", target=host)
