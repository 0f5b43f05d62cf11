"""`kasugai incident list|show|report|watch`: what is going on, computed from the topics by replay; and what to do about
it."""

import argparse
import asyncio
from typing import TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit
from kasugai.cli.incident_export import add_export
from kasugai.cli.orders import add_incident_orders
from kasugai.cli.parser import Nouns, add_config_file, add_incident, add_output, command, group
from kasugai.core.words.subject import INCIDENT_KINDS

if TYPE_CHECKING:
    from kasugai.adapters.settings import KafkaSettings
    from kasugai.core.telling.incident_views import IncidentView

NONE_OPEN = (
    "No incidents. To try one out: kasugai demo. To report a dead host: kasugai fault publish HOST --fenced"
)


def add(nouns: Nouns) -> None:
    """Add the noun."""
    verbs = group(
        nouns,
        "incident",
        "Show what is going on, and say what shall be done about it.",
        ["kasugai incident list", "kasugai incident watch cmp1"],
    )
    _add_list(verbs)
    _add_show(verbs)
    _add_report(verbs)
    _add_watch(verbs)
    add_incident_orders(verbs)
    add_export(verbs)


def _add_list(verbs: Nouns) -> None:
    parser = command(
        verbs,
        "list",
        "List incidents, and what is suspected or held without one.",
        ["kasugai incident list --kind instance", "kasugai incident list --open -o json"],
        _list,
    )
    kinds = [kind.value for kind in INCIDENT_KINDS]
    parser.add_argument("--kind", choices=kinds, help="only what is about such subjects")
    parser.add_argument("--open", action="store_true", help="only what is not over")
    add_output(parser)
    add_config_file(parser)


def _add_show(verbs: Nouns) -> None:
    parser = command(
        verbs,
        "show",
        "Show one incident: its timeline, and where each step stands.",
        ["kasugai incident show cmp1", "kasugai incident show process/cmp1/nova-compute -o json"],
        _show,
    )
    add_incident(parser)
    add_output(parser)
    add_config_file(parser)


def _add_report(verbs: Nouns) -> None:
    parser = command(
        verbs,
        "report",
        "Write an incident's report: one HTML page for mail, ticket and post-mortem.",
        ["kasugai incident report cmp1", "kasugai incident report 7f3ca1b2 --to - | gzip > outage.html.gz"],
        _report,
    )
    add_incident(parser)
    parser.add_argument(
        "--to",
        metavar="FILE",
        help="where it is written, - for the output (default: kasugai-ID.html here; its name is printed)",
    )
    add_config_file(parser)


def _add_watch(verbs: Nouns) -> None:
    parser = command(
        verbs,
        "watch",
        "Watch an incident until it is over; exit 0 if everything was recovered, else 1.",
        ["kasugai incident watch", "kasugai incident watch cmp1 | tee outage.log"],
        _watch,
    )
    parser.add_argument(
        "incident",
        metavar="INCIDENT",
        nargs="?",
        help="the beginning of its id, or a host, an instance or process/HOST/NAME; without it the newest open one, or "
        "the next one that opens",
    )
    add_config_file(parser)


def _list(arguments: argparse.Namespace) -> int:
    from kasugai.cli.clock import now
    from kasugai.cli.incident_text import as_json, listed
    from kasugai.cli.terminal import data, data_json, talk, width

    views, names = asyncio.run(_read(settings_of(arguments).kafka))
    if arguments.kind:
        views = [view for view in views if view.subject.kind == arguments.kind]
    if arguments.open:
        views = [view for view in views if not view.phase.is_final]
    if arguments.output == "json":
        data_json([as_json(view, names) for view in views])
    elif views:
        data(*listed(views, names, now(), width()))
    if not views:
        talk("No open incidents. All of them: kasugai incident list" if arguments.open else NONE_OPEN)
    return Exit.OK


def _show(arguments: argparse.Namespace) -> int:
    from kasugai.cli.clock import now
    from kasugai.cli.finding import find
    from kasugai.cli.incident_text import as_json, page, timeline_json
    from kasugai.cli.terminal import data, data_json, width

    views, names = asyncio.run(_read(settings_of(arguments).kafka))
    view = find(views, arguments.incident)
    if arguments.output == "json":
        data_json(as_json(view, names) | {"timeline": timeline_json(view)})
    else:
        data(*page(view, names, now(), width()))
    return Exit.OK


def _report(arguments: argparse.Namespace) -> int:
    from kasugai.cli.report.writing import write

    return write(settings_of(arguments).kafka, arguments.incident, arguments.to)


def _watch(arguments: argparse.Namespace) -> int:
    from kasugai.cli.watch import watch

    return asyncio.run(watch(settings_of(arguments).kafka, arguments.incident))


async def _read(kafka: "KafkaSettings") -> "tuple[list[IncidentView], dict[str, str]]":
    from kasugai.cli.recorded import replay, segment_names
    from kasugai.core.telling.incident_views import fold

    return list(fold(await replay(kafka))), await segment_names(kafka)
