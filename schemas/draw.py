"""Draws the Avro schema of a core class from its type hints, its defaults and its docstrings.

The drawing is committed (schemas/avsc) and pinned to an id; nothing draws at run time. `tools/draw_schemas.py`
writes what has changed; a test compares.
"""

import ast
import dataclasses
import inspect
import textwrap
from collections.abc import Mapping
from typing import Any, assert_never
from uuid import UUID

from kasugai.schemas.mapper import ID_SIZE, ID_TYPE, NAMESPACE, UNKNOWN, writer
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
    Slot,
    Symbol,
    Word,
    column,
    slots_of,
)

GLOSSARY = {
    "armed": "Whether Kasugai may act in this segment at all.",
    "asserted": "Whether the observer vouches that the host has been fenced.",
    "at": "Broker time in milliseconds since 1970.",
    "attempt": "Which attempt at the incident.",
    "author": "Who says so.",
    "boot_id": "The host's boot id as the observer knows it; empty when it does not.",
    "command_id": "The command's id; a re-send has the same.",
    "control_attributes": "Masakari's control_attributes, kept as written.",
    "closed": "The subject's last incident.",
    "deleted": "Whether the description has been taken away.",
    "decided_at": "`now` of the record that decided this publication.",
    "detail": "The same for people.",
    "description": "The operator's words about it.",
    "episode": "What tells this occurrence from the next one of the same symptom.",
    "event_id": "The id of the fault; a re-send has the same.",
    "evidence": "The faults that it stands on.",
    "epoch": "The owner's epoch; a higher one has fenced every lower one.",
    "excluded": "Pairs of guest uuid and reason: the guests that are left where they are.",
    "fact": "The fact as it stands on kasugai.recovery.",
    "fact_id": "Derived: a repeated publication has the same.",
    "host": "Nova's service host, byte for byte.",
    "host_type": "Masakari's host type.",
    "host_uuid": "The inventory's uuid of the host.",
    "incident": "The incident that it belongs to.",
    "key": "The step's key, action:subject.",
    "kind": "What kind it is of.",
    "n": "The number of the incident's publication.",
    "name": "Its name.",
    "silence": "What was last said about whom people work on; null before anything was.",
    "observer": "Who says so.",
    "offset": "The offset of the mailbox record that wrote this row; -1 before the first.",
    "order": "What it orders.",
    "partition": "The partition that it speaks of.",
    "phase": "Where the incident stands.",
    "policy": "The segment's policy.",
    "reason": "Why.",
    "record": "The description.",
    "segment": "The segment's id, the mailbox's key.",
    "segment_id": "The segment's id, the mailbox's key.",
    "service_type": "Masakari's service type.",
    "source": "The kind of the witness.",
    "state": "Where the step stands.",
    "steady": "The same moment on the clock that leaves out what correlate was blind for.",
    "step": "The step's record.",
    "steps": "The steps.",
    "subject": "What it is about.",
    "symptom": "What the observer says about the subject.",
    "topic": "The topic that it speaks of.",
    "verb": "What correlate did about the subject.",
    "verdict_id": "Derived: a repeated publication has the same.",
    "version": "Only a higher version replaces a lower one.",
    "guests": "How many of its guests have one.",
    "links": "What the host sees of its peers, by network.",
    "disks": "How many guests have disks of which class.",
    "window": "How many evacuations of one host may be in progress at a time at most.",
}
"""Words for fields whose name says enough in the core; a field's own docstring goes before."""


def draw(cls: type) -> dict[str, Any]:
    """Return the schema of `cls` with every named type written out where it first appears."""
    return _record(cls, set())


def _record(cls: type, seen: set[str]) -> dict[str, Any]:
    head = {} if seen else {"namespace": NAMESPACE}
    seen.add(cls.__name__)
    docs = field_docs(cls)
    fields = [field for slot in slots_of(cls) for field in _fields(slot, docs, seen)]
    return {"type": "record", "name": cls.__name__, **head, "doc": _sentence(cls), "fields": fields}


def _fields(slot: Slot, docs: dict[str, str], seen: set[str]) -> list[dict[str, Any]]:
    if isinstance(slot.shape, Choice):
        return [
            {
                "name": column(cls),
                "type": ["null", _type(Record(cls), seen)],
                "default": None,
                "doc": f"Set when the {slot.name} is one of these: {_sentence(cls)}",
            }
            for cls in slot.shape.items
        ]
    field = {"name": slot.name, "type": _type(slot.shape, seen), "doc": docs[slot.name]}
    return [field | _default(slot)]


