"""Chaos runs as a table: one row per seed and a total; rich on a terminal, plain lines elsewhere."""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from kasugai.cli.tables import Column, table
from tests.chaos.run import Outcome

HEADS = (
    "SEED",
    "SECONDS",
    "BLOWS",
    "KILLS",
    "UNREADABLE",
    "TEXTS",
    "LIES",
    "DEAD LETTERS",
    "CUTS",
    "LOSSES",
    "FENCED",
    "FAULTS",
    "INCIDENTS",
    "GUESTS",
    "HELD",
    "IDLE",
    "LOST",
    "DOUBLED",
    "SHOT",
    "OTHER",
    "LONGEST PAUSE",
)
SUMS = HEADS[2:-1]


def out(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def row_of(outcome: Outcome) -> dict[str, Any]:
    """Return a run as what a table, a file and another process can take."""
    found = outcome.judgement
    return {
        "SEED": outcome.seed,
        "SECONDS": round(outcome.seconds),
        "BLOWS": outcome.blows,
        "KILLS": outcome.kills,
        "UNREADABLE": outcome.unreadable,
        "TEXTS": outcome.texts,
        "LIES": outcome.lies,
        "DEAD LETTERS": outcome.dead_letters,
        "CUTS": outcome.cuts,
        "LOSSES": outcome.losses,
        "FENCED": outcome.fenced,
        "FAULTS": outcome.faults,
        "INCIDENTS": found.incidents,
        "GUESTS": found.guests,
        "HELD": found.held,
        "IDLE": found.idle,
        "LOST": len(found.lost),
        "DOUBLED": len(found.doubled),
        "SHOT": len(found.shot),
        "OTHER": len(found.other),
        "LONGEST PAUSE": round(found.longest_pause, 1),
        "detail": asdict(found),
    }


def total_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the row below several."""
    sums: Counter[str] = Counter()
    for row in rows:
        sums.update({head: row[head] for head in SUMS})
    longest = max((row["LONGEST PAUSE"] for row in rows), default=0.0)
    seconds = sum(row["SECONDS"] for row in rows)
    return {"SEED": "all", "SECONDS": seconds, **dict(sums), "LONGEST PAUSE": longest}


def show(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the rows, and their total if there are several."""
    lines = [[str(row[head]) for head in HEADS] for row in rows]
    if len(rows) > 1:
        total = total_of(rows)
        lines.append([str(total.get(head, 0)) for head in HEADS])
    if not sys.stdout.isatty():
        out("\n".join(table([Column(head, right=True) for head in HEADS], lines)))
        return
    drawn = Table()
    for head in HEADS:
        drawn.add_column(head, justify="right")
    for line in lines:
        drawn.add_row(*line)
    Console().print(drawn)
