"""The table of a chaos run: its columns add up, the longest pause does not."""

import pytest

from tests.chaos.judge import Judgement
from tests.chaos.run import Outcome
from tests.chaos.table import row_of, show, total_of

FOUND = Judgement(
    incidents=3,
    guests=20,
    held=1,
    lost=("a",),
    doubled=("b", "c"),
    shot=(),
    other=(),
    longest_pause=6.94,
)
RUN = Outcome(seed=7, seconds=42.2, kills=21, blows=60, faults=9, losses=4, judgement=FOUND)


def test_a_row_counts_what_was_found() -> None:
    row = row_of(RUN)
    assert (row["LOST"], row["DOUBLED"], row["SHOT"], row["LONGEST PAUSE"]) == (1, 2, 0, 6.9)
    assert row["detail"]["doubled"] == ("b", "c")


def test_the_total_adds_up() -> None:
    total = total_of([row_of(RUN), row_of(RUN) | {"LONGEST PAUSE": 9.0}])
    assert (total["SEED"], total["KILLS"], total["DOUBLED"], total["LONGEST PAUSE"]) == ("all", 42, 4, 9.0)


def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show([row_of(RUN), row_of(RUN)])
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "SEED" and head.endswith("LONGEST PAUSE")
    assert [row.split()[0] for row in rows] == ["7", "7", "all"]
