"""Steps about one guest: called only when seen on the source with nothing under way, ended only by Nova's word."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Blocked, Move, Note, Pending
from kasugai.core.recovering.nova_views import EvacuationView, GuestView, MigrationView
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.recovering.steps import reset as resetting
from kasugai.core.recovering.steps import restore as restoring
from kasugai.core.recovering.steps.evacuate import assess as assess_evacuate
from kasugai.core.recovering.steps.evacuate import landing
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import FactKind, StepRecord, StepState
from kasugai.core.words.plan import Prior, Step
from kasugai.core.words.timing import MonoTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, guest, migration, order, record
from tests.unit.core.scene import NOW, moving, planned, scene

MOVE, RESET, RESTORE = "evacuate:g1", "reset:g1", "restore:g1"
STARTED = record(MOVE, tries=1, seen_migration=3)
RECENT = Memory(owner_since=MonoTime(NOW - 5 * S), epoch=1)
"""An owner since five seconds: nothing has settled, nothing is overdue."""
READ = Pending(reads=("g1",))


def step(s: Situation, key: str) -> Step:
    found = s.plan.step(key)
    assert found is not None
    return found


def evacuate(seen: Look, *records: StepRecord, memory: Memory = RECENT, **given: Any) -> Move:
    s = scene(seen, *records, memory=memory, **given)
    return assess_evacuate(s, step(s, MOVE))


def noted(move: Move) -> tuple[FactKind, str]:
    assert isinstance(move, Note)
    return move.kind, move.record.reason


def blocked(move: Move) -> tuple[Reason, str]:
    assert isinstance(move, Blocked)
    return move.reason, move.detail


def begun(move: Move) -> StepRecord:
    assert isinstance(move, Begin)
    return move.record


def away(uuid: str = "g1", **given: Any) -> dict[str, Any]:
    """What a look shows of a guest that was read by id on another host."""
    return {"read": {uuid: guest(uuid, host="cmp2", **given)}}


GONE: list[GuestView | None] = [None, guest(deleted=True)]


def test_a_guest_seen_on_the_source_is_evacuated_with_the_newest_record_in_the_intent() -> None:
    done = migration(7, status="failed")
    assert begun(evacuate(moving(guest(), migrations=[done]))) == record(MOVE, tries=1, seen_migration=7)
    assert begun(evacuate(moving(guest()))) == record(MOVE, tries=1)


def test_a_guest_missing_from_the_list_is_read_by_id_before_anything_is_believed() -> None:
    assert evacuate(moving()) == READ
    assert noted(evacuate(moving(**away()))) == (FactKind.DONE, "moved")


@pytest.mark.parametrize("read", GONE)
def test_a_guest_that_was_deleted_is_done(read: GuestView | None) -> None:
    assert noted(evacuate(moving(read={"g1": read}))) == (FactKind.DONE, "deleted")


def test_a_guest_read_on_the_source_but_missing_from_the_list_is_not_called_for_its_records_may_be_missing() -> (
    None
):
    assert evacuate(moving(read={"g1": guest()})) == READ


def test_somebody_elses_evacuation_is_waited_for_and_told_after_ten_minutes() -> None:
    seen = moving(guest(), migrations=[migration(4, dest="")])
    assert evacuate(seen, memory=replace(RECENT, owner_since=MonoTime(NOW - 30 * S))) == Pending()
    asks = Pending(evacuations=("g1",))
    assert evacuate(seen, memory=replace(RECENT, owner_since=MonoTime(NOW - 600 * S))) == asks
    late = evacuate(seen, memory=replace(RECENT, owner_since=MonoTime(NOW - 600 * S - 1)))
    assert blocked(late) == (Reason.EVACUATION_UNRESOLVED, "name-g1: migration 4 to ? is accepted")
    named = evacuate(
        moving(guest(), migrations=[migration(4)]), memory=replace(RECENT, owner_since=MonoTime(0))
    )
    assert blocked(named)[1] == "name-g1: migration 4 to cmp2 is accepted"


def test_a_guest_that_was_in_another_migration_is_held() -> None:
    task = evacuate(moving(guest(task_state="migrating")))
    assert blocked(task) == (Reason.IN_MIGRATION, "name-g1 may already run elsewhere")
    live = migration(4, migration_type="live-migration", status="running")
    assert blocked(evacuate(moving(guest(), migrations=[live])))[0] is Reason.IN_MIGRATION
    ended = replace(live, status="completed")
    assert isinstance(evacuate(moving(guest(), migrations=[ended])), Begin)


@pytest.mark.parametrize(("state", "why"), [("shelved_offloaded", "shelved"), ("soft-delete", "deleted")])
def test_a_guest_whose_user_shelved_or_deleted_it_after_the_plan_is_left(state: str, why: str) -> None:
    assert noted(evacuate(moving(guest(vm_state=state))))[1] == why
    assert noted(reset(moving(guest(vm_state=state))))[1] == why


def test_a_guest_that_is_being_rebuilt_without_a_record_is_waited_for_and_told_after_ten_minutes() -> None:
    rebuilt = guest(task_state="rebuild_spawning")
    seen = replace(RECENT, owner_since=MonoTime(0), rebuilt={"g1": MonoTime(NOW - 600 * S)})
    assert evacuate(moving(rebuilt), memory=seen) == Pending()
    late = evacuate(moving(rebuilt), memory=replace(seen, rebuilt={"g1": MonoTime(NOW - 600 * S - 1)}))
    assert blocked(late) == (
        Reason.EVACUATION_UNRESOLVED,
        "name-g1: Nova shows no record of its rebuild",
    )
    other = migration(4, migration_type="live-migration", status="completed")
    assert evacuate(moving(rebuilt, migrations=[other])) == Pending()


def test_a_guest_whose_rebuild_has_failed_by_its_record_is_called_again() -> None:
    failed = migration(4, status="failed")
    seen = moving(guest(task_state="rebuilding"), migrations=[failed])
    assert begun(evacuate(seen)) == record(MOVE, tries=1, seen_migration=4)


def test_nova_may_refuse_a_call_three_times_in_an_attempt() -> None:
    refused = record(MOVE, StepState.ABSOLVED, tries=2, reason="refused")
    assert begun(evacuate(moving(guest()), refused)).tries == 3
    third = replace(refused, tries=3)
    assert noted(evacuate(moving(guest()), third)) == (FactKind.FAILED, "refused")
    assert begun(evacuate(moving(guest()), third, order=order(attempt=2))).attempt == 2
    assert isinstance(evacuate(moving(guest()), replace(third, reason="away")), Begin)


def test_a_retry_after_novas_error_does_not_take_that_record_for_its_own() -> None:
    error = migration(3, status="error")
    assert evacuate(moving(guest(), migrations=[error]), STARTED) == READ


def test_a_look_from_before_the_call_says_nothing_about_it() -> None:
    young = replace(RECENT, begun={MOVE: MonoTime(NOW + 1)})
    assert (
        evacuate(moving(guest(), migrations=[migration(4, status="done")]), STARTED, memory=young)
        == Pending()
    )


def test_no_trace_is_believed_after_the_settle_time_by_two_looks_that_show_the_guest() -> None:
    before = moving(guest(), at=NOW - S)
    settled = replace(RECENT, owner_since=MonoTime(NOW - 90 * S), before=before)
    assert noted(evacuate(moving(guest()), STARTED, memory=settled)) == (FactKind.ABSOLVED, "no trace")
    for memory in (
        replace(settled, owner_since=MonoTime(NOW - 90 * S + 1)),
        replace(settled, before=None),
        replace(settled, before=moving()),
        replace(settled, accepted=frozenset({MOVE})),
    ):
        assert evacuate(moving(guest()), STARTED, memory=memory) == READ


def test_a_call_of_this_owner_settles_from_its_own_time() -> None:
    memory = replace(
        RECENT, owner_since=MonoTime(0), before=moving(guest()), begun={MOVE: MonoTime(NOW - 45 * S + 1)}
    )
    assert evacuate(moving(guest()), STARTED, memory=memory) == READ
    settled = replace(memory, begun={MOVE: MonoTime(NOW - 45 * S)})
    assert noted(evacuate(moving(guest()), STARTED, memory=settled)) == (FactKind.ABSOLVED, "no trace")


def test_a_call_without_a_trace_is_told_after_ten_minutes_and_never_made_again() -> None:
    memory = replace(RECENT, owner_since=MonoTime(0), accepted=frozenset({MOVE}))
    reason, detail = blocked(evacuate(moving(guest()), STARTED, memory=memory))
    assert (reason, detail) == (Reason.EVACUATION_UNRESOLVED, "name-g1: Nova shows no record of the call")
    silent = moving(read={"g1": guest()})
    assert blocked(evacuate(silent, STARTED, memory=memory))[0] is Reason.EVACUATION_UNRESOLVED


def test_a_guest_in_a_silent_cell_is_neither_gone_nor_called_again() -> None:
    settled = replace(RECENT, owner_since=MonoTime(NOW - 90 * S), before=moving(guest()))
    assert evacuate(moving(), STARTED, memory=settled) == READ
    assert evacuate(moving(**away()), STARTED, memory=settled) == READ
    assert noted(evacuate(moving(read={"g1": None}), STARTED)) == (FactKind.DONE, "deleted")
    assert noted(evacuate(moving(read={"g1": guest(deleted=True)}), STARTED))[1] == "deleted"


def test_a_call_under_way_is_waited_for() -> None:
    under_way = [migration(4, status="pre-migrating")]
    assert evacuate(moving(guest(), migrations=under_way), STARTED) == Pending()
    assert evacuate(moving(migrations=under_way), STARTED) == READ
    assert evacuate(moving(migrations=under_way, **away()), STARTED) == READ
    just = replace(RECENT, before=moving(guest()))
    assert evacuate(moving(migrations=under_way), STARTED, memory=just) == Pending(), (
        "it may just have landed"
    )
    late = evacuate(
        moving(guest(), migrations=under_way), STARTED, memory=replace(RECENT, owner_since=MonoTime(0))
    )
    assert blocked(late) == (Reason.EVACUATION_UNRESOLVED, "name-g1: migration 4 to cmp2 is pre-migrating")


@pytest.mark.parametrize("read", GONE)
def test_a_guest_deleted_while_its_evacuation_is_under_way_is_done(read: GuestView | None) -> None:
    seen = moving(migrations=[migration(4)], read={"g1": read})
    assert noted(evacuate(seen, STARTED)) == (FactKind.DONE, "deleted")


OTHERS = guest("g2")
EMPTY_BEFORE = replace(RECENT, before=moving())


@pytest.mark.parametrize("status", ["done", "completed"])
def test_a_list_that_is_believed_and_the_record_are_nova_s_word_that_a_guest_has_landed(status: str) -> None:
    landed = [migration(4, status=status)]
    for seen, memory in (
        (moving(OTHERS, migrations=landed), RECENT),
        (moving(migrations=landed), EMPTY_BEFORE),
    ):
        move = evacuate(seen, STARTED, memory=memory)
        assert noted(move) == (FactKind.DONE, "")
        assert isinstance(move, Note) and move.record.destination == "cmp2"


def test_a_list_that_has_just_become_empty_is_read_once_more() -> None:
    landed = moving(migrations=[migration(4, status="done")])
    for before in (None, moving(guest())):
        assert evacuate(landed, STARTED, memory=replace(RECENT, before=before)) == Pending()


@pytest.mark.parametrize(
    "silent", [{"service": None}, {"service_after": None}, {"service": None, "service_after": None}]
)
def test_where_the_list_is_not_believed_the_guest_itself_is_read(silent: dict[str, Any]) -> None:
    seen = replace(moving(migrations=[migration(4, status="done")]), **silent)
    assert evacuate(seen, STARTED, memory=EMPTY_BEFORE) == READ


@pytest.mark.parametrize(
    "records",
    [
        [migration(4, status="done", dest="")],
        [migration(4, status="done"), migration(5, status="pre-migrating")],
        [migration(4, status="failed"), migration(5, status="done")],
    ],
)
def test_records_that_leave_a_doubt_are_not_enough(records: list[MigrationView]) -> None:
    assert evacuate(moving(OTHERS, migrations=records), STARTED) == READ


def test_a_record_of_before_the_intent_says_nothing_about_our_call() -> None:
    old = [migration(3, status="done")]
    assert evacuate(moving(OTHERS, migrations=old), STARTED) == READ


def test_a_guest_that_is_to_be_stopped_again_is_read_by_id_at_once() -> None:
    seen = moving(OTHERS, migrations=[migration(4, status="done")])
    plan = planned(guest(vm_state="stopped", power_state=4), OTHERS)
    assert evacuate(seen, STARTED, plan=plan) == READ


def test_how_long_it_took_is_told_by_nova_s_own_record() -> None:
    seen = moving(OTHERS, migrations=[migration(4, status="done", lasted=7 * S), migration(5, "g2", "done")])
    move = evacuate(seen, STARTED)
    assert isinstance(move, Note)
    assert landing(move, seen) == 7 * S
    assert landing(move, moving(OTHERS)) is None


@pytest.mark.parametrize("status", ["done", "completed"])
def test_an_evacuation_has_landed_when_record_and_host_both_say_so(status: str) -> None:
    landed = [migration(4, status=status)]
    assert evacuate(moving(guest(), migrations=landed), STARTED) == Pending()
    assert evacuate(moving(migrations=landed, read={"g1": guest()}), STARTED) == READ
    assert noted(evacuate(moving(migrations=landed, **away()), STARTED)) == (FactKind.DONE, "")
    assert noted(evacuate(moving(migrations=landed, read={"g1": None}), STARTED))[1] == "deleted"
    gone = moving(migrations=landed, read={"g1": guest(deleted=True)})
    assert noted(evacuate(gone, STARTED))[1] == "deleted"


def test_where_a_guest_was_seen_is_recorded_with_the_end_of_its_evacuation() -> None:
    landed = moving(migrations=[migration(4, status="done")], **away())
    for move in (evacuate(landed, STARTED), evacuate(moving(**away()))):
        assert isinstance(move, Note)
        assert move.record.destination == "cmp2"


def test_a_landing_whose_host_does_not_change_is_told_after_ten_minutes() -> None:
    landed = [migration(4, status="done")]
    why = (Reason.EVACUATION_UNRESOLVED, "name-g1: its record is done, its host unchanged")
    late = replace(RECENT, owner_since=MonoTime(NOW - 600 * S - 1))
    for seen in (
        moving(guest(), migrations=landed),
        moving(migrations=landed),
        moving(migrations=landed, read={"g1": guest()}),
        moving(guest(), migrations=landed, **away()),
    ):
        assert blocked(evacuate(seen, STARTED, memory=late)) == why
        assert isinstance(
            evacuate(seen, STARTED, memory=replace(late, owner_since=MonoTime(NOW - 600 * S))), Pending
        )
    assert noted(evacuate(moving(migrations=landed, **away()), STARTED, memory=late)) == (FactKind.DONE, "")


@pytest.mark.parametrize(
    ("status", "kind", "why"),
    [
        ("error", FactKind.ABSOLVED, Reason.NO_VALID_HOST),
        ("failed", FactKind.ABSOLVED, Reason.DESTINATION_FAILED),
        ("cancelled", FactKind.ABSOLVED, Reason.DESTINATION_FAILED),
    ],
)
def test_an_evacuation_has_failed_by_the_word_of_nova(status: str, kind: FactKind, why: str) -> None:
    failed = moving(guest(), migrations=[migration(4, status=status)])
    assert noted(evacuate(failed, STARTED)) == (kind, why)


def test_one_failed_record_does_not_end_what_another_continues() -> None:
    records = [migration(4, status="failed"), migration(5)]
    assert evacuate(moving(guest(), migrations=records), STARTED) == Pending()


def test_records_of_other_types_are_not_ours() -> None:
    other = migration(4, migration_type="resize", status="done")
    assert evacuate(moving(guest(), migrations=[other]), STARTED) == READ


PAUSED = guest(vm_state="paused")


def reset(seen: Look, *records: StepRecord, memory: Memory = RECENT) -> Move:
    s = scene(seen, *records, memory=memory, plan=planned(PAUSED))
    return resetting.assess(s, step(s, RESET))


def test_a_guest_that_nova_does_not_evacuate_is_reset_until_it_does() -> None:
    assert begun(reset(moving(PAUSED))) == record(RESET, tries=1)
    assert noted(reset(moving(guest(vm_state="error")))) == (FactKind.DONE, "")
    assert reset(moving(PAUSED), record(RESET, tries=1)) == Pending()
    settled = replace(RECENT, owner_since=MonoTime(NOW - 90 * S))
    assert noted(reset(moving(PAUSED), record(RESET, tries=1), memory=settled))[0] is FactKind.ABSOLVED


def test_a_guest_that_cannot_be_reset_or_is_elsewhere() -> None:
    assert (
        blocked(reset(moving(guest(vm_state="resized", task_state="resize_finish"))))[0]
        is Reason.IN_MIGRATION
    )
    assert reset(moving()) == READ
    assert noted(reset(moving(**away()))) == (FactKind.DONE, "moved")
    assert reset(moving(PAUSED, at=NOW - 60 * S)) == Pending()


def test_a_reset_is_tried_three_times_in_an_attempt() -> None:
    refused = record(RESET, StepState.ABSOLVED, tries=2)
    assert begun(reset(moving(PAUSED), refused)).tries == 3
    assert noted(reset(moving(PAUSED), replace(refused, tries=3))) == (FactKind.FAILED, "refused")
    said = replace(refused, tries=3, reason="away")
    assert noted(reset(moving(PAUSED), said)) == (FactKind.FAILED, "away")
    assert isinstance(reset(moving(PAUSED), replace(said, attempt=0)), Begin)


LANDED = record(MOVE, StepState.DONE, tries=1)
STOPPED = guest(vm_state="stopped", power_state=4)


ACCOUNT: Any = {"evacuations": {"g1": EvacuationView(request="req-1", has_failed=False)}}
"""What Nova says of the evacuation of a guest that nobody has started since."""


def restore(seen: Look, *records: StepRecord, memory: Memory = RECENT) -> Move:
    s = scene(seen, *records, memory=memory, plan=planned(STOPPED))
    return restoring.assess(s, step(s, RESTORE))


def test_a_guest_that_was_stopped_is_stopped_where_it_landed() -> None:
    assert restore(moving(), LANDED) == READ
    assert begun(restore(moving(**away(), **ACCOUNT), LANDED)) == record(RESTORE, tries=1)
    assert noted(restore(moving(**away(vm_state="stopped")), LANDED)) == (FactKind.DONE, "")
    assert restore(moving(**away(task_state="powering-off")), LANDED) == READ


def test_a_guest_that_somebody_has_started_since_it_was_evacuated_is_not_stopped() -> None:
    """Its user, or the recovery of the guest itself; who may not read the account stops it as it was to be."""
    assert restore(moving(**away()), LANDED) == Pending(reads=("g1",), evacuations=("g1",))
    last = EvacuationView(request="req-1", has_failed=False, started_since=True)
    started = moving(**away(), evacuations={"g1": last})
    assert noted(restore(started, LANDED)) == (FactKind.DONE, "started-since")
    assert begun(restore(moving(**away(), evacuations={"g1": None}), LANDED)) == record(RESTORE, tries=1)


def test_a_guest_that_left_by_another_hand_or_is_gone_is_not_stopped() -> None:
    for reason in ("moved", "deleted"):
        assert noted(restore(moving(), replace(LANDED, reason=reason))) == (FactKind.DONE, reason)
    assert noted(restore(moving(read={"g1": None}), LANDED)) == (FactKind.DONE, "deleted")
    assert noted(restore(moving(read={"g1": guest(deleted=True)}), LANDED)) == (FactKind.DONE, "deleted")


def test_a_look_from_before_the_stop_says_nothing_about_it() -> None:
    young = replace(RECENT, begun={RESTORE: MonoTime(NOW + 1)})
    assert restore(moving(**away(vm_state="stopped")), LANDED, memory=young) == READ


@pytest.mark.parametrize(("seconds", "is_ours"), [(90, False), (45, True)])
def test_a_stop_is_given_up_when_no_request_can_be_on_its_way(seconds: int, is_ours: bool) -> None:
    """A dead owner may have sent it until its lease ended; of our own it is known when it was given up."""
    open_step = record(RESTORE, StepState.UNSURE, tries=1)

    def since(ago: int) -> Memory:
        at = MonoTime(NOW - ago * S)
        return replace(RECENT, owner_since=at, begun={RESTORE: at} if is_ours else {})

    seen = moving(**away())
    assert noted(restore(seen, LANDED, open_step, memory=since(seconds)))[0] is FactKind.ABSOLVED
    assert restore(seen, LANDED, open_step, memory=since(seconds - 1)) == READ


def test_a_restore_without_a_record_of_its_move_is_looked_at() -> None:
    assert restore(moving()) == READ


def test_a_stop_that_nova_does_not_bring_to_its_end_in_ten_minutes_has_failed() -> None:
    stuck = moving(**away(task_state="powering-off"))
    late = replace(RECENT, owner_since=MonoTime(NOW - 600 * S - 1))
    assert noted(restore(stuck, LANDED, memory=late)) == (FactKind.FAILED, "destination-failed")
    assert restore(stuck, LANDED, memory=replace(late, owner_since=MonoTime(NOW - 600 * S))) == READ
    assert restore(stuck, LANDED, memory=replace(late, begun={RESTORE: MonoTime(NOW - 600 * S)})) == READ


def test_a_restoration_that_an_earlier_attempt_left_knows_how_its_guest_moved() -> None:
    left = Step(action=Action.RESTORE, subject="g1", prior=Prior.STOPPED)
    gone = scene(moving(), replace(LANDED, reason="moved"), plan=planned(guest("g2")))
    assert noted(restoring.assess(gone, left)) == (FactKind.DONE, "moved")
    there = scene(moving(**away(), **ACCOUNT), LANDED, plan=planned(guest("g2")))
    assert begun(restoring.assess(there, left)) == record(RESTORE, tries=1)


def test_a_landing_is_an_evacuation_that_was_seen_to_end_by_a_call() -> None:
    arrived = guest(host="cmp2")
    seen = moving(migrations=[migration(4, status="done", lasted=S)], read={"g1": arrived})
    done, other_hand = evacuate(seen, STARTED), evacuate(moving(read={"g1": arrived}))
    failed = evacuate(moving(guest(), migrations=[migration(4, status="failed")]), STARTED)
    assert isinstance(done, Note) and isinstance(other_hand, Note) and isinstance(failed, Note)
    assert [landing(note, seen) for note in (done, other_hand, failed)] == [S, None, None]
