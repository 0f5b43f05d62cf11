"""The window opens while Nova answers, and guests land, as fast as ever, and closes when Nova is drowned."""

from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.recovering.pace import LEAST, PROBE, START, Pace, answer, land, open_pace
from kasugai.core.words.timing import Millis, MonoTime
from tests.unit.core.makers import S
from tests.unit.core.scripts import examples

UNEVEN = (200, 90, 140, 250, 60, 170, 110, 230)
"""Milliseconds in which an idle Nova answers, in no order."""


def landed(pace: Pace, took: int, *, times: int, begun: int = 0) -> Pace:
    for _ in range(times):
        pace = land(pace, MonoTime(begun), Millis(took), MonoTime(begun + took))
    return pace


def answered(pace: Pace, upto: int, slower: float = 0.0, road: int = 0) -> Pace:
    """Let Nova answer, each call by so much slower than the one before; `road`: milliseconds on the way to it."""
    for place in range(len(pace.answers or ()) + 1, upto + 1):
        pace = answer(
            pace, place, Millis(road + round(UNEVEN[place % 8] * (1 + slower * place))), MonoTime(place * 10)
        )
    return pace


def test_a_new_owner_begins_with_eight_or_with_what_the_policy_allows() -> None:
    assert open_pace(50) == Pace(most=50, window=START)
    assert open_pace(3).window == 3


def test_answers_open_it_before_anything_has_landed() -> None:
    pace = open_pace(50)
    for wide, wider in ((START, 16), (16, PROBE), (PROBE, 50)):
        assert answered(pace, wide - 1).window == wide, "not before a whole window was answered"
        pace = answered(pace, wide)
        assert (pace.window, pace.landed) == (wider, 0)
    assert answered(pace, 50) == Pace(most=50, window=50, answers=None)


def test_answers_that_come_the_more_slowly_the_more_calls_there_are_halve_it_and_are_heard_no_more() -> None:
    pace = answered(open_pace(50), 16, slower=0.15)
    assert (pace.window, pace.since, pace.answers, pace.too_wide) == (8, 160, None, 0)
    assert answered(pace, 50) == pace


def test_a_long_road_to_nova_hides_nothing() -> None:
    """Else a slow machine or a distant Nova would open the window wide on a Nova that is drowned."""
    for road in (0, 200, 400):
        assert answered(open_pace(50), PROBE, slower=0.15, road=road).window < PROBE
        assert answered(open_pace(50), PROBE, road=road).window == 50


def test_a_rise_that_is_sure_and_small_is_nobodys_business() -> None:
    pace = open_pace(50)
    for place in range(1, PROBE + 1):
        pace = answer(pace, place, Millis(1000 + 10 * place), MonoTime(0))
    assert pace.window == 50


def test_answers_that_are_all_alike_open_it() -> None:
    pace = open_pace(50)
    for place in range(1, PROBE + 1):
        pace = answer(pace, place, Millis(100), MonoTime(0))
    assert pace.window == 50


def test_answers_in_any_order_tell_the_same() -> None:
    calls = [(place, UNEVEN[place % 8] * (1 if place < 12 else 4)) for place in range(1, 17)]
    for told in (calls, calls[::-1]):
        pace = open_pace(50)
        for place, took in told:
            pace = answer(pace, place, Millis(took), MonoTime(0))
        assert pace.window == 8


def test_a_few_answers_have_nothing_to_be_compared_with() -> None:
    assert answered(open_pace(50), START, slower=5).window == 16


def test_one_stuck_call_is_no_slow_nova() -> None:
    pace = answered(open_pace(50), 15)
    assert answer(pace, 16, Millis(60 * S), MonoTime(0)).window == PROBE
    assert land(landed(open_pace(50), S, times=7), MonoTime(0), Millis(60 * S), MonoTime(60 * S)).window == 16


def test_once_a_round_has_landed_answers_are_heard_no_more() -> None:
    pace = landed(open_pace(50), S, times=8)
    assert (pace.window, pace.answers) == (16, None)
    assert answered(pace, 50) == pace


def test_it_doubles_per_window_landed_up_to_the_policy_s_most() -> None:
    pace = open_pace(50)
    seen = []
    for wide in (8, 16, 32, 50):
        assert landed(pace, S, times=wide - 1).window == wide, "not before a whole window has landed"
        pace = landed(pace, S, times=wide)
        seen.append(pace.window)
    assert seen == [16, 32, 50, 50]
    assert (pace.best, pace.took, pace.landed) == (S, S, 8 + 16 + 32 + 50)


def test_it_halves_when_a_round_takes_too_long_and_never_below_two() -> None:
    pace = landed(open_pace(50), 10 * S, times=8)
    edge = landed(pace, 14 * S, times=16)
    assert edge.window == 32, "within 1.3 of the best, and a second for Nova's whole seconds"
    for begun, expected in ((0, 8), (100 * S, 4), (200 * S, LEAST), (300 * S, LEAST)):
        pace = landed(pace, 15 * S, times=pace.window, begun=begun)
        assert (pace.window, pace.best) == (expected, 10 * S)


def test_nova_s_records_count_whole_seconds() -> None:
    assert landed(landed(open_pace(50), S, times=8), 2 * S, times=16).window == 32
    assert landed(landed(open_pace(50), S, times=8), 3 * S, times=16).window == 8


def test_what_began_under_a_wider_window_tells_nothing_about_the_narrower() -> None:
    pace = landed(landed(open_pace(50), S, times=8), 9 * S, times=16, begun=0)
    assert (pace.window, pace.since) == (8, 9 * S)
    late = landed(pace, 20 * S, times=30, begun=8 * S)
    assert (late.window, late.round, late.landed) == (8, (), 54)
    assert late.took == 20 * S, "but how long guests take at present"


def test_it_feels_its_way_towards_what_was_too_wide() -> None:
    pace = landed(landed(open_pace(50), S, times=8), 9 * S, times=16)
    seen = []
    for begun in range(10, 13):
        pace = landed(pace, S, times=pace.window, begun=begun * S)
        seen.append(pace.window)
    assert seen == [9, 10, 11]


def test_a_policy_of_one_at_a_time_is_obeyed() -> None:
    pace = landed(answered(open_pace(1), 3, slower=9), S, times=1)
    assert landed(pace, 9 * S, times=1).window == 1


heard = st.tuples(st.just("answer"), st.integers(0, 40_000))
seen = st.tuples(st.just("land"), st.integers(0, 700_000))


@examples(200)
@given(st.integers(1, 60), st.lists(st.one_of(heard, heard, seen), max_size=150))
def test_whatever_nova_does_it_stays_between_its_bounds(most: int, events: list[tuple[str, int]]) -> None:
    pace, place = open_pace(most), 0
    for now, (what, took) in enumerate(events):
        place += what == "answer"
        wide = pace.window
        pace = (
            answer(pace, place, Millis(took), MonoTime(now))
            if what == "answer"
            else land(pace, MonoTime(now), Millis(took), MonoTime(now))
        )
        assert min(LEAST, most) <= pace.window <= most
        assert pace.window <= 2 * wide
