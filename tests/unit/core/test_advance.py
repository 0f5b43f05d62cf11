"""advance: host steps first, then guests within the window, then a last look at the source, then an answer."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.advance import advance
from kasugai.core.recovering.look import Look, PowerState
from kasugai.core.recovering.moves import Act, Extend, Finish, Next, Wait
from kasugai.core.recovering.nova_views import EvacuationView
from kasugai.core.recovering.pace import Pace
from kasugai.core.recovering.situation import Memory
from kasugai.core.words.facts import FactKind, Result, StepRecord, StepState
from kasugai.core.words.policy import Disabled, Policy
from kasugai.core.words.timing import Millis, MonoTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, guest, migration, order, record, service
from tests.unit.core.scene import DOWN, FENCE, GO, NOW, STOP, downed, fenced, look, moving, planned, scene

ON = look(guest(), power=PowerState.ON)
OFF_FENCED = record(FENCE, StepState.DONE, tries=1, reason="power-off")
RECENT = Memory(owner_since=MonoTime(NOW - 5 * S), epoch=1)
GUESTS = tuple(guest(f"g{n}") for n in range(1, 6))
FIVE = planned(*GUESTS, window=2)
LANDED = EvacuationView(request="req-1", has_failed=False)
"""Nova's account of an evacuation whose guest nobody has started since."""


def ask(seen: Look, *records: StepRecord, memory: Memory = RECENT, **given: Any) -> Next:
    return advance(scene(seen, *records, memory=memory, **given))


def begun(answer: Next) -> list[str]:
    assert isinstance(answer, Act), answer
    return [begin.step.key for begin in answer.begins]


def noted(answer: Next) -> list[tuple[str, str]]:
    assert isinstance(answer, Act), answer
    return [(note.step.key, note.kind) for note in answer.notes]


def finished(answer: Next) -> tuple[FactKind, Reason, Result | None]:
    assert isinstance(answer, Finish), answer
    return answer.kind, answer.reason, answer.result


def reads(answer: Next) -> set[str]:
    assert isinstance(answer, Wait), answer
    return set(answer.reads)


def held(reason: Reason) -> tuple[FactKind, Reason, None]:
    return FactKind.HELD, reason, None


def moved(name: str = "g1", **given: Any) -> StepRecord:
    return record(f"evacuate:{name}", StepState.DONE, tries=1, **given)


def test_the_host_is_fenced_then_forced_down_then_its_guests_move() -> None:
    assert begun(ask(ON)) == [FENCE]
    assert noted(ask(look(guest()))) == [(FENCE, "done")]
    assert begun(ask(look(guest()), OFF_FENCED)) == [DOWN]
    assert noted(ask(moving(guest()), OFF_FENCED, record(DOWN, tries=1))) == [(DOWN, "done")]
    assert begun(ask(moving(guest()), *fenced())) == ["evacuate:g1"]


def test_an_owner_that_inherits_a_fence_fences_again_when_the_power_came_back() -> None:
    heir = replace(RECENT, epoch=2)
    back = moving(guest(), power=PowerState.ON)
    assert begun(ask(back, *fenced(), memory=heir)) == [FENCE]
    assert finished(ask(back, *fenced())) == held(Reason.SOURCE_RETURNED)
    assert begun(ask(moving(guest()), *fenced(), memory=heir)) == ["evacuate:g1"]


def test_fencing_again_takes_a_decision_that_knows_that_the_power_came_back() -> None:
    heir = replace(RECENT, epoch=2)
    back = moving(guest(), power=PowerState.ON)
    old = ask(back, *fenced(), memory=heir, order=order(decided_at=NOW - 30 * S - 1))
    assert finished(old) == held(Reason.SOURCE_RETURNED)
    new = ask(back, *fenced(), memory=heir, order=order(decided_at=NOW - 30 * S))
    assert begun(new) == [FENCE]


def test_a_host_without_a_device_counts_as_fenced_only_as_long_as_it_is_asserted() -> None:
    vouched = order(decided_at=NOW, asserted_at=NOW - 60 * S)
    assert begun(ask(moving(guest()), *fenced(), has_device=False, order=vouched)) == ["evacuate:g1"]
    assert finished(ask(moving(guest()), *fenced(), has_device=False)) == held(Reason.NO_FENCE_DEVICE)


