"""The one place that prints: data to stdout, talk to stderr, colours and live views only where somebody looks at them.

It knows streams and the environment, and nothing of what is said. It takes lines: whatever stands in one is shown in
that line, and what a terminal would obey or hide is shown as an escape (core.words.visible).
"""

import codecs
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from kasugai.cli.tables import Line, Painted, Part, folded
from kasugai.core.words.visible import shortened, visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

PIPED_WIDTH = 80
"""Columns of help and checklists where no terminal says otherwise."""
LONGEST = 2_000
"""Characters of a line that is read by people; JSON is never cut."""


def prepare() -> None:
    """Let streams whose encoding lacks a character write it as an escape too, so that no name ends a command."""
    codecs.register_error("kasugai-escapes", _unwritable)
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="kasugai-escapes")


def _unwritable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return json.dumps(signs)[1:-1], error.end


def data(*lines: Line) -> None:
    """Print what was asked for, line by line."""
    _print(sys.stdout, lines)


def data_json(value: Any) -> None:
    """Print what was asked for as JSON: indented, in the order of its fields, text as it is where it can be seen."""
    for line in json.dumps(value, indent=2, ensure_ascii=False).split("\n"):
        data_json_line(line)


def data_json_line(line: str) -> None:
    """Print a line of JSON, or a line that is part of some: whole, and still the same JSON."""
    sys.stdout.write(f"{visible(line)}\n")
    sys.stdout.flush()


def data_whole(line: str) -> None:
    """Print a line that is copied or piped elsewhere: whole, however narrow the terminal is."""
    data_json_line(line)


def data_page(text: str) -> None:
    """Write a page that is piped elsewhere, as it is: whoever made it has made its texts visible."""
    sys.stdout.write(text)
    sys.stdout.flush()


def talk(*lines: Line) -> None:
    """Print what a person should know besides."""
    _print(sys.stderr, lines)


def _print(stream: TextIO, lines: Sequence[Line]) -> None:
    columns = _columns_of(stream)
    shown = [row for line in lines for row in _rows(line, columns, stream)]
    stream.write("".join(f"{row}\n" for row in shown))
    stream.flush()


def _rows(line: Line, columns: int | None, stream: TextIO) -> Iterator[str]:
    """Yield the rows of the terminal that a line takes; a line of several parts is a table's, and fits."""
    paints = is_coloured(stream)
    match line:
        case str() as text:
            yield from _folded(text, columns)
        case (Painted(text, code),):
            yield from (_painted(row, code, paints) for row in _folded(text, columns))
        case _:
            yield "".join(_part(part, paints) for part in line).rstrip()


def _folded(text: str, columns: int | None) -> list[str]:
    shown = shortened(visible(text), LONGEST)
    return [shown] if columns is None else folded(shown, columns) or [""]


def _part(part: Part, paints: bool) -> str:
    if isinstance(part, str):
        return shortened(visible(part), LONGEST)
    return _painted(shortened(visible(part.text), LONGEST), part.code, paints)


def _painted(text: str, code: str, paints: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if paints else text


def asked(question: str, answers: Sequence[str]) -> str | None:
    """Ask a person until one of the answers comes; None where nobody sits at a terminal, or nothing is said."""
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        return None
    talk(*question.splitlines())
    while True:
        sys.stderr.write(f"{' | '.join(answers)} > ")
        sys.stderr.flush()
        answer = sys.stdin.readline()
        if not answer or answer.strip() in answers:
            return answer.strip() or None


def is_live(stream: TextIO | None = None) -> bool:
    """Whether a person looks at stdout (or `stream`) on a terminal that can move its cursor."""
    return (stream or sys.stdout).isatty() and os.environ.get("TERM", "") != "dumb"


def is_coloured(stream: TextIO | None = None) -> bool:
    """Whether words on stdout (or `stream`) may be coloured (https://no-color.org)."""
    return is_live(stream) and not os.environ.get("NO_COLOR")


def width() -> int | None:
    """Return the columns of the terminal; None where lines may be as long as they are."""
    return _columns_of(sys.stdout)


def _columns_of(stream: TextIO) -> int | None:
    return shutil.get_terminal_size((PIPED_WIDTH, 24)).columns if is_live(stream) else None


def console(stream: TextIO | None = None) -> "Console":
    """Return rich's console on stdout (or `stream`); plain where nobody looks."""
    from rich.console import Console

    return Console(
        file=stream,
        no_color=not is_coloured(stream),
        highlight=False,
        markup=False,
        soft_wrap=not is_live(stream),
    )


def words(text: str, style: str = "", *, one_row: bool = False) -> "Text":
    """Return text for rich, the only way there: escaped as everything else, `one_row` cut where the row ends."""
    from rich.text import Text

    shown = shortened(visible(text), LONGEST)
    return Text(shown, style, no_wrap=one_row or None, overflow="ellipsis" if one_row else None)
