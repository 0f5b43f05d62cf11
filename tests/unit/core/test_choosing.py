"""Which guests are moved, and which of them first."""

from typing import Any

import pytest

from kasugai.core.recovering.choosing import choose, is_marked, priority
from kasugai.core.recovering.look import GuestView
from kasugai.core.words.policy import Policy
from tests.unit.core.makers import guest

KEY = "HA_Priority"
TAGS = {"lab": ("a", "t"), "shop": ("s",)}
"""Of projects, as Keystone has them."""


def order(*guests: GuestView, **policy: Any) -> list[str]:
    chosen, _ = choose({g.uuid: g for g in guests}, Policy(**policy), TAGS)
    return [g.uuid for g in chosen]


@pytest.mark.parametrize(("word", "marked"), [("true", True), (" YES ", True), ("0", False), ("", False)])
def test_a_mark_is_a_true_word_in_any_case(word: str, marked: bool) -> None:
    assert is_marked(guest(metadata={"HA_Enabled": word}), Policy()) is marked


def test_another_key_may_mark() -> None:
    assert is_marked(guest(metadata={"prio": "on"}), Policy(ha_key="prio"))
    assert not is_marked(guest(metadata={"HA_Enabled": "on"}), Policy(ha_key="prio"))


def test_marked_guests_go_first_then_the_higher_priority_then_the_name() -> None:
    marked = guest("m", metadata={"HA_Enabled": "yes"})
    urgent, late = guest("u", metadata={KEY: "9"}), guest("l", metadata={KEY: "-1"})
    assert order(late, guest("b"), urgent, guest("a"), marked) == ["m", "u", "a", "b", "l"]


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({}, 0),
        ({"extra_specs": {KEY: "3"}}, 3),
        ({"metadata": {KEY: "2"}, "extra_specs": {KEY: "3"}}, 2),
        ({"tags": (f"{KEY}=1",), "metadata": {KEY: "2"}}, 1),
        ({"tags": (f"{KEY}=1", f"{KEY}=7", "other=9")}, 7),
        ({"tags": (f"{KEY}=high",), "metadata": {KEY: "2"}}, 2),
        ({"tags": (KEY,), "metadata": {KEY: "soon"}, "extra_specs": {KEY: "3"}}, 3),
    ],
)
def test_a_priority_is_looked_for_in_tag_metadata_and_flavor(about: dict[str, Any], expected: int) -> None:
    assert priority(guest(**about), Policy()) == expected


def test_another_key_may_name_the_priority() -> None:
    assert priority(guest(metadata={"prio": "4", KEY: "9"}), Policy(priority_key="prio")) == 4


@pytest.mark.parametrize(
    ("about", "policy", "why"),
    [
        ({"deleted": True}, {}, "deleted"),
        ({"task_state": "deleting"}, {}, "deleted"),
        ({"vm_state": "building"}, {}, "never-launched"),
        ({"vm_state": "error"}, {"ignore_error_guests": True}, "in-error"),
        ({"project": "p"}, {"exclude_projects": ("o", "p")}, "excluded-project"),
        ({"image": "i"}, {"exclude_images": ("i",)}, "excluded-image"),
        ({"flavor": "f"}, {"exclude_flavors": ("f",)}, "excluded-flavor"),
        ({"tags": ("a", "t")}, {"exclude_tags": ("t",)}, "excluded-tag"),
        ({"project": "lab"}, {"exclude_project_tags": ("o", "t")}, "excluded-project-tag"),
        ({}, {"evacuate_all": False}, "not-marked"),
    ],
)
def test_what_is_left_says_why(about: dict[str, Any], policy: dict[str, Any], why: str) -> None:
    left = guest("g1", **about)
    moved = guest("g2", metadata={"HA_Enabled": "1"}, project="shop")
    chosen, excluded = choose({"g1": left, "g2": moved}, Policy(**policy), TAGS)
    assert ([g.uuid for g in chosen], excluded) == (["g2"], (("g1", why),))


def test_a_mark_does_not_undo_an_exclusion() -> None:
    marked = guest(tags=("t",), metadata={"HA_Enabled": "yes"}, project="lab")
    assert order(marked, exclude_tags=("t",)) == []
    assert order(marked, exclude_project_tags=("t",)) == []


def test_a_guest_of_a_project_without_known_tags_is_moved_and_its_own_tags_are_no_project_s() -> None:
    assert order(guest("g1", project="gone", tags=("t",)), exclude_project_tags=("t",)) == ["g1"]
