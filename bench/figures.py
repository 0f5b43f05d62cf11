"""A measured figure beside the limit that architecture.md section 7 gives it, and how both are shown."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from kasugai.cli.tables import Column, table

HEADS = ("BENCH", "WHAT", "FIGURE", "LIMIT", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One row of the table."""

    bench: str
    what: str
    value: float
    unit: str
    limit: float | None = None
    """The highest value that is ok (the lowest with `at_least`); None: the architecture gives none."""
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """`ok`, `missed`, or nothing where there is no limit."""
        if self.limit is None:
            return ""
        is_ok = self.value >= self.limit if self.at_least else self.value <= self.limit
        return "ok" if is_ok else "missed"


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that so many percent of the values do not exceed, interpolated."""
    if len(values) == 1:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def number(value: float) -> str:
    """Return three digits that count: `0.61`, `12.3`, `4170`."""
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 100 else f"{value:.0f}"


def cells(figure: Figure) -> tuple[str, ...]:
    """Return a figure's row."""
    limit = ""
    if figure.limit is not None:
        limit = f"{'≥' if figure.at_least else '≤'} {number(figure.limit)} {figure.unit}".rstrip()
    return (
        figure.bench,
        figure.what,
        f"{number(figure.value)} {figure.unit}".rstrip(),
        limit,
        figure.verdict,
    )


def show(figures: Sequence[Figure], output: str) -> None:
    """Print all: a table, plain when piped, or JSON."""
    if output == "json":
        rows = [asdict(figure) | {"verdict": figure.verdict} for figure in figures]
        sys.stdout.write(json.dumps(rows, indent=1) + "\n")
    elif sys.stdout.isatty():
        drawn = Table()
        for head in HEADS:
            drawn.add_column(head, justify="right" if head in ("FIGURE", "LIMIT") else "left")
        for figure in figures:
            drawn.add_row(*cells(figure), style="red" if figure.verdict == "missed" else None)
        Console().print(drawn)
    else:
        columns = [Column(head, right=head in ("FIGURE", "LIMIT")) for head in HEADS]
        sys.stdout.write("\n".join(table(columns, [cells(figure) for figure in figures])) + "\n")
