"""Golden vectors: for a schema version, a few records as bytes, as Avro JSON and as Kasugai's JSON (tests/golden).

Called by draw_schemas.py when it writes a schema. A vector of a released version is never written again.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, assert_never
from uuid import UUID, uuid5

from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.identity import NAMESPACE
from kasugai.schemas import mapper
from kasugai.schemas.bounds import Bound, Number, bound_of
from kasugai.schemas.codec import encode, schema_of
from kasugai.schemas.plain import to_json
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

FOLDER = Path(__file__).resolve().parents[1] / "tests" / "golden"


@dataclass
class Sampler:
    """Fills values with something different in every field: `full`, or with as little as possible."""

    full: bool
    choice: int = 0
    count: int = field(default=0)

    def record(self, cls: type) -> Any:
        """Return a `cls`."""
        return cls(
            **{
                slot.name: self.value(slot.shape, slot.name, bound_of(cls, slot.name, int))
                for slot in slots_of(cls)
            }
        )

    def value(self, shape: Shape, name: str, bound: Bound) -> Any:
        """Return a value of `shape` for the field `name`, whose numbers have a `bound`."""
        match shape:
            case Maybe(item):
                return self.value(item, name, bound) if self.full else None
            case Many(item):
                return tuple(self.value(item, name, bound) for _ in range(2 if self.full else 0))
            case Few(item, size):
                return tuple(self.value(item, name, bound) for _ in range(size))
            case Named(item):
                return FrozenMap(
                    {f"{name}-{n}": self.value(item, name, bound) for n in range(2 if self.full else 0)}
                )
            case Choice(items):
                return self.record(items[self.choice % len(items)])
            case _:
                return self._leaf(shape, name, bound)

    def _leaf(self, shape: Plain | Id | Symbol | Word | Record, name: str, bound: Bound) -> Any:
        self.count += 1
        match shape:
            case Plain(cls):
                return self._plain(cls, name, bound)
            case Id():
                return uuid5(NAMESPACE, f"golden {self.count}")
            case Symbol(cls) | Word(cls):
                members = list[StrEnum](cls)
                return members[self.count % len(members)]
            case Record(cls):
                return self.record(cls)
            case _:
                assert_never(shape)

    def _plain(self, cls: type, name: str, bound: Bound) -> Any:
        low, high = (bound.low, bound.high) if isinstance(bound, Number) else (0, 0)
        if not self.full:
            return max(0, low) if cls is int else cls()
        number = min(1_795_305_600_000 * self.count, high)
        return {str: f"{name} 鎹 {self.count}", int: number, bool: True}[cls]


def samples(cls: type) -> Iterator[Any]:
    """Return one bare value and one full value for each way to choose."""
    widest = max(
        (len(slot.shape.items) for slot in slots_of(cls) if isinstance(slot.shape, Choice)), default=1
    )
    for choice in range(widest):
        yield Sampler(full=False, choice=choice).record(cls)
        yield Sampler(full=True, choice=choice).record(cls)


def write(cls: type) -> None:
    """Write the vectors of the newest version of `cls`."""
    version = schema_of(cls)
    vectors = [
        {"bytes": encode(value).hex(), "avro": avro_json(mapper.writer(cls)(value)), "value": to_json(value)}
        for value in samples(cls)
    ]
    body = {"id": version.id, "type": version.type, "vectors": vectors}
    text = json.dumps(body, indent=1, ensure_ascii=False, default=_strange) + "\n"
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{version.id}.json").write_text(text)


def avro_json(datum: Any) -> Any:
    """Return an Avro datum as JSON: union branches without their names, fixed bytes as hex."""
    match datum:
        case bytes():
            return datum.hex()
        case tuple():
            return avro_json(datum[1])
        case dict():
            return {key: avro_json(value) for key, value in datum.items()}
        case list():
            return [avro_json(value) for value in datum]
        case _:
            return datum


def _strange(value: object) -> str:
    assert isinstance(value, UUID | StrEnum)
    return str(value)