def test_a_step_whose_call_is_under_way_is_waited_for() -> None:
    assert reads(ask(ON, memory=replace(RECENT, in_flight=frozenset({FENCE})))) == set()
    assert reads(ask(ON, memory=replace(RECENT, begun={FENCE: MonoTime(NOW + 1)}))) == set()


def test_looks_follow_one_another_by_the_look_interval() -> None:
    answer = ask(ON, memory=replace(RECENT, in_flight=frozenset({FENCE})))
    assert isinstance(answer, Wait) and answer.until == NOW + S


def test_a_stopped_attempt_without_effects_is_withdrawn() -> None:
    assert finished(ask(ON, flag=STOP)) == (FactKind.FINISHED, Reason.NOTHING_DONE, Result.WITHDRAWN)
    assert begun(ask(ON, flag=GO)) == [FENCE]


def test_a_stopped_attempt_with_effects_is_held() -> None:
    assert finished(ask(look(guest()), OFF_FENCED, flag=STOP)) == held(Reason.STOPPED)
    assert finished(ask(moving(guest()), *fenced(), flag=STOP)) == held(Reason.STOPPED)


def test_a_stale_decision_begins_nothing() -> None:
    stale = order(decided_at=NOW - 31 * S)
    veto = (FactKind.VETOED, Reason.DECISION_STALE, None)
    assert finished(ask(ON, order=stale)) == veto
    done = [replace(r, tries=0) for r in fenced()]
    assert finished(ask(moving(guest()), *done, order=stale)) == veto


def test_what_was_begun_is_not_stale() -> None:
    stale = order(decided_at=NOW - 31 * S)
    assert begun(ask(look(guest()), OFF_FENCED, order=stale)) == [DOWN]
    assert begun(ask(moving(guest()), *fenced(), order=stale)) == ["evacuate:g1"]


def test_a_fresh_record_of_nova_vetoes_the_first_effect_and_holds_a_later_one() -> None:
    fresh = replace(ON, service=service(age=1.0))
    assert finished(ask(fresh)) == (FactKind.VETOED, Reason.NOVA_FRESH, None)
    tried = record(FENCE, StepState.ABSOLVED, tries=1)
    assert finished(ask(fresh, tried)) == held(Reason.NOVA_FRESH)


def test_an_age_that_cannot_be_told_yet_is_waited_for() -> None:
    assert reads(ask(replace(ON, service=service(age=1.0, age_is_bound=True)))) == set()


def test_our_own_put_does_not_make_the_record_fresh() -> None:
    second: dict[str, Any] = {"order": order(attempt=2, decided_at=NOW)}
    seen = replace(moving(guest()), power=PowerState.ON)
    assert begun(ask(seen, *fenced(), **second)) == [FENCE]
    other = replace(seen, service=service(updated_at="t9", age=0.0, forced_down=True))
    assert finished(ask(other, *fenced(), **second)) == (FactKind.VETOED, Reason.NOVA_FRESH, None)


def test_somebody_elses_force_down_is_no_proof_that_the_host_is_dead() -> None:
    asserted: dict[str, Any] = {"has_device": False, "order": order(asserted_at=NOW - 60 * S, decided_at=NOW)}
    vouched = record(FENCE, StepState.DONE, reason="asserted")
    fresh = look(guest(), **downed())
    assert finished(ask(fresh, vouched, **asserted)) == (FactKind.VETOED, Reason.NOVA_FRESH, None)
    old = replace(fresh, service=service(forced_down=True, age=3600.0))
    assert noted(ask(old, vouched, **asserted)) == [(DOWN, "done")]
    ours = record(DOWN, StepState.STARTED, tries=1, begun=NOW - S)
    called = {"begun": {DOWN: MonoTime(NOW - S)}, "accepted": frozenset({DOWN})}
    memory = Memory(owner_since=MonoTime(0), epoch=1, **called)  # type: ignore[arg-type]
    seen = replace(fresh, nova_at=MonoTime(NOW))
    assert noted(ask(seen, vouched, ours, memory=memory, **asserted)) == [(DOWN, "done")]
    assert isinstance(ask(seen, vouched, ours, **asserted), Wait), "nobody knows what moved the record"


