"""How the core's types look on the wire: reads a dataclass's type hints and says what each field becomes.

It knows the hints that the core uses and refuses any other by name, so that a new kind of field is a decision and
not an accident. It knows neither Avro's JSON nor bytes.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, NewType, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.spoken import Spoken


@dataclass(frozen=True, slots=True)
class Plain:
    """Text, a whole number or a truth value: the same on both sides."""

    cls: type


@dataclass(frozen=True, slots=True)
class Id:
    """A uuid, as its sixteen bytes."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A member of a closed set, by its name."""

    cls: type[StrEnum]


@dataclass(frozen=True, slots=True)
class Word:
    """A member of a set that later versions add to, by its text: who does not know a word hears it all the same."""

    cls: type[Spoken]


@dataclass(frozen=True, slots=True)
class Record:
    """A nested value."""

    cls: type


@dataclass(frozen=True, slots=True)
class Maybe:
    """A value or nothing."""

    item: "Shape"


@dataclass(frozen=True, slots=True)
class Many:
    """A tuple of any length."""

    item: "Shape"


@dataclass(frozen=True, slots=True)
class Few:
    """A tuple of exactly `size` values of one kind."""

    item: "Shape"
    size: int


@dataclass(frozen=True, slots=True)
class Named:
    """A mapping from text."""

    item: "Shape"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several records: a field that may be nothing for each, of which exactly one is set."""

    items: tuple[type, ...]


Shape = Plain | Id | Symbol | Word | Record | Maybe | Many | Few | Named | Choice


@dataclass(frozen=True, slots=True)
class Slot:
    """One field of a core value."""

    name: str
    shape: Shape
    default: object
    """`dataclasses.MISSING` where the core gives none."""


def slots_of(cls: type) -> tuple[Slot, ...]:
    """Return the fields that travel in the body; what does not take part in comparison travels in headers."""
    return _slots(cls)


@cache
def _slots(cls: type) -> tuple[Slot, ...]:
    hints = get_type_hints(cls)
    return tuple(
        Slot(field.name, shape_of(hints[field.name]), _default(field))
        for field in dataclasses.fields(cls)
        if field.compare
    )


def column(cls: type) -> str:
    """Return the name of the field that holds a `cls` where a choice is written out."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()


def shape_of(hint: Any) -> Shape:
    """Return what `hint` becomes; raise TypeError for a hint that the wire has no form for."""
    if isinstance(hint, NewType):
        return shape_of(hint.__supertype__)
    if hint in (str, int, bool):
        return Plain(hint)
    if hint is UUID:
        return Id()
    if isinstance(hint, type) and issubclass(hint, Spoken):
        return Word(hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return Symbol(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return Record(hint)
    return _generic(hint, get_args(hint))


def _generic(hint: Any, args: tuple[Any, ...]) -> Shape:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _union(args)
    if origin is tuple and args[-1] is Ellipsis:
        return Many(shape_of(args[0]))
    if origin is tuple and len(set(args)) == 1:
        return Few(shape_of(args[0]), len(args))
    if origin in (dict, Mapping) and args[0] is str:
        return Named(shape_of(args[1]))
    if origin is FrozenMap:
        return Named(shape_of(args[0]))
    raise TypeError(f"the wire has no form for {hint!r}: teach schemas/shape.py or choose another type")


def _union(args: tuple[Any, ...]) -> Shape:
    rest = tuple(arg for arg in args if arg is not NoneType)
    if len(rest) == 1:
        return Maybe(shape_of(rest[0]))
    if len(rest) == len(args) and all(dataclasses.is_dataclass(arg) for arg in rest):
        return Choice(rest)
    raise TypeError(f"the wire has no form for a choice of {args!r}: only records, or one type and None")


def _default(field: "dataclasses.Field[Any]") -> object:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default
