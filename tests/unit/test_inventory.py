"""The inventory's rules: versions follow one another, names are unique, nothing hangs in the air."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.adapters.inventory import Conflict, Description, Inventory, changed, numbered
from kasugai.core.words.domains import Domain
from kasugai.core.words.inventory import HostRecord, SegmentRecord

RACK1 = SegmentRecord(segment_id="s1", name="rack1")
RACK2 = SegmentRecord(segment_id="s2", name="rack2")
CMP1 = HostRecord(host_uuid="h1", name="cmp1", segment_id="s1")
CMP2 = HostRecord(host_uuid="h2", name="cmp2", segment_id="s1")


def inventory(*records: Description) -> Inventory:
    made = Inventory()
    for record in records:
        made.put(record)
    return made


def test_what_was_put_is_found() -> None:
    found = changed(Inventory(), [RACK1, RACK2, CMP1, CMP2])
    assert [segment.name for segment in found.segments()] == ["rack1", "rack2"]
    assert list(found.hosts("s1")) == [CMP1, CMP2] and not list(found.hosts("s2"))
    assert found.segment("s1") == RACK1 and found.host("h2") == CMP2 and found.host_named("cmp1") == CMP1
    assert found.host_named("CMP1") is None, "byte for byte"


def test_only_a_higher_version_replaces_a_lower_one() -> None:
    found = inventory(replace(RACK1, version=3, armed=False))
    assert not found.put(replace(RACK1, version=3)) and not found.put(replace(RACK1, version=2))
    assert found.put(replace(RACK1, version=5, name="rack-one"))
    assert [segment.name for segment in found.segments()] == ["rack-one"]


def test_a_renamed_host_is_found_under_its_new_name_only() -> None:
    found = inventory(RACK1, CMP1, replace(CMP1, version=2, name="compute1"))
    assert found.host_named("cmp1") is None
    assert found.host_named("compute1") == replace(CMP1, version=2, name="compute1")


def test_a_name_that_was_given_on_stays_with_its_new_owner() -> None:
    found = inventory(RACK1, CMP1, replace(CMP2, name="cmp1"), replace(CMP1, version=2, name="other"))
    assert found.host_named("cmp1") == replace(CMP2, name="cmp1")


def test_the_deleted_are_shown_to_nobody_and_keep_their_version() -> None:
    found = inventory(RACK1, CMP1, replace(CMP1, version=2, deleted=True))
    assert found.host("h1") is None and found.host_named("cmp1") is None and not list(found.hosts())
    assert found.newest(CMP1) == replace(CMP1, version=2, deleted=True)


def _in(*titles: str) -> HostRecord:
    domains = tuple(
        Domain(kind=kind, name=name) for kind, _, name in (title.partition("/") for title in titles)
    )
    return replace(CMP2, domains=domains)


REFUSED: list[tuple[list[Description], str]] = [
    ([_in("rack/")], "host cmp2: a failure domain has a kind and a name (pdu/pdu-3)"),
    ([_in("/r1")], "host cmp2: a failure domain has a kind and a name (pdu/pdu-3)"),
    ([_in("rack/r1", "pdu/a")], "host cmp2: its failure domains are to be sorted, and each is named once"),
    ([_in("pdu/a", "pdu/a")], "host cmp2: its failure domains are to be sorted, and each is named once"),
    ([_in(*(f"n/{n:02}" for n in range(17)))], "host cmp2 is in 17 failure domains; 16 are the most"),
    ([replace(RACK1, version=1)], "segment rack1: version 1 does not follow 1; read it again"),
    ([replace(RACK1, version=3)], "segment rack1: version 3 does not follow 1; read it again"),
    ([replace(RACK2, version=2)], "segment rack2: version 2 does not follow 0; read it again"),
    ([replace(RACK2, name="rack1")], "segment rack1: another one has that name"),
    ([replace(CMP2, name="cmp1")], "host cmp1: another one has that name"),
    ([replace(CMP2, name="")], "host (without a name) has no name"),
    ([replace(CMP2, segment_id="s9")], "host cmp2: there is no segment s9"),
    (
        [replace(RACK1, version=2, deleted=True)],
        "segment rack1 still has hosts, cmp1 among them; delete them first",
    ),
    (
        [replace(CMP1, version=2, deleted=True), replace(CMP1, version=3)],
        "host cmp1 has been deleted; describe it",
    ),
]


@pytest.mark.parametrize(("records", "line"), REFUSED, ids=[line[:50] for _, line in REFUSED])
def test_what_does_not_fit_is_refused_and_changes_nothing(records: list[Description], line: str) -> None:
    before = inventory(RACK1, CMP1)
    with pytest.raises(Conflict) as caught:
        changed(before, records)
    assert str(caught.value).startswith(line)
    assert list(before.segments()) == [RACK1] and list(before.hosts()) == [CMP1]


def test_a_batch_is_judged_as_a_whole() -> None:
    """A segment goes with its hosts, and two hosts may swap names."""
    before = inventory(RACK1, CMP1, CMP2)
    gone = [replace(record, version=2, deleted=True) for record in (RACK1, CMP1, CMP2)]
    assert not list(changed(before, gone).segments())
    swapped = changed(before, [replace(CMP1, version=2, name="cmp2"), replace(CMP2, version=2, name="cmp1")])
    assert [(host.host_uuid, host.name) for host in swapped.hosts()] == [("h1", "cmp2"), ("h2", "cmp1")]
    names = {name: found.host_uuid for name in ("cmp1", "cmp2") if (found := swapped.host_named(name))}
    assert names == {"cmp1": "h2", "cmp2": "h1"}


@given(st.lists(st.sampled_from([RACK1, RACK2, CMP1, CMP2]), max_size=6), st.data())
def test_any_order_with_repetitions_ends_at_the_newest(
    records: list[Description], data: st.DataObject
) -> None:
    newer = [replace(record, version=version) for record in records for version in (1, 2)]
    once, again = inventory(*newer), inventory(*data.draw(st.permutations(newer + newer)))
    assert sorted(map(repr, [*once.segments(), *once.hosts()])) == sorted(
        map(repr, [*again.segments(), *again.hosts()])
    )


def test_the_writer_numbers_what_is_new_and_keeps_the_numbers_of_what_is_not() -> None:
    made = numbered(Inventory(), [RACK1, RACK2, CMP1], 5_000)
    assert [(record.number, record.created_at, record.updated_at) for record in made] == [
        (1, 5_000, 0),
        (2, 5_000, 0),
        (1, 5_000, 0),
    ]
    found = inventory(*made, replace(made[1], version=2, deleted=True))
    third = SegmentRecord(segment_id="s3", name="rack3")
    changed_, new = numbered(found, [replace(RACK1, version=2), third], 9_000)
    assert (changed_.number, changed_.created_at, changed_.updated_at) == (1, 5_000, 9_000)
    assert new.number == 3, "a deleted segment's number is never given again"
