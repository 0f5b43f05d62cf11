"""Turns a value into the compact JSON body that stores keep of it, and back, exactly.

Drawn from the type's own hints like the wire (shape.py); what has its default value is left out, so that a body grows
only with what it says. Versions, keys and stores are its callers' business.
"""

from collections.abc import Callable, Hashable
from functools import cache
from typing import Any, TypeVar, assert_never, cast
from uuid import UUID

from kasugai.core.words.frozen import FrozenMap
from kasugai.schemas.shape import (
    Choice,
    Few,
    Id,
    Many,
    Maybe,
    Named,
    Plain,
    Record,
    Shape,
    Symbol,
    Word,
    slots_of,
)

T = TypeVar("T")
Turn = Callable[[Any], Any]


def body_of(value: object) -> dict[str, Any]:
    """Return the body of a dataclass's instance."""
    found: dict[str, Any] = writer(cast("Hashable", type(value)))(value)
    return found


def value_of(cls: type[T], body: dict[str, Any]) -> T:
    """Return the instance that `body` was made of; KeyError, TypeError or ValueError when it is another's."""
    found: T = reader(cast("Hashable", cls))(body)
    return found


@cache
def writer(cls: type) -> Turn:
    """Return what turns a `cls` into the dict of its fields that differ from their defaults."""
    slots = [(slot.name, slot.default, _out(slot.shape)) for slot in slots_of(cls)]

    def write(value: Any) -> dict[str, Any]:
        body = {}
        for name, default, turn in slots:
            held = getattr(value, name)
            if held is not default and held != default:
                body[name] = held if turn is None else turn(held)
        return body

    return write


@cache
def reader(cls: type) -> Turn:
    """Return what turns such a dict into a `cls`; a field that the class does not have is a KeyError."""
    turns = {slot.name: _in(slot.shape) for slot in slots_of(cls)}

    def read(body: dict[str, Any]) -> Any:
        return cls(
            **{name: held if (turn := turns[name]) is None else turn(held) for name, held in body.items()}
        )

    return read


def _out(shape: Shape) -> Turn | None:
    """Return what makes a field's value fit for JSON; None where it is so already (a StrEnum is text)."""
    match shape:
        case Plain() | Symbol() | Word():
            return None
        case Id():
            return str
        case Record(cls):
            return writer(cls)
        case Maybe(item):
            return _unless_none(_out(item))
        case Many(item) | Few(item):
            turn = _out(item)
            return None if turn is None else _each(list, turn)
        case Named(item):
            return _by_name(dict, _out(item))
        case Choice():
            raise TypeError(f"compact JSON has no form for {shape}: teach schemas/compact.py")


def _in(shape: Shape) -> Turn | None:
    """Return the way back."""
    match shape:
        case Plain() | Id() | Symbol() | Word() | Record():
            return _leaf_in(shape)
        case Maybe(item):
            return _unless_none(_in(item))
        case Many(item) | Few(item):
            return _each(tuple, _in(item))
        case Named(item):
            return _by_name(FrozenMap, _in(item))
        case Choice():
            raise TypeError(f"compact JSON has no form for {shape}: teach schemas/compact.py")


def _leaf_in(shape: Plain | Id | Symbol | Word | Record) -> Turn | None:
    match shape:
        case Plain():
            return None
        case Id():
            return UUID
        case Symbol(cls):
            return cls
        case Word(cls):
            return cls.heard
        case Record(cls):
            return reader(cls)
        case _:
            assert_never(shape)


def _unless_none(turn: Turn | None) -> Turn | None:
    return None if turn is None else lambda value: None if value is None else turn(value)


def _each(make: Turn, turn: Turn | None) -> Turn:
    return make if turn is None else lambda values: make([turn(value) for value in values])


def _by_name(make: Turn, turn: Turn | None) -> Turn:
    def apply(values: Any) -> Any:
        return make(
            dict(values.items()) if turn is None else {key: turn(held) for key, held in values.items()}
        )

    return apply
