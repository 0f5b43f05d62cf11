"""The steps of a host's return: what each waits for, what it calls, and what it leaves to others."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.advance import advance
from kasugai.core.recovering.look import Look, PowerState
from kasugai.core.recovering.moves import Next, Wait
from kasugai.core.recovering.nova_views import By, ServiceView
from kasugai.core.recovering.situation import Memory, Situation
from kasugai.core.words.facts import StepRecord, StepState
from kasugai.core.words.incident import Open, OutOfService
from kasugai.core.words.policy import HostReturn, Policy
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime, MonoTime
from tests.unit.core.guest_scene import NOW, asked, begun, done, guest_order, noted, situation, told
from tests.unit.core.makers import HOST, S, guest, migration, record, service, uuid_of
from tests.unit.core.scene import STOP

WROTE = "Kasugai: host failed."
POWER_ON, REENABLE, START, RETIRE = (
    f"power-on:{HOST}",
    f"re-enable:{HOST}",
    "start-again:g1",
    f"retire:{HOST}",
)


def order(word: HostReturn = HostReturn.WAIT, **given: Any) -> Open:
    """Return the Open of cmp1's return, which is back."""
    usual: dict[str, Any] = {
        "kind": Kind.HOST,
        "named": "",
        "policy": Policy(host_return=word),
        "undoes": uuid_of(77),
        "service": OutOfService(wrote=WROTE),
        "back_at": BrokerTime(NOW - 10 * S),
    }
    return guest_order(**{**usual, **given})


def ours(**given: Any) -> ServiceView:
    """Return Nova's record of cmp1 as our force-down left it; nova-compute reports."""
    usual = {"is_enabled": False, "forced_down": True, "disabled_reason": WROTE, "age": 1.0}
    return service(**{**usual, **given})


def seen(view: ServiceView | None = None, **given: Any) -> Look:
    shown = ours() if view is None else view
    usual: dict[str, Any] = {"at": MonoTime(NOW), "nova_at": MonoTime(NOW), "service": shown}
    return Look(**{**usual, **given})


def owner(*, reports: int = 1, ago: int = 60, **given: Any) -> Memory:
    """Return an owner's memory that has seen nova-compute report so often."""
    usual: dict[str, Any] = {
        "owner_since": MonoTime(NOW - ago * S),
        "epoch": 1,
        "reports": reports,
        "before": seen(),
    }
    return Memory(**{**usual, **given})


def scene(look: Look | None = None, *records: StepRecord, **given: Any) -> Situation:
    return situation(look or seen(), *records, **{"order": order(), "memory": owner(), **given})


def waits(answer: Next) -> Wait:
    assert isinstance(answer, Wait), answer
    return answer


def test_a_host_that_reports_and_has_cleaned_up_is_taken_back() -> None:
    assert begun(advance(scene(seen(migrations={"g1": (migration(1, status="completed"),)})))) == [REENABLE]


def test_it_ends_when_nova_shows_the_host_as_it_was() -> None:
    is_open = ours(is_enabled=True, forced_down=False, disabled_reason="", is_up=True)
    assert noted(advance(scene(seen(is_open)))) == [(REENABLE, "done", "already")]
    assert told(advance(scene(seen(is_open), done(REENABLE)))) == ("finished", "host-back", "recovered")


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(seen(ours(age=16.0)), id="an old report"),
        pytest.param(seen(migrations={"g1": (migration(1, status="done"),)}), id="not cleaned up"),
        pytest.param(seen(migrations={"g1": (migration(1, status="accepted"),)}), id="an open evacuation"),
    ],
)
def test_what_is_not_ready_is_waited_for_and_then_told(look: Look) -> None:
    waits(advance(scene(look)))
    kind, reason, _ = told(advance(scene(look, memory=owner(ago=700))))
    assert kind == "held" and reason in ("host-away", "evacuation-open")


def test_a_record_that_nobody_saw_move_proves_no_nova_compute() -> None:
    waits(advance(scene(memory=owner(reports=0))))


def test_a_host_that_was_not_restarted_is_not_taken_back() -> None:
    assert told(advance(scene(order=order(back_at=None))))[:2] == ("held", "host-away")


