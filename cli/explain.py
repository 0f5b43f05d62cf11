"""`kasugai explain SUBJECT`: why something was done, or not, and on what evidence; from recorded verdicts and plans."""

import argparse
import asyncio
from collections.abc import Sequence
from shlex import quote
from typing import TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, SaidNo
from kasugai.cli.parser import Nouns, add_config_file, add_output, command

if TYPE_CHECKING:
    from kasugai.adapters.settings import KafkaSettings
    from kasugai.core.telling.explain import Decided, Planned


def add(nouns: Nouns) -> None:
    """Add the command."""
    parser = command(
        nouns,
        "explain",
        "Say why something was done or not, and on what evidence.",
        ["kasugai explain host/cmp1 --all", "kasugai explain process/cmp1/nova-compute"],
        _explain,
    )
    parser.add_argument(
        "subject",
        metavar="SUBJECT",
        help="a host, instance or segment by name or as host/NAME, instance/UUID, process/HOST/NAME, segment/NAME; "
        "or the beginning of an incident's id",
    )
    parser.add_argument(
        "--all", action="store_true", help="every verdict and plan that is kept (default: the last 10)"
    )
    add_output(parser)
    add_config_file(parser)


def _explain(arguments: argparse.Namespace) -> int:
    from kasugai.cli.explain_text import as_json, page
    from kasugai.cli.terminal import data, data_json, talk

    told = choose(*asyncio.run(_read(settings_of(arguments).kafka)), arguments.subject)
    shown = told if arguments.all else told[-LAST:]
    if arguments.output == "json":
        data_json([as_json(each, arguments.subject) for each in shown])
        return Exit.OK
    data(*page(shown, arguments.subject))
    if len(shown) < len(told):
        talk(f"{len(told) - len(shown)} older ones: kasugai explain {quote(arguments.subject)} --all")
    return Exit.OK


LAST = 10
"""Verdicts and plans that are shown unless all are asked for."""


def choose(
    decided: "Sequence[Decided]", planned: "Sequence[Planned]", word: str
) -> "list[Decided | Planned]":
    """Return the verdicts about `word` and the plans that they led to, in the order of time; SaidNo when there are
    none."""
    from kasugai.api.words import canonical
    from kasugai.core.telling.explain import about, about_guest, plans_about, subjects

    word = canonical(word)
    verdicts = about(decided, word) or about_guest(decided, planned, word)
    told: list[Decided | Planned] = [*verdicts, *plans_about(planned, verdicts, word)]
    told.sort(key=lambda each: (each.at, each.offset))
    if not told:
        known = ", ".join(subjects(decided)[:5])
        but = f" (but about {known})" if known else ""
        raise SaidNo(f"nothing was decided about {word}{but}: kasugai incident list shows what is going on")
    return told


async def _read(kafka: "KafkaSettings") -> "tuple[list[Decided], list[Planned]]":
    from kasugai.cli.recorded import replay
    from kasugai.core.telling.explain import Decided, Planned, in_order
    from kasugai.core.words.facts import Fact, FactKind
    from kasugai.core.words.verdicts import Verdict

    seen = await replay(kafka)
    decided = in_order(
        Decided(each.at, each.offset, each.value) for each in seen if isinstance(each.value, Verdict)
    )
    planned = [
        Planned(each.at, each.offset, each.value, each.value.plan)
        for each in seen
        if isinstance(each.value, Fact) and each.value.kind is FactKind.PLAN and each.value.plan is not None
    ]
    return decided, planned
