"""The drain of a host: which guests leave it, in which order, when it is over, and how it is called off."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.advance import advance, plan_of
from kasugai.core.recovering.draining import is_drain
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Act, Extend, Finish, Wait
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.words.facts import FactKind, Result, StepRecord, StepState
from kasugai.core.words.hardware import HARDWARE
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan
from kasugai.core.words.policy import Degraded, Policy
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime, MonoTime
from kasugai.core.words.verdicts import Evidence, Reason
from tests.unit.core.makers import S, guest, migration, order, record, service, uuid_of
from tests.unit.core.scene import NOW, STOP, look, scene

UP = service(is_up=True, age=1.0)
SHUT = record("disable-compute:cmp1", StepState.DONE, tries=1)
DISABLED = replace(UP, is_enabled=False, disabled_reason=f"Kasugai: hardware failed ({uuid_of(0xC1)})")


SAID = Evidence(event_id=uuid_of(9), observer="cli", symptom="down", episode="m1")


def drain(**policy: Any) -> Open:
    given = {"degraded": Degraded.DRAIN, **policy}
    made = order(decided_at=NOW, kind=Kind.PROCESS, named=HARDWARE, policy=Policy(**given))
    return replace(made, evidence=(SAID,))


def seen(*guests: GuestView, **given: Any) -> Look:
    hosts = {name: service(host=name, is_up=True, age=1.0) for name in ("cmp1", "cmp2", "cmp3")}
    return look(*guests, **{"service": DISABLED, "service_after": DISABLED, "computes": hosts, **given})


def planned(*guests: GuestView, **policy: Any) -> Plan:
    return plan_of(drain(**policy), seen(*guests), scene().entry, 1)


def answer(what: Look, *records: StepRecord, plan: Plan | None = None, **given: Any) -> Any:
    memory = replace(scene().memory, before=replace(what, at=MonoTime(NOW - S)))
    usual: dict[str, Any] = {"order": drain(), "plan": plan or planned(guest()), "memory": memory}
    return advance(scene(what, *records, **{"has_device": False, **usual, **given}))


def moved(plan: Plan) -> list[str]:
    return [step.subject for step in plan.guests]


def test_what_undoes_a_drain_is_no_drain_nor_is_a_process_or_a_note() -> None:
    assert is_drain(drain())
    assert not is_drain(replace(drain(), undoes=uuid_of(1)))
    assert not is_drain(drain(degraded=Degraded.NOTE))
    assert not is_drain(order(kind=Kind.PROCESS, named="nova-compute", policy=drain().policy))
    assert not is_drain(order(policy=drain().policy))


def test_the_service_is_disabled_first_and_guests_go_one_at_a_time() -> None:
    plan = planned(guest("g1"), guest("g2"))
    assert [step.key for step in plan.steps] == [
        "disable-compute:cmp1",
        "live-migrate:g1",
        "live-migrate:g2",
        "confirm:cmp1",
    ]
    assert all(step.needs == ("disable-compute:cmp1",) for step in plan.guests)
    first = answer(seen(guest("g1"), guest("g2"), service=UP), plan=plan)
    assert isinstance(first, Act) and [each.step.key for each in first.begins] == ["disable-compute:cmp1"]
    then = answer(seen(guest("g1"), guest("g2")), SHUT, plan=plan)
    assert isinstance(then, Act) and [each.step.key for each in then.begins] == ["live-migrate:g1"]
    busy = record("live-migrate:g1", tries=1)
    under_way = seen(
        guest("g1", task_state="migrating"),
        guest("g2"),
        migrations=[migration(3, status="running", migration_type="live-migration")],
    )
    assert isinstance(answer(under_way, SHUT, busy, plan=plan), Wait)


@pytest.mark.parametrize(
    ("about", "policy", "why"),
    [
        ({}, {}, ""),
        ({"vm_state": "paused"}, {}, ""),
        ({"image": "i1"}, {"root_disks": "local"}, ""),
        ({"vm_state": "stopped"}, {}, "not-running"),
        ({"vm_state": "suspended"}, {}, "not-running"),
        ({"vm_state": "error"}, {}, "not-running"),
        ({"vm_state": "building"}, {}, "never-launched"),
        ({"vm_state": "shelved_offloaded"}, {}, "shelved"),
        ({"task_state": "deleting"}, {}, "deleted"),
        ({"metadata": {"HA_Enabled": "no"}}, {}, "not-marked"),
        ({"extra_specs": {"HA_Enabled": "False"}}, {}, "not-marked"),
        ({"metadata": {"HA_Enabled": "yes"}, "extra_specs": {"HA_Enabled": "no"}}, {}, ""),
        ({}, {"evacuate_all": False}, "not-marked"),
        ({"metadata": {"HA_Enabled": "1"}}, {"evacuate_all": False}, ""),
        ({"name": "amphora-0d6e1f3c-3b1c-4f2a-9d0e-1c2b3a4d5e6f"}, {}, "excluded-name"),
        ({"project": "p1"}, {"exclude_projects": ("p1",)}, "excluded-project"),
    ],
)
def test_who_leaves_and_who_stays(about: dict[str, Any], policy: dict[str, Any], why: str) -> None:
    plan = planned(guest("g1", **about), **policy)
    assert dict(plan.excluded) == ({"g1": why} if why else {})
    assert moved(plan) == ([] if why else ["g1"])


def test_it_is_over_when_a_believed_list_shows_nobody_else_and_says_who_stays() -> None:
    plan = planned(guest("g1"), guest("g2", vm_state="stopped"))
    gone = record("live-migrate:g1", StepState.DONE, tries=1, destination="cmp2")
    stays = seen(guest("g2", vm_state="stopped"))
    assert answer(stays, SHUT, gone, plan=plan) == Finish(
        kind=FactKind.FINISHED,
        reason=Reason.RECOVERED,
        result=Result.RECOVERED,
        detail="left there: 1 not-running",
    )


def test_who_turns_up_is_moved_too() -> None:
    plan = planned(guest("g1"))
    gone = record("live-migrate:g1", StepState.DONE, tries=1)
    more = answer(seen(guest("g2"), guest("g3", vm_state="stopped")), SHUT, gone, plan=plan)
    assert isinstance(more, Extend)
    assert moved(more.plan) == ["g1", "g2"] and dict(more.plan.excluded) == {"g3": "not-running"}


def test_one_that_is_told_to_stop_calls_nobody_and_is_over_when_nothing_is_under_way() -> None:
    over = answer(seen(guest()), SHUT, flag=STOP)
    assert (over.kind, over.result, over.reason) == (FactKind.FINISHED, Result.WITHDRAWN, Reason.STOPPED)
    running = [migration(3, status="running", migration_type="live-migration")]
    under_way = seen(guest(task_state="migrating"), migrations=running)
    begun = replace(scene().memory, begun={"live-migrate:g1": MonoTime(NOW - 5 * S)})
    assert isinstance(
        answer(under_way, SHUT, record("live-migrate:g1", tries=1), flag=STOP, memory=begun), Wait
    )


def test_a_dead_owners_call_that_may_still_arrive_keeps_the_others_waiting() -> None:
    plan = planned(guest("g1"), guest("g2"))
    sent = record("live-migrate:g1", StepState.UNSURE, tries=1)
    what = seen(guest("g1"), guest("g2"))
    just = replace(scene().memory, owner_since=MonoTime(NOW - 10 * S), before=what)
    assert isinstance(answer(what, SHUT, sent, plan=plan, memory=just), Wait)
    settled = replace(scene().memory, owner_since=MonoTime(NOW - 100 * S), before=what)
    after = answer(what, SHUT, sent, plan=plan, memory=settled)
    assert isinstance(after, Act) and [each.kind for each in after.notes] == [FactKind.ABSOLVED]


def test_nothing_further_is_begun_where_nobody_calls_the_host_degraded_any_more() -> None:
    unsaid = replace(drain(), evidence=())
    over = answer(seen(guest()), SHUT, order=unsaid)
    assert (over.kind, over.result, over.reason) == (FactKind.FINISHED, Result.WITHDRAWN, Reason.STOPPED)
    running = [migration(3, status="running", migration_type="live-migration")]
    under_way = seen(guest(task_state="migrating"), migrations=running)
    begun = replace(scene().memory, begun={"live-migrate:g1": MonoTime(NOW - 5 * S)})
    opened = record("live-migrate:g1", tries=1)
    assert isinstance(answer(under_way, SHUT, opened, order=unsaid, memory=begun), Wait)


def test_nothing_is_begun_by_an_old_decision() -> None:
    stale = answer(seen(guest(), service=UP), order=replace(drain(), decided_at=BrokerTime(NOW - 60 * S)))
    assert (stale.kind, stale.reason) == (FactKind.VETOED, Reason.DECISION_STALE)


def test_a_guest_in_error_behind_its_migration_is_a_failure() -> None:
    plan = planned(guest("g1"))
    broken = record("live-migrate:g1", StepState.FAILED, tries=1, reason=Reason.DESTINATION_FAILED)
    ended = answer(seen(), SHUT, broken, plan=plan)
    assert (ended.kind, ended.result) == (FactKind.FINISHED, Result.FAILED)
