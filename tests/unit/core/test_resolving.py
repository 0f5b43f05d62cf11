"""What becomes of a call: when it may be under way, when nobody will ever end it, and whose fault a failure was."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Blocked, Move, Note, Pending
from kasugai.core.recovering.nova_views import EvacuationView, MigrationView, ServiceView
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.recovering.steps.evacuate import assess
from kasugai.core.recovering.steps.evacuations import FAILURES
from kasugai.core.recovering.steps.resolving import (
    asks_conductor,
    has_given_up,
    is_fenced,
    may_be_under_way,
)
from kasugai.core.words.facts import FactKind, StepRecord, StepState
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.policy import Policy
from kasugai.core.words.timing import PRODUCTION, MonoTime, NovaTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, guest, migration, order, record, service
from tests.unit.core.scene import NOW, moving, planned, scene

MOVE = "evacuate:g1"
STARTED = record(MOVE, tries=1, seen_migration=3)
OWNER = Memory(owner_since=MonoTime(NOW - 30 * S), epoch=1)
INTERVAL = PRODUCTION.report_interval
OURS = Policy().disable_reason


def resolved(seen: Look, intent: StepRecord = STARTED, *others: StepRecord, memory: Memory = OWNER) -> Move:
    s = scene(seen, intent, *others, memory=memory)
    return assess(s, s.plan.guests[0])


def noted(move: Move) -> StepRecord:
    assert isinstance(move, Note), move
    return move.record


def told(move: Move) -> tuple[FactKind, str]:
    assert isinstance(move, Note), move
    return move.kind, move.record.reason


def fenced(host: str = "cmp2", **given: Any) -> ServiceView:
    """Nova's record of another host that we have put down."""
    return service(host=host, **{"forced_down": True, "disabled_reason": OURS, **given})


SILENCE = PRODUCTION.stale_after + PRODUCTION.report_interval
TAKEN = replace(OWNER, taken={4: MonoTime(NOW - SILENCE), 5: MonoTime(NOW - SILENCE)})
"""An owner that has seen for long enough that a destination had begun."""


def idle(since: int, uuid: str = "g1") -> Memory:
    return replace(OWNER, idle={uuid: MonoTime(since)})


def test_an_evacuation_that_nova_has_ended_is_not_under_way() -> None:
    s = scene(moving(guest()))
    assert may_be_under_way(s, migration(4, status="pre-migrating"))
    for status in ("done", "completed", "error", "failed", "cancelled"):
        assert not may_be_under_way(s, migration(4, status=status))


@pytest.mark.parametrize(
    ("view", "is_it"),
    [
        (fenced(), True),
        (fenced(forced_down=False), False),
        (fenced(disabled_reason="by an operator"), False),
        (fenced("cmp3"), False),
    ],
)
def test_a_destination_is_fenced_where_nova_shows_it_forced_down_for_our_reason(
    view: ServiceView, is_it: bool
) -> None:
    s = scene(moving(guest(), computes={view.host: view}), memory=TAKEN)
    assert is_fenced(s, "cmp2") is is_it
    assert may_be_under_way(s, migration(4, status="pre-migrating")) is not is_it
    assert may_be_under_way(s, migration(4)), "no destination has heard of it"
    assert not is_fenced(scene(moving(guest())), "cmp2"), "no list was read"


@pytest.mark.parametrize(
    ("age", "since", "may"),
    [
        (PRODUCTION.stale_after, NOW - SILENCE, False),
        (PRODUCTION.stale_after - S, NOW - SILENCE, True),
        (PRODUCTION.stale_after, NOW - SILENCE + 1, True),
        (PRODUCTION.stale_after, None, True),
    ],
)
def test_a_fenced_destination_that_may_have_returned_may_have_begun_since(
    age: int, since: int | None, may: bool
) -> None:
    """It takes the call from its queue before it reports, and stays forced down until a person looks."""
    begun = {} if since is None else {4: MonoTime(since)}
    s = scene(moving(guest(), computes={"cmp2": fenced(age=age / 1000)}), memory=replace(OWNER, taken=begun))
    assert may_be_under_way(s, migration(4, status="pre-migrating")) is may


def test_an_owner_remembers_since_when_every_look_has_shown_a_record_begun_with() -> None:
    def seen(at: int, *records: MigrationView) -> Look:
        return moving(guest(), migrations=list(records), at=MonoTime(at))

    first = OWNER.observe(seen(5, migration(4, status="pre-migrating"), migration(5)), "")
    assert first.taken == {4: 5}
    both = first.observe(
        seen(9, migration(4, status="pre-migrating"), migration(5, status="pre-migrating")), ""
    )
    assert both.taken == {4: 5, 5: 9}
    assert both.observe(
        seen(11, migration(4, status="done"), migration(5, status="pre-migrating")), ""
    ).taken == {5: 9}


