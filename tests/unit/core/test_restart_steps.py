"""The steps about one guest, by themselves: look, intend, act, look; a call that may still arrive is neither repeated
nor taken for done."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.calls import Call, ConfirmMigration, Migrate, StartGuest, StopGuest
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Blocked, Move, Note, Pending
from kasugai.core.recovering.nova_views import By, GuestView
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.recovering.steps.kind import LookAfter
from kasugai.core.recovering.steps.kinds import kind_of
from kasugai.core.recovering.steps.traces import is_traced_twice
from kasugai.core.words.facts import StepRecord, StepState
from kasugai.core.words.frozen import NO_TEXTS
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import PRODUCTION, MonoTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.guest_scene import (
    CONFIRM,
    MIGRATE,
    NOW,
    START,
    STOP,
    asked,
    called,
    guest_order,
    opened,
    seen,
    situation,
    web,
)
from tests.unit.core.makers import S, record

OFF = web(vm_state="stopped", power_state=4)
AWAY = web(vm_state="resized", host="cmp2")
NOVAS = {STOP: "stop", START: "start", MIGRATE: "migrate", CONFIRM: "confirmResize"}
BEFORE = {STOP: web(), START: OFF, MIGRATE: OFF, CONFIRM: AWAY}
"""As the guest is when the step is due."""
AFTER = {STOP: OFF, START: web(), MIGRATE: AWAY, CONFIRM: replace(AWAY, vm_state="stopped")}
"""As it is wished for."""
KEYS = list(NOVAS)
each = pytest.mark.parametrize("key", KEYS)
again = pytest.mark.parametrize("key", [STOP, START])
moving = pytest.mark.parametrize("key", [MIGRATE, CONFIRM])
WIRE, SETTLE, LANDING = (each // S for each in (PRODUCTION.wire, PRODUCTION.settle, PRODUCTION.landing))


def scene(key: str, look: Look, *records: StepRecord, **given: Any) -> tuple[Situation, Step]:
    s = situation(look, *records, order=guest_order(relocates=True), **given)
    step = s.plan.step(key)
    assert step is not None
    return s, step


def assess(key: str, look: Look, *records: StepRecord, **given: Any) -> Move:
    s, step = scene(key, look, *records, **given)
    return kind_of(step.action).assess(s, step)


def noted(move: Move) -> tuple[str, str]:
    assert isinstance(move, Note), move
    return str(move.kind), move.record.reason


def ours(key: str, ago: float = 5.0, **given: Any) -> Any:
    """Nova's account of our call."""
    return asked(NOVAS[key], By.US, ago, **given)


def twice(look: Look, key: str, **given: Any) -> Memory:
    """The memory of an owner whose call's answer was lost ten seconds ago, and that saw this a second ago as well."""
    return replace(called(key, 10, **given), before=replace(look, at=MonoTime(NOW - S)))


# What all of them do.


@each
def test_what_is_due_is_called_once_and_the_intent_remembers_what_nova_s_account_said(key: str) -> None:
    move = assess(key, seen(BEFORE[key], asked("lock")))
    assert isinstance(move, Begin)
    assert (move.record.state, move.record.tries) == (StepState.STARTED, 1)
    assert move.record.notes == {"seen_action": asked("lock").request}


@each
def test_an_empty_account_is_remembered_as_such(key: str) -> None:
    move = assess(key, seen(BEFORE[key], actions=()))
    assert isinstance(move, Begin) and move.record.notes == NO_TEXTS


@each
def test_what_is_so_already_is_done_without_a_call(key: str) -> None:
    kind, reason = noted(assess(key, seen(AFTER[key])))
    assert kind == "done"
    assert reason == {STOP: "already", MIGRATE: "moved"}.get(key, "")


@each
def test_an_answered_call_is_done_when_its_state_is_seen(key: str) -> None:
    answered = opened(key, StepState.STARTED)
    assert noted(assess(key, seen(AFTER[key]), answered, memory=called(key, 1, accepted=True))) == (
        "done",
        "",
    )


@each
def test_nothing_is_concluded_from_a_look_that_is_older_than_the_call(key: str) -> None:
    old = called(key, -1, accepted=True)
    move = assess(key, seen(AFTER[key]), opened(key, StepState.STARTED), memory=old)
    assert move == Pending(reads=("g1",))
    assert assess(key, seen(read={})) == Pending(reads=("g1",))


@each
def test_a_call_needs_nova_s_account(key: str) -> None:
    assert assess(key, seen(BEFORE[key], actions=None)) == Pending(reads=("g1",))


@each
def test_a_task_is_waited_for_and_told_after_the_time_of_a_landing(key: str) -> None:
    busy = seen(replace(BEFORE[key], task_state="rebooting"))
    begun = opened(key, StepState.STARTED)
    assert assess(key, busy, begun, memory=called(key, LANDING)) == Pending(reads=("g1",))
    move = assess(key, busy, begun, memory=called(key, LANDING + 1))
    assert move == Blocked(reason=Reason.GUEST_BUSY, detail="web is rebooting")


