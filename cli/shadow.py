"""`kasugai shadow`: segments' new policies beside the ones that act, and what they would have decided otherwise."""

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, Misused
from kasugai.cli.parser import Nouns, add_config_file, command
from kasugai.cli.replay import policies_of

if TYPE_CHECKING:
    from kasugai.adapters.settings import Settings
    from kasugai.cli.replaying.policies import Policies
    from kasugai.cli.replaying.shadow import Otherwise


def add(nouns: Nouns) -> None:
    """Add the command."""
    parser = command(
        nouns,
        "shadow",
        "Follow what is decided, and say what another policy would have decided.",
        ["kasugai shadow --policy stricter.yaml", "kasugai shadow --policy stricter.yaml --count 1"],
        _shadow,
    )
    parser.add_argument(
        "--policy",
        metavar="FILE.yaml",
        required=True,
        help="a segment file: its policies are tried, as kasugai segment apply would take them",
    )
    parser.add_argument("--count", type=int, metavar="N", help="end after so many differences")
    add_config_file(parser)


def _shadow(arguments: argparse.Namespace) -> int:
    if arguments.count is not None and arguments.count < 1:
        raise Misused(
            f"--count {arguments.count}: name a number from 1 on, or leave it out to go on for ever"
        )
    asyncio.run(_follow(settings_of(arguments), policies_of(arguments), arguments.count))
    return Exit.OK


async def _follow(settings: "Settings", policies: "Policies", count: int | None) -> None:
    """Read the mailbox from its beginning, for what is decided follows from all of it; tell what comes from now on."""
    from rich.progress import Progress

    from kasugai.cli.following import follow
    from kasugai.cli.terminal import console, data, is_live, talk

    told = 0
    with Progress(console=console(sys.stderr), transient=True, disable=not is_live(sys.stderr)) as bars:
        task = bars.add_task("reading the mailbox", total=None)
        async for otherwise in follow(settings.kafka, settings.worker.timing, policies):
            if otherwise is None:
                bars.update(task, visible=False)
                talk("From here on. Nothing is carried out. Ctrl-C ends it.")
                continue
            data(*lines(otherwise))
            told += 1
            if told == count:
                return


def lines(otherwise: "Otherwise") -> list[str]:
    """Return what is told of a difference."""
    from kasugai.cli.incident_text import stamp
    from kasugai.cli.replaying.text import sentence

    was = [f"{stamp(verdict.at)}  was: {sentence(verdict)}" for verdict in otherwise.was]
    return was + [f"{stamp(each.at)}  would have: {sentence(each)}" for each in otherwise.would]
