"""Plans: which guests move, in which order, after what, and how each should end."""

from dataclasses import replace

import pytest

from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.recovering.planning import (
    extend,
    lacks_words,
    newcomers,
    plan,
    prior_of,
)
from kasugai.core.recovering.steps.kinds import carried_on
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import StepRecord, StepState
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan, Prior, Step
from kasugai.core.words.policy import Policy
from kasugai.core.words.timing import MonoTime
from tests.unit.core.makers import INCIDENT, guest, order, record


def made(*guests: GuestView, policy: Policy | None = None, priors: dict[str, Prior] | None = None) -> Plan:
    incident: Open = order(policy=policy or Policy())
    return plan(incident, Look(at=MonoTime(0), guests={g.uuid: g for g in guests}), 3, priors or {})


def keys(made: Plan) -> list[str]:
    return [step.key for step in made.steps]


def test_the_host_comes_first_then_its_guests_then_a_sweep() -> None:
    found = made(guest("g1"), policy=Policy(window=5))
    assert keys(found) == ["fence:cmp1", "force-down:cmp1", "evacuate:g1", "sweep:cmp1"]
    assert [step.needs for step in found.steps] == [(), ("fence:cmp1",), ("force-down:cmp1",), ()]
    assert (found.epoch, found.attempt, found.window, found.host) == (3, 1, 5, "cmp1")


def test_a_plan_says_whose_each_guest_is_moved_or_left_and_of_newcomers_too() -> None:
    mine, left = guest("g1", project="shop"), guest("g2", project="bank", vm_state="shelved")
    found = made(mine, left, guest("g3", project=""))
    assert found.projects == {"g1": "shop", "g2": "bank"}
    more = Look(at=MonoTime(0), guests={"g4": guest("g4", project="lab"), "g1": guest("g1", project="else")})
    assert extend(found, more, Policy(), 4, {}).projects == {"g1": "shop", "g2": "bank", "g4": "lab"}


def test_marked_guests_come_first_then_names_in_order() -> None:
    marked = guest("z", metadata={"HA_Enabled": "True"})
    assert [s.subject for s in made(guest("b"), marked, guest("a")).guests] == ["z", "a", "b"]


def test_a_guest_that_was_stopped_is_stopped_again() -> None:
    stopped = guest("g1", vm_state="stopped", power_state=4)
    found = made(stopped)
    assert keys(found)[2:4] == ["evacuate:g1", "restore:g1"]
    restore = found.step("restore:g1")
    assert restore is not None and restore.needs == ("evacuate:g1",) and restore.prior is Prior.STOPPED


def test_a_guest_that_nova_does_not_evacuate_is_reset_first() -> None:
    paused = guest("g1", vm_state="paused", power_state=3)
    found = made(paused)
    assert keys(found)[2:5] == ["reset:g1", "evacuate:g1", "restore:g1"]
    assert [step.needs for step in found.steps[2:4]] == [("force-down:cmp1",), ("reset:g1",)]


@pytest.mark.parametrize(
    ("state", "power", "prior"),
    [
        ("active", 1, Prior.ACTIVE),
        ("active", 4, Prior.ACTIVE),
        ("stopped", 1, Prior.STOPPED),
        ("error", 1, Prior.ACTIVE),
        ("error", 4, Prior.STOPPED),
        ("resized", 1, Prior.ACTIVE),
        ("resized", 4, Prior.STOPPED),
        ("paused", 3, Prior.STOPPED),
    ],
)
def test_a_guest_ends_as_it_was_before_its_host_died(state: str, power: int, prior: Prior) -> None:
    assert prior_of(guest(vm_state=state, power_state=power)) is prior


def test_what_an_earlier_attempt_knew_wins_over_what_nova_shows_after_a_failure() -> None:
    found = made(guest("g1", vm_state="error", power_state=1), priors={"g1": Prior.STOPPED})
    assert "restore:g1" in keys(found)


@pytest.mark.parametrize(
    ("left", "policy", "why"),
    [
        (guest(deleted=True), Policy(), "deleted"),
        (guest(task_state="deleting"), Policy(), "deleted"),
        (guest(vm_state="building"), Policy(), "never-launched"),
        (guest(vm_state="error"), Policy(ignore_error_guests=True), "in-error"),
        (guest(), Policy(evacuate_all=False), "not-marked"),
    ],
)
def test_guests_that_are_left_where_they_are_are_told_with_the_reason(
    left: GuestView, policy: Policy, why: str
) -> None:
    found = made(left, policy=policy)
    assert found.guests == () and found.excluded == (("g1", why),)


def test_a_guest_in_error_and_a_marked_one_move_where_the_policy_lets_them() -> None:
    assert len(made(guest(vm_state="error")).guests) == 1
    marked = guest(metadata={"HA_Enabled": "1"})
    assert len(made(marked, policy=Policy(evacuate_all=False)).guests) == 1


def test_guests_that_turn_up_get_steps_before_the_sweep() -> None:
    left = guest("g0", vm_state="building")
    old = made(guest("g1"), left)
    look = Look(
        at=MonoTime(1),
        guests={"g1": guest("g1"), "g0": left, "g2": guest("g2"), "g3": guest(deleted=True, uuid="g3")},
    )
    assert set(newcomers(old, look, Policy())) == {"g2", "g3"}
    longer = extend(old, look, Policy(), 9, {"g2": Prior.STOPPED})
    assert keys(longer) == [*keys(old)[:-1], "evacuate:g2", "restore:g2", "sweep:cmp1"]
    assert longer.epoch == 9 and longer.excluded == (*old.excluded, ("g3", "deleted"))
    assert not newcomers(longer, look, Policy())
    step = longer.step("evacuate:g2")
    assert step is not None and step.needs == ("force-down:cmp1",)


