"""Steps of the operator's own: where they stand, when they are asked and let act, and what is made of their answers."""

from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import pytest

from kasugai.core.recovering.advance import advance, plan_of
from kasugai.core.recovering.look import CustomState, CustomView, Look, PowerState
from kasugai.core.recovering.moves import Act, Finish, Next, Wait
from kasugai.core.recovering.situation import Memory
from kasugai.core.recovering.steps.custom_step import TRIES, Around, about, with_custom
from kasugai.core.words.facts import FactKind, Result, StepRecord, StepState
from kasugai.core.words.plan import Plan
from kasugai.core.words.policy import Policy
from kasugai.core.words.timing import PRODUCTION, MonoTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, guest, order, record
from tests.unit.core.scene import FENCE, NOW, STOP, entry, fenced, look, moving, planned, scene

PLAN = with_custom(planned(), Around(("lock", "tell"), ("ticket",)))
LOCK, TELL, TICKET = "custom-step:lock", "custom-step:tell", "custom-step:ticket"
RECENT = Memory(owner_since=MonoTime(NOW - 5 * S), epoch=1)


def says(state: CustomState, key: str = LOCK, at: int = NOW, detail: str = "") -> dict[str, CustomView]:
    return {key: CustomView(state=state, at=MonoTime(at), detail=detail)}


def ask(seen: Look, *records: StepRecord, plan: Plan = PLAN, **given: Any) -> Next:
    return advance(scene(seen, *records, plan=plan, **{"memory": RECENT, **given}))


def before(**given: Any) -> Look:
    """A look at a host that is on and has not been touched."""
    return look(guest(), power=PowerState.OFF, **given)


def after(**given: Any) -> Look:
    """A look at a host whose guest has left."""
    return moving(read={"g1": guest(host="cmp2")}, **given)


BOTH = (record(LOCK, StepState.DONE, tries=1), record(TELL, StepState.DONE))
REST = (*BOTH, *fenced(), record("evacuate:g1", StepState.DONE, tries=1))


def wanted(answer: Next) -> set[str]:
    assert isinstance(answer, Wait), answer
    return set(answer.custom)


def done(answer: Next) -> list[tuple[str, str]]:
    assert isinstance(answer, Act), answer
    return [(n.step.key, n.kind) for n in answer.notes] + [(b.step.key, "begin") for b in answer.begins]


def end(answer: Next) -> tuple[FactKind, Reason, Result | None]:
    assert isinstance(answer, Finish), answer
    return answer.kind, answer.reason, answer.result


def test_they_stand_around_all_others_and_each_after_the_one_before() -> None:
    keys = [step.key for step in PLAN.steps]
    assert keys == [LOCK, TELL, FENCE, "force-down:cmp1", "evacuate:g1", TICKET, "sweep:cmp1"]
    assert [step.needs for step in PLAN.steps[:2]] == [(), (LOCK,)]


def test_a_name_in_both_places_or_twice_is_done_once_and_before() -> None:
    plan = with_custom(planned(), Around(("lock", "lock"), ("lock", "ticket")))
    assert [step.subject for step in plan.steps if step.action == "custom-step"] == ["lock", "ticket"]


def test_the_policy_of_a_host_names_them() -> None:
    policy = Policy(host_before=("lock",), host_after=("ticket",), instance_before=("other",))
    plan = plan_of(order(policy=policy), look(guest()), entry(), 1)
    assert [step.subject for step in plan.steps if step.action == "custom-step"] == ["lock", "ticket"]


def test_nothing_is_fenced_before_those_before_have_been_asked_at_once() -> None:
    answer = ask(before())
    assert wanted(answer) == {LOCK}
    assert isinstance(answer, Wait) and answer.until == NOW


@pytest.mark.parametrize(
    ("state", "expected"),
    [(CustomState.HOLDS, [(LOCK, FactKind.DONE)]), (CustomState.ABSENT, [(LOCK, "begin")])],
)
def test_its_own_word_says_whether_it_is_done_or_acts(
    state: CustomState, expected: list[tuple[str, str]]
) -> None:
    assert done(ask(before(custom=says(state)))) == expected


def test_the_next_one_comes_when_the_first_is_done_and_then_the_fence() -> None:
    assert wanted(ask(before(), BOTH[0])) == {TELL}
    assert done(ask(before(), *BOTH)) == [(FENCE, FactKind.DONE)]


def test_an_answer_from_before_its_call_counts_for_nothing() -> None:
    begun = replace(RECENT, begun=MappingProxyType({LOCK: MonoTime(NOW - S)}))
    called = record(LOCK, StepState.STARTED, tries=1)
    assert wanted(ask(before(custom=says(CustomState.ABSENT, at=NOW - 2 * S)), called, memory=begun)) == {
        LOCK
    }