def test_the_reason_is_that_of_the_incident_s_own_policy() -> None:
    seen = moving(guest(), computes={"cmp2": fenced(disabled_reason="gone")})
    assert is_fenced(scene(seen, order=order(policy=Policy(disable_reason="gone"))), "cmp2")


@pytest.mark.parametrize(
    ("since", "intent", "may"),
    [
        (NOW - INTERVAL, 0, False),
        (NOW - INTERVAL + 1, 0, True),
        (NOW - INTERVAL, NOW - INTERVAL, False),
        (NOW - INTERVAL, NOW - INTERVAL + 1, True),
    ],
)
def test_a_guest_that_has_lain_without_a_task_for_a_report_interval_since_the_call_is_not_being_moved(
    since: int, intent: int, may: bool
) -> None:
    s = scene(moving(guest()), memory=idle(since))
    assert may_be_under_way(s, migration(4), MonoTime(intent)) is may
    assert may_be_under_way(s, migration(4, "g2"), MonoTime(intent)), "another guest's rest says nothing"


@pytest.mark.parametrize(
    ("launched", "made", "may"),
    [
        (0, 301, False),
        (0, 300, True),  # clocks differ
        (302, 301, True),
        (None, 301, True),  # nothing is known
        (0, None, True),
    ],
)
def test_a_guest_that_may_have_been_built_since_does_not_lie_idle(
    launched: int | None, made: int | None, may: bool
) -> None:
    """Its host changes last, seconds after its task was cleared."""
    view = guest(launched_at=None if launched is None else NovaTime(launched * S))
    record = migration(4, made_at=None if made is None else NovaTime(made * S))
    assert may_be_under_way(scene(moving(view), memory=idle(NOW - INTERVAL)), record) is may


def test_an_owner_remembers_since_when_every_look_has_shown_a_guest_without_a_task() -> None:
    first = OWNER.observe(moving(guest(), guest("g2", task_state="rebuilding"), at=MonoTime(5)), "")
    assert first.idle == {"g1": 5}
    both = first.observe(moving(guest(), guest("g2"), at=MonoTime(9)), "")
    assert both.idle == {"g1": 5, "g2": 9}
    busy = both.observe(moving(guest(task_state="rebuilding"), guest("g2"), at=MonoTime(11)), "")
    assert busy.idle == {"g2": 9}
    assert busy.observe(moving(guest(), at=MonoTime(13)), "").idle == {"g1": 13}
    assert both.observe(moving(read={"g1": guest()}, at=MonoTime(11)), "").idle == {}, "a list, not a reading"


GAVE_UP = {"g1": EvacuationView(request="req-1", has_failed=True)}
AT_IT = {"g1": EvacuationView(request="req-1", has_failed=False)}


@pytest.mark.parametrize(
    ("records", "account", "has"),
    [
        ([migration(4)], GAVE_UP, True),
        ([migration(4)], AT_IT, False),
        ([migration(4)], {"g1": None}, False),
        ([migration(4)], {}, False),
        ([migration(4, status="pre-migrating")], GAVE_UP, False),
        ([migration(4), migration(5)], GAVE_UP, False),
    ],
)
def test_nova_s_conductor_gave_up_where_its_account_ends_the_only_record_that_no_host_has_heard_of(
    records: list[MigrationView], account: dict[str, EvacuationView | None], has: bool
) -> None:
    assert has_given_up(scene(moving(guest(), evacuations=account)), records) is has


@pytest.mark.parametrize(
    ("records", "age", "asks"),
    [
        ([migration(4)], PRODUCTION.settle + 1, True),
        ([migration(4)], PRODUCTION.settle, False),
        ([migration(4, status="pre-migrating")], PRODUCTION.settle + 1, False),
        ([migration(4, status="pre-migrating"), migration(5)], PRODUCTION.settle + 1, True),
    ],
)
def test_nova_s_conductor_is_asked_about_when_no_destination_began_within_the_settle_time(
    records: list[MigrationView], age: int, asks: bool
) -> None:
    assert asks_conductor(scene(), records, MonoTime(NOW - age)) is asks


def test_a_call_that_the_conductor_gave_up_is_asked_about_and_made_again() -> None:
    old = replace(OWNER, owner_since=MonoTime(NOW - 91 * S))
    accepted = [migration(4)]
    seen = moving(guest(), migrations=accepted)
    assert resolved(seen) == Pending()
    assert resolved(seen, memory=old) == Pending(evacuations=("g1",))
    gave_up = replace(seen, evacuations=GAVE_UP)
    assert told(resolved(gave_up, memory=old)) == (FactKind.ABSOLVED, Reason.CONDUCTOR_GAVE_UP)
    again = resolved(gave_up, replace(STARTED, state=StepState.ABSOLVED), memory=old)
    assert isinstance(again, Begin)
    assert (again.record.notes["seen_migration"], again.record.notes["reused"]) == ("4", "4")