@each
def test_a_task_is_waited_for_in_a_place_that_others_want_while_a_dead_call_may_arrive(key: str) -> None:
    busy = seen(replace(BEFORE[key], task_state="rebooting"))
    for ago, waits in ((SETTLE, True), (SETTLE + 0.001, False)):
        move = assess(key, busy, opened(key, StepState.STARTED), memory=called(key, ago), crowded=True)
        assert isinstance(move, Pending if waits else Blocked)


@each
def test_a_lost_answer_is_looked_for_until_the_call_can_not_arrive_any_more(key: str) -> None:
    look = seen(BEFORE[key])
    assert assess(key, look, opened(key), memory=called(key, WIRE - 0.001)) == Pending(reads=("g1",))
    assert noted(assess(key, look, opened(key), memory=called(key, WIRE))) == ("absolved", "no trace")


@each
@pytest.mark.parametrize("state", [StepState.STARTED, StepState.UNSURE])
def test_a_dead_owner_s_call_has_the_time_to_settle(key: str, state: StepState) -> None:
    look = seen(BEFORE[key])

    def new(ago: float) -> Memory:
        return Memory(owner_since=MonoTime(NOW - int(ago * S)), epoch=2)

    assert assess(key, look, opened(key, state), memory=new(SETTLE - 0.001)) == Pending(reads=("g1",))
    assert noted(assess(key, look, opened(key, state), memory=new(SETTLE))) == ("absolved", "no trace")


@each
def test_a_state_that_may_be_another_s_doing_is_not_done_while_our_call_may_arrive(key: str) -> None:
    look = seen(AFTER[key])
    assert assess(key, look, opened(key), memory=called(key, 1)) == Pending(reads=("g1",))
    assert noted(assess(key, look, opened(key), memory=called(key, WIRE)))[0] == "done"


@each
def test_nova_s_account_shows_that_a_call_without_an_answer_has_arrived(key: str) -> None:
    look = seen(AFTER[key], ours(key))
    assert noted(assess(key, look, opened(key), memory=called(key, 10))) == ("done", "")


@each
def test_older_calls_of_ours_and_those_of_others_are_no_trace(key: str) -> None:
    others = asked(NOVAS[key], By.OTHERS, 5.0)
    marked = opened(key, seen_action=ours(key).request)
    memory = called(key, 10)
    assert assess(key, seen(AFTER[key], ours(key)), marked, memory=memory) == Pending(reads=("g1",))
    assert assess(key, seen(AFTER[key], others), opened(key), memory=memory) == Pending(reads=("g1",))
    unmarked = replace(opened(key), notes=NO_TEXTS)
    assert noted(assess(key, seen(AFTER[key], ours(key)), unmarked, memory=memory))[0] == "done"


@each
def test_one_look_reads_guest_and_account_one_after_the_other_so_that_two_are_needed(key: str) -> None:
    look = seen(BEFORE[key], ours(key))
    assert assess(key, look, opened(key), memory=called(key, 10)) == Pending(reads=("g1",))
    s, step = scene(key, look, opened(key), memory=twice(look, key))
    assert is_traced_twice(s, step, NOVAS[key])
    for before in (
        None,
        replace(look, actions=None),
        replace(look, at=MonoTime(NOW - 11 * S)),
        seen(BEFORE[key]),
    ):
        memory = replace(s.memory, before=before)
        assert not is_traced_twice(replace(s, memory=memory), step, NOVAS[key])
    assert not is_traced_twice(replace(s, look=seen(BEFORE[key])), step, NOVAS[key])


@each
def test_what_nova_refuses_is_tried_three_times_in_an_attempt(key: str) -> None:
    look = seen(BEFORE[key])
    twice_refused = record(key, StepState.ABSOLVED, tries=2, reason="refused")
    assert isinstance(assess(key, look, twice_refused), Begin)
    refused = record(key, StepState.ABSOLVED, tries=3, reason="refused")
    assert noted(assess(key, look, refused)) == ("failed", "refused")


@each
def test_each_asks_one_thing_of_nova_and_looks_at_once(key: str) -> None:
    s, step = scene(key, seen(BEFORE[key]))
    kind = kind_of(step.action)
    effects: dict[str, Call] = {
        STOP: StopGuest(guest="g1"),
        START: StartGuest(guest="g1"),
        MIGRATE: Migrate(guest="g1"),
        CONFIRM: ConfirmMigration(guest="g1"),
    }
    begin = Begin(step=step, record=opened(key))
    assert kind.effect(s.order, begin, s.look) == effects[key]
    assert kind.look_after is LookAfter.NOW and kind.limit(PRODUCTION) == PRODUCTION.client
    assert not kind.needs_silence and not kind.takes_room


# Stop and start: what came to nothing may be called again.


@again
def test_a_call_that_nova_carried_out_in_vain_is_made_again(key: str) -> None:
    look, started = seen(BEFORE[key]), opened(key, StepState.STARTED)
    answered = called(key, 1, accepted=True)
    assert noted(assess(key, look, started, memory=answered)) == ("absolved", "no effect")
    traced = seen(BEFORE[key], ours(key))
    assert noted(assess(key, traced, opened(key), memory=twice(traced, key))) == ("absolved", "no effect")