def test_a_host_that_reported_since_its_unanswered_force_down_is_not_silent() -> None:
    asserted: dict[str, Any] = {
        "has_device": False,
        "order": order(asserted_at=NOW - 600 * S, decided_at=NOW),
    }
    vouched = record(FENCE, StepState.DONE, reason="asserted")
    ours = record(DOWN, StepState.STARTED, tries=1, begun=NOW - 500 * S)
    returned = look(guest(), **downed())
    assert finished(ask(returned, vouched, ours, **asserted)) == held(Reason.SOURCE_RETURNED)


def test_a_host_that_an_operator_had_disabled_is_held_before_any_effect_where_the_policy_says_so() -> None:
    holding = order(policy=Policy(respect_disabled=Disabled.HOLD))
    plan = replace(planned(guest()), disabled="new fans")
    assert finished(ask(look(guest()), plan=plan, order=holding)) == held(Reason.HOST_DISABLED)
    assert noted(ask(look(guest()), plan=plan)) == [(FENCE, "done")], "by default nobody minds"
    began = record(DOWN, StepState.STARTED, tries=1)
    assert noted(ask(look(guest()), began, plan=plan, order=holding)) == [(FENCE, "done")], (
        "what has begun goes on"
    )


def test_what_blocks_a_host_step_holds_the_attempt() -> None:
    assert finished(ask(ON, has_device=False)) == held(Reason.NO_FENCE_DEVICE)


def test_a_host_that_nova_does_not_know_is_held_after_two_looks() -> None:
    gone = replace(ON, service=None)
    assert reads(ask(gone)) == set()
    assert finished(ask(gone, memory=replace(RECENT, before=gone))) == held(Reason.NO_SERVICE)


def test_nothing_is_answered_while_a_call_is_under_way() -> None:
    gone = replace(ON, service=None)
    flying = replace(RECENT, before=gone, in_flight=frozenset({FENCE}))
    assert reads(ask(gone, memory=flying)) == set()
    heir = Memory(owner_since=MonoTime(0), epoch=2, in_flight=frozenset({DOWN}))
    back = replace(ON, service=service(age=1.0))
    assert reads(ask(back, OFF_FENCED, memory=heir)) == set()
    assert finished(ask(back, OFF_FENCED, memory=replace(heir, in_flight=frozenset()))) == held(
        Reason.NOVA_FRESH
    )


def test_what_was_seen_is_recorded_before_anything_more_begins() -> None:
    seen = moving(guest("g2"), read={"g1": None})
    plan = planned(guest("g1"), guest("g2"))
    assert noted(ask(seen, *fenced(), plan=plan)) == [("evacuate:g1", "done")]
    assert begun(ask(seen, *fenced(), plan=plan)) == []


def test_evacuations_begin_as_far_as_the_window_has_room() -> None:
    assert begun(ask(moving(*GUESTS), *fenced(), plan=FIVE)) == ["evacuate:g1", "evacuate:g2"]
    under_way = record("evacuate:g1", tries=1)
    seen = moving(*GUESTS, migrations=[migration(1)])
    assert begun(ask(seen, *fenced(), under_way, plan=FIVE)) == ["evacuate:g2"]
    flying = replace(RECENT, in_flight=frozenset({"evacuate:g3", "evacuate:g4"}))
    assert reads(ask(moving(*GUESTS), *fenced(), plan=FIVE, memory=flying)) == set()


def test_a_restore_goes_before_a_reset_and_all_need_room_in_the_window() -> None:
    paused, stopped = guest("g1", vm_state="paused"), guest("g2", vm_state="stopped", power_state=4)
    plan = planned(paused, stopped, guest("g3"), window=2)
    there = {"g2": guest("g2", host="cmp2")}
    unasked = moving(paused, guest("g3"), read=there)
    assert begun(ask(unasked, *fenced(), moved("g2"), plan=plan)) == ["reset:g1", "evacuate:g3"]
    seen = replace(unasked, evacuations={"g2": LANDED})
    assert begun(ask(seen, *fenced(), moved("g2"), plan=plan)) == ["restore:g2", "reset:g1"]
    under_way = record("reset:g1", tries=1)
    own = replace(RECENT, begun={"reset:g1": MonoTime(NOW - S)})
    assert begun(ask(seen, *fenced(), moved("g2"), under_way, plan=plan, memory=own)) == ["restore:g2"]


