"""Time-outs: what must fit together does, in both profiles, and what does not is said."""

from dataclasses import replace

import pytest

from kasugai.core.words.timing import PRODUCTION, PROFILES, TEST, Timing


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
def test_each_misfit_is_said_and_its_border_is_not(change: dict[str, int], said: str) -> None:
    assert [line for line in replace(PRODUCTION, **change).problems() if line.startswith(said)]
    border = {"settle": 90_000, "renewal": 3_333, "margin": 9_999}
    assert replace(PRODUCTION, **{key: border[key] for key in change}).problems() == ()


def test_a_dead_workers_fence_may_still_act_until_its_agent_died_with_the_lease() -> None:
    assert PRODUCTION.fence_settle == PRODUCTION.settle
    assert replace(PRODUCTION, fence=100_000).fence_settle == 110_000


def test_a_record_is_old_once_a_report_is_overdue_by_the_slack() -> None:
    assert PRODUCTION.stale_after == 15_000
