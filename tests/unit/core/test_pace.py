"""The window opens while guests land as fast as ever, and closes when Nova is drowned."""

import pytest

from kasugai.core.pace import LEAST, START, Pace, land, open_pace
from tests.unit.core.makers import S


def landed(pace: Pace, took: int, *, times: int, begun: int = 0) -> Pace:
    for _ in range(times):
        pace = land(pace, begun, begun + took)
    return pace


def test_a_new_owner_begins_with_eight_or_with_what_the_policy_allows() -> None:
    assert open_pace(50, S) == Pace(most=50, slack=S, window=START)
    assert open_pace(3, S).window == 3


def test_it_doubles_per_window_landed_up_to_the_policy_s_most() -> None:
    pace = open_pace(50, S)
    seen = []
    for wide in (8, 16, 32, 50):
        assert landed(pace, S, times=wide - 1).window == wide, "not before a whole window has landed"
        pace = landed(pace, S, times=wide)
        seen.append(pace.window)
    assert seen == [16, 32, 50, 50]
    assert (pace.best, pace.landed) == (S, 8 + 16 + 32 + 50)


def test_it_halves_when_a_round_takes_too_long_and_never_below_two() -> None:
    pace = landed(open_pace(50, 0), 10 * S, times=8)
    edge = landed(pace, 13 * S, times=16)
    assert edge.window == 32, "within 1.3 of the best"
    for begun, expected in ((0, 8), (100 * S, 4), (200 * S, LEAST), (300 * S, LEAST)):
        pace = landed(pace, 14 * S, times=pace.window, begun=begun)
        assert (pace.window, pace.best) == (expected, 10 * S)


@pytest.mark.parametrize(("slack", "after"), [(0, 8), (S, 32)])
def test_a_landing_is_seen_as_exactly_as_looks_are_frequent(slack: int, after: int) -> None:
    assert landed(landed(open_pace(50, slack), S, times=8), 2 * S, times=16).window == after


def test_one_slow_guest_is_no_slow_nova() -> None:
    pace = landed(open_pace(50, 0), S, times=7)
    assert land(pace, 0, 60 * S).window == 16


def test_what_began_under_a_wider_window_tells_nothing_about_the_narrower() -> None:
    pace = landed(landed(open_pace(50, 0), S, times=8), 9 * S, times=16, begun=0)
    assert (pace.window, pace.since) == (8, 9 * S)
    late = landed(pace, 20 * S, times=30, begun=8 * S)
    assert (late.window, late.round, late.landed) == (8, (), 54)


def test_it_feels_its_way_towards_what_was_too_wide() -> None:
    pace = landed(landed(open_pace(50, 0), S, times=8), 9 * S, times=16)
    seen = []
    for begun in range(10, 13):
        pace = landed(pace, S, times=pace.window, begun=begun * S)
        seen.append(pace.window)
    assert seen == [9, 10, 11]


def test_a_policy_of_one_at_a_time_is_obeyed() -> None:
    pace = landed(open_pace(1, 0), S, times=1)
    assert landed(pace, 9 * S, times=1).window == 1
