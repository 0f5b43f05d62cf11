"""Turns core values into the plain dicts and lists that fastavro writes, and back.

One pair of functions per class, put together once from its shape. What fits no core type on the way back, or holds more
than it may, is an `Unfit` with a reason; whoever holds the bytes makes it an error of its own.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from operator import attrgetter, index
from types import MappingProxyType
from typing import Any, assert_never
from uuid import UUID

from kasugai.core.words.frozen import FrozenMap
from kasugai.schemas.bounds import Broken, check_of, cutting
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
    column,
    slots_of,
)

NAMESPACE = "kasugai"
"""Of every named Avro type; fastavro finds a union's branch by the full name."""

ID_TYPE = "Uuid"
"""The name of the sixteen bytes. Many ids in a row are plain bytes: an array of a named type takes fastavro three times
as long (a row remembers 64)."""
ID_SIZE = 16

UNKNOWN = "UNKNOWN"
"""The symbol of every enum that an older reader sees in the place of a newer one's."""

Turn = Callable[[Any], Any]

STRICT: Mapping[type, Turn] = MappingProxyType({int: index, bool: {True: True, False: False}.__getitem__})
"""What keeps fastavro from writing 3 for 3.9 and true for "no": nothing else goes through (both are one call in C)."""


class Unfit(Exception):
    """A well-formed body holds what the core has no value for."""


class By(StrEnum):
    """Whose records a pair of functions is for."""

    ANYBODY = "anybody"
    """Every field is held to its bound."""
    OURSELVES = "ourselves"
    """Correlate's rows: what they hold was held to its bound before."""


@cache
def writer(cls: type, by: By = By.ANYBODY) -> Turn:
    """Return the function that turns a `cls` into a dict."""
    slots = slots_of(cls)
    keys = [slot.name for slot in slots]
    fetch = _fetch(keys)
    looks = (cutting(cls), check_of(cls)) if by is By.ANYBODY else ()
    turns = [
        (slot.name, turn, isinstance(slot.shape, Choice))
        for slot in slots
        if (turn := _out(slot.shape, by)) is not None
    ]

    def write(value: Any) -> dict[str, Any]:
        body = dict(zip(keys, fetch(value), strict=True))
        for look in looks:
            look(body)
        for name, turn, spread in turns:
            if spread:
                body |= turn(body.pop(name))
            else:
                body[name] = turn(body[name])
        return body

    return write


