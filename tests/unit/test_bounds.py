"""What a record may hold at most: what breaks a bound is no value, whatever the record, and its field is named."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kasugai.core.deciding.rows import SegmentRow
from kasugai.core.words.bounds import LONGEST, LONGEST_TEXT, bytes_of, cut
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.inventory import SegmentRecord
from kasugai.core.words.signals import Source, fault
from kasugai.core.words.subject import host_subject
from kasugai.schemas import mapper
from kasugai.schemas.bounds import FIELDS, ITEMS, Number, bound_of, items_of
from kasugai.schemas.codec import CLASSES, ROWS, Undecodable, Unencodable, decode, encode, schema_of
from kasugai.schemas.mapper import By
from kasugai.schemas.shape import Choice, Few, Many, Maybe, Named, Plain, Record, Shape, column, slots_of
from tests.support.unbounded import frame_of
from tests.unit.core.makers import fact

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
MAIL = tuple(cls for cls in CLASSES if cls not in ROWS)
"""What anybody but correlate writes."""

Spoiled = Iterator[tuple[str, Any]]
"""A field by class and name, and what it is in when it holds too much."""


def spoiled(cls: type, body: dict[str, Any]) -> Spoiled:
    """Every way to break one bound in a record's body."""
    for slot in slots_of(cls):
        if isinstance(slot.shape, Choice):
            for item in slot.shape.items:
                if body[column(item)] is not None:
                    branch, inner = body[column(item)]
                    for field, other in spoiled(item, inner):
                        yield field, {**body, column(item): (branch, other)}
        else:
            for field, value in _spoiled(cls, slot.name, slot.shape, body[slot.name]):
                yield field, {**body, slot.name: value}


def _spoiled(cls: type, name: str, shape: Shape, value: Any) -> Spoiled:
    match shape:
        case Plain(leaf) if leaf is not bool:
            bound = bound_of(cls, name, leaf)
            worse = [bound.low - 1, bound.high + 1] if isinstance(bound, Number) else ["x" * (bound.most + 1)]
            yield from ((f"{cls.__name__}.{name}", each) for each in worse)
        case Record(inner):
            yield from spoiled(inner, value)
        case Maybe(item) if value is not None:
            branch, inner_value = value if isinstance(value, tuple) else ("", value)
            for field, other in _spoiled(cls, name, item, inner_value):
                yield field, (branch, other) if branch else other
        case Many(item) | Few(item) if value and not isinstance(value, bytes):
            most = items_of(cls, name)
            if most is not None:
                yield f"{cls.__name__}.{name}", value[:1] * (most + 1)
            yield from ((field, [other, *value[1:]]) for field, other in _spoiled(cls, name, item, value[0]))
        case Named(item):
            key, held = next(iter(value.items()))
            yield f"{cls.__name__}.{name}", {"k" * (LONGEST + 1): held}
            yield from ((field, {key: other}) for field, other in _spoiled(cls, name, item, held))
        case _:
            pass


def full(cls: type) -> Iterator[dict[str, Any]]:
    """The bodies of the golden vectors that say something in every field."""
    vectors = json.loads((GOLDEN / f"{schema_of(cls).id}.json").read_text())["vectors"]
    for vector in vectors[1::2]:
        yield mapper.writer(cls, By.OURSELVES)(decode(bytes.fromhex(vector["bytes"])))


@pytest.mark.parametrize("cls", MAIL, ids=lambda cls: cls.__name__)
def test_whatever_field_of_whatever_record_holds_too_much_is_refused_by_its_name(cls: type) -> None:
    seen = set()
    for whole in full(cls):
        assert decode(frame_of(cls, whole))
        for field, body in spoiled(cls, whole):
            with pytest.raises(Undecodable, match=rf"^{cls.__name__}: {field} (has|is) "):
                decode(frame_of(cls, body))
            seen.add(field)
    assert seen, "every record has a field with a bound"


def test_no_bound_is_stated_for_what_no_record_has() -> None:
    known = set()
    for cls in MAIL:
        for whole in full(cls):
            known |= {field for field, _ in spoiled(cls, whole)}
    names = known | {field.partition(".")[2] for field in known}
    assert set(FIELDS) <= names and set(ITEMS) <= names


@pytest.mark.parametrize("letter", ["x", "é", "鎹", "\U0001f986"])
def test_a_name_that_rows_repeat_is_counted_in_bytes(letter: str) -> None:
    fits = letter * (LONGEST // bytes_of(letter))
    said = fault(host=fits, observer="o", source=Source.PEER, episode="e")
    assert decode(encode(said)) == said
    with pytest.raises(Unencodable, match=r"^Fault: Subject.host has \d+ bytes, at most 255 are taken$"):
        encode(replace(said, subject=host_subject(fits + letter)))


def test_what_masakaris_api_takes_a_record_carries() -> None:
    """255 characters of any script in the names of segments and processes, and as long a description as there is."""
    record = SegmentRecord(segment_id="s", name="鎹" * 255, description="鎹" * 65_535)
    assert decode(encode(record)) == record


@given(st.text(), st.integers(1, 20))
def test_a_text_that_is_cut_says_that_there_was_more(text: str, most: int) -> None:
    short = cut(text, most)
    assert len(short) <= most and (short == text or (short[-1] == "…" and text.startswith(short[:-1])))


def test_a_text_for_people_is_cut_by_who_writes_it_and_nothing_else_is() -> None:
    long = replace(fact(FactKind.HELD), detail="x" * 5_000)
    back = decode(encode(long))
    assert isinstance(back, Fact) and back.detail == "x" * (LONGEST_TEXT - 1) + "…"
    with pytest.raises(Unencodable, match=r"^Fact: Fact.reason has 5000 characters, at most 255 are taken$"):
        encode(replace(fact(FactKind.HELD), reason="x" * 5_000))


def test_a_row_is_read_whatever_it_holds() -> None:
    """One that could not be read again would keep its partition from everybody."""
    row = SegmentRow(record=SegmentRecord(segment_id="s", name="x" * 5_000, version=2**60))
    assert decode(encode(row)) == row
