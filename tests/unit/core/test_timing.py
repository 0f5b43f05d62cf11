"""Time-outs: what must fit together does, in both profiles, and what does not is said."""

from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.words.timing import (
    PRODUCTION,
    PROFILES,
    TEST,
    BrokerTime,
    Millis,
    MonoTime,
    SteadyTime,
    Timing,
    between,
    later,
)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_the_profiles_fit(profile: Timing) -> None:
    assert profile.problems() == ()


def test_the_documented_profiles_have_their_names() -> None:
    assert PROFILES == {"production": PRODUCTION, "test": TEST}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"settle": 89_999}, "settle is shorter"),
        ({"renewal": 3_334}, "lease is shorter than three renewals"),
        ({"margin": 10_000}, "margin is not shorter"),
    ],
)
def test_each_misfit_is_said_and_its_border_is_not(change: dict[str, Any], said: str) -> None:
    assert [line for line in replace(PRODUCTION, **change).problems() if line.startswith(said)]
    border: dict[str, Any] = {"settle": 90_000, "renewal": 3_333, "margin": 9_999}
    assert replace(PRODUCTION, **{key: border[key] for key in change}).problems() == ()


def test_a_dead_workers_fence_may_still_act_until_its_agent_died_with_the_lease() -> None:
    assert PRODUCTION.fence_settle == PRODUCTION.settle
    assert replace(PRODUCTION, fence=Millis(100_000)).fence_settle == 110_000


def test_a_record_is_old_once_a_report_is_overdue_by_the_slack() -> None:
    assert PRODUCTION.stale_after == 15_000


def test_lengths_are_measured_between_times_of_one_clock() -> None:
    assert between(BrokerTime(3), BrokerTime(10)) == 7
    assert later(SteadyTime(3), Millis(7)) == 10


def test_mypy_refuses_to_mix_clocks() -> None:
    """Each `ignore` is needed: an unused one fails `make lint`."""
    assert between(BrokerTime(3), SteadyTime(10)) == 7  # type: ignore[type-var]
    assert between(MonoTime(3), 10) == 7  # type: ignore[type-var]
    assert later(BrokerTime(3), 7) == 10  # type: ignore[arg-type]
