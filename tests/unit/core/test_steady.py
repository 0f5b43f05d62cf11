"""Time: never backwards, and what nobody watched does not count."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.deciding.rows import ClockRow
from kasugai.core.deciding.steady import NEAR, TICK_FAR, TICK_NEAR, advance_clock, period_for, strike, times
from kasugai.core.words.signals import Tick
from kasugai.core.words.timing import BrokerTime, Millis, SteadyTime
from tests.unit.core.makers import S

NEW = ClockRow(partition=0)
STRUCK = strike(NEW, Tick(period=Millis(500)), BrokerTime(100 * S))


def test_now_is_the_highest_timestamp_seen() -> None:
    clock = advance_clock(advance_clock(NEW, BrokerTime(9)), BrokerTime(5))
    assert times(clock).moment.at == 9
    assert strike(clock, Tick(period=Millis(1)), BrokerTime(4)).now == 9


def test_before_the_first_tick_no_deadline_passes() -> None:
    assert times(advance_clock(NEW, BrokerTime(900 * S))).deadline == 0


def test_a_tick_lets_deadlines_pass_up_to_itself() -> None:
    assert times(STRUCK).deadline == 100 * S
    assert times(advance_clock(STRUCK, BrokerTime(200 * S))).deadline == 100 * S


def test_a_tick_within_two_announced_periods_loses_no_time() -> None:
    struck = strike(STRUCK, Tick(period=Millis(30 * S)), BrokerTime(101 * S))
    assert (struck.blind, struck.tick_at, struck.period) == (0, 101 * S, 30 * S)


def test_what_exceeds_two_announced_periods_was_time_spent_blind() -> None:
    struck = strike(STRUCK, Tick(period=Millis(500)), BrokerTime(126 * S))
    assert struck.blind == 25 * S
    assert times(struck).deadline == 101 * S
    assert strike(struck, Tick(period=Millis(500)), BrokerTime(130 * S)).blind == 28 * S


def test_the_announced_period_counts_not_the_new_one() -> None:
    far = replace(STRUCK, period=Millis(30 * S))
    assert strike(far, Tick(period=Millis(500)), BrokerTime(160 * S)).blind == 0
    assert strike(far, Tick(period=Millis(500)), BrokerTime(160 * S + 1)).blind == 1


def test_the_first_tick_of_a_partition_is_not_late() -> None:
    assert STRUCK.blind == 0


def test_the_steady_clock_stands_still_while_a_tick_is_overdue() -> None:
    at = [times(advance_clock(STRUCK, BrokerTime(at))).moment.steady for at in (100 * S, 101 * S, 125 * S)]
    assert at == [100 * S, 101 * S, 101 * S]


def test_a_decision_knows_the_deadline_of_the_tick_before() -> None:
    after = strike(STRUCK, Tick(period=Millis(500)), BrokerTime(126 * S))
    assert times(after, STRUCK).before == 100 * S
    later = strike(after, Tick(period=Millis(500)), BrokerTime(126 * S + 500))
    assert times(later, after).before == 101 * S
    assert times(later).before == -1


def test_ticks_are_frequent_while_a_deadline_is_near() -> None:
    assert period_for(None, SteadyTime(0)) == TICK_FAR
    assert period_for(SteadyTime(NEAR), SteadyTime(0)) == TICK_NEAR
    assert period_for(SteadyTime(NEAR + 1), SteadyTime(0)) == TICK_FAR
    assert period_for(SteadyTime(-1), SteadyTime(0)) == TICK_NEAR


beats = st.lists(
    st.tuples(st.integers(1, 100 * S), st.none() | st.sampled_from([TICK_NEAR, TICK_FAR])), max_size=30
)


@given(beats)
def test_no_clock_goes_back_and_deadlines_gain_at_most_two_announced_periods(
    records: list[tuple[int, int | None]],
) -> None:
    clock, before = STRUCK, times(STRUCK)
    for at, period in records:
        last = clock
        clock = (
            advance_clock(clock, BrokerTime(at))
            if period is None
            else strike(clock, Tick(period=Millis(period)), BrokerTime(at))
        )
        now = times(clock, last)
        assert now.moment.at >= before.moment.at and now.moment.steady >= before.moment.steady
        assert before.deadline <= now.deadline <= now.moment.steady <= now.moment.at
        assert now.deadline - before.deadline <= (0 if period is None else 2 * last.period)
        before = now
