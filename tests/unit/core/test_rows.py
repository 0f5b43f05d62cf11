"""Rows: keys that sort as they are written, and the offset that tells a successor what is done."""

from kasugai.core.deciding.rows import ClockRow, HostRow, SegmentRow, SubjectRow, evidence_of
from tests.unit.core.makers import condition, down, host, row, segment


def test_keys_of_a_partition_sort_descriptions_before_subjects_and_the_clock_behind_all() -> None:
    keys = [
        SegmentRow(record=segment()).key,
        HostRow(record=host()).key,
        row().key,
        ClockRow(partition=3).key,
    ]
    assert keys == ["s1/about", "s1/host/cmp1", "s1/subject/host/cmp1", "~clock"]
    assert keys == sorted(keys)


def test_every_row_carries_the_offset_that_wrote_it() -> None:
    rows: list[SegmentRow | HostRow | SubjectRow] = [
        SegmentRow(record=segment()),
        HostRow(record=host()),
        row(),
    ]
    assert [each.at_offset(7).offset for each in rows] == [7, 7, 7]
    assert [each.offset for each in rows] == [-1, -1, -1]


def test_a_fault_and_the_condition_that_it_made_are_the_same_evidence() -> None:
    said = down()
    held = condition(observer=said.observer, event_id=said.event_id, episode=said.episode)
    assert evidence_of(said) == evidence_of(held)