def test_a_dead_owner_s_call_without_a_trace_takes_no_room() -> None:
    lost = [record(f"evacuate:g{n}", tries=1) for n in (1, 2)]
    assert begun(ask(moving(*GUESTS), *fenced(), *lost, plan=FIVE)) == ["evacuate:g3", "evacuate:g4"]


def test_the_owner_s_pace_narrows_the_plan_s_window() -> None:
    narrow = replace(RECENT, pace=Pace(window=1))
    assert begun(ask(moving(*GUESTS), *fenced(), plan=FIVE, memory=narrow)) == ["evacuate:g1"]


def test_a_restore_needs_no_silence_of_the_source() -> None:
    stopped = guest("g2", vm_state="stopped", power_state=4)
    there = {"g2": guest("g2", host="cmp2")}
    seen = moving(power=PowerState.ON, read=there, evacuations={"g2": LANDED})
    assert begun(ask(seen, *fenced(), moved("g2"), plan=planned(stopped))) == ["restore:g2"]


def test_power_that_came_back_holds_once_what_is_under_way_has_landed() -> None:
    seen = moving(guest("g1"), guest("g2"), migrations=[migration(1)], power=PowerState.ON)
    plan = planned(guest("g1"), guest("g2"))
    assert reads(ask(seen, *fenced(), record("evacuate:g1", tries=1), plan=plan)) == set()
    rest = replace(seen, guests={"g2": guest("g2")})
    assert finished(ask(rest, *fenced(), moved(), plan=plan)) == held(Reason.SOURCE_RETURNED)


def test_a_source_that_cannot_be_read_is_waited_for() -> None:
    seen = moving(guest(), power=PowerState.UNKNOWN)
    assert reads(ask(seen, *fenced())) == set()


def test_what_is_read_by_id_is_asked_for_in_the_next_look() -> None:
    assert reads(ask(moving(), *fenced())) == {"g1"}


def test_a_stop_waits_for_what_is_under_way() -> None:
    seen = moving(guest("g1"), guest("g2"), migrations=[migration(1)])
    plan = planned(guest("g1"), guest("g2"))
    waits = ask(seen, *fenced(), record("evacuate:g1", tries=1), plan=plan, flag=STOP)
    assert reads(waits) == set()
    rest = moving(guest("g2"))
    assert finished(ask(rest, *fenced(), moved(), plan=plan, flag=STOP)) == held(Reason.STOPPED)


def test_a_stop_after_the_last_landing_changes_nothing() -> None:
    empty = moving()
    memory = replace(RECENT, before=empty)
    answer = ask(empty, *fenced(), moved(), memory=memory, flag=STOP)
    assert finished(answer) == (FactKind.FINISHED, Reason.RECOVERED, Result.RECOVERED)


def test_a_stopped_attempt_in_which_a_guest_is_held_says_stopped() -> None:
    seen = moving(guest(task_state="migrating"))
    assert finished(ask(seen, *fenced(), flag=STOP)) == held(Reason.STOPPED)


def test_one_guest_that_cannot_move_does_not_keep_the_others() -> None:
    plan = planned(guest("g1"), guest("g2"))
    seen = moving(guest("g1", task_state="migrating"), guest("g2"))
    assert begun(ask(seen, *fenced(), plan=plan)) == ["evacuate:g2"]
    answer = ask(seen, *fenced(), moved("g2"), plan=plan)
    assert finished(answer) == held(Reason.IN_MIGRATION)
    assert isinstance(answer, Finish) and answer.detail == "name-g1 may already run elsewhere"


def test_unresolved_calls_that_fill_the_window_hold_the_attempt_instead_of_keeping_it_waiting_for_ever() -> (
    None
):
    lost = [record(f"evacuate:g{n}", tries=1) for n in (1, 2)]
    seen = moving(*GUESTS, migrations=[migration(n, f"g{n}") for n in (1, 2)])
    answer = ask(seen, *fenced(), *lost, plan=FIVE, memory=replace(RECENT, owner_since=MonoTime(0)))
    assert finished(answer) == held(Reason.EVACUATION_UNRESOLVED)


