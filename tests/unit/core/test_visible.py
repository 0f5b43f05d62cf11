"""Text from outside in one line: everything that a terminal would obey, hide or reorder is an escape of JSON's."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.words.visible import shortened, visible
from tests.support.hostile import HOSTILE, betrayed

ANYTHING = st.text(st.characters(), max_size=40)
"""Halves of surrogate pairs too."""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cmp1.example.org", "cmp1.example.org"),
        ("鎹 – Übung\u3000é", "鎹 – Übung\u3000é"),
        ("a\nb\tc\r", "a\\nb\\tc\\r"),
        ("\x1b[2Kwell", "\\u001b[2Kwell"),
        ("\x00\x7f\x85\x9b", "\\u0000\\u007f\\u0085\\u009b"),
        ("cmp\u202e1pmc\u2066", "cmp\\u202e1pmc\\u2066"),
        ("a\u2028b\u2029c", "a\\u2028b\\u2029c"),
        ("half \ud800", "half \\ud800"),
        ("tag \U000e0041", "tag \\udb40\\udc41"),
        ("C:\\new", "C:\\new"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_every_hostile_character_alone_and_all_of_them() -> None:
    assert all(visible(sign).startswith("\\") for sign in HOSTILE)
    assert betrayed(visible(HOSTILE)) == set() and "\n" not in visible(HOSTILE)


@given(ANYTHING)
def test_it_is_one_line_that_can_be_seen_and_written(text: str) -> None:
    shown = visible(text)
    assert all(sign.isprintable() or unicodedata.category(sign) == "Zs" for sign in shown)
    assert shown.splitlines() in ([shown], [])
    assert visible(shown) == shown
    shown.encode()


@given(ANYTHING)
def test_json_stays_the_same_json(text: str) -> None:
    written = visible(json.dumps({text: [text]}, ensure_ascii=False))
    read = json.loads(written)
    assert read == json.loads(json.dumps({text: [text]}))


def test_what_is_cut_says_how_much_is_missing() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcdef", 4) == "abcd… (2 more characters)"
