"""Rows to text: upper-case heads, two spaces between columns, numbers to the right, ages as people say them. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kasugai.core.words.timing import Millis

Cell = Callable[[str, str], str]
"""From a column's head and a padded cell to the cell as shown: coloured, or as it is."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    head: str
    right: bool = False
    """Whether cells stand at the right edge."""


def table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    width: int | None = None,
    cell: Cell | None = None,
) -> str:
    """Return the rows under their heads; the last column gives way where lines would be wider than `width`."""
    lines = [tuple(column.head for column in columns), *map(tuple, rows)]
    sizes = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    if width is not None:
        sizes[-1] = max(8, min(sizes[-1], width - sum(sizes[:-1]) - 2 * (len(sizes) - 1)))
    shown = [_line(columns, sizes, line, cell if number else None) for number, line in enumerate(lines)]
    return "\n".join(shown)


def _line(columns: Sequence[Column], sizes: Sequence[int], line: Sequence[str], cell: Cell | None) -> str:
    padded = [_padded(column, size, text) for column, size, text in zip(columns, sizes, line, strict=True)]
    padded[-1] = padded[-1].rstrip()
    if cell is not None:
        padded = [cell(column.head, text) for column, text in zip(columns, padded, strict=True)]
    return "  ".join(padded).rstrip()


def _padded(column: Column, size: int, text: str) -> str:
    text = clipped(text, size)
    return text.rjust(size) if column.right else text.ljust(size)


def clipped(text: str, size: int) -> str:
    """Return `text` in at most `size` columns, with a mark where something is missing."""
    return text if len(text) <= size else text[: size - 1] + "…"


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
