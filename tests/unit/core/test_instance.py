"""A guest that is said to have failed: what Nova shows decides whether it is restarted, and why not if not."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.advance import PROCEDURES, advance
from kasugai.core.recovering.choosing import left_alone
from kasugai.core.recovering.moves import Finish, Next, Wait
from kasugai.core.recovering.nova_views import AggregateView, By, GuestView, ImageView
from kasugai.core.recovering.states import NOT_RESTARTED, RESTARTED, VM_STATES
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import StepRecord, StepState
from kasugai.core.words.plan import Plan
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import PRODUCTION, BrokerTime, MonoTime, NovaTime
from tests.unit.core.guest_scene import (
    CONFIRM,
    MIGRATE,
    NOW,
    POLICY,
    SEEN_AT,
    START,
    STOP,
    asked,
    begun,
    called,
    done,
    guest_order,
    noted,
    opened,
    seen,
    situation,
    told,
    web,
)
from tests.unit.core.makers import S, record, service
from tests.unit.core.scene import GO
from tests.unit.core.scene import STOP as STOPPED
from tests.unit.core.scene import entry as entry_of

PROCEDURE = PROCEDURES[Kind.INSTANCE]
WITHDRAWN = "withdrawn"
STOPPED_BY_NOVA = asked("stop", By.NOVA, 1.0)


def ask(view: GuestView | None = None, *actions: Any, **given: Any) -> Next:
    """The answer about an untouched guest."""
    return advance(situation(seen(view, *actions), **given))


def detail(answer: Next) -> str:
    assert isinstance(answer, Finish)
    return answer.detail


def keys(plan: Plan) -> list[str]:
    return [step.key for step in plan.steps]


# The plan.


def test_a_plan_stands_on_the_guest_s_own_record_and_nova_s_account_of_it() -> None:
    can = PROCEDURE.can_plan
    assert can(seen(), None)
    assert not can(seen(read={}), None)
    assert not can(seen(actions=None), None)
    assert can(seen(read={"g1": None}, actions=None), None), "who is gone has no account"


def test_a_guest_is_stopped_started_and_looked_at_and_moved_where_its_budget_says_so() -> None:
    plan = situation().plan
    assert keys(plan) == [STOP, START, "confirm:g1"]
    assert [step.needs for step in plan.steps] == [(), (STOP,), (START,)]
    assert {step.name for step in plan.steps} == {"web"}
    moved = situation(order=guest_order(relocates=True)).plan
    assert keys(moved) == [STOP, MIGRATE, CONFIRM, START, "confirm:g1"]


@pytest.mark.parametrize("key", [MIGRATE, CONFIRM])
def test_a_move_that_was_begun_is_part_of_every_later_attempt(key: str) -> None:
    assert MIGRATE in keys(situation(None, opened(key)).plan)


def test_a_guest_that_is_gone_has_a_plan_without_a_name() -> None:
    plan = situation(seen(read={"g1": None})).plan
    assert {step.name for step in plan.steps} == {""}


# Untouched: what speaks against a restart.


def test_a_guest_that_should_run_is_stopped_first_whatever_nova_holds_it_for() -> None:
    assert begun(ask()) == [STOP]
    assert begun(ask(web(vm_state="error"))) == [STOP]


def test_a_guest_that_nova_has_stopped_is_started_at_once() -> None:
    view = web(vm_state="stopped", power_state=4)
    assert noted(ask(view, STOPPED_BY_NOVA)) == [(STOP, "done", "already")]
    s = situation(seen(view, STOPPED_BY_NOVA), record(STOP, StepState.DONE, reason="already"))
    assert begun(advance(s)) == [START]


@pytest.mark.parametrize("gone", [None, web(deleted=True)])
def test_a_guest_that_is_gone_is_no_failure(gone: GuestView | None) -> None:
    s = situation(seen(read={"g1": gone}, actions=None))
    assert told(advance(s)) == ("finished", "guest-gone", WITHDRAWN)


@pytest.mark.parametrize("host", ["cmp2", ""])
def test_a_guest_that_has_moved_is_not_the_one_that_was_reported(host: str) -> None:
    answer = ask(web(host=host))
    assert told(answer) == ("finished", "guest-elsewhere", WITHDRAWN)
    assert detail(answer) == f"web is on {host or 'no host'}"


@pytest.mark.parametrize("state", [*NOT_RESTARTED, "frozen"])
def test_a_state_that_a_restart_would_harm_or_cannot_help_is_left_with_a_sentence_of_its_own(
    state: str,
) -> None:
    answer = ask(web(vm_state=state, host="" if "shelved" in state else "cmp1"))
    assert told(answer) == ("finished", "guest-state", WITHDRAWN)
    assert detail(answer).startswith("web: ") and (state in detail(answer) or state in NOT_RESTARTED)


def test_every_vm_state_is_restarted_or_left_with_a_reason() -> None:
    assert set(VM_STATES) == {*RESTARTED, *NOT_RESTARTED}


def test_a_guest_that_its_user_has_stopped_is_left_and_his_word_is_told() -> None:
    stop = asked("stop", ago=30.0)
    answer = ask(web(vm_state="stopped"), STOPPED_BY_NOVA, stop)
    assert told(answer) == ("finished", "users-wish", WITHDRAWN)
    assert detail(answer) == f"web: its user asked for stop ({stop.request})"
    assert detail(ask(web(), replace(stop, request=""))) == "web: its user asked for stop"


def test_a_stopped_guest_of_which_nova_knows_nobody_s_word_is_left() -> None:
    answer = advance(situation(seen(web(vm_state="stopped"), actions=(STOPPED_BY_NOVA,))))
    assert told(answer) == ("finished", "users-wish", WITHDRAWN)
    assert "does not say who" in detail(answer)


def test_a_wish_is_obeyed_while_its_task_is_under_way() -> None:
    answer = ask(web(task_state="powering-off"), asked("stop", ago=0.0))
    assert told(answer) == ("finished", "users-wish", WITHDRAWN)


@pytest.mark.parametrize("task", ["rebooting_hard", "powering-off", "image_snapshot", "of a newer Nova"])
def test_a_task_is_waited_for_and_told_if_it_does_not_end(task: str) -> None:
    s = situation(seen(web(task_state=task), asked("reboot", ago=6.0)))
    young = replace(s, memory=replace(s.memory, owner_since=MonoTime(NOW - 600 * S)))
    answer = advance(young)
    assert isinstance(answer, Wait) and answer.reads == {"g1"} and answer.actions
    old = replace(s, memory=replace(s.memory, owner_since=MonoTime(NOW - 600 * S - 1)))
    assert told(advance(old)) == ("held", "guest-busy", "")
    assert detail(advance(old)) == f"web is {task}"


def test_a_place_that_others_wait_for_is_not_kept_for_a_task() -> None:
    """Nothing was called: correlate asks again, sooner or later."""
    s = situation(seen(web(task_state="rebooting"), asked("reboot", ago=6.0)), crowded=True)
    waits = replace(s, memory=replace(s.memory, owner_since=MonoTime(NOW - PRODUCTION.decision_ttl)))
    assert isinstance(advance(waits), Wait)
    longer = replace(waits, memory=replace(s.memory, owner_since=MonoTime(NOW - PRODUCTION.decision_ttl - 1)))
    assert told(advance(longer)) == ("vetoed", "guest-busy", "")
    assert isinstance(advance(replace(longer, crowded=False)), Wait)
    touched_before = replace(longer, entry=replace(longer.entry, effects=True))
    assert isinstance(advance(touched_before), Wait), "a veto says that nothing was called"


def test_a_user_s_reboot_around_that_time_is_its_cause() -> None:
    reboot = asked("reboot", ago=8.0)
    answer = ask(web(), reboot)
    assert told(answer) == ("finished", "users-doing", WITHDRAWN)
    assert detail(answer) == f"web: its user asked for reboot ({reboot.request}) at that time"
    assert begun(ask(web(), asked("reboot", ago=60.0))) == [STOP]


def test_a_guest_that_was_started_since_is_not_stopped_for_an_old_report() -> None:
    start = asked("start", ago=2.0)
    answer = ask(web(), start)
    assert told(answer) == ("finished", "restarted-since", WITHDRAWN)
    assert detail(answer) == f"web: start ({start.request}), by others"
    built = ask(web(launched_at=NovaTime(NOW + S)))
    assert told(built) == ("finished", "restarted-since", WITHDRAWN)


def test_a_monitor_that_reports_our_own_stop_makes_no_circle_and_a_guest_that_fails_again_does() -> None:
    ours = (asked("start", By.US, 6.0), asked("stop", By.US, 7.0))
    assert told(ask(web(), *ours))[1] == "restarted-since"
    earlier = (asked("start", By.US, 9.0), asked("stop", By.US, 10.0))
    assert begun(ask(web(), *earlier)) == [STOP]


def test_a_guest_that_nova_has_stopped_since_is_down_whoever_started_it() -> None:
    view = web(vm_state="stopped")
    for doing in (asked("start", ago=3.0), asked("reboot", ago=6.0)):
        assert noted(ask(view, STOPPED_BY_NOVA, doing)) == [(STOP, "done", "already")]


def test_without_the_time_of_the_sign_that_of_the_incident_counts() -> None:
    reboot, order = asked("reboot", ago=8.0), guest_order(seen_at=None, opened_at=BrokerTime(SEEN_AT))
    assert told(ask(web(), reboot, order=order))[1] == "users-doing"
    assert begun(ask(web(), reboot, order=replace(order, opened_at=BrokerTime(NOW + 60 * S)))) == [STOP]


def test_only_marked_guests_are_restarted_unless_the_segment_says_all() -> None:
    marks_only = guest_order(policy=Policy())
    answer = ask(order=marks_only)
    assert told(answer) == ("finished", "not-marked", WITHDRAWN)
    assert detail(answer) == "web has no HA_Enabled mark, and restart-all is off"
    assert begun(ask(web(metadata={"HA_Enabled": "yes"}), order=marks_only)) == [STOP]
    assert begun(ask(web(extra_specs={"HA_Enabled": "1"}), order=marks_only)) == [STOP]
    racks = (
        AggregateView(aggregate_id=1, name="a", hosts=frozenset({"cmp1"}), metadata={"HA_Enabled": "1"}),
    )
    assert begun(advance(situation(seen(aggregates=racks), order=marks_only))) == [STOP]


def test_an_image_s_mark_counts_where_images_are_asked() -> None:
    look = seen(web(image="i1"), images={"i1": ImageView(properties={"HA_Enabled": "1"})})
    asks = guest_order(policy=Policy(image_words=True))
    assert begun(advance(situation(look, order=asks))) == [STOP]
    assert told(advance(situation(look, order=guest_order(policy=Policy()))))[1] == "not-marked"


def test_that_all_guests_are_evacuated_does_not_mean_that_all_are_restarted() -> None:
    assert left_alone(web(), Policy(evacuate_all=True), seen(), "cmp1") == "not-marked"
    assert left_alone(web(), Policy(evacuate_all=False, restart_all=True), seen(), "cmp1") == ""


@pytest.mark.parametrize(
    ("view", "policy", "why"),
    [
        (web(project="p1"), replace(POLICY, exclude_projects=("p1",)), "excluded-project"),
        (web(name="amphora-01234567-89ab-cdef-0123-456789abcdef"), POLICY, "excluded-name"),
        (web(tags=("mine",)), replace(POLICY, exclude_tags=("mine",)), "excluded-tag"),
        (web(vm_state="error"), replace(POLICY, ignore_error_guests=True), "in-error"),
    ],
)
def test_a_guest_that_the_policy_excludes_is_left(view: GuestView, policy: Policy, why: str) -> None:
    answer = ask(view, order=guest_order(policy=policy))
    assert told(answer) == ("finished", "guest-left", WITHDRAWN)
    assert detail(answer) == f"{view.name}: {why}"


def test_marks_are_read_for_the_first_effect_and_never_again() -> None:
    """Whoever goes on with an incident that was begun looks at no aggregates, which may be all that marks the guest."""
    absolved = record(STOP, StepState.ABSOLVED, tries=1, reason="away")
    assert begun(advance(situation(seen(), absolved, order=guest_order(policy=Policy())))) == [STOP]


def test_what_a_policy_needs_to_know_of_a_project_is_asked_for_first() -> None:
    asks = guest_order(policy=replace(POLICY, exclude_project_tags=("cattle",)))
    answer = ask(web(project="p1"), order=asks)
    assert isinstance(answer, Wait) and answer.words and answer.actions
    tagged = seen(web(project="p1"), project_tags={"p1": ("cattle",)})
    assert told(advance(situation(tagged, order=asks)))[1] == "guest-left"


@pytest.mark.parametrize(
    ("view", "says"),
    [
        (None, "shows no compute service of cmp1"),
        (service(is_up=False), "holds the compute service for down of cmp1"),
        (service(is_up=True, forced_down=True), "holds the compute service for down of cmp1"),
    ],
)
def test_nothing_is_started_on_a_host_that_is_down_and_correlate_decides_anew(view: Any, says: str) -> None:
    s = situation(seen(service=view))
    assert told(advance(s)) == ("vetoed", "host-not-up", "")
    assert says in detail(advance(s))


def test_a_disabled_service_is_up() -> None:
    assert begun(advance(situation(seen(service=service(is_up=True, is_enabled=False))))) == [STOP]


def test_a_locked_guest_is_restarted_like_any_other() -> None:
    assert begun(ask(web(locked=True))) == [STOP]


def test_an_old_decision_starts_nothing() -> None:
    answer = ask(order=guest_order(decided_at=BrokerTime(NOW - 30 * S - 1)))
    assert told(answer) == ("vetoed", "decision-stale", "")


def test_a_stop_before_anything_was_done_ends_it_also_while_a_task_is_under_way() -> None:
    for view in (web(), web(task_state="rebooting")):
        assert told(ask(view, flag=STOPPED)) == ("finished", "nothing-done", WITHDRAWN)
    assert begun(ask(flag=GO)) == [STOP]


# What a look has to show.


def test_a_look_without_the_guest_or_its_account_is_taken_again_with_both() -> None:
    for look in (seen(read={}), seen(actions=None)):
        answer = advance(replace(situation(), look=look))
        assert isinstance(answer, Wait) and answer.reads == {"g1"} and answer.actions


@pytest.mark.parametrize(
    ("records", "memory", "wanted"),
    [
        ([opened(STOP, StepState.STARTED)], called(STOP, 1, accepted=True), True),
        ([done(STOP), opened(START, StepState.STARTED)], called(START, 1, in_flight=True), False),
        ([done(STOP), opened(START, StepState.STARTED)], called(START, 1, accepted=True), False),
        ([done(STOP), opened(START)], called(START, 1, accepted=True), True),
        ([done(STOP), opened(START)], called(START, 1), True),
    ],
)
def test_the_account_is_asked_for_until_the_start_is_known_to_be_on_its_way(
    records: list[StepRecord], memory: Any, wanted: bool
) -> None:
    task = web(vm_state="stopped" if len(records) > 1 else "active", task_state="powering-on")
    answer = advance(situation(seen(task), *records, memory=memory))
    assert isinstance(answer, Wait)
    assert (answer.actions, answer.reads) == (wanted, frozenset({"g1"}))


# Touched: a user's word meanwhile is obeyed.


def touched(view: GuestView, *actions: Any, **given: Any) -> Next:
    """The answer about a guest that we have stopped."""
    ours = asked("stop", By.US, 2.0)
    return advance(situation(seen(view, *actions, ours), done(STOP), **given))


OFF = web(vm_state="stopped", power_state=4)


def test_who_was_stopped_by_us_is_started() -> None:
    assert begun(touched(OFF)) == [START]


@pytest.mark.parametrize("word", ["stop", "shelve", "rescue", "delete"])
def test_a_user_who_wants_it_off_meanwhile_is_obeyed(word: str) -> None:
    answer = touched(OFF, asked(word, ago=0.0))
    assert told(answer) == ("finished", "users-wish", WITHDRAWN)
    assert detail(answer).endswith("meanwhile")


def test_a_user_who_starts_it_meanwhile_is_not_stopped_again_in_this_attempt_or_the_next() -> None:
    for order in (guest_order(), guest_order(attempt=2)):
        answer = touched(web(), asked("start", ago=0.0), order=order)
        assert told(answer) == ("finished", "restarted-since", WITHDRAWN)


ELSEWHERE = web(vm_state="stopped", power_state=4, host="cmp2")
LIVES: Any = {"others": {"cmp2": service(host="cmp2", is_up=True)}}


def test_who_was_stopped_by_us_and_brought_elsewhere_is_started_there() -> None:
    ours = asked("stop", By.US, 2.0)
    down = seen(ELSEWHERE, ours, service=service(is_up=False), **LIVES)
    assert begun(advance(situation(down, done(STOP)))) == [START]


def test_the_host_that_a_guest_was_moved_to_is_looked_at_before_it_is_started_there() -> None:
    """Correlate has asked whether the host that the report names is well, and knows of no other."""
    answer = ask(ELSEWHERE, STOPPED_BY_NOVA)
    assert isinstance(answer, Wait) and answer.hosts == {"cmp2"} and answer.until == NOW, "at once"


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (
            {"others": {"cmp2": service(host="cmp2", is_up=False)}},
            "Nova holds the compute service for down of cmp2",
        ),
        ({"others": {"cmp2": service(host="cmp2", is_up=True, forced_down=True)}}, "for down of cmp2"),
        ({"others": {"cmp2": None}}, "Nova shows no compute service of cmp2"),
        (LIVES | {"recovering": frozenset({"cmp2"})}, "cmp2, where it is now, is being recovered"),
    ],
)
def test_nobody_is_started_on_another_host_that_is_down_or_being_recovered(shown: Any, why: str) -> None:
    answer = advance(situation(seen(ELSEWHERE, STOPPED_BY_NOVA, **shown)))
    assert told(answer) == ("vetoed", "host-not-up", "") and why in detail(answer)
    ours = advance(situation(seen(ELSEWHERE, asked("stop", By.US, 2.0), **shown), done(STOP)))
    assert told(ours) == ("held", "host-not-up", ""), "whom we have stopped somebody has to know of"


def test_of_a_guest_that_has_no_host_nobody_asks_nova_about_one() -> None:
    """Nova would tell of all services of the deployment."""
    stopped, ours = web(vm_state="stopped", power_state=4, host=""), asked("stop", By.US, 2.0)
    held = advance(situation(seen(stopped, ours), done(STOP)))
    assert told(held) == ("held", "host-not-up", "") and "its host, for it has none" in detail(held)
    shelved = web(vm_state="shelved_offloaded", power_state=4, host="")
    answer = advance(situation(seen(shelved, ours), opened(STOP), memory=called(STOP, 1)))
    assert isinstance(answer, Wait) and answer.hosts == frozenset()


def test_whom_its_hosts_recovery_has_brought_back_running_is_not_stopped_again() -> None:
    """Its host died with our start in its queue, which was taken for what its user wants."""
    assert told(touched(web(host="cmp2"))) == ("finished", "guest-elsewhere", WITHDRAWN)


def test_who_was_left_stopped_elsewhere_by_its_hosts_recovery_is_started_there() -> None:
    """Nova had stopped it by itself, and was not asked whose wish that was."""
    there = seen(ELSEWHERE, STOPPED_BY_NOVA, **LIVES)
    assert noted(advance(situation(there))) == [(STOP, "done", "already")]


def test_a_stop_behind_a_call_that_came_to_nothing_is_told_before_anything_is_concluded() -> None:
    """The host's own recovery is under way: where the guest is by now is not where it will be."""
    record_of_it = record(STOP, StepState.ABSOLVED, tries=1)
    s = situation(seen(web(host="cmp2")), record_of_it, flag=STOPPED)
    assert told(advance(s)) == ("held", "stopped", "")


