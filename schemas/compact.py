"""Turns a value into the compact JSON body that stores keep of it, and back, exactly.

Drawn from the type's own hints like the wire (shape.py); what has its default value is left out, so that a body grows
only with what it says. Versions, keys and stores are its callers' business.
"""

from collections.abc import Callable, Hashable
from functools import cache, partial
from typing import Any, TypeVar, assert_never, cast
from uuid import UUID

from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.spoken import Spoken
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

LARGEST = 2**63
"""Numbers are 64 bits wide on every wire of ours."""

T = TypeVar("T")
Turn = Callable[[Any], Any]


def body_of(value: object) -> dict[str, Any]:
    """Return the body of a dataclass's instance."""
    found: dict[str, Any] = writer(cast("Hashable", type(value)))(value)
    return found


def value_of(cls: type[T], body: dict[str, Any]) -> T:
    """Return the instance that `body` was made of; AttributeError, LookupError, TypeError or ValueError when it is
    another's. A number beyond 64 bits and text that is none (a lone surrogate) are nobody's."""
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
            return _each(_out(item))
        case Named(item):
            return _by_name(_out(item))
        case Choice():
            raise TypeError(f"compact JSON has no form for {shape}: teach schemas/compact.py")


def _in(shape: Shape) -> Turn | None:
    """Return the way back."""
    match shape:
        case Plain() | Id() | Symbol() | Word() | Record():
            return _leaf_in(shape)
        case Maybe(item):
            return _unless_none(_in(item))
        case Many(item):
            return _listed(_in(item))
        case Few(item, size):
            return _listed(_in(item), size)
        case Named(item):
            return _named(_in(item))
        case Choice():
            raise TypeError(f"compact JSON has no form for {shape}: teach schemas/compact.py")


def _leaf_in(shape: Plain | Id | Symbol | Word | Record) -> Turn | None:
    match shape:
        case Plain(cls):
            return _plain(cls)
        case Id():
            return UUID
        case Symbol(cls):
            return cls
        case Word(cls):
            return partial(_word, cls)
        case Record(cls):
            return reader(cls)
        case _:
            assert_never(shape)


def _each(turn: Turn | None) -> Turn | None:
    return None if turn is None else lambda values: [turn(value) for value in values]


def _by_name(turn: Turn | None) -> Turn:
    return dict if turn is None else lambda held: {key: turn(value) for key, value in held.items()}


def _listed(turn: Turn | None, size: int | None = None) -> Turn:
    def take(held: Any) -> Any:
        values = _exactly(list, held)
        if size not in (None, len(values)):
            raise ValueError(f"{len(values)} items where {size} belong")
        return tuple(values if turn is None else [turn(value) for value in values])

    return take


def _named(turn: Turn | None) -> Turn:
    def take(held: Any) -> Any:
        items = _exactly(dict, held).items()
        return FrozenMap({_text(key): value if turn is None else turn(value) for key, value in items})

    return take


def _word(cls: type[Spoken], held: Any) -> Spoken:
    return cls.heard(_text(held))


def _plain(cls: type) -> Turn:
    """Return what lets only a `cls` through: what writes these bodies writes nothing else, others might."""
    if cls is str:
        return _text
    if cls is int:
        return _whole
    return partial(_exactly, cls)


def _text(held: Any) -> str:
    text: str = _exactly(str, held)
    if not text.isascii():
        text.encode()  # UnicodeEncodeError (a ValueError) for what no wire would carry
    return text


def _whole(held: Any) -> int:
    number: int = _exactly(int, held)
    if not -LARGEST <= number < LARGEST:
        raise ValueError("a number beyond 64 bits")
    return number


def _exactly(cls: type, held: Any) -> Any:
    if type(held) is not cls:
        raise TypeError(f"{type(held).__name__} where {cls.__name__} belongs")
    return held


def _unless_none(turn: Turn | None) -> Turn | None:
    return None if turn is None else lambda value: None if value is None else turn(value)
