"""The steps by which a guest that is off leaves a degraded host: it is moved, what waits for a confirmation is
confirmed where it is ours and nowhere else, and what its user does meanwhile stands."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.advance import advance, plan_of
from kasugai.core.recovering.calls import ConfirmMigration, Migrate
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Act, Begin, Blocked, Finish, Move, Note, Pending, Wait
from kasugai.core.recovering.nova_views import By
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.recovering.steps.cold_migrate import COLD_MIGRATE
from kasugai.core.recovering.steps.confirm_cold import CONFIRM_COLD
from kasugai.core.recovering.steps.kind import StepKind
from kasugai.core.words.facts import FactKind, Result, StepRecord, StepState
from kasugai.core.words.hardware import HARDWARE
from kasugai.core.words.policy import Degraded, DegradedCold, Policy
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import MonoTime
from kasugai.core.words.verdicts import Evidence, Reason
from tests.unit.core.guest_scene import CREATED, asked
from tests.unit.core.makers import S, guest, migration, order, record, service, uuid_of
from tests.unit.core.scene import NOW, STOP, look, scene

MOVE, CONFIRM = "cold-migrate:g1", "confirm-cold-migration:g1"
SHUT = record("disable-compute:cmp1", StepState.DONE, tries=1)
SAID = Evidence(event_id=uuid_of(9), observer="cli", symptom="down", episode="m1")
COLD = Policy(degraded=Degraded.DRAIN, degraded_cold=DegradedCold.STOPPED)
ORDER = replace(order(decided_at=NOW, kind=Kind.PROCESS, named=HARDWARE, policy=COLD), evidence=(SAID,))
UP, DOWN = service(is_up=True, age=1.0), service(is_up=False, age=90.0)
HOSTS = {"cmp1": UP, **{name: service(host=name, is_up=True, age=1.0) for name in ("cmp2", "cmp3")}}
OFF: dict[str, Any] = {"vm_state": "stopped", "power_state": 4}
OURS = asked("migrate", By.US, ago=5.0)
THEIRS = asked("migrate", By.OTHERS, ago=5.0)
RESIZE = asked("resize", By.OTHERS, ago=5.0)
REVERT = asked("revertResize", By.OTHERS, ago=2.0)
CALLED = record(MOVE, tries=1, seen_action=CREATED.request, target="cmp2")
ARRIVED = migration(7, status="finished", migration_type="migration")


def seen(*guests: Any, actions: Any = (), **given: Any) -> Look:
    usual: dict[str, Any] = {"service": UP, "service_after": UP, "computes": HOSTS}
    return look(*guests, **{**usual, "histories": {"g1": (*actions, CREATED)}, **given})


def away(*actions: Any, vm_state: str = "resized", **given: Any) -> Look:
    task = given.pop("task_state", None)
    moved = guest(host="cmp2", vm_state=vm_state, power_state=4, task_state=task)
    return seen(actions=actions, **{"read": {"g1": moved}, "migrations": (ARRIVED,), **given})


def since(ago: float, *keys: str, answered: bool = True) -> Memory:
    begun = {key: MonoTime(int(NOW - ago * S)) for key in keys or (MOVE,)}
    accepted = frozenset(begun) if answered else frozenset[str]()
    return Memory(owner_since=MonoTime(0), epoch=1, begun=begun, accepted=accepted)


def setting(what: Look, *records: StepRecord, **given: Any) -> Situation:
    usual: dict[str, Any] = {"order": ORDER, "has_device": False, "memory": since(5)}
    plan = plan_of(ORDER, seen(guest(**OFF)), scene().entry, 1)
    return scene(what, *records, **{"plan": plan, **usual, **given})


def assess(what: Look, *records: StepRecord, kind: StepKind = COLD_MIGRATE, **given: Any) -> Move:
    s = setting(what, *records, **given)
    step = s.plan.step(MOVE if kind is COLD_MIGRATE else CONFIRM)
    assert step is not None
    return kind.assess(s, step)


def noted(move: Move) -> tuple[FactKind, str]:
    assert isinstance(move, Note), move
    return move.kind, move.record.reason


def why(move: Move) -> Reason:
    assert isinstance(move, Blocked), move
    return move.reason


def begun(answer: Any) -> list[str]:
    assert isinstance(answer, Act), answer
    return [each.step.key for each in answer.begins]


def test_a_guest_that_is_off_is_called_and_the_intent_says_which_request_is_not_its_own() -> None:
    move = assess(seen(guest(**OFF)), order=replace(ORDER, avoid=("cmp2",)))
    assert isinstance(move, Begin) and move.record.notes["seen_action"] == CREATED.request
    assert COLD_MIGRATE.effect(ORDER, move, seen()) == Migrate(guest="g1", target="cmp3")


def test_nova_s_account_of_the_guest_is_read_first_and_what_nova_hides_is_left() -> None:
    move = assess(seen(guest(**OFF), histories={}))
    assert isinstance(move, Pending) and move.histories == ("g1",)
    assert noted(assess(seen(guest(**OFF), histories={"g1": None}))) == (FactKind.DONE, "account-hidden")
    hidden = seen(guest(**OFF), histories={"g1": None})
    assert why(assess(hidden, CALLED)) is Reason.EVACUATION_UNRESOLVED, (
        "of one that was called a person is told"
    )


@pytest.mark.parametrize("vm_state", ["active", "paused", "suspended", "error", "resized"])
def test_nobody_is_stopped_for_it(vm_state: str) -> None:
    assert noted(assess(seen(guest(vm_state=vm_state)))) == (FactKind.DONE, "not-off")


@pytest.mark.parametrize("kind", ["live-migration", "migration", "evacuation", "resize"])
def test_a_migration_under_way_is_never_doubled_whoever_asked_for_it(kind: str) -> None:
    running = [migration(8, status="running", migration_type=kind)]
    for records in ((), (CALLED,)):
        assert isinstance(assess(seen(guest(**OFF), migrations=running), *records), Pending)


def test_where_the_host_or_nova_is_away_nothing_is_called() -> None:
    off = guest(**OFF)
    assert why(assess(seen(off, service=DOWN))) is Reason.HOST_NOT_UP
    assert why(assess(seen(off, recovering=frozenset({"cmp1"})))) is Reason.HOST_FIRST
    assert why(assess(seen(off, unwell=frozenset({"nova-scheduler"})))) is Reason.CONTROL_PLANE_UNWELL


def test_one_that_came_to_nothing_is_tried_elsewhere_and_three_are_enough() -> None:
    failed = migration(7, status="error", migration_type="migration", dest="cmp2")
    move = assess(seen(guest(**OFF), actions=[OURS], migrations=[failed]), CALLED)
    assert noted(move) == (FactKind.ABSOLVED, "error on the way to cmp2")
    thrice = record(MOVE, StepState.ABSOLVED, tries=3, reason="error", failed_on="cmp2 cmp3 cmp4")
    assert why(assess(seen(guest(**OFF)), thrice)) is Reason.MIGRATION_FAILED
    broken = seen(guest(vm_state="error"), actions=[OURS], migrations=[failed])
    assert noted(assess(broken, CALLED)) == (FactKind.FAILED, Reason.DESTINATION_FAILED)


def test_a_call_that_shows_nowhere_is_waited_for_and_one_that_nova_has_is_never_made_again() -> None:
    still = seen(guest(**OFF))
    assert isinstance(assess(still, CALLED, memory=since(5, answered=False)), Pending)
    assert noted(assess(still, CALLED, memory=since(300, answered=False))) == (FactKind.ABSOLVED, "no trace")
    for actions, answered in (((OURS,), False), ((), True)):
        taken = seen(guest(**OFF), actions=actions)
        assert isinstance(assess(taken, CALLED, memory=since(300, answered=answered)), Pending)
        late = assess(taken, CALLED, memory=since(900, answered=answered))
        assert why(late) is Reason.EVACUATION_UNRESOLVED


def test_it_is_not_done_before_nothing_waits_any_more() -> None:
    assert isinstance(assess(away(OURS), CALLED), Pending)
    assert isinstance(assess(away(OURS, task_state="resize_finish"), CALLED), Pending)
    assert noted(assess(away(OURS, vm_state="stopped"), CALLED)) == (FactKind.DONE, "")
    assert noted(assess(away(OURS, vm_state="error"), CALLED)) == (FactKind.FAILED, Reason.DESTINATION_FAILED)


@pytest.mark.parametrize("theirs", [THEIRS, RESIZE])
def test_what_somebody_else_asked_for_is_left_to_him(theirs: Any) -> None:
    """Also where a reply of ours was lost, and by a record that is as ours would be."""
    lost = since(300, answered=False)
    assert noted(assess(away(theirs), CALLED, memory=lost)) == (FactKind.DONE, "moved")
    assert isinstance(assess(away(theirs), CALLED, memory=since(5, answered=False)), Pending), "it may arrive"
    assert noted(assess(away(theirs))) == (FactKind.DONE, "moved")
    for memory in (lost, since(5)):
        answer = advance(setting(away(theirs, OURS), SHUT, CALLED, memory=memory))
        assert CONFIRM not in (begun(answer) if isinstance(answer, Act) else [])


def test_an_earlier_request_of_ours_is_not_the_call() -> None:
    later = record(MOVE, tries=1, seen_action=OURS.request)
    assert noted(assess(away(OURS), later, memory=since(300, answered=False))) == (FactKind.DONE, "moved")


def test_one_that_was_moved_back_stays() -> None:
    back = seen(guest(**OFF), actions=[REVERT, OURS], migrations=[replace(ARRIVED, status="reverted")])
    assert noted(assess(back, CALLED)) == (FactKind.DONE, "reverted")
    assert noted(assess(back)) == (FactKind.DONE, "reverted"), "also by an incident that follows"
    own = seen(guest(**OFF), actions=[REVERT, RESIZE])
    assert isinstance(assess(own), Begin), "that he had his own resize moved back says nothing"


def test_a_guest_that_is_gone_or_never_left_by_us_is_over() -> None:
    assert noted(assess(seen(read={"g1": None}), CALLED)) == (FactKind.DONE, "deleted")
    assert noted(assess(away(vm_state="active"))) == (FactKind.DONE, "moved")


def test_what_is_ours_and_has_arrived_is_confirmed_also_after_a_stop_and_with_the_mark_gone() -> None:
    for given in ({}, {"flag": STOP}, {"order": replace(ORDER, evidence=())}):
        answer: Any = advance(setting(away(OURS), SHUT, CALLED, **given))
        assert begun(answer) == [CONFIRM]
        assert CONFIRM_COLD.effect(ORDER, answer.begins[0], away()) == ConfirmMigration(guest="g1")


@pytest.mark.parametrize("status", ["confirming", "post-migrating", "error"])
def test_nothing_is_confirmed_that_nova_does_not_show_as_finished(status: str) -> None:
    early = away(OURS, migrations=(replace(ARRIVED, status=status),))
    assert isinstance(advance(setting(early, SHUT, CALLED)), Wait)


def test_a_call_that_came_after_the_guest_had_left_its_host_is_confirmed_too() -> None:
    assert begun(advance(setting(away(OURS, migrations=(), service=DOWN), SHUT, CALLED))) == [CONFIRM]


def test_nothing_is_confirmed_blindly_and_the_drain_says_what_waits() -> None:
    told = "web1 is on cmp2, and its migration waits for a confirmation"
    cases: tuple[tuple[dict[str, Any], Reason], ...] = (
        ({"service": DOWN}, Reason.HOST_NOT_UP),
        ({}, Reason.HOST_FIRST),
    )
    for given, reason in cases:
        recovering = frozenset() if given else frozenset({"cmp1"})
        answer = advance(setting(away(OURS, recovering=recovering, **given), SHUT, CALLED))
        assert isinstance(answer, Finish) and (answer.kind, answer.reason) == (FactKind.HELD, reason)
        assert answer.detail.count("waits for a confirmation") == 1 and told[5:] in answer.detail
        stopped = advance(setting(away(OURS, recovering=recovering, **given), SHUT, CALLED, flag=STOP))
        assert isinstance(stopped, Finish) and (stopped.kind, stopped.reason) == (
            FactKind.HELD,
            Reason.STOPPED,
        )
        assert "waits for a confirmation" in stopped.detail


def test_three_refusals_of_the_confirmation_are_told_with_the_command_that_a_person_types() -> None:
    refused = record(CONFIRM, StepState.ABSOLVED, tries=3, reason="refused")
    answer = advance(setting(away(OURS), SHUT, CALLED, refused))
    assert isinstance(answer, Finish) and (answer.kind, answer.reason) == (
        FactKind.HELD,
        Reason.MIGRATION_FAILED,
    )
    assert "openstack server resize confirm g1" in answer.detail
    assert begun(advance(setting(away(OURS), SHUT, CALLED, replace(refused, attempt=0)))) == [CONFIRM]


def test_a_confirmation_whose_reply_was_lost_is_looked_for_before_it_is_called_again() -> None:
    open_ = record(CONFIRM, StepState.UNSURE, tries=1, seen_action=OURS.request)
    given: dict[str, Any] = {"kind": CONFIRM_COLD}
    early, late = since(5, MOVE, CONFIRM, answered=False), since(300, MOVE, CONFIRM, answered=False)
    assert isinstance(assess(away(OURS), CALLED, open_, memory=early, **given), Pending)
    assert noted(assess(away(OURS), CALLED, open_, memory=late, **given)) == (FactKind.ABSOLVED, "no trace")
    at_it = away(asked("confirmResize", By.US, ago=1.0), OURS)
    assert isinstance(assess(at_it, CALLED, open_, memory=late, **given), Pending)
    done = away(asked("confirmResize", By.US, ago=1.0), OURS, vm_state="stopped")
    assert noted(assess(done, CALLED, open_, memory=late, **given)) == (FactKind.DONE, "")


def test_a_confirmation_that_nova_took_and_failed_at_is_called_again_after_a_second_look() -> None:
    open_ = record(CONFIRM, tries=1, seen_action=OURS.request)
    failed = away(asked("confirmResize", By.US, ago=1.0, has_failed=True), OURS)
    first = since(9, MOVE, CONFIRM)
    assert isinstance(assess(failed, CALLED, open_, kind=CONFIRM_COLD, memory=first), Pending)
    second = replace(first, before=replace(failed, at=MonoTime(NOW - S)))
    again = assess(failed, CALLED, open_, kind=CONFIRM_COLD, memory=second)
    assert noted(again) == (FactKind.ABSOLVED, Reason.REFUSED)


def test_a_successor_goes_on_with_what_waits_and_with_a_confirmation_on_its_way() -> None:
    entry = setting(away(OURS), CALLED, record(CONFIRM, StepState.UNSURE, tries=1)).entry
    plan = plan_of(replace(ORDER, evidence=()), away(OURS), entry, 2)
    assert [step.key for step in plan.steps] == [MOVE, CONFIRM, "confirm:cmp1"]
    alone = replace(entry, steps={CONFIRM: entry.steps[CONFIRM]})
    assert [step.key for step in plan_of(ORDER, away(OURS), alone, 2).guests] == []
    assert plan_of(ORDER, away(OURS), alone, 2).step(CONFIRM) is not None


def test_whoever_is_off_goes_after_those_that_run_where_the_policy_says_so() -> None:
    guests = (guest("g1", **OFF), guest("g2"), guest("g3", vm_state="suspended"))
    plan = plan_of(ORDER, seen(*guests), scene().entry, 1)
    keys = [step.key for step in plan.steps]
    assert keys == ["disable-compute:cmp1", "live-migrate:g2", MOVE, CONFIRM, "confirm:cmp1"]
    assert dict(plan.excluded) == {"g3": "not-running"}
    both = advance(setting(seen(*guests), SHUT, plan=plan))
    assert begun(both) == ["live-migrate:g2"]
    no = replace(ORDER, policy=replace(COLD, degraded_cold=DegradedCold.NO))
    assert plan_of(no, seen(*guests), scene().entry, 1).step(MOVE) is None


def test_one_guest_at_a_time_and_the_next_one_after_the_confirmation() -> None:
    guests = (guest("g1", **OFF), guest("g2", **OFF))
    plan = plan_of(ORDER, seen(*guests), scene().entry, 1)
    waiting = replace(away(OURS), guests={"g2": guests[1]}, histories={"g1": (OURS, CREATED), "g2": ()})
    assert begun(advance(setting(waiting, SHUT, CALLED, plan=plan))) == [CONFIRM]
    confirming = record(CONFIRM, tries=1, seen_action=OURS.request)
    memory = since(5, MOVE, CONFIRM)
    assert isinstance(advance(setting(waiting, SHUT, CALLED, confirming, plan=plan, memory=memory)), Wait)
    done = record(MOVE, StepState.DONE, tries=1, destination="cmp2")
    ended = record(CONFIRM, StepState.DONE, tries=1)
    assert begun(advance(setting(waiting, SHUT, done, ended, plan=plan))) == ["cold-migrate:g2"]


def test_a_drain_that_is_told_to_stop_is_over_once_nothing_waits() -> None:
    calm = away(OURS, vm_state="stopped")
    done = record(MOVE, StepState.DONE, tries=1, destination="cmp2")
    over = advance(setting(calm, SHUT, done, flag=STOP))
    assert isinstance(over, Finish) and over.result is Result.WITHDRAWN
