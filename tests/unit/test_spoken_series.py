"""Series as promtool's tests speak of them mean what promtool says that they mean."""

import pytest

from tests.support.spoken_series import labels, recorded, values


@pytest.mark.parametrize(
    ("spoken", "meant"),
    [
        ("5", [5]),
        ("1x3", [1, 1, 1, 1]),
        ("0+15x2", [0, 15, 30]),
        ("10-2x3", [10, 8, 6, 4]),
        ("_x2 1 1", [None, None, 1, 1]),
        ("_ 7", [None, 7]),
        ("0.5x1", [0.5, 0.5]),
    ],
)
def test_a_phrase_is_a_value_for_each_step(spoken: str, meant: list[float | None]) -> None:
    assert list(values(spoken)) == meant


def test_what_is_no_phrase_is_refused() -> None:
    with pytest.raises(ValueError, match="1y3 is no series of promtool's"):
        list(values("1 1y3"))


def test_a_series_name_is_told_from_its_labels() -> None:
    assert labels('up{job="k",process="route"}') == ("up", (("job", "k"), ("process", "route")))
    assert labels("kasugai_health") == ("kasugai_health", ())


def test_a_story_is_written_with_times_and_its_gaps_left_out() -> None:
    story = {"interval": "15s", "series": [{"series": 'x{a="b"}', "values": "_ 1 2"}]}
    text, end = recorded(story, 1000.0)
    assert text == '# TYPE x unknown\nx{a="b"} 1.0 1015.000\nx{a="b"} 2.0 1030.000\n# EOF\n'
    assert end == 1030.0
