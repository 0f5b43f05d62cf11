"""What an evacuation would do to a guest's disks is known before it, and decides about it."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering import disks
from kasugai.core.recovering.choosing import choose
from kasugai.core.recovering.disks import disk_class, told, waits_for_its_host
from kasugai.core.recovering.lastlook import source_silent
from kasugai.core.recovering.look import PowerState
from kasugai.core.recovering.moves import Blocked, Pending
from kasugai.core.recovering.planning import operators_word, plan, steps_for
from kasugai.core.recovering.situation import Memory
from kasugai.core.recovering.states import VM_STATES, Do, treatment
from kasugai.core.telling.narrate import narrate_fact
from kasugai.core.words.actions import Action
from kasugai.core.words.disks import DiskClass, RootDisks
from kasugai.core.words.facts import FactKind
from kasugai.core.words.plan import DISKS, Plan, Prior
from kasugai.core.words.policy import LocalGuests, Policy
from kasugai.core.words.timing import BrokerTime, Millis, MonoTime
from kasugai.core.words.verdicts import Reason
from tests.unit.core.makers import S, fact, guest, order, service
from tests.unit.core.scene import MARK, NOW, fenced, look, moving, scene
from tests.unit.core.story import Story

SHARED, LOCAL, UNSAID = RootDisks
CLASSES = [
    ({}, DiskClass.VOLUME, DiskClass.VOLUME, DiskClass.VOLUME),
    ({"has_config_drive": True}, DiskClass.CONFIG_DRIVE, DiskClass.CONFIG_DRIVE, DiskClass.CONFIG_DRIVE),
    ({"has_swap": True}, DiskClass.VOLUME, DiskClass.SWAP, DiskClass.SWAP),
    ({"has_ephemeral": True, "has_swap": True}, DiskClass.VOLUME, DiskClass.EPHEMERAL, DiskClass.UNKNOWN),
    ({"image": "i"}, DiskClass.SHARED, DiskClass.LOCAL, DiskClass.UNKNOWN),
    ({"image": "i", "has_config_drive": True}, DiskClass.SHARED, DiskClass.LOCAL, DiskClass.UNKNOWN),
]


@pytest.mark.parametrize(("about", "shared", "local", "unsaid"), CLASSES)
def test_the_class_follows_from_nova_and_from_what_the_operator_says(
    about: dict[str, Any], shared: DiskClass, local: DiskClass, unsaid: DiskClass
) -> None:
    found = [disk_class(guest(**about), said) for said in (SHARED, LOCAL, UNSAID)]
    assert found == [shared, local, unsaid]


@pytest.mark.parametrize("disks", [DiskClass.LOCAL, DiskClass.EPHEMERAL])
def test_a_guest_that_would_lose_its_data_waits_for_its_host(disks: DiskClass) -> None:
    policy = Policy(local_wait=Millis(60 * S))
    (step,) = steps_for(guest(), "force-down:cmp1", {}, policy)
    step = replace(step, params=told(disks))

    def after(seconds: float) -> Blocked | None:
        waiting = order(opened_at=NOW - int(seconds * S), policy=policy)
        return waits_for_its_host(scene(look(guest()), order=waiting), step)

    blocked = after(59.9)
    assert blocked is not None and blocked.reason is Reason.LOCAL_WAIT and "after 60 s" in blocked.detail
    assert after(60) is None
    waiting = scene(look(guest()), order=order(opened_at=NOW, policy=policy))
    assert waits_for_its_host(waiting, replace(step, params=told(DiskClass.UNKNOWN))) is None


def test_a_guest_waits_anew_when_novas_record_has_moved_since_the_force_down() -> None:
    """Nobody need have told of it: the host may have been back."""
    (step,) = steps_for(guest(), "force-down:cmp1", {}, Policy())
    step = replace(step, params=told(DiskClass.LOCAL))
    long_ago = order(opened_at=0, policy=Policy(local_wait=Millis(60 * S)))

    def waits(age: float, updated_at: str) -> bool:
        seen = look(guest(), service=service(updated_at=updated_at, age=age))
        return waits_for_its_host(scene(seen, *fenced(), order=long_ago), step) is not None

    assert [waits(59.9, "t2"), waits(60, "t2"), waits(0, MARK)] == [True, False, False]
    word = replace(long_ago, asserted_at=BrokerTime(NOW - 30 * S))
    for age, tells in (
        (27.9, False),
        (28.0, True),
    ):  # an older word ends with the movement, which is told instead
        seen = look(guest(), service=service(updated_at="t2", age=age))
        lone = scene(seen, *fenced(), order=word, has_device=False)
        assert (waits_for_its_host(lone, step) is not None) is tells
        assert waits_for_its_host(replace(lone, has_device=True), step) is not None
    gone = scene(look(guest(), service=None), *fenced(), order=long_ago)
    assert waits_for_its_host(gone, step) is None


def test_each_step_of_a_guest_bears_its_class() -> None:
    policy = Policy(root_disks=LOCAL, local_guests=LocalGuests.REBUILD)
    steps = steps_for(guest(vm_state="paused", image="i"), "force-down:cmp1", {}, policy)
    assert [(step.action, step.params.get(DISKS)) for step in steps] == [
        (Action.RESET, "local"),
        (Action.EVACUATE, "local"),
        (Action.RESTORE, None),
    ]
    assert steps[1].needs == (steps[0].key,)


def test_every_state_has_a_treatment_and_an_unknown_one_is_left() -> None:
    assert {state for state, each in VM_STATES.items() if each.do is Do.LEAVE} == {
        *("building", "shelved", "shelved_offloaded", "soft-delete", "deleted")
    }
    assert all(bool(each.why) is (each.do is Do.LEAVE) for each in VM_STATES.values())
    assert treatment("dreaming", None).why == "unknown-state-dreaming"
    assert treatment("active", "deleting").why == treatment("active", "soft-deleting").why == "deleted"
    assert treatment("active", "powering-off").do is Do.MOVE


@pytest.mark.parametrize(
    ("shown", "word"),
    [
        ({}, None),
        ({"is_enabled": False, "disabled_reason": "new fans"}, "new fans"),
        ({"is_enabled": False}, "no reason given"),
        ({"is_enabled": False, "disabled_reason": Policy().disable_reason}, None),
    ],
)
def test_an_operators_word_about_the_host_is_told_from_ours(shown: dict[str, Any], word: str | None) -> None:
    seen = look(service=service(**shown))
    assert operators_word(Policy(), seen) == word
    assert plan(order(), seen, 1, {}).disabled == (word or "")
    assert operators_word(Policy(), look(service=None)) is None


def test_nothing_begins_before_the_storage_has_settled() -> None:
    policy = Policy(settle_after_fence=Millis(30 * S))

    def silent(seconds: float, since: int = 0) -> Blocked | Pending | None:
        memory = Memory(owner_since=MonoTime(since), epoch=1, record_since=MonoTime(NOW - int(seconds * S)))
        return source_silent(scene(moving(), *fenced(), memory=memory, order=order(policy=policy)))

    assert (silent(29.9), silent(30)) == (Pending(), None)
    assert silent(60, since=NOW - 5 * S) == Pending(), "a new owner counts from its first moment"


def test_a_host_may_have_other_disks_than_its_segment() -> None:
    from tests.unit.core.makers import host, report

    story = Story(policy=Policy(root_disks=SHARED), hosts=())
    story.describe(host("cmp1", root_disks=LOCAL))
    story.describe(host("cmp2"))
    story.describe(host("cmp3"))
    story.write(report())
    assert story.opens[-1].policy.root_disks is LOCAL


def test_the_sentence_about_a_plan_names_what_nobody_has_described_and_who_had_disabled_the_host() -> None:
    steps = steps_for(guest(image="i"), "force-down:cmp1", {}, Policy())
    made = Plan(
        incident=order().incident,
        attempt=1,
        epoch=1,
        host="cmp1",
        window=8,
        steps=tuple(steps),
        disabled="fans",
    )
    assert narrate_fact(fact(FactKind.PLAN, plan=made)) == (
        "plan cmp1: 1 guest, 1 on disks that nobody has described (root-disks) (disabled before: fans)"
    )


def test_the_end_tells_on_what_data_lies_and_who_was_left() -> None:
    def told(classes: list[DiskClass], left: tuple[str, ...]) -> str:
        steps = [
            replace(steps_for(guest(f"g{n}"), "d", {}, Policy())[0], params=disks.told(each))
            for n, each in enumerate(classes)
        ]
        excluded = tuple((f"x{n}", why) for n, why in enumerate(left))
        plan = Plan(
            incident=order().incident,
            attempt=1,
            epoch=1,
            host="cmp1",
            window=8,
            steps=tuple(steps),
            excluded=excluded,
        )
        return disks.summary(plan)

    volume, unknown = DiskClass.VOLUME, DiskClass.UNKNOWN
    assert told([volume, volume], ()) == ""
    assert told([volume, unknown, volume], ()) == "3 moved (1 unknown, 2 volume)"
    assert told([volume], ("local-disk", "deleted", "local-disk")) == "3 left (1 deleted, 2 local-disk)"
    assert told([unknown], ("deleted",)) == "1 moved (1 unknown); 1 left (1 deleted)"


def test_a_guest_is_not_rebuilt_while_its_host_is_on_again() -> None:
    (step,) = steps_for(guest(), "force-down:cmp1", {}, Policy())
    step = replace(step, params=told(DiskClass.LOCAL))
    on = look(guest(), power=PowerState.ON)
    long_ago = order(opened_at=0, policy=Policy(local_wait=Millis(60 * S)))
    blocked = waits_for_its_host(scene(on, order=long_ago), step)
    assert blocked is not None and "is on again" in blocked.detail
    assert waits_for_its_host(scene(on, order=long_ago, has_device=False), step) is None
    assert waits_for_its_host(scene(look(guest()), order=long_ago), step) is None


@pytest.mark.parametrize(("task", "prior"), [("powering-off", Prior.STOPPED), ("powering-on", Prior.ACTIVE)])
def test_a_users_wish_that_nova_could_not_carry_out_is_the_state_to_end_in(task: str, prior: Prior) -> None:
    for state in ("active", "stopped", "error"):
        assert treatment(state, task).prior is prior
    assert treatment("paused", task).prior is Prior.STOPPED
    assert treatment("shelved", task).do is Do.LEAVE


def test_the_pause_for_the_storage_counts_from_the_first_reading_of_off() -> None:
    policy = Policy(settle_after_fence=Millis(30 * S))
    memory = Memory(owner_since=MonoTime(0), epoch=1, off_since=MonoTime(NOW - 29 * S))

    def silent() -> Blocked | Pending | None:
        return source_silent(scene(moving(), *fenced(), memory=memory, order=order(policy=policy)))

    assert silent() == Pending()
    memory = replace(memory, off_since=MonoTime(NOW - 30 * S))
    assert silent() is None


def test_a_guest_whose_error_may_be_ours_is_not_left_for_it() -> None:
    ours, another = guest("g1", vm_state="error"), guest("g2", vm_state="error")
    chosen, left = choose(
        {"g1": ours, "g2": another}, Policy(ignore_error_guests=True), look(), "cmp1", touched={"g1"}
    )
    assert ([each.uuid for each in chosen], left) == (["g1"], (("g2", "in-error"),))