def test_a_call_that_may_be_under_way_is_not_made_again_until_it_has_had_its_time() -> None:
    unsure = record(LOCK, StepState.UNSURE, tries=1)
    absent = before(custom=says(CustomState.ABSENT))
    assert wanted(ask(absent, unsure)) == {LOCK}
    long_ago = replace(RECENT, owner_since=MonoTime(NOW - PRODUCTION.settle))
    assert done(ask(absent, unsure, memory=long_ago)) == [(LOCK, FactKind.ABSOLVED)]


def test_what_comes_by_itself_is_waited_for_and_not_for_ever() -> None:
    pending = before(custom=says(CustomState.PENDING))
    assert wanted(ask(pending)) == {LOCK}
    answer = ask(pending, memory=replace(RECENT, owner_since=MonoTime(NOW - PRODUCTION.landing - 1)))
    assert end(answer)[:2] == (FactKind.HELD, Reason.CUSTOM_STEP)


def test_what_is_impossible_holds_the_attempt_with_what_it_said() -> None:
    answer = ask(before(custom=says(CustomState.IMPOSSIBLE, detail="no such zone")))
    assert end(answer)[:2] == (FactKind.HELD, Reason.CUSTOM_STEP)
    assert isinstance(answer, Finish) and answer.detail == "lock: no such zone"


def test_one_that_raised_holds_the_attempt_and_the_next_owner_tries_it_once_more() -> None:
    raised = record(LOCK, StepState.ABSOLVED, tries=1, reason=Reason.CUSTOM_STEP)
    absent = before(custom=says(CustomState.ABSENT))
    told = replace(RECENT, said=MappingProxyType({LOCK: "ValueError: no"}))
    answer = ask(absent, raised, memory=told)
    assert isinstance(answer, Finish) and answer.detail == "lock: ValueError: no"
    assert done(ask(absent, raised, memory=replace(RECENT, epoch=2))) == [(LOCK, "begin")]


def test_an_owner_does_not_let_it_act_for_ever() -> None:
    vain = record(LOCK, StepState.ABSOLVED, tries=TRIES)
    answer = ask(before(custom=says(CustomState.ABSENT)), vain)
    assert end(answer)[:2] == (FactKind.HELD, Reason.CUSTOM_STEP)


def test_those_after_wait_for_all_others_and_then_the_host_is_swept() -> None:
    moved = moving(guest(), read={})
    assert done(ask(moved, *BOTH, *fenced())) == [("evacuate:g1", "begin")]
    called = (*BOTH, *fenced(), record("evacuate:g1", StepState.STARTED, tries=1))
    assert wanted(ask(moved, *called)) == set()
    assert wanted(ask(after(), *REST)) == {TICKET}
    assert done(ask(after(custom=says(CustomState.ABSENT, TICKET)), *REST)) == [(TICKET, "begin")]


def test_one_after_that_is_impossible_holds_the_attempt_although_all_guests_have_moved() -> None:
    answer = ask(after(custom=says(CustomState.IMPOSSIBLE, TICKET)), *REST)
    assert end(answer)[:2] == (FactKind.HELD, Reason.CUSTOM_STEP)


def test_where_nothing_can_be_done_for_the_host_they_are_not_let_act() -> None:
    unwell = before(unwell=frozenset({"placement"}), custom=says(CustomState.ABSENT))
    assert end(ask(unwell))[1] is Reason.CONTROL_PLANE_UNWELL


def test_the_last_look_goes_before_them() -> None:
    """A host whose power reads on and whose record is young has not failed: nothing of anybody's is begun."""
    fresh = replace(before(custom=says(CustomState.ABSENT)), power=PowerState.ON)
    assert fresh.service is not None
    alive = replace(fresh, service=replace(fresh.service, age=1.0))
    assert end(ask(alive))[:2] == (FactKind.VETOED, Reason.NOVA_FRESH)


def test_a_stop_lets_none_begin_and_says_which_have_begun() -> None:
    absent = before(custom=says(CustomState.ABSENT))
    assert end(ask(absent, flag=STOP)) == (FactKind.FINISHED, Reason.NOTHING_DONE, Result.WITHDRAWN)
    answer = ask(before(custom=says(CustomState.ABSENT, TELL)), BOTH[0], flag=STOP)
    assert isinstance(answer, Finish) and answer.detail == "but for custom steps: lock"


def test_they_are_no_effect_on_the_host() -> None:
    from kasugai.core.recovering.ledger import Entry, apply
    from tests.unit.core.makers import INCIDENT, fact

    adopted = apply(Entry(incident=INCIDENT), fact(FactKind.ADOPTED, epoch=1))
    begun = apply(adopted, fact(FactKind.STARTED, epoch=1, step=record(LOCK, StepState.STARTED, tries=1)))
    assert LOCK in begun.steps
    assert not begun.effects and not begun.has_begun(1)


def test_it_is_told_whom_the_recovery_is_about() -> None:
    told = about(order())
    assert (told["kind"], told["host"], told["detail"]) == ("host", "cmp1", "")
    assert set(told) == {"incident", "attempt", "segment", "kind", "host", "detail", "opened_at"}
    assert datetime.fromisoformat(told["opened_at"]).timestamp() * 1000 == order().opened_at
