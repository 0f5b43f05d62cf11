"""`kasugai explain SUBJECT`: why something was done, or not, and on what evidence; from recorded verdicts only."""

import argparse
import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, SaidNo
from kasugai.cli.parser import Nouns, add_config_file, add_output, command

if TYPE_CHECKING:
    from kasugai.adapters.settings import KafkaSettings
    from kasugai.core.telling.explain import Decided


def add(nouns: Nouns) -> None:
    """Add the command."""
    parser = command(
        nouns,
        "explain",
        "Say why something was done or not, and on what evidence.",
        ["kasugai explain cmp1", "kasugai explain host/cmp1 --all"],
        _explain,
    )
    parser.add_argument(
        "subject",
        metavar="SUBJECT",
        help="a host, instance or segment by name or as host/NAME, ...; or the beginning of an incident's id",
    )
    parser.add_argument(
        "--all", action="store_true", help="every verdict that is kept (default: the last 10)"
    )
    add_output(parser)
    add_config_file(parser)


def _explain(arguments: argparse.Namespace) -> int:
    from kasugai.cli.explain_text import as_json, page
    from kasugai.cli.terminal import data, data_json, is_coloured, talk

    told = choose(asyncio.run(_read(settings_of(arguments).kafka)), arguments.subject)
    shown = told if arguments.all else told[-LAST:]
    if arguments.output == "json":
        data_json([as_json(each) for each in shown])
        return Exit.OK
    data(page(shown, coloured=is_coloured()))
    if len(shown) < len(told):
        talk(f"{len(told) - len(shown)} older verdicts: kasugai explain {arguments.subject} --all")
    return Exit.OK


LAST = 10
"""Verdicts that are shown unless all are asked for."""


def choose(found: "Sequence[Decided]", word: str) -> "list[Decided]":
    """Return the verdicts about `word`; SaidNo when there are none."""
    from kasugai.core.telling.explain import about, subjects

    told = about(found, word)
    if not told:
        known = ", ".join(subjects(found)[:5])
        but = f" (but about {known})" if known else ""
        raise SaidNo(f"nothing was decided about {word}{but}: kasugai incident list shows what is going on")
    return told


async def _read(kafka: "KafkaSettings") -> "list[Decided]":
    from kasugai.cli.recorded import replay
    from kasugai.core.telling.explain import Decided, in_order
    from kasugai.core.words.verdicts import Verdict

    return in_order(
        Decided(seen.at, seen.offset, seen.value)
        for seen in await replay(kafka)
        if isinstance(seen.value, Verdict)
    )
