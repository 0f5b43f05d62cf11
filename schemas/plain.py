"""Core values as JSON for people, and back: what `kasugai tap` prints and what examples in contract files say.

Every record says its `type`, ids are text, closed sets are the core's own words. Fields that have a default may be
left out on the way in. It is a view: what travels is Avro (codec.py).
"""

import dataclasses
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from kasugai.schemas.codec import CLASSES
from kasugai.schemas.shape import Choice, Few, Id, Many, Maybe, Named, Plain, Record, Shape, Symbol, slots_of


class Malformed(Exception):
    """This JSON describes no value of ours; the message says where and why."""


def to_json(value: Any) -> dict[str, Any]:
    """Return `value` as a JSON object."""
    fields = {slot.name: _plain(getattr(value, slot.name)) for slot in slots_of(type(value))}
    return {"type": type(value).__name__} | fields


def from_json(body: Any) -> object:
    """Return the value that `body` describes."""
    return _record(body, tuple(CLASSES), "value")


def _plain(value: Any) -> Any:
    match value:
        case StrEnum() | UUID():
            return str(value)
        case tuple():
            return [_plain(item) for item in value]
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case _:
            return to_json(value) if dataclasses.is_dataclass(value) else value


def _record(body: Any, allowed: tuple[type, ...], where: str) -> object:
    if not isinstance(body, dict):
        raise Malformed(f"{where}: an object belongs here, not {body!r}")
    cls = _class(body.get("type"), allowed, where)
    slots = {slot.name: slot for slot in slots_of(cls)}
    if strange := set(body) - set(slots) - {"type"}:
        raise Malformed(f"{where}: {cls.__name__} has no {', '.join(sorted(strange))}")
    fields = {
        name: _value(body[name], slot.shape, f"{where}.{name}")
        for name, slot in slots.items()
        if name in body
    }
    needed = {name for name, slot in slots.items() if slot.default is dataclasses.MISSING}
    if missing := needed - set(fields):
        raise Malformed(f"{where}: {cls.__name__} lacks {', '.join(sorted(missing))}")
    made: object = cls(**fields)
    return made


def _class(name: Any, allowed: tuple[type, ...], where: str) -> type:
    if name is None and len(allowed) == 1:
        return allowed[0]
    for cls in allowed:
        if cls.__name__ == name:
            return cls
    raise Malformed(f"{where}.type: {name!r} is none of {', '.join(cls.__name__ for cls in allowed)}")


def _value(body: Any, shape: Shape, where: str) -> Any:
    match shape:
        case Maybe(item):
            return None if body is None else _value(body, item, where)
        case Many(item):
            return _items(body, item, where)
        case Few(item, size):
            return _exactly(_items(body, item, where), size, where)
        case Named(item):
            return {key: _value(each, item, f"{where}.{key}") for key, each in body.items()}
        case Choice(items):
            return _record(body, items, where)
        case Record(cls):
            return _record(body, (cls,), where)
        case _:
            return _leaf(body, shape, where)


def _items(body: Any, item: Shape, where: str) -> tuple[Any, ...]:
    if not isinstance(body, list):
        raise Malformed(f"{where}: a list belongs here, not {body!r}")
    return tuple(_value(each, item, f"{where}[{index}]") for index, each in enumerate(body))


def _exactly(values: tuple[Any, ...], size: int, where: str) -> tuple[Any, ...]:
    if len(values) != size:
        raise Malformed(f"{where}: {size} items belong here, not {len(values)}")
    return values


def _leaf(body: Any, shape: Plain | Id | Symbol, where: str) -> Any:
    match shape:
        case Plain(cls) if type(body) is not cls:
            raise Malformed(f"{where}: {_word(cls)} belongs here, not {body!r}")
        case Plain():
            return body
        case Id():
            return _parsed(UUID, body, where, "a uuid")
        case Symbol(cls):
            return _parsed(cls, body, where, f"one of {', '.join(cls)}")


def _word(cls: type) -> str:
    return {str: "text", int: "a whole number", bool: "true or false"}[cls]


def _parsed(parse: Callable[[Any], Any], body: Any, where: str, what: str) -> Any:
    try:
        return parse(body)
    except (ValueError, AttributeError, TypeError) as error:
        raise Malformed(f"{where}: {what} belongs here, not {body!r}") from error
