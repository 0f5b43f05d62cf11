"""Templates: what is put in stays a value, whatever it holds; what is empty may be left out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.announcers.templates import BadTemplate, fill, names_in

MOMENT = 1_764_572_401_000
VALUES = {"a": "one", "b": "", "n": str(MOMENT), "quote": '", "x": "'}


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ("$a and ${a}s, $$5", "one and ones, $5"),
        ({"t": "$quote"}, {"t": '", "x": "'}),
        ({"kept": "$a", "gone?": "$b", "here?": "$a"}, {"kept": "one", "here": "one"}),
        ({"deep?": {"x": {"y": "$b"}, "z": "$a"}}, {}),
        (["$a", {"?": {"u": "$b"}}, {"?": {"u": "$a"}}], ["one", {"u": "one"}]),
        ({"t#": "$n", "u#?": "$n", "gone#?": "$b", "s": "$n"}, {"t": MOMENT, "u": MOMENT, "s": str(MOMENT)}),
        (
            {"n": 3, "yes": True, "none": None, "list": [1.5]},
            {"n": 3, "yes": True, "none": None, "list": [1.5]},
        ),
    ],
)
def test_names_are_replaced_in_texts_alone(template: Any, filled: Any) -> None:
    assert fill(template, VALUES) == filled


@pytest.mark.parametrize("value", ["", "-1", "1.5", "\u0661", "9" * 19, "x"])
def test_what_is_no_number_stays_a_text(value: str) -> None:
    assert fill({"t#": "$v"}, {"v": value}) == {"t": value}


def test_a_value_is_turned_before_it_is_put_in() -> None:
    assert fill({"t": "$a $b!"}, VALUES, str.upper) == {"t": "ONE !"}


@given(st.text())
def test_no_value_adds_a_field_or_ends_a_text(value: str) -> None:
    body = json.loads(json.dumps(fill({"text": "<$v>", "other": ["$v"]}, {"v": value})))
    assert body == {"text": f"<{value}>", "other": [value]}


def test_a_value_is_no_template() -> None:
    assert fill("$a", {"a": "$b ${__class__} {0.__class__}", "b": "x"}) == "$b ${__class__} {0.__class__}"


def test_names_are_found_wherever_they_stand() -> None:
    assert names_in({"a": ["$x", {"b?": "${y} $$z"}], "n": 1}) == {"x", "y"}


@pytest.mark.parametrize("template", ["5 $ a day", ["${a.b}"], {1: "x"}])
def test_what_nobody_understands_is_refused(template: Any) -> None:
    with pytest.raises(BadTemplate):
        names_in(template)