def test_a_host_that_goes_down_after_the_stop_holds_it() -> None:
    down = seen(OFF, asked("stop", By.US, 2.0), service=service(is_up=False))
    assert told(advance(situation(down, done(STOP)))) == ("held", "host-not-up", "")


def test_a_guest_that_is_deleted_in_the_middle_ends_it() -> None:
    look = seen(read={"g1": None}, actions=None)
    assert told(advance(situation(look, done(STOP)))) == ("finished", "guest-gone", WITHDRAWN)
    s = situation(look, opened(STOP, StepState.STARTED), memory=called(STOP, 1, in_flight=True))
    assert isinstance(advance(s), Wait), "its call is under way"


def test_a_stop_after_the_guest_was_stopped_is_told_and_starts_nothing() -> None:
    for view in (OFF, web(vm_state="stopped", task_state="rebooting")):
        assert told(touched(view, flag=STOPPED)) == ("held", "stopped", "")


def test_a_stop_does_not_forget_a_call_that_may_be_under_way() -> None:
    under_way = situation(seen(web()), opened(STOP), memory=called(STOP, 1), flag=STOPPED)
    assert isinstance(advance(under_way), Wait)
    started = situation(seen(web()), done(STOP), done(START), flag=STOPPED)
    assert told(advance(started)) == ("finished", "recovered", "recovered")