def test_a_call_that_the_conductor_gave_up_a_second_time_is_made_again_too() -> None:
    """Both records say `accepted` for ever; Nova's account is of the newest call, which the newer record belongs to."""
    late = replace(OWNER, owner_since=MonoTime(NOW - 91 * S))
    second = record(MOVE, tries=2, seen_migration=4, reused="4")
    seen = moving(guest(), migrations=[migration(4), migration(5)], evacuations=GAVE_UP)
    absolved = noted(resolved(seen, second, memory=late))
    assert (absolved.reason, absolved.notes["reused"]) == (Reason.CONDUCTOR_GAVE_UP, "4 5")
    unread = replace(seen, evacuations={})
    assert isinstance(resolved(unread, absolved, memory=late), Begin), (
        "what was found dead is not asked about again"
    )
    strange = replace(unread, migrations={"g1": (*unread.migrations["g1"], migration(6))})
    assert isinstance(resolved(strange, absolved, memory=late), Pending), "somebody else has called since"


def test_what_was_left_open_before_a_call_says_nothing_of_it() -> None:
    """The call may still be on the wire: no trace is believed only after the settle time."""
    called = record(MOVE, tries=2, seen_migration=4, reused="4")
    seen = moving(guest(), migrations=[migration(4)], computes={"cmp2": fenced()})
    assert isinstance(resolved(seen, called), Pending)


def test_only_a_guests_last_failures_are_kept() -> None:
    many = " ".join(["cmp3"] * FAILURES)
    kept = noted(
        resolved(FAILED, replace(STARTED, notes=FrozenMap({"seen_migration": "3", "failed_on": many})))
    )
    assert kept.notes["failed_on"].split() == ["cmp3"] * (FAILURES - 1) + ["cmp2"]


def test_nova_may_write_what_becomes_of_a_call_into_an_older_record_that_nobody_had_ended() -> None:
    reusing = record(MOVE, tries=2, seen_migration=4, reused="4")
    failed = resolved(moving(guest(), migrations=[migration(4, status="failed")]), reusing)
    assert told(failed) == (FactKind.ABSOLVED, Reason.DESTINATION_FAILED)
    moved = moving(migrations=[migration(4, status="done")], read={"g1": guest(host="cmp2")})
    assert told(resolved(moved, reusing)) == (FactKind.DONE, "")
    assert resolved(moved, record(MOVE, tries=2, seen_migration=4)) == Pending(reads=("g1",))


def test_a_call_whose_destination_died_and_was_fenced_is_made_again_elsewhere() -> None:
    begun = moving(guest(), migrations=[migration(4, status="pre-migrating")], computes={"cmp2": fenced()})
    called = record(MOVE, tries=1, seen_migration=3, target="cmp2")
    absolved = noted(resolved(begun, called, memory=TAKEN))
    assert (absolved.state, absolved.reason) == (StepState.ABSOLVED, Reason.DESTINATION_DIED)
    assert isinstance(resolved(begun, called), Pending), "it may have returned"
    assert (absolved.notes["tried"], absolved.notes.get("failed_on")) == ("cmp2", None)


def test_a_call_that_no_destination_has_begun_with_is_waited_for_though_the_one_it_names_was_fenced() -> None:
    """It may still be the conductor's, or wait in that host's queue: Nova would accept a second one."""
    named = moving(guest(), migrations=[migration(4)], computes={"cmp2": fenced()})
    assert isinstance(resolved(named, record(MOVE, tries=1, seen_migration=3, target="cmp2")), Pending)


def test_a_call_whose_guest_lies_idle_is_made_again_and_no_host_is_blamed() -> None:
    seen = moving(guest(), migrations=[migration(4, status="pre-migrating")])
    lies = idle(NOW - INTERVAL)
    absolved = noted(resolved(seen, memory=lies))
    assert (absolved.state, absolved.reason) == (StepState.ABSOLVED, Reason.RECORD_LEFT_OPEN)
    assert "tried" not in absolved.notes
    called = replace(lies, begun={MOVE: MonoTime(NOW - INTERVAL + 1)})
    assert resolved(seen, memory=called) == Pending(), "it has not lain there since the call"


def test_an_evacuation_that_was_reverted_came_to_nothing() -> None:
    seen = moving(guest(), migrations=[migration(4, status="reverted")])
    assert told(resolved(seen)) == (FactKind.ABSOLVED, Reason.RECORD_LEFT_OPEN)


