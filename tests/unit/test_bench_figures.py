"""The pure parts of the benches: what is ok, what is missed, and how figures are shown."""

import json

import pytest
from bench.figures import Figure, number, percentile, show

FAST = Figure(bench="latency", what="a call", value=12.34, unit="ms", limit=15.0)
SLOW = Figure(bench="latency", what="another", value=433.0, unit="ms", limit=60.0)
RATE = Figure(bench="throughput", what="records", value=4170.2, unit="/s", limit=3000.0, at_least=True)


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (FAST, "ok"),
        (SLOW, "missed"),
        (RATE, "ok"),
        (Figure(bench="b", what="w", value=1.0, unit="s"), ""),
    ],
)
def test_a_figure_is_judged_by_its_limit(figure: Figure, verdict: str) -> None:
    assert figure.verdict == verdict


def test_percentiles_are_interpolated() -> None:
    values = [float(n) for n in range(1, 101)]
    assert (percentile(values, 50), percentile(values, 99)) == (50.5, 99.01)
    assert percentile([7.0], 99) == 7.0


@pytest.mark.parametrize(
    ("value", "text"), [(0.614, "0.61"), (12.34, "12.3"), (433.3, "433"), (30000.0, "30000")]
)
def test_three_digits_count(value: float, text: str) -> None:
    assert number(value) == text


def test_a_pipe_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    show([FAST, SLOW, RATE], "table")
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["BENCH", "WHAT", "FIGURE", "LIMIT"]
    assert [row.split()[-1] for row in rows] == ["ok", "missed", "ok"]
    assert "≥ 3000 /s" in rows[2]


def test_json_holds_the_figures_and_their_verdicts(capsys: pytest.CaptureFixture[str]) -> None:
    show([SLOW], "json")
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["value"], row["limit"], row["verdict"]) == (433.0, 60.0, "missed")