@again
def test_a_lost_answer_to_a_second_call_is_not_the_first_one_s(key: str) -> None:
    """The owner remembers that it saw a call of the step accepted; it was another one."""
    move = assess(key, seen(BEFORE[key]), opened(key, tries=2), memory=called(key, 1, accepted=True))
    assert move == Pending(reads=("g1",))


@pytest.mark.parametrize("state", ["error", "paused", "resized"])
def test_only_a_stopped_guest_is_started(state: str) -> None:
    assert noted(assess(START, seen(web(vm_state=state)))) == (
        "failed",
        f"{state}, which Nova does not start",
    )


def test_a_guest_that_was_moved_is_off() -> None:
    assert noted(assess(STOP, seen(AWAY))) == ("done", "already")


# Migrate and confirm: never twice.


@moving
def test_a_move_whose_end_nova_does_not_tell_is_never_called_again(key: str) -> None:
    for records, actions, accepted in (
        (opened(key, StepState.STARTED), (), True),
        (opened(key), (ours(key),), False),
    ):
        look = seen(BEFORE[key], *actions)
        for ago, is_told in ((LANDING, False), (LANDING + 1, True)):
            memory = replace(called(key, ago, accepted=accepted), before=replace(look, at=MonoTime(NOW - S)))
            move = assess(key, look, records, memory=memory)
            assert isinstance(move, Blocked if is_told else Pending)
            assert not isinstance(move, Blocked) or move.reason is Reason.EVACUATION_UNRESOLVED


@moving
def test_a_move_that_nova_says_has_failed_is_believed_by_two_looks(key: str) -> None:
    look = seen(BEFORE[key], ours(key, has_failed=True))
    memory = twice(look, key, accepted=True)
    started = opened(key, StepState.STARTED)
    reason = {MIGRATE: "no-valid-host", CONFIRM: "refused"}[key]
    assert noted(assess(key, look, started, memory=memory)) == ("failed", reason)
    assert assess(key, look, started, memory=replace(memory, before=None)) == Pending(reads=("g1",))


@pytest.mark.parametrize("view", [web(vm_state="error"), web(vm_state="error", host="cmp2")])
def test_a_destination_that_failed_leaves_the_guest_in_error(view: GuestView) -> None:
    look = seen(view, ours(MIGRATE, has_failed=True))
    move = assess(MIGRATE, look, opened(MIGRATE), memory=twice(look, MIGRATE))
    assert noted(move) == ("failed", "destination-failed")


def test_a_guest_that_was_moved_is_told_with_its_host() -> None:
    move = assess(MIGRATE, seen(AWAY, ours(MIGRATE)), opened(MIGRATE), memory=called(MIGRATE, 10))
    assert isinstance(move, Note) and move.record.destination == "cmp2"


@pytest.mark.parametrize("state", ["active", "error"])
def test_a_guest_that_is_not_off_is_not_moved(state: str) -> None:
    assert noted(assess(MIGRATE, seen(web(vm_state=state)))) == ("failed", f"{state}, which is not moved")


def test_without_nova_s_account_nothing_is_concluded_about_a_move() -> None:
    for key in (MIGRATE, CONFIRM):
        for view in (BEFORE[key], AFTER[key]):
            look = seen(view, actions=None)
            move = assess(key, look, opened(key), memory=called(key, LANDING))
            assert move == Pending(reads=("g1",))


# A new owner, from each state of the ledger.


@each
@pytest.mark.parametrize("state", StepState)
def test_a_new_owner_begins_only_what_is_due_and_cannot_be_under_way(key: str, state: StepState) -> None:
    new = Memory(owner_since=MonoTime(NOW - S), epoch=2)
    for view in (BEFORE[key], AFTER[key]):
        move = assess(key, seen(view), opened(key, state), memory=new)
        if state.is_open:
            assert move == Pending(reads=("g1",))
        else:
            assert isinstance(move, Begin if view is BEFORE[key] else Note)
    settled = replace(new, owner_since=MonoTime(NOW - PRODUCTION.settle))
    assert isinstance(assess(key, seen(AFTER[key]), opened(key, state), memory=settled), Note)


@each
@pytest.mark.parametrize("state", StepState)
def test_the_next_attempt_meets_what_the_last_one_has_left(key: str, state: StepState) -> None:
    """An end of the last attempt is none of this one's; a call that may be under way still is."""
    left, again_ = opened(key, state, tries=3), guest_order(relocates=True, attempt=2)
    s = situation(seen(BEFORE[key]), left, order=again_, memory=called(key, 1))
    step = s.plan.step(key)
    assert step is not None and not s.is_final(step)
    move = kind_of(step.action).assess(s, step)
    assert isinstance(move, Pending if state.is_open else Begin)
    assert not isinstance(move, Begin) or (move.record.attempt, move.record.tries) == (2, 1)
