"""What is printed: lines that stay lines, colours only where somebody looks, and nothing wider than the terminal."""

import ast
import io
import json
import os
import sys
from pathlib import Path

import pytest
from rich.console import Console

from kasugai.cli import terminal
from kasugai.cli.incident_text import listed, page
from kasugai.cli.live import frame
from kasugai.cli.tables import Painted, columns_of, folded
from tests.support.hostile import HOSTILE, betrayed, poisoned
from tests.support.incidents import MIDWAY, NAMES, SEGMENT, START, WHOLE, view_of, views_of

CLI = Path(__file__).parents[3] / "cli"


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        return True


def on_a_screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Print on a terminal of 80 columns in colour from now on."""
    screen = Screen()
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr("shutil.get_terminal_size", lambda *_: os.terminal_size((80, 24)))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return screen


def test_a_line_stays_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.data("one\ntwo", ("three", Painted("\x1b[2Kfour", "31")))
    terminal.talk("five\r")
    told = capsys.readouterr()
    assert told.out == "one\\ntwo\nthree\\u001b[2Kfour\n"
    assert told.err == "five\\r\n"


def test_our_own_colours_are_the_only_sequences_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on_a_screen(monkeypatch)
    terminal.data((Painted(f"held{HOSTILE}", "33"), "  why"))
    assert screen.getvalue().startswith("\x1b[33mheld") and screen.getvalue().count("\x1b") == 2
    assert betrayed(screen.getvalue()) == {"\x1b"}


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on_a_screen(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    terminal.data((Painted("held", "33"),))
    assert screen.getvalue() == "held\n"


def test_a_long_line_goes_on_below_its_sentence_and_never_at_the_edge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = on_a_screen(monkeypatch)
    terminal.data(f"  because   {'word ' * 40}", "x" * 200, " " * 79 + "2026-11-30 close cmp1")
    lines = screen.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1].startswith("            word")
    assert not any(line.startswith("2026") for line in lines)


def test_a_long_line_in_colour_is_folded_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = on_a_screen(monkeypatch)
    terminal.data((Painted("2026-11-18T11:06:40.000Z  hold cmp1: " + "because " * 20, "31"),))
    rows = screen.getvalue().splitlines()
    assert len(rows) == 4 and all(row.startswith("\x1b[31m") and row.endswith("\x1b[0m") for row in rows)
    assert rows[1].startswith(f"\x1b[31m{' ' * 26}because")


def test_what_is_endless_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.data("x" * 100_000)
    terminal.data_json({"a": "x" * 100_000})
    line, *rest = capsys.readouterr().out.splitlines()
    assert len(line) < 2_100 and line.endswith("… (98000 more characters)")
    assert len(json.loads("\n".join(rest))["a"]) == 100_000


def test_a_stream_that_lacks_a_character_gets_an_escape_and_json_stays_json(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    terminal.prepare()
    terminal.data("鎹")
    terminal.data_json("é")
    assert raw.getvalue() == b'\\u93b9\n"\\u00e9"\n'


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("long", [False, True])
def test_tables_and_live_views_fit(width: int, long: bool) -> None:
    but = frozenset({SEGMENT})
    values = [poisoned(value, "-鎹" * 100 if long else HOSTILE, but=but) for value in (*MIDWAY, *WHOLE)]
    names = {SEGMENT: "rack" * 60}
    rows = listed(views_of(*values), names, START + 60_000, width)
    for row in rows:
        parts = [row] if isinstance(row, str) else list(row)
        text = "".join(part if isinstance(part, str) else part.text for part in parts)
        assert columns_of(text) <= max(width, 8 * 8 + 2 * 7)
    paper = Console(width=width, file=io.StringIO(), legacy_windows=False)
    paper.print(frame(view_of(*values), names, START + 60_000))
    assert isinstance(paper.file, io.StringIO)
    assert betrayed(paper.file.getvalue()) == set()
    assert max(columns_of(line) for line in paper.file.getvalue().splitlines()) <= width


def test_the_steps_of_an_incident_fit_80_columns() -> None:
    view = view_of(*(poisoned(value, "-longer" * 9, but=frozenset({SEGMENT})) for value in WHOLE))
    lines = page(view, NAMES, START, 80)
    assert max(map(len, lines[lines.index("steps") :])) <= 80


def test_accents_take_no_column_and_signs_of_the_east_two() -> None:
    assert (columns_of("é"), columns_of("e\u0301"), columns_of("鎹")) == (1, 1, 2)
    assert folded("short", 80) == ["short"]


def test_only_the_terminal_prints_and_makes_text_for_rich() -> None:
    """What goes around it would go around the escapes too."""
    offences = []
    for file in sorted(CLI.rglob("*.py")):
        if file.name == "terminal.py":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(func=ast.Name(id="print")):
                    offences.append(f"{file.name}: print")
                case ast.ImportFrom(module="rich.text" | "rich.markup"):
                    offences.append(f"{file.name}: {node.module}")
                case ast.ImportFrom(module="rich.console", names=names) if "Console" in {
                    n.name for n in names
                }:
                    offences.append(f"{file.name}: Console")
                case ast.Attribute(value=ast.Attribute(attr="stdout" | "stderr"), attr="write"):
                    offences.append(f"{file.name}: write")
                case _:
                    pass
    assert offences == []
