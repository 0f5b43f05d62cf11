"""Hypothesis strategies for the core's values, built from their type hints: every field takes every value that fits.

They promise well-formed values, not sensible ones: a test about rules narrows what it needs with keyword arguments
(`values_of(Fault, host=st.just("cmp1"))`).
"""

from enum import StrEnum
from typing import Any, TypeVar, assert_never
from uuid import UUID

from hypothesis import strategies as st

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

words = st.text(max_size=12)
"""Any text that UTF-8 can carry."""

numbers = st.integers(min_value=-(2**63), max_value=2**63 - 1)
"""What fits into an Avro long."""


def values_of(cls: type[T], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[T]:
    """Return a strategy for `cls`; `given` replaces single fields."""
    fields = {
        slot.name: given[slot.name] if slot.name in given else _value(slot.shape) for slot in slots_of(cls)
    }
    return st.builds(cls, **fields)


def _value(shape: Shape) -> st.SearchStrategy[Any]:
    match shape:
        case Maybe(item):
            return st.none() | _value(item)
        case Many(item):
            return st.lists(_value(item), max_size=3).map(tuple)
        case Few(item, size):
            return st.tuples(*[_value(item)] * size)
        case Named(item):
            return st.dictionaries(words, _value(item), max_size=3).map(FrozenMap)
        case Choice(items):
            return st.one_of(*(st.deferred(lambda cls=cls: values_of(cls)) for cls in items))  # type: ignore[misc]
        case _:
            return _leaf(shape)


def _leaf(shape: Plain | Id | Symbol | Word | Record) -> st.SearchStrategy[Any]:
    match shape:
        case Plain(cls):
            return {str: words, int: numbers, bool: st.booleans()}[cls]
        case Id():
            return st.integers(min_value=0, max_value=2**128 - 1).map(lambda number: UUID(int=number))
        case Symbol(cls) | Word(cls):
            return st.sampled_from(list[StrEnum](cls))
        case Record(cls):
            return st.deferred(lambda: values_of(cls))
        case _:
            assert_never(shape)
