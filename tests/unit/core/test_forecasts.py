"""A forecast beside what came: guest by guest, and how far it was out."""

import pytest

from kasugai.core.telling.forecasts import Came, Comparison, compare, errors
from kasugai.core.telling.whatif import Forecast
from kasugai.core.words.capacity import Outlook


def said(name: str, outlook: Outlook = Outlook.FITS, to: str = "cmp2") -> Forecast:
    return Forecast(uuid=f"u-{name}", name=name, host="cmp1", outlook=outlook, to=to)


def compared(*forecasts: Forecast, **now: str) -> Comparison:
    where = {f"u-{name}": host for name, host in now.items()}
    return compare(forecasts, where, {"cmp1"}, [(f"u-{name}", name) for name in now])


@pytest.mark.parametrize(
    ("outlook", "now", "came"),
    [
        (Outlook.FITS, "cmp2", Came.THERE),
        (Outlook.FITS, "cmp3", Came.ELSEWHERE),
        (Outlook.FITS, "cmp1", Came.NOT_BACK),
        (Outlook.NOWHERE, "cmp1", Came.STAYED),
        (Outlook.UNKNOWN, "cmp3", Came.AFTER_ALL),
        (Outlook.HELD, "cmp2", Came.AFTER_ALL),
        (Outlook.FITS, "", Came.NOT_SEEN),
        (Outlook.LEFT, "", Came.NOT_SEEN),
    ],
)
def test_what_became_of_a_guest(outlook: Outlook, now: str, came: Came) -> None:
    (found,) = compared(said("a", outlook), a=now).guests
    assert (found.came, found.now) == (came, now)


def test_the_error_is_of_those_that_were_said_to_fit_and_are_seen() -> None:
    found = compared(
        said("a"),
        said("b"),
        said("c"),
        said("d"),
        said("e", Outlook.NOWHERE),
        a="cmp2",
        b="cmp3",
        c="cmp1",
        e="cmp3",
    )
    assert (len(found.fitting), found.misplaced) == (3, 0.5)
    assert found.error == pytest.approx(1 / 3)
    assert found.count(Came.NOT_SEEN, Came.AFTER_ALL) == 2


def test_where_nobody_was_said_to_fit_there_is_no_error() -> None:
    found = compared(said("a", Outlook.LEFT), a="cmp1")
    assert (found.error, found.misplaced) == (0.0, 0.0)


def test_each_segment_has_its_own_error_and_one_without_a_guest_to_judge_has_none() -> None:
    rack2 = [Forecast(uuid=f"u-{n}", name=n, host="cmp5", outlook=Outlook.FITS, to="cmp6") for n in "xy"]
    left = Forecast(uuid="u-z", name="z", host="cmp8", outlook=Outlook.LEFT)
    gone = Forecast(uuid="u-g", name="g", host="cmp8", outlook=Outlook.FITS, to="cmp9")
    now = {"u-a": "cmp2", "u-x": "cmp6", "u-y": "cmp5", "u-z": "cmp8"}
    found = compare([said("a"), *rack2, left, gone], now, {"cmp1", "cmp5", "cmp8"}, [])
    segments = {"cmp5": "rack2", "cmp1": "rack1", "cmp8": "rack3"}
    assert list(errors(found, segments).items()) == [("rack1", 0.0), ("rack2", 0.5)]


def test_guests_of_other_hosts_are_not_compared_and_who_came_later_is_named() -> None:
    found = compare([said("a")], {}, {"cmp9"}, [("u-a", "a"), ("u-new", "new")])
    assert found.guests == () and found.newcomers == ("new",)