def test_the_wait_for_unresolved_calls_is_longer_the_longer_nothing_begins() -> None:
    def pause(since: int) -> int:
        calls = replace(
            RECENT, owner_since=MonoTime(NOW - since), begun={"evacuate:g1": MonoTime(NOW - since)}
        )
        seen = moving(guest(), migrations=[migration(1)])
        answer = ask(seen, *fenced(), record("evacuate:g1", tries=1), memory=calls)
        assert isinstance(answer, Wait)
        return answer.until - NOW

    assert [pause(since * S) for since in (1, 3, 30, 300)] == [S, 3 * S, 5 * S, 10 * S]


def test_a_full_window_that_still_moves_is_waited_for() -> None:
    calls = [record(f"evacuate:g{n}", tries=1) for n in (1, 2)]
    seen = moving(*GUESTS, migrations=[migration(n, f"g{n}") for n in (1, 2)])
    assert awaited(ask(seen, *fenced(), *calls, plan=FIVE)) == {"g1", "g2"}


def awaited(answer: Next) -> set[str]:
    assert isinstance(answer, Wait), answer
    assert answer.reads == frozenset()
    return set(answer.awaited)


UNDER_WAY = moving(*GUESTS, migrations=[migration(1), migration(2, "g2")])
CALLS = [record(f"evacuate:g{n}", tries=1) for n in (1, 2)]


@pytest.mark.parametrize(
    ("pace", "peeked", "ended", "until"),
    [
        (Pace(), 0, 0, 4 * S),  # nothing has landed: as long again as it has taken so far
        (Pace(), 4 * S, 0, 9 * S),
        (Pace(landed=2), 0, 0, 2 * S),  # two in 4 s: half of the two that are left need 2 s
        (Pace(landed=8), 0, 0, S),
        (Pace(landed=1), 4 * S, 1, 6 * S),  # two in 8 s, one is left
        (Pace(landed=1), 8 * S, 0, 10 * S),
    ],
)
def test_while_nothing_but_landings_is_waited_for_a_look_comes_when_half_of_them_are_due(
    pace: Pace, peeked: int, ended: int, until: int
) -> None:
    begun = dict.fromkeys(("evacuate:g1", "evacuate:g2"), MonoTime(NOW - 4 * S))
    memory = replace(RECENT, pace=pace, peeked=MonoTime(NOW + peeked), ended=ended, begun=begun)
    plan = planned(*GUESTS[:2], window=50)
    answer = ask(UNDER_WAY, *fenced(), *CALLS, plan=plan, memory=memory)
    assert awaited(answer) == {"g1", "g2"}
    assert isinstance(answer, Wait)
    assert (answer.until - NOW, answer.latest - NOW, answer.enough) == (until, 10 * S, 2)
    assert answer.begins_nothing


@pytest.mark.parametrize(("since", "is_asked"), [(15 * S, True), (15 * S - 1, False)])
def test_where_nothing_is_to_begin_hosts_are_asked_for_only_when_a_destination_may_be_found_dead(
    since: int, *, is_asked: bool
) -> None:
    memory = replace(RECENT, taken={1: MonoTime(NOW - since)})
    answer = ask(UNDER_WAY, *fenced(), *CALLS, plan=planned(*GUESTS[:2], window=50), memory=memory)
    assert isinstance(answer, Wait) and answer.places is is_asked
    urgent = ask(UNDER_WAY, *fenced(), *CALLS, plan=FIVE, memory=replace(memory, pace=Pace(window=2)))
    assert isinstance(urgent, Wait) and urgent.places


