"""How a command line is described: a one-line summary, two examples, then usage and options, in that order.

A noun's module offers `add(nouns)`; whatever is set as `run` takes the parsed arguments and returns the exit code.
"""

import argparse
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, Protocol

from kasugai.core.words.visible import visible

Run = Callable[[argparse.Namespace], int]

DEFAULT_FILE = "/etc/kasugai/kasugai.conf"
"""Where kasugai.conf is read when no --config-file says otherwise (as in adapters.settings, which loads slowly)."""


class Nouns(Protocol):
    """Where a noun or a verb adds its parser."""

    def add_parser(self, name: str, **kwargs: Any) -> argparse.ArgumentParser:
        """Return the parser of one more word."""
        ...


class Parser(argparse.ArgumentParser):
    """A parser whose help opens with what the command is for."""

    def __init__(self, **kwargs: Any) -> None:
        """Keep line ends of the description."""
        super().__init__(formatter_class=argparse.RawDescriptionHelpFormatter, **kwargs)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with what was typed, which may have been pasted, and end."""
        super().error(visible(message))

    def format_help(self) -> str:
        """Return summary and examples, then usage, then options."""
        formatter = self._get_formatter()
        formatter.add_text(self.description)
        formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups, "Usage: ")
        for group in self._action_groups:
            formatter.start_section(group.title)
            formatter.add_text(group.description)
            formatter.add_arguments(group._group_actions)
            formatter.end_section()
        formatter.add_text(self.epilog)
        return formatter.format_help()


def command(
    nouns: Nouns, name: str, summary: str, examples: Sequence[str], run: Run
) -> argparse.ArgumentParser:
    """Add a command that does something, and return its parser for options."""
    parser = nouns.add_parser(name, help=summary, description=_described(summary, examples))
    parser.set_defaults(run=run)
    return parser


def group(nouns: Nouns, name: str, summary: str, examples: Sequence[str]) -> Nouns:
    """Add a noun that has verbs, and return where they are added; the noun alone prints its help and is misuse."""
    parser = nouns.add_parser(name, help=summary, description=_described(summary, examples))
    verbs: Nouns = parser.add_subparsers(metavar="VERB", required=True)
    return verbs


def add_config_file(parser: argparse.ArgumentParser) -> None:
    """Add --config-file."""
    parser.add_argument(
        "--config-file",
        action="append",
        default=[],
        metavar="FILE",
        help=f"kasugai.conf; a later one goes before an earlier one (default: {DEFAULT_FILE} if it is there)",
    )


def add_incident(parser: argparse.ArgumentParser) -> None:
    """Add the argument that says which incident is meant."""
    parser.add_argument(
        "incident",
        metavar="INCIDENT",
        help="the beginning of its id, or the newest one of a host, an instance (its uuid or name) or "
        "process/HOST/NAME",
    )


def add_output(parser: argparse.ArgumentParser) -> None:
    """Add -o."""
    parser.add_argument(
        "-o",
        "--output",
        choices=["table", "json"],
        default="table",
        help="table is for people and may change, json is stable (default: table)",
    )


def _described(summary: str, examples: Sequence[str]) -> str:
    return "\n".join([summary, "", "Examples:", *(f"  {example}" for example in examples)])
