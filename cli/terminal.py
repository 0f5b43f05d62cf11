"""The one place that prints: data to stdout, talk to stderr, colours and live views only where somebody looks at them.

It knows streams and the environment, and nothing of what is said.
"""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH = 80
"""Columns of help and checklists where no terminal says otherwise."""


def data(text: str) -> None:
    """Print what was asked for."""
    print(text, flush=True)


def data_json(value: Any) -> None:
    """Print what was asked for as JSON: indented, in the order of its fields, text as it is."""
    data(json.dumps(value, indent=2, ensure_ascii=False))


def talk(text: str) -> None:
    """Print what a person should know besides."""
    print(text, file=sys.stderr, flush=True)


def asked(question: str, answers: Sequence[str]) -> str | None:
    """Ask a person until one of the answers comes; None where nobody sits at a terminal, or nothing is said."""
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        return None
    talk(question)
    while True:
        sys.stderr.write(f"{' | '.join(answers)} > ")
        sys.stderr.flush()
        answer = sys.stdin.readline()
        if not answer or answer.strip() in answers:
            return answer.strip() or None


def is_live(stream: TextIO | None = None) -> bool:
    """Whether a person looks at stdout (or `stream`) on a terminal that can move its cursor."""
    return (stream or sys.stdout).isatty() and os.environ.get("TERM", "") != "dumb"


def is_coloured() -> bool:
    """Whether words on stdout may be coloured (https://no-color.org)."""
    return is_live() and not os.environ.get("NO_COLOR")


def width() -> int | None:
    """Return the columns of the terminal; None where lines may be as long as they are."""
    return shutil.get_terminal_size((PIPED_WIDTH, 24)).columns if is_live() else None


def console() -> "Console":
    """Return rich's console on stdout; plain where nobody looks."""
    from rich.console import Console

    return Console(no_color=not is_coloured(), highlight=False, soft_wrap=not is_live())
