"""From type hints to the wire: every hint that has a form, and that any other is refused by name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO
from typing import Any
from uuid import UUID

import avro.schema
import fastavro
import pytest

from kasugai.core.words.signals import Tick
from kasugai.core.words.timing import Millis
from kasugai.schemas import mapper
from kasugai.schemas.draw import draw
from kasugai.schemas.shape import Choice, Few, Id, Many, Maybe, Named, Plain, Record, Symbol, column, shape_of


class Colour(StrEnum):
    """A closed set."""

    DARK_RED = "dark-red"
    BLUE = "blue"


@dataclass(frozen=True)
class Plate:
    """What is told apart by its number."""

    number: UUID
    """Its id."""


@dataclass(frozen=True)
class Wagon:
    """One of each."""

    own: Plate
    """A record with an id: no default is possible."""
    former: Plate | None
    """May be missing."""
    cargo: Tick | Plate
    """One of two."""
    size: tuple[int, int]
    """Two numbers."""
    ticks: Mapping[str, Tick] = field(default_factory=dict)
    """By name."""
    colour: Colour = Colour.DARK_RED
    """Has a default."""
    other_colour: Colour | None = Colour.BLUE
    """Its default cannot be said in Avro."""
    beat: Tick = field(default_factory=lambda: Tick(period=Millis(5)))
    """A record with a default."""
    where: tuple[str, ...] = ()
    """Many."""
    trace: dict[str, str] = field(default_factory=dict, compare=False)
    """Travels in headers."""


WAGON = Wagon(
    own=Plate(UUID(int=1)),
    former=None,
    cargo=Plate(UUID(int=2)),
    size=(3, 4),
    ticks={"b": Tick(period=Millis(1)), "a": Tick(period=Millis(2))},
    where=("x", "y"),
)


@pytest.mark.parametrize(
    ("hint", "shape"),
    [
        (str, Plain(str)),
        (int, Plain(int)),
        (bool, Plain(bool)),
        (UUID, Id()),
        (Colour, Symbol(Colour)),
        (Tick, Record(Tick)),
        (int | None, Maybe(Plain(int))),
        (tuple[UUID, ...], Many(Id())),
        (tuple[str, str], Few(Plain(str), 2)),
        (Mapping[str, int], Named(Plain(int))),
        (Tick | Plate, Choice((Tick, Plate))),
    ],
)
def test_a_hint_has_a_form(hint: Any, shape: Any) -> None:
    assert shape_of(hint) == shape


@pytest.mark.parametrize(
    "hint", [float, bytes, object, list[int], tuple[int, str], dict[int, str], int | str, Tick | Plate | None]
)
def test_any_other_hint_is_refused(hint: Any) -> None:
    with pytest.raises(TypeError, match=r"^the wire has no form for "):
        shape_of(hint)


def test_every_shape_goes_through_bytes_and_back() -> None:
    schema = fastavro.parse_schema(draw(Wagon))
    out = BytesIO()
    fastavro.schemaless_writer(out, schema, mapper.writer(Wagon)(WAGON), strict=True)
    body = fastavro.schemaless_reader(BytesIO(out.getvalue()), schema, None)
    assert mapper.reader(Wagon)(body) == WAGON
    assert isinstance(body, dict)
    assert list(body["ticks"]) == ["a", "b"], "sorted: equal values give equal bytes"


def test_a_schema_says_defaults_where_avro_can() -> None:
    fields = {each["name"]: each for each in draw(Wagon)["fields"]}
    defaults = {name: each["default"] for name, each in fields.items() if "default" in each}
    assert defaults == {
        "former": None,
        "tick": None,
        "plate": None,
        "ticks": {},
        "colour": "DARK_RED",
        "beat": {"period": 5},
        "where": [],
    }
    assert fields["colour"]["type"]["symbols"] == ["UNKNOWN", "DARK_RED", "BLUE"]
    assert fields["tick"]["doc"].startswith("Set when the cargo is one of these: Time as a record")
    assert "trace" not in fields
    assert avro.schema.parse(json.dumps(draw(Wagon))).fullname == "kasugai.Wagon"


def test_a_field_that_nobody_explains_is_refused() -> None:
    with pytest.raises(LookupError, match=r"^say what Mute.speechless means: a docstring, or GLOSSARY"):
        draw(Mute)


@dataclass(frozen=True)
class Mute:
    """Has a field without a word about it."""

    speechless: int


def test_a_choice_inside_a_list_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^a choice may only be a field of its own$"):
        draw(Train)


@dataclass(frozen=True)
class Train:
    """Asks for too much."""

    wagons: tuple[Tick | Plate, ...]
    """One of two, many times."""


def test_a_column_is_named_after_its_class() -> None:
    assert [column(cls) for cls in (Tick, Plate, type("InventoryChange", (), {}))] == [
        "tick",
        "plate",
        "inventory_change",
    ]