def test_one_that_this_return_has_switched_on_was_restarted() -> None:
    switched = order(HostReturn.POWER_ON, back_at=None)
    on = seen(power=PowerState.ON, power_at=MonoTime(NOW))
    assert begun(advance(scene(on, done(POWER_ON), order=switched))) == [REENABLE]
    was_on = done(POWER_ON, tries=0, reason="already")
    assert told(advance(scene(on, was_on, order=switched)))[:2] == ("held", "host-away")


@pytest.mark.parametrize(
    ("view", "left"),
    [
        (ours(disabled_reason="rack 7"), OutOfService(wrote=WROTE)),
        (ours(is_enabled=True, disabled_reason=""), OutOfService(wrote=WROTE)),
        (ours(), None),
        (ours(), OutOfService(wrote="another policy's words")),
    ],
)
def test_what_somebody_else_decided_is_left(view: ServiceView, left: OutOfService | None) -> None:
    answer = advance(scene(seen(view), order=order(service=left)))
    assert noted(answer) == [(REENABLE, "done", "enabled-by-others")]


def test_what_an_operator_had_disabled_before_stays_so_for_his_reason() -> None:
    about = order(service=OutOfService(wrote=WROTE, before="rack 7"))
    assert begun(advance(scene(order=about))) == [REENABLE]
    kept = ours(forced_down=False, disabled_reason="rack 7", is_up=True)
    assert noted(advance(scene(seen(kept), order=about))) == [(REENABLE, "done", "already")]


def test_a_call_that_may_still_arrive_is_waited_for() -> None:
    lost = record(REENABLE, StepState.UNSURE, tries=1)
    waits(advance(scene(seen(), lost)))
    assert noted(advance(scene(seen(), lost, memory=owner(ago=200)))) == [(REENABLE, "absolved", "no trace")]


OFF: dict[str, Any] = {"power": PowerState.OFF, "power_at": MonoTime(NOW)}


def switching(look: Look, *records: StepRecord, **given: Any) -> Situation:
    made = scene(look, *records, order=order(HostReturn.POWER_ON, back_at=None))
    return replace(made, **{"has_device": True, **given})


def test_a_host_that_is_off_is_switched_on() -> None:
    assert begun(advance(switching(seen(**OFF)))) == [POWER_ON]


def test_not_while_a_guest_of_an_open_evacuation_is_there() -> None:
    records = {"g1": (migration(1, status="accepted"),)}
    assert waits(advance(switching(seen(migrations=records, **OFF)))).reads == {"g1"}
    here = seen(migrations=records, read={"g1": guest(host=HOST)}, **OFF)
    waits(advance(switching(here)))
    late = switching(here, memory=owner(ago=700))
    assert told(advance(late))[:2] == ("held", "evacuation-open")


@pytest.mark.parametrize("there", [None, guest(host="cmp2"), guest(host=HOST, deleted=True)])
def test_a_record_that_was_left_open_of_a_guest_that_is_elsewhere_hinders_nobody(there: Any) -> None:
    records = {"g1": (migration(1, status="accepted"),)}
    assert begun(advance(switching(seen(migrations=records, read={"g1": there}, **OFF)))) == [POWER_ON]


def test_a_guest_that_is_still_being_built_elsewhere_hinders() -> None:
    records = {"g1": (migration(1, status="pre-migrating"),)}
    building = guest(host="cmp2", task_state="rebuild_spawning")
    waits(advance(switching(seen(migrations=records, read={"g1": building}, **OFF))))


def test_one_look_that_shows_no_records_is_not_believed() -> None:
    waits(advance(switching(seen(**OFF), memory=owner(before=None))))


def test_a_device_that_does_not_answer_or_is_not_there_is_told() -> None:
    silent = seen(power=PowerState.UNKNOWN, power_at=MonoTime(NOW))
    assert told(advance(switching(silent)))[:2] == ("held", "host-away")
    assert told(advance(switching(seen(), has_device=False)))[:2] == ("held", "host-away")


def starting(view: Any, *actions: Any, **given: Any) -> Situation:
    is_open = ours(is_enabled=True, forced_down=False, disabled_reason="", is_up=True)
    histories = {"g1": actions} if actions else {}
    look = seen(is_open, read={"g1": view}, histories=histories)
    return scene(look, done(REENABLE), order=order(waiting=("g1",)), **given)


