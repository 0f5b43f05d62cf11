"""Steps about the source host: fenced by a device's word or an assertion, held for down by Nova, its list believed."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.look import Look, PowerState, list_is_believed
from kasugai.core.recovering.moves import Begin, Blocked, Move, Note, Pending
from kasugai.core.recovering.situation import Memory
from kasugai.core.recovering.steps.fence import FENCE as FENCING
from kasugai.core.recovering.steps.fence import must_be_done_again
from kasugai.core.recovering.steps.force_down import FORCE_DOWN, mark_of
from kasugai.core.recovering.steps.records import blank
from kasugai.core.words.facts import FactKind, StepRecord, StepState
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.policy import Fencing, Policy
from kasugai.core.words.timing import BrokerTime, MonoTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, guest, order, record, service
from tests.unit.core.scene import DOWN, FENCE, MARK, NOW, downed, entry, fenced, look, scene, step_of

ON = look(guest(), power=PowerState.ON)


def fence(seen: Look, *records: StepRecord, **given: Any) -> Move:
    s = scene(seen, *records, **given)
    return FENCING.assess(s, step_of(s, FENCE))


def down(seen: Look, *records: StepRecord, **given: Any) -> Move:
    s = scene(seen, *records, **given)
    return FORCE_DOWN.assess(s, step_of(s, DOWN))


def noted(move: Move) -> tuple[FactKind, str]:
    assert isinstance(move, Note)
    return move.kind, move.record.reason


def blocked(move: Move) -> Reason:
    assert isinstance(move, Blocked)
    return move.reason


def begun(move: Move) -> StepRecord:
    assert isinstance(move, Begin)
    return move.record


def test_power_read_as_off_is_the_fence() -> None:
    assert noted(fence(look())) == (FactKind.DONE, Reason.POWER_OFF)


def test_without_a_device_an_assertion_is_the_fence_and_nothing_else_is() -> None:
    asserted = order(asserted_at=NOW)
    assert noted(fence(ON, has_device=False, order=asserted)) == (FactKind.DONE, Reason.ASSERTED)
    assert blocked(fence(ON, has_device=False)) is Reason.NO_FENCE_DEVICE


def test_a_person_vouches_for_a_host_without_a_device_and_is_named() -> None:
    move = fence(ON, has_device=False, order=order(asserted_at=NOW, vouched_by="ann"))
    assert noted(move) == (FactKind.DONE, Reason.VOUCHED)
    assert isinstance(move, Note) and move.record.notes == {"by": "ann"}


def test_a_person_vouches_for_a_device_that_does_not_answer_and_not_for_one_that_reads_on() -> None:
    vouched = order(asserted_at=NOW, vouched_by="ann")
    silent = look(guest(), power=PowerState.UNKNOWN)
    assert noted(fence(silent, order=vouched)) == (FactKind.DONE, Reason.VOUCHED)
    assert isinstance(fence(ON, order=vouched), Begin)
    assert isinstance(fence(silent, order=order(asserted_at=NOW)), Begin)


def test_a_device_that_cannot_switch_a_host_off_and_reads_on_contradicts_who_vouched() -> None:
    vouched = order(asserted_at=NOW, vouched_by="ann")
    tried = record(FENCE, StepState.ABSOLVED, tries=2)
    memory = Memory(owner_since=MonoTime(0), epoch=1, refusal="device 1: refuses")
    move = fence(ON, tried, order=vouched, memory=memory)
    assert isinstance(move, Blocked) and move.reason is Reason.POWER_ON
    assert move.detail == "ann vouched that it is off, and its power reads on; device 1: refuses"
    assert blocked(fence(ON, tried, memory=memory)) is Reason.FENCE_REFUSED


def test_a_fence_by_a_persons_word_is_over_with_the_word() -> None:
    done = record(FENCE, StepState.DONE, reason="vouched")
    silent = look(guest(), power=PowerState.UNKNOWN)
    vouched = order(asserted_at=NOW, vouched_by="ann")
    assert must_be_done_again(scene(silent, done), done)
    assert not must_be_done_again(scene(silent, done, order=vouched), done)


def test_who_is_asked_to_vouch_is_told_when_nova_last_heard_of_the_host() -> None:
    move = fence(replace(ON, service=service(age=3.4)), has_device=False)
    assert isinstance(move, Blocked) and "(Nova heard of it 3 s ago)" in move.detail


@pytest.mark.parametrize(
    ("agreed", "age", "answer"),
    [
        (180, 180.0, (FactKind.DONE, Reason.UNFENCED)),
        (179.9, 500.0, Reason.UNFENCED_WAIT),
        (500, 179.9, Reason.UNFENCED_WAIT),
        (None, 500.0, Reason.NO_FENCE_DEVICE),
    ],
)
def test_where_no_fence_is_asked_for_long_silence_is_one(
    agreed: float | None, age: float, answer: tuple[FactKind, str] | Reason
) -> None:
    since = None if agreed is None else BrokerTime(NOW - int(agreed * S))
    unfenced = order(policy=Policy(fence=Fencing.NONE), confirmed_at=since)
    seen = replace(ON, service=service(age=age))
    move = fence(seen, has_device=False, order=unfenced)
    assert (noted(move) if isinstance(move, Note) else blocked(move)) == answer
    assert (
        blocked(fence(replace(seen, service=None), has_device=False, order=unfenced))
        is Reason.NO_FENCE_DEVICE
    )
    asked = order(policy=Policy(), confirmed_at=since)
    assert blocked(fence(seen, has_device=False, order=asked)) is Reason.NO_FENCE_DEVICE


def test_with_a_device_an_assertion_does_not_replace_reading_the_power() -> None:
    assert isinstance(fence(ON, order=order(asserted_at=NOW)), Begin)


def test_nothing_is_fenced_before_the_power_was_read() -> None:
    assert fence(look(power=PowerState.UNKNOWN, power_at=None)) == Pending()


def test_a_host_that_is_on_or_unknown_is_switched_off() -> None:
    assert begun(fence(ON)) == record(FENCE, tries=1)
    assert begun(fence(look(power=PowerState.UNKNOWN))) == record(FENCE, tries=1)


def test_a_fence_under_way_is_waited_for_as_long_as_a_dead_owners_could_act() -> None:
    open_step = record(FENCE, tries=1)
    assert fence(ON, open_step, memory=Memory(owner_since=MonoTime(NOW - 90 * S + 1), epoch=2)) == Pending()
    later = fence(ON, open_step, memory=Memory(owner_since=MonoTime(NOW - 90 * S), epoch=2))
    assert noted(later) == (FactKind.ABSOLVED, "no trace")


def test_an_owner_switches_off_twice_and_its_successor_may_again() -> None:
    refused = record(FENCE, StepState.ABSOLVED, reason="fence-refused")
    assert begun(fence(ON, replace(refused, tries=1))).tries == 2
    said = Memory(owner_since=MonoTime(0), epoch=1, refusal="bmc: not allowed; pdu: no answer")
    assert fence(ON, replace(refused, tries=2), memory=said) == Blocked(
        reason=Reason.FENCE_REFUSED, detail="bmc: not allowed; pdu: no answer"
    )
    successor = Memory(owner_since=MonoTime(0), epoch=2)
    assert begun(fence(ON, replace(refused, tries=2), memory=successor)) == record(FENCE, tries=3, epoch=2)


def test_a_step_that_this_owner_has_not_begun_may_begin() -> None:
    assert isinstance(fence(ON, record(FENCE, StepState.ABSOLVED)), Begin)


def test_a_forced_down_record_is_the_state_and_its_time_is_the_mark() -> None:
    found = down(look(**downed()), record(DOWN, tries=1))
    assert isinstance(found, Note) and found.kind is FactKind.DONE
    assert (found.record.notes, found.record.reason) == (FrozenMap({"mark": MARK}), "")


def test_somebody_elses_force_down_is_left_as_it_is() -> None:
    assert noted(down(look(**downed()))) == (FactKind.DONE, "already")
    assert noted(down(look(**downed()), record(DOWN, StepState.ABSOLVED))) == (FactKind.DONE, "already")


def test_a_record_that_is_not_forced_down_is_put_down_again_and_again_up_to_five_times() -> None:
    assert begun(down(look())) == record(DOWN, tries=1, begun=NOW), "a successor asks when it was"
    assert noted(down(look(), record(DOWN, StepState.UNSURE, tries=1))) == (FactKind.ABSOLVED, "no trace")
    assert begun(down(look(), record(DOWN, StepState.ABSOLVED, tries=4))).tries == 5
    assert blocked(down(look(), record(DOWN, StepState.ABSOLVED, tries=5))) is Reason.REFUSED


def test_a_look_from_before_the_call_says_nothing() -> None:
    young = Memory(owner_since=MonoTime(NOW + 1), epoch=1)
    assert down(look(), record(DOWN, tries=1), memory=young) == Pending()
    assert isinstance(down(look(), memory=replace(young, owner_since=MonoTime(NOW))), Begin)
    glanced = look(**downed(), row_at=MonoTime(NOW + 1))
    assert noted(down(glanced, record(DOWN, tries=1), memory=young)) == (FactKind.DONE, "")


def test_a_record_that_is_missing_once_may_be_in_a_silent_cell_and_twice_is_told() -> None:
    gone = look(service=None)
    memory = Memory(owner_since=MonoTime(0), epoch=1)
    assert down(gone) == Pending()
    assert down(gone, memory=replace(memory, before=look())) == Pending()
    assert blocked(down(gone, memory=replace(memory, before=gone))) is Reason.NO_SERVICE


def test_a_record_of_an_earlier_attempt_is_taken_into_this_one() -> None:
    s = scene(ON, record(FENCE, StepState.DONE, tries=1), order=order(attempt=2))
    move = FENCING.assess(s, step_of(s, FENCE))
    assert begun(move) == record(FENCE, tries=1, attempt=2)


def test_the_tries_of_an_earlier_attempt_count_on_only_while_one_of_them_is_unresolved() -> None:
    def tries(state: StepState, attempt: int) -> int:
        s = scene(ON, record(FENCE, state, tries=1), order=order(attempt=attempt))
        return blank(s, step_of(s, FENCE)).tries

    assert [tries(state, 2) for state in (StepState.STARTED, StepState.UNSURE)] == [1, 1]
    assert [tries(state, 2) for state in (StepState.ABSOLVED, StepState.FAILED, StepState.DONE)] == [0, 0, 0]
    assert tries(StepState.ABSOLVED, 1) == 1


def test_the_mark_is_that_of_a_force_down_that_is_done_and_of_no_other() -> None:
    assert mark_of(entry(*fenced()), "cmp1") == MARK
    assert mark_of(entry(*fenced()), "cmp2") == ""
    assert mark_of(entry(record(DOWN, StepState.ABSOLVED, mark=MARK)), "cmp1") == ""
    assert mark_of(entry(record(DOWN, StepState.DONE)), "cmp1") == ""
    assert mark_of(entry(), "cmp1") == ""


def test_a_list_that_shows_somebody_is_believed() -> None:
    assert list_is_believed(look(guest()), None)


def test_an_empty_list_is_believed_twice_in_a_row_with_the_hosts_own_row_before_between_and_after() -> None:
    assert list_is_believed(look(), look())
    assert not list_is_believed(look(), None)
    assert not list_is_believed(look(), look(guest()))
    for silent in (look(service=None), look(service_after=None)):
        assert not list_is_believed(silent, look())
        assert not list_is_believed(look(), silent)
