"""A host of which a process has failed gets no new guests until it is back, and nobody else's word is overruled."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from kasugai.core.recovering.advance import PROCEDURES, advance
from kasugai.core.recovering.calls import Disable, Enable
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Finish, Next, Pending, Wait
from kasugai.core.recovering.nova_views import ServiceView
from kasugai.core.recovering.planning import operators_word
from kasugai.core.recovering.situation import Memory
from kasugai.core.recovering.steps.kinds import kind_of
from kasugai.core.recovering.steps.services import LONGEST, is_ours, reason_of
from kasugai.core.words.facts import StepRecord, StepState
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import PRODUCTION, MonoTime
from tests.unit.core.guest_scene import (
    DISABLE,
    ENABLE,
    NOW,
    UNDONE,
    begun,
    called,
    done,
    noted,
    opened,
    process_order,
    situation,
    told,
)
from tests.unit.core.makers import INCIDENT, S, record, service
from tests.unit.core.scene import STOP
from tests.unit.core.scene import entry as entry_of

PROCEDURE = PROCEDURES[Kind.PROCESS]
OURS = reason_of("nova-compute", INCIDENT)
THEIRS = "maintenance of rack 7"
UNDO = process_order(undoes=UNDONE)
WROTE = reason_of("nova-compute", UNDONE)
WIRE = PRODUCTION.wire // S


def look(*, enabled: bool = True, why: str = "", **given: Any) -> Look:
    view = service(is_up=True, is_enabled=enabled, disabled_reason=why, **given)
    return Look(at=MonoTime(NOW), nova_at=MonoTime(NOW), service=view)


def ask(seen: Look, *records: StepRecord, order: Any = None, **given: Any) -> Next:
    return advance(situation(seen, *records, order=order or process_order(), **given))


def undo(seen: Look, *records: StepRecord, **given: Any) -> Next:
    return ask(seen, *records, order=UNDO, **given)


def test_the_reason_names_the_process_and_the_incident_and_fits_nova() -> None:
    assert reason_of("nova-compute", INCIDENT) == f"Kasugai: nova-compute failed ({INCIDENT})"
    for process in ("p" * 300, "p" * 200, "ovs vswitchd/agent\n"):
        reason = reason_of(process, INCIDENT)
        assert len(reason) <= LONGEST and reason.endswith(f" failed ({INCIDENT})") and is_ours(reason)


@pytest.mark.parametrize("reason", [THEIRS, "", "Kasugai: host failed.", f"{OURS} (see wiki)", f"see {OURS}"])
def test_other_reasons_are_not_ours(reason: str) -> None:
    assert not is_ours(reason)


def test_a_host_that_a_process_incident_has_disabled_was_disabled_by_no_operator() -> None:
    assert operators_word(Policy(), look(enabled=False, why=OURS)) is None
    assert operators_word(Policy(), look(enabled=False, why=THEIRS)) == THEIRS


def test_the_plan_disables_or_enables_again_and_looks_once_more() -> None:
    assert PROCEDURE.can_plan(Look(at=MonoTime(0)), None)
    for order, key, reason in ((process_order(), DISABLE, OURS), (UNDO, ENABLE, WROTE)):
        plan = situation(look(), order=order).plan
        assert [step.key for step in plan.steps] == [key, "confirm:cmp1"]
        assert plan.steps[0].params == {"reason": reason}
        assert plan.steps[1].needs == (key,)


def test_its_recovery_asks_nothing_of_its_host_s_silence_or_of_other_hosts() -> None:
    s = situation(look(), order=process_order())
    assert PROCEDURE.mark(entry_of(), s.order) == ""
    assert PROCEDURE.silence(s) is None and PROCEDURE.with_hosts(s, ["r1"]) is None
    assert PROCEDURE.first(s) is None
    assert all(PROCEDURE.wants(s, step) for step in s.plan.steps)


# Disable.


def test_an_enabled_service_is_disabled_with_the_reason_that_names_the_incident() -> None:
    s = situation(look(), order=process_order())
    assert begun(advance(s)) == [DISABLE]
    step = s.plan.steps[0]
    begin = Begin(step=step, record=opened(DISABLE))
    effect = kind_of(step.action).effect
    assert effect(s.order, begin, s.look) == Disable(service_id="svc1", reason=OURS)
    assert effect(s.order, begin, Look(at=MonoTime(0))) == Disable(service_id="", reason=OURS)


def test_a_service_that_somebody_has_disabled_stays_as_it_is() -> None:
    assert noted(ask(look(enabled=False, why=THEIRS))) == [(DISABLE, "done", "already")]
    assert noted(ask(look(enabled=False))) == [(DISABLE, "done", "already")]


def test_a_lost_answer_is_known_by_the_reason_that_it_wrote() -> None:
    seen = look(enabled=False, why=OURS)
    assert noted(ask(seen, opened(DISABLE), memory=called(DISABLE, 1))) == [(DISABLE, "done", "")]


def test_a_call_that_may_arrive_is_neither_repeated_nor_overtaken() -> None:
    """It would disable the service again that is enabled as soon as the process is back."""
    for seen, end in ((look(), "absolved"), (look(enabled=False, why=THEIRS), "done")):
        assert isinstance(ask(seen, opened(DISABLE), memory=called(DISABLE, WIRE - 1)), Wait)
        (said,) = noted(ask(seen, opened(DISABLE), memory=called(DISABLE, WIRE)))
        assert said[1] == end


def test_a_new_owner_waits_until_a_dead_one_s_call_has_settled() -> None:
    settle = PRODUCTION.settle

    def new(ago: int) -> Memory:
        return Memory(owner_since=MonoTime(NOW - ago), epoch=2)

    for state in (StepState.STARTED, StepState.UNSURE):
        assert isinstance(ask(look(), opened(DISABLE, state), memory=new(settle - 1)), Wait)
        assert noted(ask(look(), opened(DISABLE, state), memory=new(settle))) == [
            (DISABLE, "absolved", "no trace")
        ]
        assert isinstance(undo(look(), opened(ENABLE, state), memory=new(settle - 1)), Wait)
        assert noted(undo(look(), opened(ENABLE, state), memory=new(settle))) == [(ENABLE, "done", "")]


def test_who_enables_it_in_the_same_second_is_obeyed() -> None:
    answered = opened(DISABLE, StepState.STARTED)
    answer = ask(look(), answered, memory=called(DISABLE, 1, accepted=True))
    assert noted(answer) == [(DISABLE, "done", "enabled-by-others")]


def test_a_look_older_than_the_call_says_nothing() -> None:
    for order, key in ((process_order(), DISABLE), (UNDO, ENABLE)):
        old = called(key, -1, accepted=True)
        s = situation(look(), opened(key, StepState.STARTED), order=order, memory=old)
        assert isinstance(advance(s), Wait)
        assert kind_of(s.plan.steps[0].action).assess(s, s.plan.steps[0]) == Pending()


@pytest.mark.parametrize(
    ("order", "key", "seen"),
    [
        (process_order(), DISABLE, look()),
        (UNDO, ENABLE, look(enabled=False, why=WROTE)),
    ],
)
def test_what_nova_does_not_take_is_told_after_five_tries_of_an_owner(
    order: Any, key: str, seen: Look
) -> None:
    refused = record(key, StepState.ABSOLVED, tries=5, reason="refused")
    answer = ask(seen, refused, order=order)
    assert told(answer) == ("held", "refused", "")
    assert isinstance(answer, Finish) and answer.detail.endswith("cmp1")
    assert begun(ask(seen, replace(refused, epoch=0), order=order)) == [key], "another owner tries for itself"


@pytest.mark.parametrize("order", [process_order(), UNDO])
def test_a_host_that_nova_shows_no_service_of_is_told_by_two_looks(order: Any) -> None:
    gone = Look(at=MonoTime(NOW))
    assert isinstance(ask(gone, order=order), Wait)
    before = Memory(owner_since=MonoTime(0), epoch=1, before=replace(gone, at=MonoTime(NOW - S)))
    assert told(ask(gone, order=order, memory=before)) == ("held", "no-service", "")


# Enable again.


def test_what_our_incident_disabled_is_enabled() -> None:
    s = situation(look(enabled=False, why=WROTE), order=UNDO)
    assert begun(advance(s)) == [ENABLE]
    step = s.plan.steps[0]
    effect = kind_of(step.action).effect
    assert effect(s.order, Begin(step=step, record=opened(ENABLE)), s.look) == Enable(service_id="svc1")
    nothing = Look(at=MonoTime(0))
    assert effect(s.order, Begin(step=step, record=opened(ENABLE)), nothing) == Enable(service_id="")


@pytest.mark.parametrize(
    "seen",
    [
        look(enabled=False, why=THEIRS),
        look(enabled=False),
        look(enabled=False, why=reason_of("nova-compute", UUID(int=7))),
        look(enabled=False, why=WROTE, forced_down=True),
        look(enabled=False, why="Kasugai: host failed."),
    ],
)
def test_what_anybody_else_has_said_since_is_left(seen: Look) -> None:
    assert noted(undo(seen)) == [(ENABLE, "done", "enabled-by-others")]


def test_what_is_enabled_already_needs_nobody() -> None:
    assert noted(undo(look())) == [(ENABLE, "done", "already")]


def test_an_enable_that_may_arrive_is_waited_for_whatever_nova_shows() -> None:
    """It would enable the service again that somebody disables in between."""
    for seen, end in (
        (look(), (ENABLE, "done", "")),
        (look(enabled=False, why=WROTE), (ENABLE, "absolved", "no trace")),
        (look(enabled=False, why=THEIRS), (ENABLE, "done", "enabled-by-others")),
    ):
        assert isinstance(undo(seen, opened(ENABLE), memory=called(ENABLE, WIRE - 1)), Wait)
        assert noted(undo(seen, opened(ENABLE), memory=called(ENABLE, WIRE))) == [end]


# The end.


def test_it_ends_after_a_look_that_is_younger_than_the_call() -> None:
    seen = look(enabled=False, why=OURS)
    assert isinstance(ask(seen, done(DISABLE), memory=called(DISABLE, -1)), Wait)
    assert told(ask(seen, done(DISABLE), memory=called(DISABLE, 1))) == ("finished", "recovered", "recovered")
    assert told(undo(look(), done(ENABLE))) == ("finished", "recovered", "recovered")


@pytest.mark.parametrize(
    ("view", "detail"),
    [
        (None, "enabled by somebody else"),
        (service(is_enabled=True), "enabled by somebody else"),
        (service(is_enabled=False, disabled_reason=THEIRS), f"left as it is: disabled, {THEIRS}"),
        (service(is_enabled=False), "left as it is: disabled, without a reason"),
        (service(is_enabled=False, forced_down=True, disabled_reason="x"), "left as it is: forced down, x"),
    ],
)
def test_what_was_left_to_others_is_told_as_such(view: ServiceView | None, detail: str) -> None:
    left = record(ENABLE, StepState.DONE, reason="enabled-by-others")
    answer = undo(Look(at=MonoTime(NOW), service=view), left)
    assert told(answer) == ("finished", "enabled-by-others", "recovered")
    assert isinstance(answer, Finish) and answer.detail == detail


def test_a_stop_before_the_call_ends_it() -> None:
    assert told(ask(look(), flag=STOP)) == ("finished", "nothing-done", "withdrawn")


@pytest.mark.parametrize("order", [None, UNDO])
def test_a_stop_behind_a_call_that_came_to_nothing_ends_it(order: Any) -> None:
    """A held one would be in the way of the next incident, which undoes what this one did, or does it anew."""
    key = "disable-compute:cmp1" if order is None else "enable-again:cmp1"
    in_vain = record(key, StepState.ABSOLVED, tries=1)
    assert told(ask(look(), in_vain, order=order, flag=STOP)) == ("finished", "nothing-done", "withdrawn")


def test_a_stop_behind_a_call_that_was_carried_out_changes_nothing() -> None:
    done = record("disable-compute:cmp1", StepState.DONE, tries=1)
    assert told(ask(look(enabled=False, why=OURS), done, flag=STOP))[0] == "finished"
    is_open = record("disable-compute:cmp1", StepState.UNSURE, tries=1)
    assert not isinstance(ask(look(), is_open, flag=STOP), Finish)
