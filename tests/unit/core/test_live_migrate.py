"""The step of a live migration, by itself: look, intend, act, look; what is under way is not doubled."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.advance import plan_of
from kasugai.core.recovering.calls import LiveMigrate
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Blocked, Move, Note, Pending
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.recovering.steps.leaving import LONGEST, TRIES
from kasugai.core.recovering.steps.live_migrate import LIVE_MIGRATE
from kasugai.core.words.facts import FactKind, StepRecord, StepState
from kasugai.core.words.hardware import HARDWARE
from kasugai.core.words.plan import Step
from kasugai.core.words.policy import Degraded, Policy
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import PRODUCTION, MonoTime
from kasugai.core.words.verdicts import Evidence, Reason
from tests.unit.core.makers import S, guest, migration, order, record, service, uuid_of
from tests.unit.core.scene import NOW, look, scene

KEY = "live-migrate:g1"
SAID = Evidence(event_id=uuid_of(9), observer="cli", symptom="down", episode="m1")
DRAIN = Policy(degraded=Degraded.DRAIN)
ORDER = replace(order(decided_at=NOW, kind=Kind.PROCESS, named=HARDWARE, policy=DRAIN), evidence=(SAID,))
UP = service(is_up=True, age=1.0)
HOSTS = {"cmp1": UP, **{name: service(host=name, is_up=True, age=1.0) for name in ("cmp2", "cmp3")}}
LIVE = {"migration_type": "live-migration"}


def seen(*guests: Any, **given: Any) -> Look:
    return look(*guests, **{"service": UP, "service_after": UP, "computes": HOSTS, **given})


def called(ago: float, *, answered: bool = False) -> Memory:
    begun = {KEY: MonoTime(int(NOW - ago * S))}
    accepted = frozenset({KEY}) if answered else frozenset[str]()
    return Memory(owner_since=MonoTime(0), epoch=1, begun=begun, accepted=accepted)


def setting(what: Look, *records: StepRecord, **given: Any) -> tuple[Situation, Step]:
    given = {"order": ORDER, "has_device": False, **given}
    plan = plan_of(given["order"], seen(guest()), scene().entry, 1)
    s = scene(what, *records, **{"plan": plan, **given})
    step = s.plan.step(KEY)
    assert step is not None
    return s, step


def assess(what: Look, *records: StepRecord, **given: Any) -> Move:
    return LIVE_MIGRATE.assess(*setting(what, *records, **given))


def opened(state: StepState = StepState.STARTED, **given: Any) -> StepRecord:
    return record(KEY, state, **{"tries": 1, "target": "cmp2", **given})


def failed(*hosts: str, **given: Any) -> StepRecord:
    return opened(StepState.ABSOLVED, **{"failed_on": " ".join(hosts), "reason": "error", **given})


def target(move: Move) -> str:
    assert isinstance(move, Begin), move
    effect = LIVE_MIGRATE.effect(ORDER, move, seen())
    assert isinstance(effect, LiveMigrate)
    return effect.target


def why(move: Move) -> Reason:
    assert isinstance(move, Blocked), move
    return move.reason


def noted(move: Move) -> tuple[FactKind, str]:
    assert isinstance(move, Note), move
    return move.kind, move.record.reason


def test_a_guest_at_rest_is_called_and_the_intent_says_which_record_is_not_its_own() -> None:
    move = assess(seen(guest(), migrations=[migration(4, status="error", **LIVE)]))
    assert isinstance(move, Begin) and move.record.notes["seen_migration"] == "4"
    assert target(move) == "", "nobody is to be avoided: Nova knows best"


def test_where_nova_might_choose_a_suspected_host_another_one_is_named() -> None:
    assert target(assess(seen(guest()), order=replace(ORDER, avoid=("cmp2",)))) == "cmp3"
    assert why(assess(seen(guest()), order=replace(ORDER, avoid=("cmp2", "cmp3")))) is Reason.NO_CAPACITY


def test_nova_never_chooses_while_it_might_choose_a_host_that_may_have_died() -> None:
    silent = {**HOSTS, "cmp2": service(host="cmp2", is_up=True, age=40.0)}
    assert target(assess(seen(guest(), computes=silent))) == "cmp3"
    tried = failed(tried="cmp3", epoch=1)
    assert why(assess(seen(guest(), computes=silent), tried)) is Reason.NO_CAPACITY


@pytest.mark.parametrize("task", ["rebooting", "migrating", "image_snapshot", "deleting"])
def test_whoever_is_busy_is_waited_for(task: str) -> None:
    memory = Memory(owner_since=MonoTime(NOW - S), epoch=1)
    busy = seen(guest(task_state=task))
    assert isinstance(assess(busy, memory=memory), Pending)
    assert why(assess(busy)) is Reason.GUEST_BUSY, "ten minutes later a person is told"


@pytest.mark.parametrize("kind", ["live-migration", "migration", "evacuation", "resize"])
@pytest.mark.parametrize("status", ["accepted", "queued", "preparing", "running"])
def test_a_migration_under_way_is_never_doubled_whoever_asked_for_it(kind: str, status: str) -> None:
    under_way = seen(guest(), migrations=[migration(5, status=status, migration_type=kind)])
    assert isinstance(assess(under_way), Pending)
    assert isinstance(assess(under_way, opened(), memory=called(20)), Pending)
    assert isinstance(assess(under_way, failed("cmp3")), Pending)


def test_a_long_migration_is_told_in_the_end_and_one_of_a_host_that_is_down_at_once() -> None:
    under_way = seen(guest(task_state="migrating"), migrations=[migration(5, status="running", **LIVE)])
    later = MonoTime(NOW + LONGEST + S)
    assert why(assess(under_way, opened(), now=later)) is Reason.EVACUATION_UNRESOLVED
    dead = replace(under_way, service=service())
    assert why(assess(dead, opened(), memory=called(5))) is Reason.EVACUATION_UNRESOLVED


def test_it_is_done_when_nova_shows_the_guest_elsewhere_without_a_task() -> None:
    away = seen(read={"g1": guest(host="cmp2")})
    assert noted(assess(away, opened())) == (FactKind.DONE, "")
    assert noted(assess(away)) == (FactKind.DONE, "moved"), "by another hand"
    on_its_way = seen(read={"g1": guest(host="cmp2", task_state="migrating")})
    assert isinstance(assess(on_its_way, opened(), memory=called(5)), Pending)
    broken = seen(read={"g1": guest(host="cmp2", vm_state="error")})
    assert noted(assess(broken, opened())) == (FactKind.FAILED, Reason.DESTINATION_FAILED)


def test_absence_from_the_list_is_no_evidence() -> None:
    assert assess(seen(), opened()) == Pending(reads=("g1",))
    assert noted(assess(seen(read={"g1": None}), opened())) == (FactKind.DONE, "deleted")
    read_only = assess(seen(read={"g1": guest()}))
    assert read_only == Pending(reads=("g1",)), "a silent cell hides the records too"


@pytest.mark.parametrize("status", ["error", "failed"])
def test_one_that_failed_is_tried_elsewhere(status: str) -> None:
    ended = seen(guest(), migrations=[migration(5, status=status, **LIVE)])
    kind, reason = noted(assess(ended, opened(), memory=called(20)))
    assert (kind, reason) == (FactKind.ABSOLVED, f"{status} on the way to cmp2")
    assert target(assess(ended, failed("cmp2", tried="cmp2"))) == "cmp3"


def test_a_failure_of_earlier_is_not_taken_for_that_of_our_call() -> None:
    before = seen(guest(), migrations=[migration(5, status="error", **LIVE)])
    mine = opened(seen_migration=5)
    assert isinstance(assess(before, mine, memory=called(5, answered=True)), Pending)


def test_after_three_failures_it_is_held_with_the_last_word_and_another_attempt_begins_anew() -> None:
    given_up = failed(*["cmp2", "cmp3", "cmp2"][:TRIES])
    move = assess(seen(guest()), given_up)
    assert why(move) is Reason.MIGRATION_FAILED and isinstance(move, Blocked)
    assert move.detail == "name-g1: error; could not be moved to cmp2, cmp3"
    assert isinstance(assess(seen(guest()), given_up, order=replace(ORDER, attempt=2)), Begin)


def test_that_nova_finds_no_host_counts_for_no_try() -> None:
    none = seen(guest(), migrations=[migration(5, status="error", dest="", **LIVE)])
    move = assess(none, opened(target=""), memory=called(20))
    assert noted(move) == (FactKind.ABSOLVED, "error, Nova found no host")
    assert isinstance(move, Note) and why(assess(none, move.record)) is Reason.NO_CAPACITY


def test_what_somebody_aborts_is_called_again_by_a_persons_retry_alone() -> None:
    ended = seen(guest(), migrations=[migration(5, status="cancelled", **LIVE)])
    move = assess(ended, opened(), memory=called(20))
    assert noted(move) == (FactKind.ABSOLVED, "cancelled")
    assert isinstance(move, Note) and why(assess(ended, move.record)) is Reason.MIGRATION_FAILED
    assert isinstance(assess(ended, move.record, order=replace(ORDER, attempt=2)), Begin)


def test_a_call_without_an_answer_is_made_again_once_it_cannot_arrive_any_more() -> None:
    wire = PRODUCTION.wire // S
    assert isinstance(assess(seen(guest()), opened(StepState.UNSURE), memory=called(wire - 1)), Pending)
    assert noted(assess(seen(guest()), opened(StepState.UNSURE), memory=called(wire))) == (
        FactKind.ABSOLVED,
        "no trace",
    )


def test_one_that_nova_took_and_shows_nothing_of_is_never_called_again() -> None:
    landing = PRODUCTION.landing // S
    taken = {"memory": called(landing - 1, answered=True)}
    assert isinstance(assess(seen(guest()), opened(), **taken), Pending)
    late = {"memory": called(landing + 1, answered=True)}
    assert why(assess(seen(guest()), opened(), **late)) is Reason.EVACUATION_UNRESOLVED


@pytest.mark.parametrize("vm_state", ["stopped", "suspended", "error", "rescued", "resized"])
def test_who_was_stopped_since_is_left(vm_state: str) -> None:
    assert noted(assess(seen(guest(vm_state=vm_state)))) == (FactKind.DONE, "not-running")


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ({"recovering": frozenset({"cmp1"})}, Reason.HOST_FIRST),
        ({"service": service(is_up=False)}, Reason.HOST_NOT_UP),
        ({"service": service(is_up=True, forced_down=True)}, Reason.HOST_NOT_UP),
        ({"unwell": frozenset({"nova-scheduler"})}, Reason.CONTROL_PLANE_UNWELL),
        ({"computes": {"cmp2": HOSTS["cmp2"]}}, Reason.CONTROL_PLANE_UNWELL),
    ],
)
def test_nobody_is_moved_away_from_a_host_that_is_not_well_by_nova(what: Any, reason: Reason) -> None:
    assert why(assess(seen(guest(), **what))) is reason
