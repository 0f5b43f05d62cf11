"""Tables have no borders and fit; ages are said in at most two units."""

import pytest

from kasugai.cli.colours import phase_cell
from kasugai.cli.tables import Column, Painted, age, table, took
from kasugai.core.words.timing import Millis
from tests.support.printed import printed

COLUMNS = (Column("NAME"), Column("N", right=True), Column("WHY"))


def test_a_table_has_heads_two_spaces_and_numbers_to_the_right() -> None:
    assert printed(table(COLUMNS, [("cmp1", "3", "dead"), ("c", "12", "")])) == (
        "NAME   N  WHY\ncmp1   3  dead\nc     12"
    )


def test_the_last_column_is_cut_to_the_width_with_a_mark() -> None:
    shown = table(COLUMNS, [("cmp1", "3", "a very long reason")], 20)
    assert shown[1] == "cmp1  3  a very lon…"


def test_only_the_word_of_the_phase_is_coloured() -> None:
    shown = table((Column("PHASE"), Column("WHY")), [("held", "failed"), ("?", "held")], None, phase_cell)
    assert shown == ["PHASE  WHY", (Painted("held ", "33"), "  ", "failed"), ("?    ", "  ", "held")]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0s"),
        (0.9, "0s"),
        (59, "59s"),
        (60, "1m"),
        (72, "1m12s"),
        (599, "9m59s"),
        (600, "10m"),
        (3599, "59m"),
        (3600, "1h"),
        (3660, "1h1m"),
        (36_000, "10h"),
        (2 * 86_400 - 1, "47h"),
        (2 * 86_400, "2d"),
    ],
)
def test_ages_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert age(Millis(int(seconds * 1000))) == said


def test_a_length_of_time_has_tenths() -> None:
    assert took(Millis(72_040)) == "72.0s"