def _fetch(keys: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    fetch = attrgetter(*keys)
    return fetch if len(keys) > 1 else lambda value: (fetch(value),)


@cache
def reader(cls: type, by: By = By.ANYBODY) -> Turn:
    """Return the function that turns a dict into a `cls`."""
    check = check_of(cls) if by is By.ANYBODY else None
    steps = [(slot.name, _in(slot.shape, by)) for slot in slots_of(cls) if not isinstance(slot.shape, Choice)]
    choices = [
        (slot.name, _chooser(slot.shape, by)) for slot in slots_of(cls) if isinstance(slot.shape, Choice)
    ]

    def read(body: dict[str, Any]) -> Any:
        if check is not None:
            try:
                check(body)
            except Broken as broken:
                raise Unfit(str(broken)) from None
        fields = {name: body[name] if turn is None else turn(body[name]) for name, turn in steps}
        for name, choose in choices:
            fields[name] = choose(body)
        return cls(**fields)

    return read


def _out(shape: Shape, by: By) -> Turn | None:
    """Return what turns a field's value; None where it goes as it is."""
    match shape:
        case Maybe(item):
            return _maybe_out(item, by)
        case Many(Id()):
            return lambda values: b"".join([value.int.to_bytes(ID_SIZE, "big") for value in values])
        case Many(item) | Few(item):
            turn = _out(item, by)
            return list if turn is None else lambda values: [turn(value) for value in values]
        case Named(item):
            return _named_out(_out(item, by))
        case Choice(items):
            return _spread(items, by)
        case _:
            return _leaf_out(shape, by)


def _leaf_out(shape: Plain | Id | Symbol | Word | Record, by: By) -> Turn | None:
    match shape:
        case Plain(cls):
            return STRICT.get(cls)
        case Word():
            return None
        case Id():
            return attrgetter("bytes")
        case Symbol(cls):
            return {member: member.name for member in cls}.__getitem__
        case Record(cls):
            return writer(cls, by)
        case _:
            assert_never(shape)


def _maybe_out(item: Shape, by: By) -> Turn | None:
    branch, turn = _branch(item), _out(item, by)
    if branch is None:
        return turn and (lambda value: None if value is None else turn(value))
    assert turn is not None, "every type that has a name is turned"
    return lambda value: None if value is None else (branch, turn(value))


def _branch(item: Shape) -> str | None:
    """The full name by which fastavro finds the branch at once instead of trying each."""
    match item:
        case Id():
            return f"{NAMESPACE}.{ID_TYPE}"
        case Symbol(cls) | Record(cls):
            return f"{NAMESPACE}.{cls.__name__}"
        case _:
            return None


def _named_out(turn: Turn | None) -> Turn:
    """Sorted by key: equal values give equal bytes."""
    return lambda value: {key: value[key] if turn is None else turn(value[key]) for key in sorted(value)}


def _spread(items: tuple[type, ...], by: By) -> Turn:
    empty: dict[str, Any] = {column(cls): None for cls in items}
    ways = {cls: (column(cls), f"{NAMESPACE}.{cls.__name__}", writer(cls, by)) for cls in items}

    def spread(value: Any) -> dict[str, Any]:
        name, branch, turn = ways[type(value)]
        return {**empty, name: (branch, turn(value))}

    return spread


def _in(shape: Shape, by: By) -> Turn | None:
    match shape:
        case Maybe(item):
            turn = _in(item, by)
            return turn and (lambda value: None if value is None else turn(value))
        case Many(Id()):
            return _uuids
        case Many(item):
            return _many(_in(item, by))
        case Few(item, size):
            return _few(_in(item, by), size)
        case Named(item):
            return _named_in(_in(item, by))
        case Choice():
            return _chooser(shape, by)
        case _:
            return _leaf_in(shape, by)


def _leaf_in(shape: Plain | Id | Symbol | Word | Record, by: By) -> Turn | None:
    match shape:
        case Plain():
            return None
        case Word(cls):
            return cls.heard
        case Id():
            return _uuid
        case Symbol(cls):
            return _symbol(cls)
        case Record(cls):
            return reader(cls, by)
        case _:
            assert_never(shape)


def _uuid(data: bytes) -> UUID:
    return UUID(bytes=data)


def _uuids(data: bytes) -> tuple[UUID, ...]:
    if len(data) % ID_SIZE:
        raise Unfit(f"value out of range: {len(data)} bytes are no row of ids")
    return tuple([UUID(bytes=data[at : at + ID_SIZE]) for at in range(0, len(data), ID_SIZE)])


def _symbol(cls: type[StrEnum]) -> Turn:
    members = {member.name: member for member in cls}

    def find(symbol: str) -> StrEnum:
        member = members.get(symbol)
        if member is None:
            raise Unfit(f"unknown {cls.__name__} {symbol}: written by a newer Kasugai")
        return member

    return find


def _many(turn: Turn | None) -> Turn:
    return tuple if turn is None else lambda values: tuple([turn(value) for value in values])


def _few(turn: Turn | None, size: int) -> Turn:
    many = _many(turn)

    def take(values: list[Any]) -> Any:
        if len(values) != size:
            raise Unfit(f"value out of range: {len(values)} items where {size} belong")
        return many(values)

    return take


def _named_in(turn: Turn | None) -> Turn:
    return lambda value: FrozenMap({key: each if turn is None else turn(each) for key, each in value.items()})


def _chooser(choice: Choice, by: By) -> Turn:
    ways = [(column(cls), reader(cls, by)) for cls in choice.items]

    def choose(body: dict[str, Any]) -> Any:
        found = [(name, turn) for name, turn in ways if body[name] is not None]
        if len(found) != 1:
            names = ", ".join(name for name, _ in ways)
            raise Unfit(f"{len(found)} of {names} are set where exactly one belongs")
        name, turn = found[0]
        return turn(body[name])

    return choose