def test_project_tags_are_lacking_until_every_project_was_asked_about_if_the_policy_names_any() -> None:
    policy = Policy(exclude_project_tags=("t",))
    guests = {"g1": guest("g1", project="p"), "g2": guest("g2", project="q"), "g3": guest("g3", project="")}
    asked = Look(at=MonoTime(0), project_tags={"p": (), "q": ("t",), "r": ()})
    assert lacks_words(guests, Look(at=MonoTime(0), project_tags={"p": ()}), policy)
    assert not lacks_words(guests, asked, policy)
    assert not lacks_words(guests, Look(at=MonoTime(0)), Policy(exclude_tags=("t",)))


def test_a_project_s_tag_leaves_its_guests_in_the_plan_and_in_a_longer_one() -> None:
    policy = Policy(exclude_project_tags=("t",))
    first, other = guest("g1", project="p"), guest("g2", project="q")
    look = Look(
        at=MonoTime(0), guests={"g1": first, "g2": other}, project_tags={"p": ("s", "t"), "q": ("s",)}
    )
    old = plan(order(policy=policy), look, 3, {})
    assert ([step.subject for step in old.guests], old.excluded) == (
        ["g2"],
        (("g1", "excluded-project-tag"),),
    )
    late = replace(look, guests={**look.guests, "g3": guest("g3", project="p")})
    longer = extend(old, late, policy, 4, {})
    assert [step.subject for step in longer.guests] == ["g2"]
    assert longer.excluded == (*old.excluded, ("g3", "excluded-project-tag"))


def test_a_plan_does_not_know_steps_that_it_does_not_have() -> None:
    assert made().step("evacuate:g1") is None


def entry_of(*records: StepRecord, priors: dict[str, Prior]) -> Entry:
    return Entry(incident=INCIDENT, steps={r.key: r for r in records}, priors=priors)


def test_a_guest_that_an_earlier_attempt_moved_and_did_not_restore_is_restored_in_the_next() -> None:
    priors = {"g2": Prior.STOPPED, "g1": Prior.STOPPED}
    moved = [record(f"evacuate:{uuid}", StepState.DONE) for uuid in priors]
    failed = record("restore:g2", StepState.FAILED)
    left = carried_on(entry_of(*moved, failed, priors=priors))
    assert [(step.key, step.needs, step.prior) for step in left] == [
        ("restore:g1", (), Prior.STOPPED),
        ("restore:g2", (), Prior.STOPPED),
    ]
    found = plan(order(attempt=2), Look(at=MonoTime(0), guests={"g3": guest("g3")}), 3, priors, left)
    assert keys(found)[2:] == ["evacuate:g3", "restore:g1", "restore:g2", "sweep:cmp1"]


def test_a_call_whose_end_no_earlier_attempt_saw_is_part_of_the_next_plan() -> None:
    priors = {"g1": Prior.STOPPED, "g2": Prior.ACTIVE}
    calls = ("evacuate:g1", "evacuate:g2", "reset:g3", "restore:g4", "enable-compute:r1")
    ended = record("evacuate:g5", StepState.ABSOLVED)
    left = carried_on(entry_of(*(record(key, StepState.UNSURE) for key in calls), ended, priors=priors))
    assert [step.key for step in left] == ["evacuate:g1", "restore:g1", "evacuate:g2", "reset:g3"]
    assert left[1].needs == ("evacuate:g1",)
    found = plan(order(attempt=2), Look(at=MonoTime(0), guests={"g2": guest("g2")}), 3, priors, left)
    assert keys(found)[2:] == ["evacuate:g2", "evacuate:g1", "restore:g1", "reset:g3", "sweep:cmp1"]


@pytest.mark.parametrize(
    ("records", "prior"),
    [
        ((), Prior.STOPPED),
        ((record("evacuate:g1", StepState.FAILED),), Prior.STOPPED),
        ((record("evacuate:g1", StepState.DONE),), Prior.ACTIVE),
        ((record("evacuate:g1", StepState.DONE), record("restore:g1", StepState.DONE)), Prior.STOPPED),
    ],
)
def test_a_guest_that_was_not_moved_or_is_as_it_was_is_not_restored(
    records: tuple[StepRecord, ...], prior: Prior
) -> None:
    assert carried_on(entry_of(*records, priors={"g1": prior})) == ()


LEFT = Step(action=Action.RESTORE, subject="g1", prior=Prior.STOPPED)


def test_a_guest_that_is_on_the_source_again_gets_one_restoration_and_not_two() -> None:
    there = Look(at=MonoTime(0), guests={"g1": guest("g1")})
    again = plan(order(policy=Policy()), there, 3, {"g1": Prior.STOPPED}, (LEFT,))
    assert keys(again).count("restore:g1") == 1


def test_a_guest_known_only_by_a_restoration_is_a_newcomer_when_it_turns_up_on_the_source() -> None:
    old = Plan(incident=INCIDENT, attempt=2, epoch=1, host="cmp1", window=8, steps=(LEFT,))
    assert set(newcomers(old, Look(at=MonoTime(0), guests={"g1": guest("g1")}), Policy())) == {"g1"}


def test_a_reset_that_is_over_is_not_carried_on() -> None:
    over = record("reset:g3", StepState.DONE, tries=1)
    assert carried_on(Entry(incident=INCIDENT, steps={over.key: over})) == ()
