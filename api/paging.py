"""Lists: which order, which part, and after which marker a client asks for (masakari.md 1.8). Pure.

A marker is the integer id of the last thing that the client has seen.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from kasugai.api.errors import bad_request

Query = Mapping[str, Sequence[str]]
"""Every value of each query parameter."""

Row = Mapping[str, Any]

NEWEST_FIRST = (("created_at", True), ("id", True))

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a client asks for."""

    limit: int
    marker: int | None
    order: tuple[tuple[str, bool], ...]
    """Columns, and whether each runs downwards."""

    @property
    def is_newest_first(self) -> bool:
        """Whether it is the usual order."""
        return self.order == NEWEST_FIRST


def page(query: Query, columns: Iterable[str], highest: int) -> Page:
    """Return what a query asks for; ApiError 400 when it cannot be. `columns` are those of the rows."""
    _number(query, "page_size", highest)
    limit = _number(query, "limit", highest)
    return Page(limit=min(limit, highest), marker=_marker(query), order=_order(query, frozenset(columns)))


def _number(query: Query, name: str, default: int) -> int:
    if name not in query:
        return default
    text = query[name][-1]
    if not _INTEGER.fullmatch(text):
        raise bad_request(f"{name} param must be an integer")
    if int(text) < 0:
        raise bad_request(f"{name} param must be positive")
    return int(text)


def _marker(query: Query) -> int | None:
    if "marker" not in query:
        return None
    text = query["marker"][-1]
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise bad_request(f"marker {_short(text)} not found")
    return int(text)


def _order(query: Query, columns: frozenset[str]) -> tuple[tuple[str, bool], ...]:
    keys, directions = list(query.get("sort_key", ())), list(query.get("sort_dir", ()))
    for direction in directions:
        if direction not in ("asc", "desc"):
            raise bad_request(f"Unknown sort direction {_short(direction)}, must be asc or desc")
    keys = keys or ["created_at"]
    first = directions[0] if directions else "desc"
    if len(directions) > len(keys):
        raise bad_request("Sort direction array size exceeds sort key array size.")
    for key in keys:
        if key not in columns:
            raise bad_request(f"Sort key supplied is invalid: {_short(key)}")
    directions += [first] * (len(keys) - len(directions))
    order = dict(zip(keys, directions, strict=True))
    for key in ("created_at", "id"):
        order.setdefault(key, first)
    return tuple((key, direction == "desc") for key, direction in order.items())


def sort(rows: Iterable[Row], asked: Page) -> list[Row]:
    """Return rows in order; what is null comes first upwards and last downwards, as databases have it."""
    found = list(rows)
    for key, down in reversed(asked.order):
        found.sort(key=lambda row: _rank(row[key]), reverse=down)
    return found


def cut(rows: Sequence[Row], asked: Page, fits: Callable[[Row], bool]) -> list[Row]:
    """Return the part of sorted rows that is asked for; ApiError 400 when the marker is in none of them. A marker need
    not fit: what a client has seen may have changed since."""
    start = 0
    if asked.marker is not None:
        numbers = [row["id"] for row in rows]
        if asked.marker not in numbers:
            raise unknown_marker(asked.marker)
        start = numbers.index(asked.marker) + 1
    return list(islice(filter(fits, islice(rows, start, None)), asked.limit))


def holding(wanted: Row) -> Callable[[Row], bool]:
    """Return whether a row holds all that is wanted."""
    return lambda row: wanted.items() <= row.items()


def unknown_marker(marker: int) -> Exception:
    """Return the 400 about a marker."""
    return bad_request(f"marker {marker} not found")


def _rank(value: Any) -> tuple[bool, Any]:
    return value is not None, "" if value is None else str(value) if isinstance(value, dict) else value


def _short(text: str) -> str:
    return text[:100]
