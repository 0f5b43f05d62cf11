"""Turns an incident's entry into the text that Redis keeps of it, and back, exactly.

Compact JSON, drawn from the core's own types like the wire (schemas/shape.py), with a version inside; what has its
default value is left out. It knows nothing of keys, leases or Redis.
"""

import json
from collections.abc import Callable
from functools import cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from kasugai.core.ledger import Entry
from kasugai.schemas.shape import Choice, Few, Id, Many, Maybe, Named, Plain, Record, Shape, Symbol, slots_of

VERSION = 1
"""Grows with every change that an older reader would misunderstand."""

Turn = Callable[[Any], Any]


class LedgerUnreadable(Exception):
    """A record of the ledger that this Kasugai cannot read: its process stops with this one line."""


def dump_entry(entry: Entry) -> str:
    """Return the text of `entry`."""
    return json.dumps({"v": VERSION, **_writer(Entry)(entry)}, separators=(",", ":"))


def load_entry(text: str) -> Entry:
    """Return the entry that `text` was made of. LedgerUnreadable for a newer version, or a text that is not ours."""
    try:
        raw = json.loads(text)
        version = raw.pop("v")
        if version == VERSION:
            entry: Entry = _reader(Entry)(raw)
            return entry
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerUnreadable(
            f"ledger record {text[:60]!r} cannot be read ({type(error).__name__}): type kasugai rebuild"
        ) from error
    raise LedgerUnreadable(
        f"ledger record of incident {raw.get('incident')} has version {version!r:.20}, this Kasugai reads {VERSION}: "
        "upgrade it to the release of the other workers"
    )


@cache
def _writer(cls: type) -> Turn:
    """Return what turns a `cls` into the dict of its fields that differ from their defaults."""
    slots = [(slot.name, slot.default, _out(slot.shape)) for slot in slots_of(cls)]

    def write(value: Any) -> dict[str, Any]:
        body = {}
        for name, default, turn in slots:
            held = getattr(value, name)
            if held != default:
                body[name] = held if turn is None else turn(held)
        return body

    return write


@cache
def _reader(cls: type) -> Turn:
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
        case Plain() | Symbol():
            return None
        case Id():
            return str
        case Record(cls):
            return _writer(cls)
        case Maybe(item):
            return _unless_none(_out(item))
        case Many(item) | Few(item):
            turn = _out(item)
            return None if turn is None else _each(list, turn)
        case Named(item):
            return _by_name(dict, _out(item))
        case Choice():
            raise TypeError(f"the ledger's JSON has no form for {shape}: teach adapters/ledger_json.py")


def _in(shape: Shape) -> Turn | None:
    """Return the way back."""
    match shape:
        case Plain():
            return None
        case Id() | Symbol():
            return UUID if isinstance(shape, Id) else shape.cls
        case Record(cls):
            return _reader(cls)
        case Maybe(item):
            return _unless_none(_in(item))
        case Many(item) | Few(item):
            return _each(tuple, _in(item))
        case Named(item):
            return _by_name(MappingProxyType, _in(item))
        case Choice():
            raise TypeError(f"the ledger's JSON has no form for {shape}: teach adapters/ledger_json.py")


def _unless_none(turn: Turn | None) -> Turn | None:
    return None if turn is None else lambda value: None if value is None else turn(value)


def _each(make: Turn, turn: Turn | None) -> Turn:
    return make if turn is None else lambda values: make([turn(value) for value in values])


def _by_name(make: Turn, turn: Turn | None) -> Turn:
    def apply(values: Any) -> Any:
        return make({key: held if turn is None else turn(held) for key, held in values.items()})

    return apply
