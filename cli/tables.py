"""Rows to lines: upper-case heads, two spaces between columns, numbers to the right, ages as people say them. Pure."""

import re
import textwrap
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import overload

from kasugai.core.words.timing import Millis
from kasugai.core.words.visible import MARK, visible


@dataclass(frozen=True, slots=True)
class Painted:
    """Words in a colour, where somebody looks."""

    text: str
    code: str
    """ANSI's number of the colour."""


Part = str | Painted
Line = str | tuple[Part, ...]
"""One line of output. Whatever is in it stays in it: a newline is shown as `\\n`."""

Cell = Callable[[str, str], Part]
"""From a column's head and a padded cell to the cell as shown: coloured, or as it is."""

NARROW = 8
"""Columns below which no cell is cut."""
WIDE = 255
"""Columns of the widest cell where no terminal limits it: a name is whole."""
_HANGS = re.compile(r" *(?:\S+ {2,}){0,3}")
"""What stands before a line's sentence: blanks, and words in columns of their own."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    head: str
    right: bool = False
    """Whether cells stand at the right edge."""


@overload
def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None = None
) -> list[str]: ...


@overload
def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None, cell: Cell
) -> list[Line]: ...


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    width: int | None = None,
    cell: Cell | None = None,
) -> list[str] | list[Line]:
    """Return the rows under their heads, in lines that fit `width` where one is given: the last column gives way
    first, then whichever is the widest, none below eight columns."""
    heads = tuple(column.head for column in columns)
    cells = [heads, *(tuple(map(visible, row)) for row in rows)]
    sizes = [min(WIDE, max(columns_of(line[index]) for line in cells)) for index in range(len(columns))]
    if width is not None:
        _fit(sizes, width)
    padded = [_padded(columns, sizes, line) for line in cells]
    if cell is None:
        return ["  ".join(line).rstrip() for line in padded]
    first, *others = padded
    return ["  ".join(first).rstrip(), *(_dressed(heads, line, cell) for line in others)]


def _fit(sizes: list[int], width: int) -> None:
    """Take columns away until the lines fit: from the last cell, then one by one from the widest."""
    over = sum(sizes) + 2 * (len(sizes) - 1) - width
    sizes[-1] -= max(0, min(over, sizes[-1] - NARROW))
    while sum(sizes) + 2 * (len(sizes) - 1) > width and max(sizes) > NARROW:
        sizes[sizes.index(max(sizes))] -= 1


def _dressed(heads: Sequence[str], line: Sequence[str], cell: Cell) -> Line:
    parts: list[Part] = []
    for head, text in zip(heads, line, strict=True):
        parts += [cell(head, text), "  "]
    return tuple(parts[:-1])


def _padded(columns: Sequence[Column], sizes: Sequence[int], line: Sequence[str]) -> list[str]:
    padded = [
        _at(column, size, clipped(text, size))
        for column, size, text in zip(columns, sizes, line, strict=True)
    ]
    padded[-1] = padded[-1].rstrip()
    return padded


def _at(column: Column, size: int, text: str) -> str:
    blanks = " " * (size - columns_of(text))
    return blanks + text if column.right else text + blanks


def clipped(text: str, size: int) -> str:
    """Return `text` in at most `size` columns, with a mark where something is missing."""
    if columns_of(text) <= size:
        return text
    kept = ""
    for char in text:
        if columns_of(kept + char) > size - 1:
            break
        kept += char
    return kept + MARK


def columns_of(text: str) -> int:
    """Return how many columns of a terminal the text takes: Chinese and Japanese signs take two, accents none."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def folded(line: str, width: int) -> list[str]:
    """Return a line in lines of `width` columns; what follows stands below the sentence, never at the edge, so that
    nobody takes it for a line of its own."""
    if columns_of(line) <= width:
        return [line]
    match = _HANGS.match(line)
    hang = min(max(len(match[0]) if match else 0, 2), width // 2)
    lead = min(
        len(line) - len(line.lstrip()), hang
    )  # of blanks alone textwrap would make a line, and drop it
    return textwrap.wrap(
        " " * lead + line.lstrip(), width, subsequent_indent=" " * hang, break_on_hyphens=False
    )


def counted(count: int, word: str) -> str:
    """Return a number with its word: `1 guest`, `1,200 guests`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def age(millis: Millis) -> str:
    """Return a length of time in at most two units: `42s`, `1m12s`, `4m`, `3h`, `12d`."""
    seconds = max(0, millis) // 1000
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes < 1:
        return f"{seconds}s"
    if minutes < 10:
        return f"{minutes}m" + (f"{seconds % 60}s" if seconds % 60 else "")
    if hours < 1:
        return f"{minutes}m"
    if hours < 10:
        return f"{hours}h" + (f"{minutes % 60}m" if minutes % 60 else "")
    return f"{hours}h" if days < 2 else f"{days}d"


def took(millis: Millis) -> str:
    """Return a length of time with tenths of a second: `0.4s`, `72.0s`."""
    return f"{millis / 1000:.1f}s"