def test_a_guest_that_nova_has_stopped_is_started_if_its_user_wishes_it() -> None:
    off = guest(host=HOST, vm_state="stopped", power_state=4)
    assert waits(advance(starting(off))).histories == {"g1"}
    created, by_nova = asked("create"), asked("stop", By.NOVA, 1.0)
    assert begun(advance(starting(off, by_nova, created))) == [START]
    by_user = asked("stop", By.OTHERS, 9.0)
    assert noted(advance(starting(off, by_nova, by_user, created))) == [(START, "done", "users-wish")]


@pytest.mark.parametrize(
    ("view", "reason"),
    [
        (None, "deleted"),
        (guest(host="cmp2"), "moved"),
        (guest(host=HOST), ""),
        (guest(host=HOST, vm_state="paused"), "paused"),
    ],
)
def test_a_guest_that_is_not_to_be_started_is_done_with(view: Any, reason: str) -> None:
    assert noted(advance(starting(view))) == [(START, "done", reason)]


def test_a_guest_that_is_off_and_that_nova_holds_for_active_is_waited_for() -> None:
    waits(advance(starting(guest(host=HOST, power_state=4))))


def retiring(look: Look, *records: StepRecord, **given: Any) -> Situation:
    return scene(look, *records, order=order(retired_by="ann", back_at=None), **given)


def test_a_host_that_was_given_up_is_forgotten_by_nova() -> None:
    empty = seen(service_after=ours())
    known = owner(before=empty)
    assert begun(advance(retiring(empty, memory=known))) == [RETIRE]
    gone = replace(seen(), service=None)
    assert noted(advance(retiring(gone, memory=owner(before=gone)))) == [(RETIRE, "done", "")]
    waits(advance(retiring(gone)))


def test_not_with_guests_or_with_its_power_on() -> None:
    full = seen(guests={"g1": guest(host=HOST, name="web")})
    assert told(advance(retiring(full)))[:2] == ("held", "guests-left")
    on = seen(power=PowerState.ON, power_at=MonoTime(NOW))
    assert told(advance(retiring(on)))[:2] == ("held", "power-on")


def test_a_stop_ends_it_at_once_unless_a_call_may_be_under_way() -> None:
    assert told(advance(scene(flag=STOP))) == ("finished", "nothing-done", "withdrawn")
    waits(advance(scene(seen(), record(REENABLE, StepState.UNSURE, tries=1), flag=STOP)))
    is_open = ours(is_enabled=True, forced_down=False, disabled_reason="", is_up=True)
    stopped = ("finished", "stopped", "withdrawn")  # a hold would be in the way of the host's next incident
    assert told(advance(scene(seen(is_open), done(REENABLE), flag=STOP))) == stopped


def test_what_has_become_of_a_call_waits_for_nothing_else() -> None:
    """Else a host that fails again while its next owner waits for it keeps that owner for ten minutes, Stop or not."""
    silent = seen(ours(age=600.0))
    unsure = record(REENABLE, StepState.UNSURE, tries=1)
    assert noted(advance(scene(silent, unsure, memory=owner(reports=0, ago=120)))) == [
        (REENABLE, "absolved", "no trace")
    ]
    back = seen(ours(is_enabled=True, forced_down=False, disabled_reason="", age=600.0))
    assert noted(advance(scene(back, unsure, memory=owner(reports=0, ago=120)))) == [(REENABLE, "done", "")]
    full = seen(guests={"g1": guest(host=HOST, name="web")})
    deletes = record(RETIRE, StepState.UNSURE, tries=1)
    assert noted(advance(retiring(full, deletes, memory=owner(ago=120)))) == [
        (RETIRE, "absolved", "no trace")
    ]


def test_a_switch_whose_device_was_taken_away_is_over_once_it_has_settled() -> None:
    unsure = record(POWER_ON, StepState.UNSURE, tries=1)
    given = {"order": order(HostReturn.POWER_ON, back_at=None), "has_device": False}
    assert noted(advance(scene(seen(), unsure, memory=owner(ago=600), **given))) == [
        (POWER_ON, "absolved", "no trace")
    ]
    waits(advance(scene(seen(), unsure, memory=owner(ago=1), **given)))


def test_a_decision_may_grow_old_while_the_host_boots_but_not_before_it_was_taken_over() -> None:
    late = order(decided_at=BrokerTime(NOW - 50 * S))
    assert begun(advance(scene(order=late))) == [REENABLE]
    stale = order(decided_at=BrokerTime(NOW - 100 * S))
    assert told(advance(scene(order=stale)))[:2] == ("vetoed", "decision-stale")