def test_who_was_brought_elsewhere_as_stopped_after_a_stop_of_ours_in_vain_is_started_there() -> None:
    """Its host died with our stop in its queue, and the recovery of the host left the guest off, as it was asked."""
    in_vain = record(STOP, StepState.ABSOLVED, tries=1, reason="no effect")
    down = service(is_up=False)
    ours = asked("stop", By.US, 2.0)
    s = situation(seen(ELSEWHERE, ours, service=down, **LIVES), in_vain)
    assert noted(advance(s)) == [(STOP, "done", "")]
    there = seen(ELSEWHERE, ours, **LIVES)
    assert noted(advance(situation(there))) == [(STOP, "done", "already")], (
        "whoever stopped it: its user wants it to run"
    )
    awake = seen(web(host="cmp2"), ours)
    assert told(advance(situation(awake, in_vain)))[1] == "guest-elsewhere"


def test_while_a_call_may_be_under_way_it_is_resolved_before_any_word() -> None:
    word = asked("shelve", ago=0.0)
    s = situation(seen(OFF, word), done(STOP), opened(MIGRATE), memory=called(MIGRATE, 1))
    assert isinstance(advance(s), Wait)
    s = situation(seen(OFF, actions=None), opened(STOP), memory=called(STOP, 1))
    assert isinstance(advance(s), Wait)