@pytest.mark.parametrize(("took", "until"), [(None, 4 * S), (10 * S, 4 * S), (2 * S, S), (60 * S, 5 * S)])
def test_while_others_wait_for_room_a_look_comes_when_two_fifths_of_the_window_are_due(
    took: int | None, until: float
) -> None:
    begun = dict.fromkeys(("evacuate:g1", "evacuate:g2"), MonoTime(NOW - 4 * S))
    pace = Pace(window=2, landed=2, took=None if took is None else Millis(took))
    answer = ask(UNDER_WAY, *fenced(), *CALLS, plan=FIVE, memory=replace(RECENT, pace=pace, begun=begun))
    assert isinstance(answer, Wait) and awaited(answer) == {"g1", "g2"}
    assert (answer.until - NOW, answer.enough, answer.begins_nothing) == (until, 1, False)


@pytest.mark.parametrize(
    ("told", "answered", "until"),
    [
        ({}, {}, 2 * S),
        ({"g1": 0}, {}, 2 * S),  # one of two: nothing to see that a look would not have shown
        ({"g1": 0, "g2": 5}, {}, 305),  # all: Nova's records show it a moment later
        ({"g1": 0, "g7": 5}, {}, 2 * S),  # nobody waits for that one
        ({}, {"g3": True}, 10 * S),  # who has told the truth so far will tell the next one
        ({"g1": 0, "g2": 5}, {"g3": True}, 305),
        ({}, {"g3": True, "g4": False}, 2 * S),  # who was wrong once saves no look
    ],
)
def test_a_look_comes_when_bystanders_have_told_of_all_landings(
    told: dict[str, int], answered: dict[str, bool], until: int
) -> None:
    begun = dict.fromkeys(("evacuate:g1", "evacuate:g2"), MonoTime(NOW - 4 * S))
    sighted = {name: MonoTime(NOW + after) for name, after in told.items()}
    memory = replace(RECENT, pace=Pace(landed=2), begun=begun, sighted=sighted, answered=answered)
    answer = ask(UNDER_WAY, *fenced(), *CALLS, plan=planned(*GUESTS[:2], window=50), memory=memory)
    assert isinstance(answer, Wait) and awaited(answer) == {"g1", "g2"}, "a tale is no landing"
    assert answer.until - NOW == until


@pytest.mark.parametrize(
    ("window", "answered", "told", "until", "enough"),
    [
        (2, {}, {"g2": 0}, 1_000, 1),  # more may land within a second
        (4, {}, {"g2": 0}, 1_000, 1),
        (4, {"g3": True}, {"g2": 0}, 10 * S, 2),  # who tells of each lets gather more
        (4, {"g3": True}, {"g1": 0, "g2": 0}, 300, 2),
    ],
)
def test_where_others_wait_for_room_a_part_of_the_window_is_worth_a_look(
    window: int, answered: dict[str, bool], told: dict[str, int], until: int, enough: int
) -> None:
    begun = dict.fromkeys(("evacuate:g1", "evacuate:g2"), MonoTime(NOW - 4 * S))
    sighted = {name: MonoTime(NOW + after) for name, after in told.items()}
    memory = replace(RECENT, pace=Pace(window=window), begun=begun, sighted=sighted, answered=answered)
    stopped = guest("g2", vm_state="stopped")  # more is to be done to it
    seen = moving(GUESTS[0], stopped, migrations=[migration(n, f"g{n}") for n in (1, 2)])
    answer = ask(seen, *fenced(), *CALLS, plan=planned(GUESTS[0], stopped, window=50), memory=memory)
    assert isinstance(answer, Wait) and (answer.until - NOW, answer.enough) == (until, enough)


def test_who_has_peeked_since_a_tale_has_been_told_nothing_new() -> None:
    """What the peek saw of them is counted already: counted twice it would be worth a look for ever."""
    begun = dict.fromkeys(("evacuate:g1", "evacuate:g2"), MonoTime(NOW - 4 * S))
    memory = replace(
        RECENT,
        pace=Pace(landed=2),
        begun=begun,
        sighted={"g1": MonoTime(NOW)},
        peeked=MonoTime(NOW + 400),
        ended=1,
    )
    answer = ask(UNDER_WAY, *fenced(), *CALLS, plan=planned(*GUESTS[:2], window=50), memory=memory)
    assert isinstance(answer, Wait) and answer.until - NOW > 1_000


