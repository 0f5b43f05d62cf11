"""Since when a partition of heartbeats is read again, by what its last owner has left."""

import pytest

from kasugai.adapters.kafka.beat_source import DIGITS, is_time, since_when

NOW = 1_800_000_000_000
MEMORY = 60_000


@pytest.mark.parametrize(
    ("left", "since"),
    [
        ({}, NOW - MEMORY),
        ({0: NOW - 4_000}, NOW - 4_000),
        ({0: NOW - 90_000}, NOW - MEMORY),
        ({0: NOW + 3_600_000}, NOW),
        ({1: NOW - 4_000}, NOW - MEMORY),
    ],
)
def test_it_is_read_since_the_time_that_was_left_and_never_more_than_memory(
    left: dict[int, int], since: int
) -> None:
    assert since_when(left, NOW, MEMORY)(0) == since


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("1800000000000", True),
        ("", False),
        (None, False),
        ("-1", False),
        ("1e9", False),
        ("\u0663", False),
        ("9" * (DIGITS + 1), False),
    ],
)
def test_what_is_no_time_is_none(text: str | None, is_one: bool) -> None:
    assert is_time(text) is is_one
