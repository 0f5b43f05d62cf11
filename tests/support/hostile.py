"""Characters that a terminal or a log would obey, hide or reorder, and values with all of them in every text.

They are harmless here: none of them does anything but show where nothing guards against it.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

HOSTILE = "".join(
    map(
        chr,
        [
            *range(0x00, 0x20),  # C0: newline, carriage return, escape, bell, ...
            *range(0x7F, 0xA0),  # DEL and C1: CSI in one character, NEL
            0xAD,  # soft hyphen
            *(0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)),  # directions
            *(0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF),  # of no width
            *(0x2028, 0x2029),  # separators of lines and paragraphs
            *(0xFFF9, 0xFFFA, 0xFFFB),  # annotations
            0xE0041,  # a tag
        ],
    )
)
"""Each of them once."""
FORGED = "\n2026-11-30T00:00:00.000Z  close cmp1 (recovered)\r\x1b[2K\x1b]0;gone\x07"
"""A line of its own, one painted over, and a title."""

T = TypeVar("T")


def poisoned(value: T, words: str = HOSTILE, *, but: frozenset[str] = frozenset()) -> T:
    """Return a value with `words` behind every text in it, however deep; texts that are `but` some are left."""
    return _poisoned(value, words, but)  # type: ignore[no-any-return]


def _poisoned(value: Any, words: str, but: frozenset[str]) -> Any:
    match value:
        case Enum():
            return value
        case str():
            return value if value in but or not value else value + words
        case tuple() | list():
            return type(value)(_poisoned(each, words, but) for each in value)
        case Mapping():
            return type(value)({key: _poisoned(each, words, but) for key, each in value.items()})  # type: ignore[call-arg]
        case _ if is_dataclass(value) and not isinstance(value, type):
            changes = {
                field.name: _poisoned(getattr(value, field.name), words, but)
                for field in fields(value)
                if field.init
            }
            return replace(value, **changes)
        case _:
            return value


def betrayed(text: str) -> set[str]:
    """Return which hostile characters are in a text besides the ends of its lines."""
    return (set(HOSTILE) - {"\n"}) & set(text)