@pytest.mark.parametrize(("answered", "until"), [({}, S), ({"g1": True}, 333), ({"g1": False}, S)])
def test_an_empty_list_is_read_again_sooner_where_every_landing_was_told(
    answered: dict[str, bool], until: int
) -> None:
    seen = moving(migrations=[migration(1, status="done")])
    memory = replace(
        RECENT, before=moving(guest()), answered=answered, begun={"evacuate:g1": MonoTime(NOW - S)}
    )
    answer = ask(seen, *fenced(), record("evacuate:g1", tries=1), memory=memory)
    assert isinstance(answer, Wait) and answer.until - NOW == until


def test_where_more_is_to_be_done_to_one_that_lands_a_quarter_of_the_window_is_worth_a_look() -> None:
    guests = [guest(f"g{n}", vm_state="stopped") if n == 5 else guest(f"g{n}") for n in range(1, 6)]
    calls = [record(f"evacuate:g{n}", tries=1) for n in range(1, 6)]
    seen = moving(*guests, migrations=[migration(n, f"g{n}") for n in range(1, 6)])
    active = ask(
        replace(seen, guests={g.uuid: g for g in guests[:4]}),
        *fenced(),
        *calls[:4],
        plan=planned(*guests[:4]),
    )
    stopped = ask(seen, *fenced(), *calls, plan=planned(*guests))
    assert isinstance(active, Wait) and isinstance(stopped, Wait)
    assert (len(active.awaited), active.enough) == (4, 4)
    assert (len(stopped.awaited), stopped.enough) == (5, 2)


def test_what_was_called_after_the_look_is_awaited_too() -> None:
    seen = moving(*GUESTS[:2])
    flying = replace(RECENT, in_flight=frozenset({"evacuate:g1"}), begun={"evacuate:g2": MonoTime(NOW + 1)})
    plan = planned(*GUESTS[:2])
    assert awaited(ask(seen, *fenced(), *CALLS, plan=plan, memory=flying)) == {"g1", "g2"}


@pytest.mark.parametrize(
    "seen",
    [
        moving(GUESTS[0], migrations=[migration(1)]),
        moving(*GUESTS[:2], migrations=[migration(1)]),
        moving(*GUESTS[:2], migrations=[migration(1), migration(2, "g2", "done")]),
        replace(UNDER_WAY, power=PowerState.UNKNOWN),
    ],
)
def test_where_anything_else_is_waited_for_the_next_look_is_a_whole_one(seen: Look) -> None:
    """A guest that is missing, a call without a trace, a record that is done, a source that cannot be read."""
    plan = planned(*GUESTS[:3])
    begun = dict.fromkeys(("evacuate:g1", "evacuate:g2", "evacuate:g3"), MonoTime(NOW - S))
    memory = replace(RECENT, begun=begun)
    calls = [*CALLS, record("evacuate:g3", StepState.ABSOLVED, tries=1)]
    narrow = replace(memory, pace=Pace(window=2))
    seen = replace(seen, guests={**seen.guests, "g3": GUESTS[2]})
    answer = ask(seen, *fenced(), *calls, plan=plan, memory=narrow)
    assert isinstance(answer, Wait) and not answer.awaited and answer.until == NOW + S


def test_a_guest_that_is_to_be_stopped_again_is_expected_by_id() -> None:
    stopped = guest("g1", vm_state="stopped", power_state=4)
    seen = moving(stopped, GUESTS[1], migrations=[migration(1), migration(2, "g2")])
    answer = ask(seen, *fenced(), *CALLS, plan=planned(stopped, GUESTS[1]))
    assert reads(answer) == {"g1"}


def landed(**given: Any) -> dict[str, Any]:
    return {"memory": replace(RECENT, before=moving()), **given}


def test_when_all_have_landed_and_two_looks_find_nobody_the_host_is_recovered() -> None:
    assert reads(ask(moving(), *fenced(), moved())) == set()
    assert finished(ask(moving(), *fenced(), moved(), **landed())) == (
        FactKind.FINISHED,
        Reason.RECOVERED,
        Result.RECOVERED,
    )


def test_a_list_from_before_the_last_call_does_not_say_that_nobody_is_left() -> None:
    memory = replace(RECENT, before=moving(), begun={"evacuate:g1": MonoTime(NOW + 1)})
    assert reads(ask(moving(), *fenced(), moved(), memory=memory)) == set()


