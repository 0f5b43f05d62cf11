"""What the states of a guest of a dead host mean for its recovery: by the table, and by their names where it ends."""

import pytest

from kasugai.core.recovering.states import (
    TASK_STATES,
    VM_STATES,
    Do,
    During,
    Treatment,
    during,
    treatment,
    was_left,
)
from kasugai.core.words.plan import Prior


@pytest.mark.parametrize(
    ("task", "what"),
    [
        (None, During.DIED),
        ("", During.DIED),
        ("soft-deleting", During.LEAVES),
        ("resize_confirming", During.MOVES),
        ("rebuild_block_device_mapping", During.REBUILDS),
        ("powering-off", During.STOPS),
        ("powering-on", During.STARTS),
        ("reboot_started_hard", During.DIED),
        ("unshelving", During.DIED),
        ("migrating_live_of_a_newer_nova", During.MOVES),
        ("resize_of_a_newer_nova", During.MOVES),
        ("rebuild_of_a_newer_nova", During.REBUILDS),
        ("polishing", During.DIED),
    ],
)
def test_a_task_that_the_table_lacks_is_known_by_its_beginning(task: str | None, what: During) -> None:
    assert during(task) is what


def test_no_task_of_the_table_contradicts_what_its_beginning_says() -> None:
    for name, what in TASK_STATES.items():
        assert (what is During.REBUILDS) is name.startswith("rebuild"), name
        assert (what is During.MOVES) is name.startswith(("migrat", "resize_")), name


@pytest.mark.parametrize("state", VM_STATES)
def test_who_is_being_deleted_is_left_whatever_its_state(state: str) -> None:
    for task in ("deleting", "soft-deleting"):
        assert treatment(state, task) == Treatment(do=Do.LEAVE, why="deleted")


def test_a_user_s_wish_is_the_state_to_end_in_of_who_is_moved_and_of_nobody_else() -> None:
    assert treatment("active", "powering-off").prior is Prior.STOPPED
    assert treatment("stopped", "powering-on").prior is Prior.ACTIVE
    assert treatment("error", "powering-on") == Treatment(do=Do.MOVE, prior=Prior.ACTIVE)
    assert treatment("paused", "powering-on") == VM_STATES["paused"], "its memory is gone"
    assert treatment("shelved", "powering-on") == VM_STATES["shelved"]


def test_every_state_is_what_the_table_says_while_its_user_asks_for_nothing() -> None:
    for task in (None, "rebooting", "migrating", "rebuilding"):
        assert all(treatment(state, task) == usual for state, usual in VM_STATES.items())


def test_a_state_that_the_table_lacks_is_left_by_its_name() -> None:
    for task in (None, "powering-off"):
        assert treatment("frozen", task) == Treatment(do=Do.LEAVE, why="unknown-state-frozen")


@pytest.mark.parametrize(
    ("why", "left"),
    [
        ("unknown-state-frozen", True),
        ("shelved", True),
        ("deleted", True),
        ("never-launched", True),
        ("moved", False),
        ("", False),
    ],
)
def test_a_reason_tells_who_was_left_from_who_was_moved(why: str, left: bool) -> None:
    assert was_left(why) is left
