"""`kasugai observe`: what other systems know of hosts, as a process; and `kasugai observe check`, which says what each
of them shows now.

One process is one kind of witness where it matters who is believed: each word has a login of its own.
"""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, Misused
from kasugai.cli.parser import Nouns, add_config_file, command
from kasugai.cli.processes import lived

if TYPE_CHECKING:
    from kasugai.adapters.settings import Settings
    from kasugai.adapters.telemetry.process import Observed
    from kasugai.observers.parts import Word

WORDS = ("nova", "power", "metrics", "silences")
"""As `observers.parts.Word`, which loads slowly; a test compares them."""
CHECK = "check"


def add(nouns: Nouns) -> None:
    """Add the process."""
    parser = command(
        nouns,
        "observe",
        "Run an observer: makes evidence of what others know of hosts; or check it.",
        ["kasugai observe nova", "kasugai observe check metrics silences"],
        _observe,
    )
    parser.add_argument(
        "words",
        nargs="+",
        choices=(*WORDS, CHECK),
        metavar="WHAT",
        help="what it observes, best one a process: nova (its service records), power (of suspected hosts, where "
        "power.yaml is), metrics (queries to Prometheus, alerts of Alertmanager), silences (of Alertmanager); `check` "
        "first: publish nothing, say what each sees now (exit 1: one sees nothing)",
    )
    parser.add_argument("--demo", action="store_true", help=argparse.SUPPRESS)  # accept the embedded broker
    add_config_file(parser)


def _observe(arguments: argparse.Namespace) -> int:
    first, *rest = arguments.words
    if first == CHECK:
        return _check(arguments, rest)
    if CHECK in rest:
        raise Misused("check comes first: kasugai observe check nova")
    words = [word for word in WORDS if word in arguments.words]

    def live(settings: "Settings", seen: "Observed") -> int:
        from kasugai.observers.app import main
        from kasugai.observers.parts import Unfit, Word
        from kasugai.observers.receiver import CannotReceive

        try:
            return main(settings, [Word(word) for word in words], demo=arguments.demo, vitals=seen.vitals)
        except (Unfit, CannotReceive) as error:
            raise Misused(str(error)) from error

    return lived(arguments, f"observe_{words[0]}", live, *(["nova"] if "nova" in words else []))


def _check(arguments: argparse.Namespace, words: Sequence[str]) -> int:
    from kasugai.observers.checking import configured
    from kasugai.observers.parts import Word

    if CHECK in words:
        raise Misused("check is said once: kasugai observe check nova")
    settings = settings_of(arguments, *(["nova"] if "nova" in words else []))
    return asyncio.run(_told(settings, [Word(word) for word in words] or configured(settings)))


async def _told(settings: "Settings", words: "Sequence[Word]") -> int:
    """Print a line for each observer, as it answers, and return the exit code."""
    from kasugai.cli.terminal import data
    from kasugai.observers.checking import check

    blind = 0
    async with aclosing(check(settings, words)) as lines:
        async for line in lines:
            blind += not line.sees
            data(f"{line.observer}: {line.text}")
    return Exit.NO if blind else Exit.OK