def _type(shape: Shape, seen: set[str]) -> Any:
    match shape:
        case Maybe(item):
            return ["null", _type(item, seen)]
        case Many(Id()):
            return "bytes"
        case Many(item) | Few(item):
            return {"type": "array", "items": _type(item, seen)}
        case Named(item):
            return {"type": "map", "values": _type(item, seen)}
        case Choice():
            raise TypeError("a choice may only be a field of its own")
        case _:
            return _leaf(shape, seen)


def _leaf(shape: Plain | Id | Symbol | Word | Record, seen: set[str]) -> Any:
    match shape:
        case Plain(cls):
            return {str: "string", int: "long", bool: "boolean"}[cls]
        case Word():
            return "string"
        case Id():
            return _once(
                ID_TYPE, {"type": "fixed", "name": ID_TYPE, "size": ID_SIZE, "logicalType": "uuid"}, seen
            )
        case Symbol(cls):
            symbols = [UNKNOWN, *(member.name for member in cls)]
            drawn = {"type": "enum", "name": cls.__name__, "symbols": symbols, "default": UNKNOWN}
            return _once(cls.__name__, drawn | {"doc": _sentence(cls)}, seen)
        case Record(cls):
            return cls.__name__ if cls.__name__ in seen else _record(cls, seen)
        case _:
            assert_never(shape)


def _once(name: str, drawn: dict[str, Any], seen: set[str]) -> Any:
    if name in seen:
        return name
    seen.add(name)
    return drawn


def _default(slot: Slot) -> dict[str, Any]:
    """Every field has a default but ids, and records that hold one."""
    try:
        return {"default": _given(slot.shape, slot.default)}
    except LookupError:
        return {}


def _given(shape: Shape, value: object) -> Any:
    if value is dataclasses.MISSING:
        return _nothing(shape)
    match shape, value:
        case Maybe(), None:
            return None
        case Maybe() | Id(), _:
            raise LookupError("Avro gives a union the default of its first branch")
        case Symbol(cls), _:
            return cls(str(value)).name
        case Record(cls), _:
            return _fitted(cls, writer(cls)(value))
        case ((Many() | Few()), ()):
            return _none_of(shape)
        case Named(), Mapping():
            return {}
        case _:
            return list(value) if isinstance(value, tuple) else value


def _fitted(cls: type, body: dict[str, Any]) -> dict[str, Any]:
    if any(isinstance(value, UUID | bytes) for value in body.values()):
        raise LookupError(f"{cls.__name__} holds an id")
    return body


def _nothing(shape: Shape) -> Any:
    match shape:
        case Plain() | Word():
            return "" if isinstance(shape, Word) else shape.cls()
        case Symbol():
            return UNKNOWN
        case Maybe():
            return None
        case Many():
            return _none_of(shape)
        case Named():
            return {}
        case Record(cls):
            return {slot.name: _given(slot.shape, slot.default) for slot in slots_of(cls)}
        case Id() | Few() | Choice():
            raise LookupError("has no value that means nothing")
        case _:
            assert_never(shape)


def _none_of(shape: Shape) -> str | list[Any]:
    return "" if shape == Many(Id()) else []


def field_docs(cls: type) -> dict[str, str]:
    """Return the docstring of each field, from the source of `cls` or from the glossary."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(tree, ast.ClassDef)
    found: dict[str, str] = {}
    for node, after in zip(tree.body, [*tree.body[1:], None], strict=True):
        match node, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = " ".join(text.split())
            case _:
                pass
    return {slot.name: found.get(slot.name) or _glossary(cls, slot) for slot in slots_of(cls)}


def _glossary(cls: type, slot: Slot) -> str:
    if slot.name in GLOSSARY:
        return GLOSSARY[slot.name]
    match slot.shape:
        case Choice():
            return "Each of its records says it."
        case Record(of) | Symbol(of) | Word(of) | Maybe(Record(of) | Symbol(of) | Word(of)):
            return _sentence(of)
        case _:
            pass
    raise LookupError(
        f"say what {cls.__name__}.{slot.name} means: a docstring, or GLOSSARY in schemas/draw.py"
    )


def _sentence(cls: type) -> str:
    """The first sentence of the class's docstring."""
    return " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())
