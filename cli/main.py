"""The entry point of the `kasugai` command: builds the parser, hands over to the chosen noun, returns its exit code.

It knows no noun's arguments: each noun is a module of this room that adds its own parser and sets `run`.
Exit codes: 0 ok, 1 said no, 2 usage, 3 cannot reach the API.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import cast

USAGE_ERROR = 2


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="kasugai",
        description="Keeps virtual machines alive on OpenStack: once, and provably once.",
    )
    parser.add_argument("--version", action="version", version=f"kasugai {version('kasugai')}")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    run = cast("Callable[[argparse.Namespace], int] | None", getattr(arguments, "run", None))
    if run is None:
        parser.print_help(sys.stderr)
        return USAGE_ERROR
    return run(arguments)
