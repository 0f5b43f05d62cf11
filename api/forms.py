"""What a JSON body must be: jsonschema decides and explains, and a quick look lets pass what surely fits.

The look is compiled once from the same schema. It knows the few keywords that request bodies need; whatever else a
schema says, it is not sure, and jsonschema is asked. So it can be slow, and never lenient.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import reduce
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

Sure = Callable[[Any], bool]
"""Whether a value fits for certain; no means ask jsonschema."""

TYPES: Mapping[str, type] = {"object": dict, "string": str, "boolean": bool, "null": type(None)}
SILENT = frozenset({"title", "description"})
"""Keywords that ask for nothing."""


class Form:
    """A schema, ready to be asked."""

    def __init__(self, schema: dict[str, Any], formats: FormatChecker | None = None) -> None:
        """Check formats if a checker is given, as jsonschema does."""
        self.schema = schema
        self.validator = Draft202012Validator(schema, format_checker=formats)
        self.surely_fits = _sure(schema, formats)

    def fits(self, value: object) -> bool:
        """Whether it fits."""
        return self.surely_fits(value) or self.validator.is_valid(value)


def _sure(schema: Mapping[str, Any], formats: FormatChecker | None) -> Sure:
    looks = [_look(keyword, schema, formats) for keyword in schema if keyword not in SILENT]
    return reduce(_both, looks) if looks else lambda _: True


def _both(first: Sure, second: Sure) -> Sure:
    """One look out of two: `all` over a generator would cost more than the looks, and every request pays it."""
    return lambda value: first(value) and second(value)


def _look(keyword: str, schema: Mapping[str, Any], formats: FormatChecker | None) -> Sure:
    said = schema[keyword]
    if keyword in PLAIN:
        return PLAIN[keyword](said)
    match keyword:
        case "format":
            return lambda value: formats is None or formats.conforms(value, said)
        case "properties":
            return _properties({name: _sure(each, formats) for name, each in said.items()})
        case "patternProperties":
            return _patterns([(re.compile(each).search, _sure(of, formats)) for each, of in said.items()])
        case "additionalProperties" if said is False:
            return _nothing_else(schema.get("properties", ()), schema.get("patternProperties", ()))
        case _:
            return lambda _: False


def _type(said: str | list[str]) -> Sure:
    names = [said] if isinstance(said, str) else said
    kinds = tuple(TYPES[name] for name in names if name in TYPES)
    return lambda value: isinstance(value, kinds)


def _enum(said: list[Any]) -> Sure:
    return lambda value: any(type(value) is type(each) and value == each for each in said)


def _pattern(said: str) -> Sure:
    search = re.compile(said).search
    return lambda value: isinstance(value, str) and search(value) is not None


PLAIN: Mapping[str, Callable[[Any], Sure]] = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "minLength": lambda said: lambda value: isinstance(value, str) and len(value) >= said,
    "maxLength": lambda said: lambda value: isinstance(value, str) and len(value) <= said,
    "required": lambda said: lambda value: isinstance(value, dict) and value.keys() >= set(said),
    "minProperties": lambda said: lambda value: isinstance(value, dict) and len(value) >= said,
}
"""Looks that need nothing but what the keyword says."""


def _properties(of: Mapping[str, Sure]) -> Sure:
    def look(value: Any) -> bool:
        if not isinstance(value, dict):
            return False
        for name, each in value.items():
            sure = of.get(name)
            if sure is not None and not sure(each):
                return False
        return True

    return look


def _patterns(of: list[tuple[Callable[[str], object], Sure]]) -> Sure:
    def look(value: Any) -> bool:
        return isinstance(value, dict) and all(
            sure(each) for search, sure in of for name, each in value.items() if search(name)
        )

    return look


def _nothing_else(properties: Iterable[str], patterns: Iterable[str]) -> Sure:
    names, searches = frozenset(properties), [re.compile(each).search for each in patterns]

    def look(value: Any) -> bool:
        return isinstance(value, dict) and all(
            any(search(name) for search in searches) for name in value.keys() - names
        )

    return look
