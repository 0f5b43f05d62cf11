"""Hypothesis strategies for the core's values, built from their type hints: every field takes every value that fits.

They promise well-formed values within their bounds, not sensible ones: a test about rules narrows what it needs with
keyword arguments (`values_of(Fault, host=st.just("cmp1"))`).
"""

from enum import StrEnum
from typing import Any, TypeVar, assert_never
from uuid import UUID

from hypothesis import strategies as st

from kasugai.core.words.frozen import FrozenMap
from kasugai.schemas.bounds import Number, bound_of
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


def values_of(cls: type[T], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[T]:
    """Return a strategy for `cls`; `given` replaces single fields."""
    fields = {
        slot.name: given[slot.name] if slot.name in given else _value(slot.shape, numbers_of(cls, slot.name))
        for slot in slots_of(cls)
    }
    return st.builds(cls, **fields)


def numbers_of(cls: type, field: str) -> st.SearchStrategy[int]:
    """Return a strategy for the numbers that a field takes."""
    bound = bound_of(cls, field, int)
    return st.integers(bound.low, bound.high) if isinstance(bound, Number) else st.nothing()


def _value(shape: Shape, numbers: st.SearchStrategy[int]) -> st.SearchStrategy[Any]:
    match shape:
        case Maybe(item):
            return st.none() | _value(item, numbers)
        case Many(item):
            return st.lists(_value(item, numbers), max_size=3).map(tuple)
        case Few(item, size):
            return st.tuples(*[_value(item, numbers)] * size)
        case Named(item):
            return st.dictionaries(words, _value(item, numbers), max_size=3).map(FrozenMap)
        case Choice(items):
            return st.one_of(*(st.deferred(lambda cls=cls: values_of(cls)) for cls in items))  # type: ignore[misc]
        case _:
            return _leaf(shape, numbers)


def _leaf(
    shape: Plain | Id | Symbol | Word | Record, numbers: st.SearchStrategy[int]
) -> st.SearchStrategy[Any]:
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
