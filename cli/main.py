"""The entry point of the `kasugai` command: builds the parser, hands over to the chosen noun, returns its exit code.

It knows no noun's arguments: each noun is a module of this room that adds its own parser and sets `run`.
Exit codes: 0 ok, 1 said no, 2 usage or settings, 3 cannot reach Kafka, Redis or Nova.
"""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import cast

from kasugai.cli import (
    agent,
    announce,
    bridge,
    degraded,
    doctor,
    explain,
    fault,
    incident,
    masakari,
    observe,
    policy,
    power,
    processes,
    rebuild,
    record,
    replay,
    segment,
    shadow,
    sim,
    status,
    stop,
    tap,
    topics,
    whatif,
)
from kasugai.cli.demo import noun as demo
from kasugai.cli.exits import Away, Exit, Misused, SaidNo
from kasugai.cli.parser import Parser, Run
from kasugai.cli.terminal import prepare, talk
from kasugai.core.recovering.doors import (
    CloudAway,
    CloudRefused,
    CloudUnsure,
    LedgerAway,
    LogAway,
    LogRefused,
)

DESCRIPTION = """\
Keeps virtual machines alive on OpenStack: once, and provably once.

Examples:
  kasugai demo                             the product on this machine, in a minute
  kasugai status                           how things stand, and what to type next
  kasugai incident list                    what is going on"""

NOUNS = (
    demo,
    sim,
    status,
    incident,
    explain,
    fault,
    degraded,
    segment,
    stop,
    whatif,
    power,
    agent,
    topics,
    tap,
    record,
    replay,
    shadow,
    rebuild,
    doctor,
    masakari,
    policy,
    processes,
    observe,
    bridge,
    announce,
)
"""In the order in which the help lists them."""

AWAY = (Away, LogAway, LedgerAway, CloudAway, CloudUnsure, CloudRefused)


def build_parser() -> Parser:
    """Return the parser of the whole command line."""
    parser = Parser(prog="kasugai", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"kasugai {version('kasugai')}")
    nouns = parser.add_subparsers(metavar="COMMAND", title="commands")
    for noun in NOUNS:
        noun.add(nouns)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    prepare()
    parser = build_parser()
    arguments = parser.parse_args(argv)
    run = cast("Run | None", getattr(arguments, "run", None))
    if run is None:
        parser.print_help(sys.stderr)
        return Exit.USAGE
    try:
        return run(arguments)
    except SaidNo as error:
        return _ended(Exit.NO, error)
    except (Misused, LogRefused) as error:
        return _ended(Exit.USAGE, error)
    except AWAY as error:
        return _ended(Exit.AWAY, error)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except (
        BrokenPipeError
    ):  # `kasugai tap ... | head`: nobody reads on, and Python must not complain at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK


def _ended(code: Exit, error: Exception) -> Exit:
    talk(f"kasugai: {error}")
    return code
