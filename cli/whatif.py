"""`kasugai whatif`: what would become of guests if hosts were lost, what is survived, and how far a forecast was out.

It asks Nova, Placement and Kafka, and changes nothing.
"""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, SaidNo
from kasugai.cli.parser import Nouns, add_config_file, add_output, command, group

if TYPE_CHECKING:
    from kasugai.adapters.settings import Settings
    from kasugai.cli.whatif_read import Site
    from kasugai.core.telling.whatif import Loss


def add(nouns: Nouns) -> None:
    """Add the noun with its verbs."""
    verbs = group(
        nouns,
        "whatif",
        "Say where guests would go if hosts were lost, or why not; changes nothing.",
        ["kasugai whatif lose cmp1 cmp2", "kasugai whatif survive"],
    )
    _add_lose(verbs)
    _add_rack(verbs)
    _add_survive(verbs)
    _add_compare(verbs)


def _add_lose(verbs: Nouns) -> None:
    lose = command(
        verbs,
        "lose",
        "Say where each guest of these hosts would go, or why not (exit 1: one is down).",
        [
            "kasugai whatif lose cmp1 cmp2 -o json",
            "kasugai whatif lose cmp1 --save f.json",
        ],
        lambda arguments: _lose(arguments, lambda _: list(arguments.hosts)),
    )
    lose.add_argument("hosts", metavar="HOST", nargs="+", help="as Nova calls it")
    _add_saving(lose)


def _add_rack(verbs: Nouns) -> None:
    rack = command(
        verbs,
        "rack",
        "The same for the hosts of a failure domain, an aggregate or a zone.",
        ["kasugai whatif rack pdu/pdu-3", "kasugai whatif rack az1 -o json"],
        lambda arguments: _lose(arguments, lambda site: site.hosts_called(arguments.name)),
    )
    rack.add_argument("name", metavar="NAME", help="the first of these that is called so")
    _add_saving(rack)


def _add_saving(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--save", metavar="FILE", type=Path, help="write the forecast there too (for compare)"
    )
    add_output(parser)
    add_config_file(parser)


def _add_survive(verbs: Nouns) -> None:
    survive = command(
        verbs,
        "survive",
        "Say how many hosts of a segment may be lost, whichever (exit 1: of one, none).",
        ["kasugai whatif survive", "kasugai whatif survive rack1 -o json"],
        _survive,
    )
    survive.add_argument("segments", metavar="SEGMENT", nargs="*", help="its name or id (all, unless said)")
    add_output(survive)
    add_config_file(survive)


def _add_compare(verbs: Nouns) -> None:
    compare = command(
        verbs,
        "compare",
        "Lay a saved forecast beside what came of it (exit 1: one that fits is not back).",
        ["kasugai whatif compare f.json cmp1", "kasugai whatif compare f.json 3f2a -o json"],
        _compare,
    )
    compare.add_argument("file", metavar="FILE", type=Path, help="what `whatif lose --save` wrote")
    compare.add_argument("incidents", metavar="INCIDENT", nargs="+", help="its id's beginning, or its host")
    compare.add_argument(
        "--metrics", metavar="FILE", type=Path, help="write the errors for node_exporter there (*.prom)"
    )
    add_output(compare)
    add_config_file(compare)


def _lose(arguments: argparse.Namespace, names: "Callable[[Site], Sequence[str]]") -> int:
    from kasugai.cli.clock import now
    from kasugai.cli.terminal import data, data_json, width
    from kasugai.cli.whatif_file import as_json, save
    from kasugai.cli.whatif_text import loss_page

    at = now()
    loss = asyncio.run(_loss(settings_of(arguments, "nova"), names))
    document = as_json(loss, at)
    if arguments.save is not None:
        save(arguments.save, document)
    if arguments.output == "json":
        data_json(document)
    else:
        data(*loss_page(loss, width()))
    return Exit.OK if loss.is_survived else Exit.NO


async def _loss(settings: "Settings", names: "Callable[[Site], Sequence[str]]") -> "Loss":
    from kasugai.cli.whatif_read import opened
    from kasugai.core.telling.whatif import lose

    async with opened(settings) as site:
        lost = names(site)
        return lose(await site.snapshot(site.known(lost)), lost)


def _survive(arguments: argparse.Namespace) -> int:
    from kasugai.cli.terminal import data, data_json, width
    from kasugai.cli.whatif_read import opened
    from kasugai.cli.whatif_text import promises_json, promises_page
    from kasugai.core.telling.survivable import Promises, Survivable

    async def read(settings: "Settings") -> list[Survivable]:
        async with opened(settings) as site:
            segments = site.segments_called(arguments.segments)
            snapshot = await site.snapshot(None)
            return list(map(Promises(snapshot).of, map(snapshot.segments.__getitem__, segments)))

    found = asyncio.run(read(settings_of(arguments, "nova")))
    if arguments.output == "json":
        data_json(promises_json(found))
    else:
        data(*promises_page(found, width()))
    return Exit.OK if all(each.lost or not each.hosts for each in found) else Exit.NO


def _compare(arguments: argparse.Namespace) -> int:
    from kasugai.cli.terminal import data, data_json, width
    from kasugai.cli.whatif_compare import compared
    from kasugai.cli.whatif_file import read, save_metrics
    from kasugai.cli.whatif_text import comparison_json, comparison_page
    from kasugai.core.telling.forecasts import Came, errors

    saved = read(arguments.file)
    settings = settings_of(arguments, "nova")
    found = asyncio.run(compared(settings, saved.guests, arguments.incidents))
    if not found.guests:
        raise SaidNo(
            f"{arguments.file}: says nothing of the guests of {', '.join(arguments.incidents)}: kasugai incident list"
        )
    if arguments.metrics is not None:
        save_metrics(arguments.metrics, errors(found, saved.segments))
    if arguments.output == "json":
        data_json(comparison_json(found, saved.made_at))
    else:
        data(*comparison_page(found, saved.made_at, width()))
    return Exit.NO if found.count(Came.NOT_BACK) else Exit.OK