def test_a_list_from_before_the_ownership_does_not_either() -> None:
    memory = Memory(owner_since=MonoTime(NOW + 1), epoch=1, before=moving())
    assert reads(ask(moving(), *fenced(), moved(), memory=memory)) == set()


def test_a_silent_cell_is_neither_recovered_nor_called_again() -> None:
    silent = replace(moving(), service_after=None)
    assert reads(ask(silent, *fenced(), moved(), **landed())) == set()


def test_a_guest_that_has_landed_and_is_on_the_source_s_list_again_is_told_to_a_person() -> None:
    answer = ask(moving(guest()), *fenced(), moved(), **landed())
    assert finished(answer) == held(Reason.EVACUATION_UNRESOLVED)
    assert isinstance(answer, Finish) and answer.detail == "landed, and on the source's list again: name-g1"


@pytest.mark.parametrize(("state", "why"), [("shelved", "shelved"), ("frozen", "unknown-state-frozen")])
def test_a_guest_that_was_left_after_the_plan_and_is_still_on_the_list_is_where_it_should_be(
    state: str, why: str
) -> None:
    left = record("evacuate:g1", StepState.DONE, reason=why)
    answer = ask(moving(guest(vm_state=state)), *fenced(), left, **landed())
    assert isinstance(answer, Finish) and answer.kind is FactKind.FINISHED


def test_guests_that_turned_up_make_the_plan_longer() -> None:
    answer = ask(moving(guest("g9")), *fenced(), moved(), **landed())
    assert isinstance(answer, Extend)
    assert [step.subject for step in answer.plan.guests] == ["g1", "g9"]
    assert answer.plan.epoch == 1


def test_guests_that_turned_up_wait_until_the_tags_of_their_projects_are_known() -> None:
    late = guest("g9", project="p")
    tagged = order(policy=Policy(exclude_project_tags=("t",)))
    answer = ask(moving(late), *fenced(), moved(), **landed(), order=tagged)
    assert isinstance(answer, Wait) and answer.words and not answer.awaited
    known = replace(moving(late), project_tags={"p": ("t",)})
    told = ask(known, *fenced(), moved(), **landed(), order=tagged)
    assert isinstance(told, Extend) and told.plan.excluded == (("g9", "excluded-project-tag"),)


def test_a_guest_that_failed_makes_the_attempt_fail_and_is_named() -> None:
    failed = record("evacuate:g1", StepState.FAILED, tries=1, reason="no-valid-host")
    answer = ask(moving(guest()), *fenced(), failed, **landed())
    assert finished(answer) == (FactKind.FINISHED, Reason.PARTIAL, Result.FAILED)
    assert isinstance(answer, Finish) and answer.detail == "name-g1: no-valid-host"


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_guest_that_failed_has_another_attempt_beside_one_that_takes_a_person(attempt: int) -> None:
    failed = record("evacuate:g1", StepState.FAILED, tries=1, reason="destination-failed", attempt=attempt)
    seen = moving(guest(), guest("g2", task_state="migrating"))
    records = (failed, *(replace(r, attempt=attempt) for r in fenced()))
    plan = planned(guest(), guest("g2"), attempt=attempt)
    answer = ask(seen, *records, plan=plan, order=order(attempt=attempt, decided_at=NOW))
    again = (FactKind.FINISHED, Reason.PARTIAL, Result.FAILED)
    assert finished(answer) == (again if attempt == 1 else held(Reason.IN_MIGRATION))


@pytest.mark.parametrize("state", [StepState.FAILED, StepState.DONE])
def test_what_an_earlier_attempt_ended_is_begun_again(state: StepState) -> None:
    old = record("evacuate:g1", state, tries=1, seen_migration=1)
    now = [replace(r, attempt=2) for r in fenced()]
    seen = moving(guest(), migrations=[migration(2, status="error")])
    answer = ask(seen, *now, old, order=order(attempt=2, decided_at=NOW), plan=planned(attempt=2))
    assert begun(answer) == ["evacuate:g1"]
    assert isinstance(answer, Act) and answer.begins[0].record.notes["seen_migration"] == "2"