def test_a_call_that_left_no_effect_leaves_the_guest_untouched() -> None:
    absolved = record(STOP, StepState.ABSOLVED, tries=1, reason="away")
    s = situation(seen(web(), asked("start", ago=1.0)), absolved)
    assert told(advance(s)) == ("finished", "restarted-since", WITHDRAWN)


def test_an_own_start_of_this_incident_that_came_to_nothing_answers_nothing() -> None:
    failed = record(START, StepState.FAILED, tries=3, reason="no effect", attempt=1)
    ours = asked("start", By.US, 1.0)
    s = situation(seen(web(vm_state="error"), ours), failed, order=guest_order(attempt=2))
    assert begun(advance(s)) == [STOP]


# The end.


def ending(view: GuestView, **given: Any) -> Next:
    return advance(situation(seen(view), done(STOP), done(START), **given))


def test_a_guest_that_runs_at_last_is_recovered() -> None:
    assert told(ending(web())) == ("finished", "recovered", "recovered")


def test_the_last_look_is_younger_than_the_last_call_and_sees_no_task() -> None:
    assert isinstance(ending(web(), memory=called(START, -1)), Wait)
    assert isinstance(ending(web(task_state="rebooting"), memory=called(START, 600)), Wait)
    assert told(ending(web(task_state="rebooting"), memory=called(START, 601)))[1] == "recovered"


def test_a_guest_that_is_down_again_is_told_as_failed() -> None:
    answer = ending(web(vm_state="stopped"))
    assert told(answer) == ("finished", "partial-failure", "failed")
    assert detail(answer) == "web was started, and is stopped again"


def test_a_step_that_failed_is_the_attempt_s_failure() -> None:
    failed = record(START, StepState.FAILED, tries=3, reason="refused")
    s = situation(seen(OFF, asked("stop", By.US, 2.0)), done(STOP), failed)
    answer = advance(s)
    assert told(answer) == ("finished", "partial-failure", "failed")
    assert detail(answer) == "web: refused"


def test_a_guest_s_recovery_asks_nothing_of_its_host_s_silence_or_of_other_hosts() -> None:
    s = situation()
    assert PROCEDURE.mark(entry_of(), s.order) == ""
    assert PROCEDURE.silence(s) is None and PROCEDURE.with_hosts(s, ["r1"]) is None
    assert all(PROCEDURE.wants(s, step) for step in s.plan.steps)
    assert {step.action for step in s.plan.steps} == {Action.STOP, Action.START, Action.CONFIRM}
