"""The last look: ages, never times of two clocks, and waiting for what it cannot tell."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.lastlook import (
    decision_is_stale,
    last_look,
    put_alone,
    source_age,
    source_silent,
    wait_for_stillness,
)
from kasugai.core.recovering.look import Look, PowerState
from kasugai.core.recovering.moves import Blocked, Pending
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.words.facts import StepState
from kasugai.core.words.policy import Fencing, Policy
from kasugai.core.words.timing import BrokerTime, Millis, MonoTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, order, record, service
from tests.unit.core.scene import DOWN, MARK, NOW, downed, fenced, look, moving, scene, step_of

RECENT = Memory(owner_since=MonoTime(NOW - 5 * S), epoch=1)


def on(age: float, **given: Any) -> Look:
    return look(service=service(age=age, **given), power=PowerState.ON)


def test_a_decision_is_stale_after_thirty_seconds_of_the_brokers_clock() -> None:
    s = scene(order=order(decided_at=0))
    assert not decision_is_stale(replace(s, broker_now=BrokerTime(30 * S)))
    assert decision_is_stale(replace(s, broker_now=BrokerTime(30 * S + 1)))


def test_a_record_must_be_older_than_a_live_services_can_be() -> None:
    assert source_age(scene(on(15.0))) is None
    assert source_age(scene(on(14.999))) is Reason.NOVA_FRESH


def test_power_read_as_off_needs_no_age() -> None:
    assert source_age(scene(look(service=service(age=0.0)))) is None
    assert source_age(scene(look(service=service(age=0.0)), has_device=False)) is Reason.NOVA_FRESH


def test_without_a_record_there_is_no_age() -> None:
    assert source_age(scene(look(service=None))) is None


@pytest.mark.parametrize(
    ("age", "said", "answer"),
    [
        (18.0, 20.0, None),
        (17.9, 20.0, Reason.NOVA_FRESH),  # it moved after the word, but for two seconds
        (3600.0, 15.0, None),
        (3600.0, 14.9, Pending()),  # so long must have passed since the word
        (12.9, 14.9, Pending()),
        (12.8, 14.9, Reason.NOVA_FRESH),
        (0.0, 1.0, Pending()),
    ],
)
def test_the_record_must_stand_still_for_fifteen_seconds_after_an_assertion(
    age: float, said: float, answer: Reason | Pending | None
) -> None:
    asserted = order(asserted_at=NOW - int(said * S))
    assert source_age(scene(on(age), order=asserted)) == answer
    assert source_age(scene(on(age), order=asserted, has_device=False)) == answer


def test_a_nova_that_answers_late_contradicts_no_word() -> None:
    asserted, seen = order(asserted_at=NOW - 14 * S), on(3.0)
    assert source_age(scene(seen, order=asserted)) is Reason.NOVA_FRESH
    late: list[dict[str, Any]] = [{"at": NOW - 10 * S}, {"at": NOW - 12 * S, "nova_at": NOW - 10 * S}]
    for asked in late:
        assert source_age(scene(replace(seen, **asked), order=asserted)) == Pending()


@pytest.mark.parametrize("hand", [{"is_enabled": False}, {"forced_down": True}])
def test_a_put_after_an_assertion_is_no_sign_of_life_if_the_record_does_not_move_again(
    hand: dict[str, Any],
) -> None:
    asserted = order(asserted_at=NOW - 30 * S)
    seen = Memory(owner_since=MonoTime(0), epoch=1, puts=1)
    assert source_age(scene(on(10.0, **hand), order=asserted, memory=seen)) == Pending()
    assert source_age(scene(on(15.0, **hand), order=asserted, memory=seen)) is None
    again = replace(seen, reports=1)
    assert source_age(scene(on(15.0, **hand), order=asserted, memory=again)) is Reason.NOVA_FRESH
    unseen = replace(seen, puts=0)
    assert source_age(scene(on(15.0, **hand), order=asserted, memory=unseen)) is Reason.NOVA_FRESH


def test_a_lower_bound_after_an_assertion_is_watched() -> None:
    asserted, seen = order(asserted_at=NOW - 20 * S), on(10.0, age_is_bound=True)
    memory = Memory(owner_since=MonoTime(0), epoch=1, record_value="t0")
    still = replace(memory, record_since=MonoTime(NOW - 15 * S))
    assert source_age(scene(seen, order=asserted, memory=still)) is None
    moving = replace(memory, record_since=MonoTime(NOW - 14 * S))
    assert source_age(scene(seen, order=asserted, memory=moving)) == Pending()


def test_a_lower_bound_tells_as_well_that_the_record_moved_long_after_an_assertion() -> None:
    """Other hosts report every ten seconds, so the record is not much older than it seems."""
    memory = Memory(owner_since=MonoTime(0), epoch=1, record_value="t0", record_since=MonoTime(0))
    asserted = order(asserted_at=NOW - 60 * S)
    for age, answer in ((45.0, None), (44.9, Reason.NOVA_FRESH)):
        assert source_age(scene(on(age, age_is_bound=True), order=asserted, memory=memory)) is answer


def test_a_device_that_reads_on_makes_a_word_one_witness_and_novas_silence_is_the_second() -> None:
    reads_on, reads_nothing = on(60.0), replace(on(60.0), power=PowerState.UNKNOWN)
    given: dict[str, Any] = {"asserted_at": NOW - 20 * S}
    three = Policy(confirm_observers=3)
    assert source_age(scene(reads_on, order=order(**given))) is None
    assert source_age(scene(reads_on, order=order(policy=three, **given))) is Reason.POWER_ON
    agreed = order(policy=three, confirmed_at=NOW, **given)
    assert source_age(scene(reads_on, order=agreed)) is None, "three agree without it"
    assert source_age(scene(reads_nothing, order=order(policy=three, **given))) is None
    assert source_age(scene(reads_on, order=order(policy=three, **given), has_device=False)) is None


def test_stillness_is_looked_for_every_five_seconds_and_when_it_may_be_reached() -> None:
    def until(age: float, said: int | None) -> float:
        given = order(asserted_at=None if said is None else NOW - said * S)
        return (wait_for_stillness(scene(on(age), order=given)).until - NOW) / S

    assert [until(1.0, 1), until(60.0, 12), until(13.5, 60), until(14.9, 60)] == [5.0, 3.0, 1.5, 1.0]
    assert until(11.0, None) == 4.0
    assert wait_for_stillness(scene(look(service=None))).until > NOW


def test_a_lower_bound_is_waited_for_until_the_record_stood_still_for_fifteen_seconds() -> None:
    seen = on(1.0, age_is_bound=True)
    new = Memory(owner_since=MonoTime(0), epoch=1)
    assert source_age(scene(seen)) == Pending()
    young = replace(new, record_value="t0", record_since=MonoTime(NOW - 15 * S + 1))
    assert source_age(scene(seen, memory=young)) == Pending()
    assert source_age(scene(seen, memory=replace(young, record_since=MonoTime(NOW - 15 * S)))) is None
    assert source_age(scene(seen, memory=replace(young, changes=1))) is Reason.NOVA_FRESH
    assert source_age(scene(seen, memory=replace(young, record_value="other"))) == Pending()


def test_a_lower_bound_that_is_old_enough_is_an_age() -> None:
    assert source_age(scene(on(15.0, age_is_bound=True))) is None


def silent(seen: Look, memory: Memory | None = None, **given: Any) -> Blocked | Pending | None:
    memory = memory or Memory(owner_since=MonoTime(0), epoch=1)
    return source_silent(scene(seen, *fenced(), memory=memory, **given))


def test_a_host_whose_power_is_off_and_whose_record_stands_still_is_silent() -> None:
    assert silent(moving()) is None


@pytest.mark.parametrize(
    ("later", "answer"),
    [
        pytest.param(0, None, id="with its guests"),
        pytest.param(1 * S, None, id="a glance"),
        pytest.param(1 * S + 1, Pending(), id="what was seen of its guests is old"),
        pytest.param(-1, Pending(), id="it was not looked at with them"),
    ],
)
def test_effects_on_guests_stand_on_one_look_at_them_and_their_host(
    later: int, answer: Pending | None
) -> None:
    assert silent(moving(row_at=MonoTime(NOW + later))) == answer


def test_an_effect_on_the_host_stands_on_a_look_at_it() -> None:
    assert last_look(scene(look())) is None
    assert last_look(scene(look(row_at=MonoTime(NOW + 60 * S)))) is None
    assert last_look(scene(look(row_at=MonoTime(NOW - 1)))) == Pending()


def test_stillness_is_waited_for_by_glances_at_the_host() -> None:
    seen = look(service=service(age=2.0), row_at=MonoTime(NOW + 4 * S))
    wait = wait_for_stillness(scene(seen))
    assert wait.is_glance and wait.until == NOW + 9 * S


def test_power_that_came_back_holds_and_unknown_power_is_waited_for() -> None:
    answer = silent(moving(power=PowerState.ON))
    assert isinstance(answer, Blocked) and answer.reason is Reason.SOURCE_RETURNED
    assert silent(moving(power=PowerState.UNKNOWN), RECENT) == Pending()
    assert silent(moving(power_at=NOW - 60 * S), RECENT) == Pending()
    assert silent(moving(power=PowerState.UNKNOWN), has_device=False) is None


def test_power_that_cannot_be_read_for_as_long_as_a_fence_may_take_is_told() -> None:
    dark = moving(power=PowerState.UNKNOWN)
    assert silent(dark, replace(RECENT, owner_since=MonoTime(NOW - 60 * S))) == Pending()
    told = silent(dark, replace(RECENT, owner_since=MonoTime(NOW - 60 * S - 1)))
    assert told == Blocked(reason=Reason.FENCE_REFUSED, detail="the power cannot be read any more")
    assert silent(dark, replace(RECENT, owner_since=MonoTime(0), off_at=MonoTime(NOW - 60 * S))) == Pending()
    assert silent(dark, replace(RECENT, owner_since=MonoTime(0), off_at=MonoTime(NOW - 60 * S - 1))) == told


def test_without_a_record_or_a_mark() -> None:
    assert silent(moving(service=None), RECENT) == Pending()
    assert source_silent(scene(look(), *fenced()[:1])) is None


def test_a_record_that_stays_hidden_for_as_long_as_an_evacuation_may_take_is_told() -> None:
    hidden = moving(service=None)
    late = replace(RECENT, owner_since=MonoTime(NOW - 600 * S - 1))
    told = silent(hidden, late)
    assert told == Blocked(reason=Reason.NO_SERVICE, detail="Nova shows no nova-compute service of cmp1")
    assert silent(hidden, replace(late, owner_since=MonoTime(NOW - 600 * S))) == Pending()
    assert silent(hidden, replace(late, record_since=MonoTime(NOW - 600 * S))) == Pending()
    assert silent(hidden, replace(late, record_since=MonoTime(NOW - 600 * S - 1))) == told


def test_a_record_that_moved_once_is_looked_at_again_after_fifteen_seconds() -> None:
    seen = moving(service=service(updated_at="t9", forced_down=True))
    memory = Memory(
        owner_since=MonoTime(0), epoch=1, record_value="t9", record_since=MonoTime(NOW - 15 * S), moves=1
    )
    assert silent(seen, memory) is None
    assert silent(seen, replace(memory, record_since=MonoTime(NOW - 15 * S + 1))) == Pending()
    assert silent(seen, replace(memory, record_value=MARK)) == Pending()
    answer = silent(seen, replace(memory, moves=2))
    assert isinstance(answer, Blocked) and answer.reason is Reason.SOURCE_RETURNED


def test_a_record_that_moved_and_came_back_to_the_mark_stands_where_it_should() -> None:
    assert silent(moving(**downed()), Memory(owner_since=MonoTime(0), epoch=1, moves=2)) is None


def returned(
    said: float | None = None, age: float = 60.0, memory: Memory | None = None, **given: Any
) -> Blocked | Pending | None:
    """What is said of a host without a device whose record left its mark."""
    seen = moving(service=service(updated_at="t9", forced_down=True, age=age))
    watched = Memory(owner_since=MonoTime(0), epoch=1, record_value="t9", record_since=MonoTime(NOW - 60 * S))
    asserted_at = None if said is None else NOW - int(said * S)
    about = order(asserted_at=asserted_at, **given)
    return source_silent(scene(seen, *fenced(), memory=memory or watched, order=about, has_device=False))


def test_a_record_that_left_its_mark_ends_what_the_fence_stood_on() -> None:
    over = Blocked(reason=Reason.SOURCE_RETURNED, detail="Nova's record moved after the force-down")
    assert returned() == over, "nobody vouches any more"
    assert returned(said=600.0) == over, "the word is older than the movement"
    assert returned(said=40.0) is None, "a younger word goes on"
    assert returned(said=10.0) == Pending(), "once the record has stood still after it"
    seen = Memory(
        owner_since=MonoTime(0), epoch=1, puts=1, record_value="t9", record_since=MonoTime(NOW - 60 * S)
    )
    assert returned(said=600.0, memory=seen) is None, "this owner saw somebody's PUT"
    assert returned(said=600.0, memory=replace(seen, record_since=MonoTime(NOW - 14 * S))) == Pending()
    assert returned(said=600.0, memory=replace(seen, reports=1)) == over


def test_where_no_fence_is_asked_for_a_record_that_left_its_mark_must_stand_still_as_long_again() -> None:
    policy = Policy(fence=Fencing.NONE)
    again = returned(age=179.0, policy=policy, confirmed_at=0)
    assert isinstance(again, Blocked) and again.reason is Reason.UNFENCED_WAIT
    assert returned(age=180.0, policy=policy, confirmed_at=0) is None
    nobody = returned(age=180.0, policy=policy)
    assert isinstance(nobody, Blocked) and nobody.reason is Reason.SOURCE_RETURNED


def put(age: float, *, begun: int, **given: Any) -> Situation:
    """A host without a device whose record says forced down; a call of ours began so many seconds ago."""
    call = record(DOWN, StepState.UNSURE, tries=1, begun=NOW - begun * S)
    seen = look(service=service(age=age, forced_down=True, updated_at="t1"), nova_at=MonoTime(NOW))
    facts: dict[str, Any] = {"has_device": False, "order": order(asserted_at=NOW - 600 * S), **given}
    return scene(seen, call, **facts)


def marks(s: Situation) -> Blocked | Pending | None:
    return put_alone(s, step_of(s, DOWN))


WATCHED = Memory(owner_since=MonoTime(0), epoch=1, record_value="t1", record_since=MonoTime(NOW - 15 * S))
RETURNED = Blocked(reason=Reason.SOURCE_RETURNED, detail="Nova's record moved after the force-down")


def test_a_force_down_that_was_answered_has_moved_the_record_itself() -> None:
    def called(ended: int, *accepted: str) -> Memory:
        begun = {DOWN: MonoTime(NOW - ended)}
        return Memory(owner_since=MonoTime(0), epoch=1, begun=begun, accepted=frozenset(accepted))

    assert marks(put(0.0, begun=1, memory=called(2_000, DOWN))) is None
    assert marks(put(0.0, begun=1, memory=called(2_001, DOWN))) == Pending(), "it was looked at late"
    assert marks(put(0.0, begun=1, memory=called(2_000))) == Pending(), "nobody answered"
    assert marks(put(0.0, begun=1)) == Pending(), "an earlier owner called"


def test_a_force_down_without_an_answer_is_watched_for_as_long_as_a_host_that_lives_may_be_silent() -> None:
    assert marks(put(15.0, begun=20, memory=WATCHED)) is None
    assert (
        marks(put(15.0, begun=20, memory=replace(WATCHED, record_since=MonoTime(NOW - 14 * S)))) == Pending()
    )
    assert marks(put(15.0, begun=20, memory=replace(WATCHED, reports=1))) == RETURNED
    assert marks(put(0.0, begun=900, has_device=True, memory=replace(WATCHED, reports=1))) is None, (
        "it is off"
    )


def test_a_record_that_moved_when_no_call_of_ours_can_have_landed_says_that_the_host_returned() -> None:
    assert marks(put(220.0, begun=300, memory=WATCHED)) is None
    assert marks(put(219.9, begun=300, memory=WATCHED)) == RETURNED


def test_a_younger_word_or_new_silence_goes_on_after_a_return() -> None:
    def said(seconds: int, **given: Any) -> Blocked | Pending | None:
        return marks(
            put(60.0, begun=300, memory=WATCHED, order=order(asserted_at=NOW - seconds * S, **given))
        )

    assert [said(62), said(63)] == [None, RETURNED]
    lone = Policy(fence=Fencing.NONE)
    for confirmed, answer in ((300, Reason.UNFENCED_WAIT), (None, Reason.SOURCE_RETURNED)):
        at = None if confirmed is None else NOW - confirmed * S
        silent = order(policy=lone, confirmed_at=at)
        got = marks(put(60.0, begun=300, memory=WATCHED, order=silent))
        assert isinstance(got, Blocked) and got.reason is answer
    assert (
        marks(put(180.0, begun=400, memory=WATCHED, order=order(policy=lone, confirmed_at=NOW - 300 * S)))
        is None
    )


def test_the_pause_after_the_fence_is_kept_also_when_somebodys_put_moves_the_record() -> None:
    pause = order(policy=Policy(settle_after_fence=Millis(60 * S)))
    for since, answer in ((59, Pending()), (60, None)):
        memory = Memory(
            owner_since=MonoTime(0),
            epoch=1,
            record_value="t2",
            record_since=MonoTime(NOW - since * S),
            moves=1,
        )
        moved = moving(service=service(forced_down=True, updated_at="t2", age=50.0))
        assert source_silent(scene(moved, *fenced(), order=pause, memory=memory)) == answer
