"""The log of a story with many hosts says once what is said of many."""

from kasugai.sim.lab.folding import fold
from kasugai.sim.lab.grammar import names


def test_what_differs_in_one_name_only_becomes_one_line_where_the_first_stood() -> None:
    lines = [
        "   0:12  correlate  suspect c01 (first-sighting)",
        "   0:12  correlate  suspect c03 (first-sighting)",
        "   0:12  correlate  hold c09 (storm)",
        "   0:12  correlate  suspect c02 (first-sighting)",
        "   0:12  correlate  suspect c07 (first-sighting)",
        "   0:13  correlate  suspect c08 (first-sighting)",
    ]
    assert fold(lines) == [
        "   0:12  correlate  suspect c01..c03 c07 (first-sighting)",
        "   0:12  correlate  hold c09 (storm)",
        "   0:13  correlate  suspect c08 (first-sighting)",
    ]


def test_two_neighbours_are_named_both() -> None:
    assert fold(["  c01: on", "  c02: on", "  x: on"]) == ["  c01 c02: on", "  x: on"]


def test_lines_with_no_name_or_with_two_are_left_alone() -> None:
    lines = ["   0:10  world      c01..c20 is cut off", "a", "a", "web1 on c01", "web1 on c02"]
    assert fold(lines) == lines


def test_a_range_stands_for_its_names() -> None:
    assert names("c08..c11") == ["c08", "c09", "c10", "c11"]
    assert names("cmp1") == ["cmp1"]
