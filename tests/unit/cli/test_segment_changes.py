"""Applying a file writes exactly what differs, says what it does, and deletes only when it is told to."""

from collections.abc import Sequence
from dataclasses import replace

from kasugai.adapters.inventory import Inventory, changed
from kasugai.cli.segment import as_json, listed
from kasugai.cli.segment_changes import Change, changes, moving
from kasugai.cli.segment_file import WantedHost, WantedSegment, parse
from kasugai.core.words.identity import derive
from kasugai.core.words.policy import Policy
from tests.support.printed import printed

RACK = WantedSegment(name="rack1", policy=Policy(), hosts=(WantedHost(name="cmp1"), WantedHost(name="cmp2")))


def lines(found: Sequence[Change]) -> list[str]:
    return [change.line for change in found]


def applied(inventory: Inventory, text: str, *, prune: bool = False) -> tuple[Inventory, list[str]]:
    """Apply a file as the writer would; every record must fit."""
    found = changes(inventory, parse("f", text, Policy()), prune=prune)
    return changed(inventory, [change.record for change in found if change.record]), lines(found)


ONE = "name: rack1\nhosts: [cmp1, cmp2]"


def test_a_new_segment_is_created_with_ids_that_follow_from_the_names() -> None:
    after, said = applied(Inventory(), ONE)
    assert said == ["create  segment rack1", "create  host cmp1", "create  host cmp2"]
    assert [segment.segment_id for segment in after.segments()] == [str(derive("segment", "rack1"))]
    host = after.host_named("cmp1")
    assert host is not None and host.host_uuid == str(derive("host", "cmp1"))


def test_applying_the_same_file_again_writes_nothing() -> None:
    after, _ = applied(Inventory(), ONE)
    found = changes(after, parse("f", ONE, Policy()), prune=True)
    assert [change.record for change in found] == [None, None, None]
    assert lines(found) == ["leave   segment rack1", "leave   host cmp1", "leave   host cmp2"]


def test_what_changes_is_said_in_the_words_of_the_file() -> None:
    after, _ = applied(Inventory(), ONE)
    text = "name: rack1\narmed: no\npolicy: {window: 4, evacuate-all: no}\nhosts: [cmp1, {name: cmp2, reserved: yes}]"
    after, said = applied(after, text)
    assert said == [
        "change  segment rack1: armed yes -> no, evacuate-all yes -> no, window 50 -> 4",
        "leave   host cmp1",
        "change  host cmp2: reserved no -> yes",
    ]
    assert [segment.version for segment in after.segments()] == [2]


def test_a_host_that_left_the_file_is_kept_and_told_unless_pruned() -> None:
    before, _ = applied(Inventory(), ONE)
    after, said = applied(before, "name: rack1\nhosts: [cmp1]")
    assert said[-1] == "keep    host cmp2: it is in rack1 and not in the file (--prune deletes it)"
    assert after.host_named("cmp2") is not None
    after, said = applied(before, "name: rack1\nhosts: [cmp1]", prune=True)
    assert said[-1] == "delete  host cmp2"
    assert after.host_named("cmp2") is None


def test_a_deleted_host_comes_back_under_a_new_id() -> None:
    before, _ = applied(Inventory(), ONE)
    without, _ = applied(before, "name: rack1\nhosts: [cmp1]", prune=True)
    after, said = applied(without, ONE)
    assert said[-1] == "create  host cmp2"
    host = after.host_named("cmp2")
    assert host is not None and host.host_uuid != str(derive("host", "cmp2"))


def test_a_host_moves_between_segments_with_its_id() -> None:
    before, _ = applied(Inventory(), f"{ONE}\n---\nname: rack2")
    after, said = applied(before, "name: rack1\nhosts: [cmp1]\n---\nname: rack2\nhosts: [cmp2]", prune=True)
    assert said[-1] == "change  host cmp2: moves to segment rack2"
    host, segment = after.host_named("cmp2"), str(derive("segment", "rack2"))
    assert host is not None and (host.segment_id, host.version) == (segment, 2)


def test_given_ids_are_taken() -> None:
    given = "6f1c1c5e-0d6f-5f0e-9d5e-0d8f3a7f2b11"
    after, _ = applied(Inventory(), f"name: rack1\nid: {given}\nhosts: [{{name: cmp1, id: {given}}}]")
    assert [segment.segment_id for segment in after.segments()] == [given]
    assert [host.host_uuid for host in after.hosts()] == [given]


def test_the_list_of_segments() -> None:
    text = f"{ONE}\ndescription: by the window\n---\nname: empty\narmed: no"
    after, _ = applied(Inventory(), text)
    assert printed(listed(after, 80)) == (
        "SEGMENT  ARMED  HOSTS  RESERVED  MAINTENANCE  METHOD  DESCRIPTION\n"
        "empty    no         0         0            0  auto    -\n"
        "rack1    yes        2         0            0  auto    by the window"
    )
    shown = as_json(after, str(derive("segment", "rack1")))
    assert [host["name"] for host in shown["hosts"]] == ["cmp1", "cmp2"]
    assert shown["policy"]["window"] == 50


def test_a_maintenance_begins_and_ends_as_the_file_says() -> None:
    until = "hosts: [{name: cmp1, maintenance-until: 2026-12-01T08:00:00+02:00}]"
    inventory, said = applied(Inventory(), f"name: rack1\n{until}")
    host = inventory.host_named("cmp1")
    assert host is not None and host.on_maintenance and host.maintenance_until == 1_796_104_800_000
    inventory, said = applied(inventory, "name: rack1\nhosts: [{name: cmp1, on-maintenance: yes}]")
    assert said[-1] == "change  host cmp1: maintenance-until 2026-12-01T06:00:00.000Z -> (nothing)"
    inventory, said = applied(inventory, "name: rack1\nhosts: [{name: cmp1, on-maintenance: no}]")
    assert said[-1] == "change  host cmp1: on-maintenance yes -> no"


def test_a_file_that_says_nothing_about_a_maintenance_does_not_end_it() -> None:
    inventory, _ = applied(Inventory(), "name: rack1\nhosts: [cmp1]")
    host = inventory.host_named("cmp1")
    assert host is not None and not host.on_maintenance
    begun = replace(host, on_maintenance=True, maintenance_until=77, version=2)
    inventory, said = applied(changed(inventory, [begun]), "name: rack1\nhosts: [cmp1]")
    assert said[-1] == "leave   host cmp1 (stays on maintenance: on-maintenance: no ends it)"
    inventory, said = applied(inventory, "name: rack1\nhosts: [{name: cmp1, reserved: yes}]")
    assert said[-1] == (
        "change  host cmp1: reserved no -> yes (stays on maintenance: on-maintenance: no ends it)"
    )
    after = inventory.host_named("cmp1")
    assert after is not None and after.on_maintenance and after.maintenance_until == 77


def test_hosts_that_leave_their_segment_are_known_by_name() -> None:
    before, _ = applied(Inventory(), ONE)

    def leaving(text: str, *, prune: bool = False) -> set[str]:
        return moving(before, changes(before, parse("f", text, Policy()), prune=prune))

    assert leaving("name: rack2\nhosts: [cmp1, cmp9]") == {"cmp1"}
    assert leaving("name: rack1\nhosts: [cmp1]", prune=True) == {"cmp2"}
    assert leaving("name: rack1\nhosts: [{name: cmp1, reserved: yes}]") == set()
