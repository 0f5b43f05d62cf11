"""Which guests are moved, and which of them first."""

from typing import Any

import pytest

from kasugai.core.recovering.choosing import choose, is_marked, priority
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.nova_views import AggregateView, GuestView, ImageView
from kasugai.core.recovering.planning import asks_for_images, lacks_words
from kasugai.core.words.disks import RootDisks
from kasugai.core.words.policy import LocalGuests, Policy
from kasugai.core.words.timing import MonoTime
from tests.unit.core.makers import guest

KEY = "HA_Priority"
TAGS = {"lab": ("a", "t"), "shop": ("s",)}
"""Of projects, as Keystone has them."""
IMAGES = {
    "octavia": ImageView(tags=("amphora",)),
    "gold": ImageView(properties={"HA_Enabled": "yes", KEY: "7"}),
    "lead": ImageView(properties={"HA_Enabled": "no", KEY: "1"}),
}
SEEN = Look(at=MonoTime(0), project_tags=TAGS, images=IMAGES)


def order(*guests: GuestView, **policy: Any) -> list[str]:
    chosen, _ = choose({g.uuid: g for g in guests}, Policy(**policy), SEEN, "cmp1")
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
        ({"image": "octavia"}, {"exclude_image_tags": ("amphora",)}, "excluded-image-tag"),
        ({"name": "amphora-1f9d6f9e-6f53-4a0a-9d35-0d6b7b1ec0a1"}, {}, "excluded-name"),
        ({"name": "db-7"}, {"exclude_names": ("db-?",)}, "excluded-name"),
        ({"vm_state": "shelved"}, {}, "shelved"),
        ({"vm_state": "soft-delete"}, {}, "deleted"),
        ({"task_state": "soft-deleting"}, {}, "deleted"),
        ({"vm_state": "dreaming"}, {}, "unknown-state-dreaming"),
        ({"image": "i"}, {"root_disks": RootDisks.LOCAL}, "local-disk"),
        ({"has_ephemeral": True}, {"root_disks": RootDisks.LOCAL}, "local-disk"),
    ],
)
def test_what_is_left_says_why(about: dict[str, Any], policy: dict[str, Any], why: str) -> None:
    left = guest("g1", **about)
    moved = guest("g2", metadata={"HA_Enabled": "1"}, project="shop")
    chosen, excluded = choose({"g1": left, "g2": moved}, Policy(**policy), SEEN, "cmp1")
    assert ([g.uuid for g in chosen], excluded) == (["g2"], (("g1", why),))


def test_a_mark_does_not_undo_an_exclusion() -> None:
    marked = guest(tags=("t",), metadata={"HA_Enabled": "yes"}, project="lab")
    assert order(marked, exclude_tags=("t",)) == []
    assert order(marked, exclude_project_tags=("t",)) == []


def test_a_guest_of_a_project_without_known_tags_is_moved_and_its_own_tags_are_no_project_s() -> None:
    assert order(guest("g1", project="gone", tags=("t",)), exclude_project_tags=("t",)) == ["g1"]


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"has_swap": True, "has_config_drive": True},
        {"name": "amphora-of-ours"},
        {"vm_state": "paused"},
        {"vm_state": "error", "task_state": "powering-off"},
    ],
)
def test_what_loses_nothing_is_moved(about: dict[str, Any]) -> None:
    assert order(guest("g1", **about), root_disks=RootDisks.LOCAL) == ["g1"]


def test_a_guest_on_a_local_disk_is_moved_where_the_policy_says_to_rebuild_it() -> None:
    local = {"root_disks": RootDisks.LOCAL, "local_guests": LocalGuests.REBUILD}
    assert order(guest("g1", image="i"), **local) == ["g1"]


def test_where_nobody_says_where_disks_are_guests_are_moved_as_masakari_does() -> None:
    assert order(guest("g1", image="i")) == ["g1"]


ON, OFF = {"HA_Enabled": "yes"}, {"HA_Enabled": "no"}


@pytest.mark.parametrize(
    ("own", "flavor", "aggregate", "marked"),
    [
        ({}, ON, {}, True),
        ({}, {}, ON, True),
        ({}, OFF, ON, False),
        (OFF, ON, ON, False),
        (ON, OFF, OFF, True),
        ({}, {}, {}, False),
    ],
)
def test_the_nearest_word_of_guest_flavor_and_aggregate_marks(
    own: dict[str, str], flavor: dict[str, str], aggregate: dict[str, str], marked: bool
) -> None:
    said = guest("g1", metadata=own, extra_specs=flavor)
    around = AggregateView(aggregate_id=1, name="a", hosts=frozenset({"cmp1"}), metadata=aggregate)
    elsewhere = AggregateView(aggregate_id=2, name="z", hosts=frozenset({"cmp2"}), metadata=ON)
    look = Look(at=MonoTime(0), aggregates=(elsewhere, around))
    chosen, _ = choose({"g1": said}, Policy(evacuate_all=False), look, "cmp1")
    assert bool(chosen) is marked


def test_of_two_aggregates_the_later_by_name_decides() -> None:
    both = (("b", ON), ("a", OFF))
    around = tuple(
        AggregateView(aggregate_id=n, name=name, hosts=frozenset({"cmp1"}), metadata=said)
        for n, (name, said) in enumerate(both)
    )
    chosen, _ = choose(
        {"g1": guest("g1")}, Policy(evacuate_all=False), Look(at=MonoTime(0), aggregates=around), "cmp1"
    )
    assert chosen


def test_an_image_marks_and_names_a_priority_where_the_policy_asks_glance() -> None:
    gold, lead, none = guest("g1", image="gold"), guest("g2", image="lead"), guest("g3", image="octavia")
    assert order(gold, lead, none, evacuate_all=False, image_words=True) == ["g1"]
    assert order(gold, lead, none, evacuate_all=False) == []
    ranked = guest("g0", extra_specs={KEY: "5"}), lead, gold
    assert order(*ranked, image_words=True) == ["g1", "g0", "g2"]
    said = guest("g9", image="gold", metadata={"HA_Enabled": "no", KEY: "9"}), gold
    assert order(*said, image_words=True, evacuate_all=False) == ["g1"]
    assert order(*said, image_words=True, ha_key="other") == ["g9", "g1"]


@pytest.mark.parametrize(("policy", "asks"), [({}, False), ({"image_words": True}, True)])
def test_glance_is_asked_only_where_a_policy_wants_it(policy: dict[str, Any], asks: bool) -> None:
    known, unknown = {"g1": guest("g1", image="gold")}, {"g1": guest("g1", image="new")}
    assert lacks_words(unknown, SEEN, Policy(**policy)) is asks
    assert not lacks_words(known, SEEN, Policy(**policy))
    assert asks_for_images(Policy(exclude_image_tags=("t",)))


def test_an_aggregate_names_the_priority_of_guests_without_their_own() -> None:
    around = AggregateView(aggregate_id=1, name="a", hosts=frozenset({"cmp1"}), metadata={KEY: "5"})
    own = {"own3": {KEY: "3"}, "own9": {KEY: "9"}, "none": {}, "word": {KEY: "high"}}
    guests = {name: guest(name, metadata=said) for name, said in own.items()}
    chosen, _ = choose(guests, Policy(), Look(at=MonoTime(0), aggregates=(around,)), "cmp1")
    assert [g.uuid for g in chosen] == ["own9", "none", "word", "own3"]
