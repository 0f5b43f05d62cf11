"""Fills a template: a structure of YAML whose texts name values as `$name`. Pure.

A template is data and is never run: there are no expressions, no attributes and no loops in it, and what is put in is
put into texts of a finished structure, so no value can end a quotation or add a field.

    text: $summary                       a value; $$ is a dollar
    thread_ts?: $thread                  left out while `thread` is empty
    elements:
      - "?": {type: button, url: $hold}  an item that is left out while `hold` is empty
    time#: $at_ms                        a number instead of a text
"""

from collections.abc import Callable, Iterator, Mapping
from string import Template
from typing import Any

MARK = "?"
"""What a key ends with that is left out when a value that it names is empty."""

NUMBER = "#"
"""What a key ends with (before the other mark) whose text is said as a whole number; one that is none stays a text."""
LONGEST = 18
"""Digits of a number that every reader of JSON holds."""

Turn = Callable[[str], str]


class BadTemplate(Exception):
    """A template says what nobody understands. One line: what."""


def fill(template: Any, values: Mapping[str, str], turn: Turn = str) -> Any:
    """Return the structure with every name replaced by what `turn` makes of its value."""
    match template:
        case str():
            return Template(template).substitute({name: turn(value) for name, value in values.items()})
        case dict():
            return {
                key.removesuffix(MARK).removesuffix(NUMBER): _said(key, fill(item, values, turn))
                for key, item in template.items()
                if not (key.endswith(MARK) and _lacks(item, values))
            }
        case list():
            return [fill(item, values, turn) for item in _items(template, values)]
        case _:
            return template


def _said(key: str, item: Any) -> Any:
    is_number = isinstance(item, str) and item.isascii() and item.isdigit() and len(item) <= LONGEST
    return int(item) if is_number and key.removesuffix(MARK).endswith(NUMBER) else item


def _items(template: list[Any], values: Mapping[str, str]) -> Iterator[Any]:
    for item in template:
        if isinstance(item, dict) and item.keys() == {MARK}:
            if not _lacks(item[MARK], values):
                yield item[MARK]
        else:
            yield item


def names_in(template: Any) -> frozenset[str]:
    """Return the values that a template names; BadTemplate for a `$` that begins no name."""
    found: set[str] = set()
    for text in _texts(template):
        if not Template(text).is_valid():
            raise BadTemplate("a $ stands before no name (write $$ for a dollar)")
        found.update(Template(text).get_identifiers())
    return frozenset(found)


def _lacks(template: Any, values: Mapping[str, str]) -> bool:
    return any(not values[name] for name in names_in(template))


def _texts(template: Any) -> Iterator[str]:
    match template:
        case str():
            yield template
        case dict():
            for key, item in template.items():
                if not isinstance(key, str):
                    raise BadTemplate("a key is no text: put it into quotation marks")
                yield from _texts(item)
        case list():
            for item in template:
                yield from _texts(item)
        case _:
            return