def test_a_record_that_ended_counts_before_one_that_came_to_nothing() -> None:
    records = [migration(4, status="failed", dest="cmp3"), migration(5, status="pre-migrating")]
    seen = moving(guest(), migrations=records, computes={"cmp2": fenced()})
    assert noted(resolved(seen, memory=TAKEN)).notes["failed_on"] == "cmp3"


FAILED = moving(guest(), migrations=[migration(4, status="failed")])


def test_no_room_at_a_place_says_nothing_of_the_guest() -> None:
    error = moving(guest(), migrations=[migration(4, status="error")])
    for target, place in (("", "*"), ("cmp2", "cmp2")):
        given = record(MOVE, tries=9, seen_migration=3, target=target, failed_on="cmp3 cmp4")
        absolved = noted(resolved(error, given))
        assert (absolved.state, absolved.reason) == (StepState.ABSOLVED, Reason.NO_VALID_HOST)
        assert (absolved.notes["tried"], absolved.notes["failed_on"]) == (place, "cmp3 cmp4")


@pytest.mark.parametrize(
    ("target", "dest", "tried", "failed_on"),
    [
        ("", "cmp2", "cmp2", "cmp2"),
        ("cmp3", "", "cmp3", "cmp3"),
        ("cmp3", "cmp2", "cmp2", "cmp2"),
        ("", "", "*", None),
    ],
)
def test_the_host_that_could_not_start_a_guest_is_known_by_the_record_or_by_the_call(
    target: str, dest: str, tried: str, failed_on: str | None
) -> None:
    seen = moving(guest(), migrations=[migration(4, status="failed", dest=dest)])
    notes = noted(resolved(seen, record(MOVE, tries=1, seen_migration=3, target=target))).notes
    assert (notes["tried"], notes.get("failed_on")) == (tried, failed_on)


@pytest.mark.parametrize(
    ("tries", "before", "kind"),
    [
        (3, "cmp3 cmp4", FactKind.FAILED),
        (2, "cmp3 cmp4", FactKind.ABSOLVED),
        (3, "cmp3", FactKind.ABSOLVED),
        (4, "cmp3 cmp4 cmp5", FactKind.FAILED),
    ],
)
def test_a_guest_that_three_tries_could_not_start_has_failed(tries: int, before: str, kind: FactKind) -> None:
    given = record(MOVE, tries=tries, seen_migration=3, failed_on=before)
    assert told(resolved(FAILED, given)) == (kind, Reason.DESTINATION_FAILED)


def test_a_guest_that_a_black_hole_could_not_start_is_not_at_fault() -> None:
    given = record(MOVE, tries=3, seen_migration=3, failed_on="cmp3 cmp4")
    others = [record(f"evacuate:g{n}", StepState.ABSOLVED, failed_on="cmp2") for n in (2, 3)]
    assert told(resolved(FAILED, given, *others)) == (FactKind.ABSOLVED, Reason.DESTINATION_FAILED)
    assert told(resolved(FAILED, given, others[0])) == (FactKind.FAILED, Reason.DESTINATION_FAILED)


HERE = moving(guest(), migrations=[migration(4, status="completed")])


def lost(seen: Look, before: Look | None, intent: StepRecord = STARTED) -> Move:
    return resolved(seen, intent, memory=replace(OWNER, before=before))


def test_a_guest_that_a_source_which_came_back_destroyed_is_told_as_lost() -> None:
    assert lost(HERE, moving(guest())) == Blocked(
        reason=Reason.GUEST_LOST,
        detail="name-g1: cmp1 came back while it was being evacuated, and has destroyed it",
    )


@pytest.mark.parametrize(
    ("seen", "before"),
    [
        (HERE, None),
        (HERE, moving()),
        (HERE, moving(guest(task_state="rebuilding"))),
        (
            moving(guest(task_state="rebuilding"), migrations=[migration(4, status="completed")]),
            moving(guest()),
        ),
        (moving(guest(), migrations=[migration(4, status="done")]), moving(guest())),
        (
            moving(guest(), migrations=[migration(4, status="completed"), migration(5, status="done")]),
            moving(guest()),
        ),
    ],
)
def test_a_guest_that_may_have_landed_is_not_told_as_lost(seen: Look, before: Look | None) -> None:
    assert lost(seen, before) == Pending()


def test_somebody_else_s_evacuation_that_nobody_ends_keeps_a_guest_no_longer_than_it_lies_idle() -> None:
    seen = moving(guest(), migrations=[migration(4, status="pre-migrating")])

    def first(look: Look, memory: Memory) -> Move:
        s: Situation = scene(look, memory=memory, plan=planned())
        return assess(s, s.plan.guests[0])

    assert first(seen, OWNER) == Pending()
    assert isinstance(first(seen, idle(NOW - INTERVAL)), Begin)
    assert isinstance(first(replace(seen, computes={"cmp2": fenced()}), TAKEN), Begin)
