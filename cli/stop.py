"""`kasugai stop begin|show|end`: a segment is switched off on purpose; what does not run again afterwards is listed.

The list of what ran is read from Nova when the stop begins and kept in a file here, beside the person who is there at
both ends: neither Kasugai's services nor Kafka need survive what is switched off.
"""

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from kasugai.cli import stop_lists
from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, Misused, SaidNo
from kasugai.cli.incident_text import stamp
from kasugai.cli.orders import compose
from kasugai.cli.parser import Nouns, add_config_file, add_output, command, group
from kasugai.cli.tables import Column, table
from kasugai.core.telling.stops import Missing, Ran, StopState, missing, stops

if TYPE_CHECKING:
    from kasugai.adapters.inventory import Inventory
    from kasugai.adapters.settings import Settings
    from kasugai.core.words.inventory import SegmentRecord

POLL = 15.0
"""Seconds between two looks while the end of a stop is waited for."""
COLUMNS = (Column("HOST"), Column("INSTANCE"), Column("UUID"), Column("NOW"))


def add(nouns: Nouns) -> None:
    """Add the noun."""
    verbs = group(
        nouns,
        "stop",
        "Switch a segment off on purpose: nothing is recovered until it is back.",
        ['kasugai stop begin rack1 --reason "power maintenance"', "kasugai stop show rack1 --wait"],
    )
    _add_begin(verbs)
    _add_end(verbs)
    shown = command(
        verbs,
        "show",
        "Show where a stop stands, and what does not run again (exit 1: something).",
        ["kasugai stop show rack1", "kasugai stop show rack1 --wait"],
        _show,
    )
    _add_segments(shown)
    shown.add_argument("--wait", action="store_true", help="wait until the stop is over")
    add_output(shown)
    add_config_file(shown)


def _add_begin(verbs: Nouns) -> None:
    begin = command(
        verbs,
        "begin",
        "Announce that a segment is switched off, and keep a list of what runs there.",
        ['kasugai stop begin rack1 --reason "power maintenance"', "kasugai stop begin --all --reason move"],
        _begin,
    )
    begin.set_defaults(order="begin-stop")
    _add_words(begin)
    begin.add_argument(
        "--no-list", action="store_true", help="ask Nova for no list: nobody will know what did not run again"
    )


def _add_end(verbs: Nouns) -> None:
    end = command(
        verbs,
        "end",
        "Let a stop end as soon as all hosts are ready, and list what does not run again.",
        ["kasugai stop end rack1 --reason done", "kasugai stop end rack1 --now --reason 'cmp7 stays dead'"],
        _end,
    )
    end.set_defaults(order="end-stop")
    _add_words(end)
    end.add_argument("--now", action="store_true", help="at once: hosts that are away are then held for dead")


def _add_words(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(limit=None, up_to=0, id=None, now=False)
    _add_segments(parser)
    parser.add_argument(
        "--reason", required=True, help="why: it stands in every verdict that follows from it"
    )
    parser.add_argument("--author", default="", metavar="NAME", help="who says so (default: your login)")
    add_output(parser)
    add_config_file(parser)


def _add_segments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("segments", nargs="*", metavar="SEGMENT", help="by name, or by id")
    parser.add_argument("--all", action="store_true", help="all segments: the whole cloud")
    parser.add_argument(
        "--lists",
        metavar="FOLDER",
        type=Path,
        default=stop_lists.FOLDER,
        help="where lists of what ran are kept (default: %(default)s)",
    )


def _begin(arguments: argparse.Namespace) -> int:
    from kasugai.cli.terminal import talk

    _check(arguments)
    settings = settings_of(arguments)
    inventory = asyncio.run(_inventory(settings))
    chosen = _chosen(inventory, arguments)
    if not arguments.no_list:
        _list(settings, inventory, chosen, arguments.lists)
    _say(settings, arguments, chosen)
    talk(f"When the hosts are back: kasugai stop show {_names(chosen)} --wait")
    return Exit.OK


def _list(
    settings: "Settings", inventory: "Inventory", chosen: "Sequence[SegmentRecord]", folder: Path
) -> None:
    """Keep what runs in each segment, and say so. Of one that is in a stop already the first list stays: what runs now
    is no measure of what ran before."""
    from kasugai.cli.terminal import talk

    states = asyncio.run(_states(settings, chosen, wait=False))
    for segment in chosen:
        if _lasts(states.get(segment.segment_id)) and stop_lists.read(folder, segment) is not None:
            talk(f"{segment.name} is in a planned stop already: the list of what ran when it began is kept")
            continue
        hosts = [host.name for host in inventory.hosts(segment.segment_id)]
        ran = asyncio.run(stop_lists.running(settings, hosts))
        file = stop_lists.write(folder, segment, ran)
        talk(f"{len(ran)} instances run in {segment.name}; the list is kept in {file}")


def _end(arguments: argparse.Namespace) -> int:
    from kasugai.cli.terminal import talk

    _check(arguments)
    settings = settings_of(arguments)
    chosen = _chosen(asyncio.run(_inventory(settings)), arguments)
    _say(settings, arguments, chosen)
    talk(f"What comes of it, and what does not run again: kasugai stop show {_names(chosen)} --wait")
    return Exit.OK


def _check(arguments: argparse.Namespace) -> None:
    if not arguments.reason.strip():
        raise Misused('--reason is empty: say why, for example --reason "power maintenance"')


def _say(settings: "Settings", arguments: argparse.Namespace, chosen: "Sequence[SegmentRecord]") -> None:
    """Publish the order about each segment, and say so."""
    from kasugai.cli.orders import as_json, sentence
    from kasugai.cli.terminal import data, data_json

    told = asyncio.run(_publish(settings, arguments, chosen))
    if arguments.output == "json":
        data_json([as_json(order, where) for order, where in told])
    else:
        data(*(sentence(order, segment.name) for (order, _), segment in zip(told, chosen, strict=True)))


async def _publish(
    settings: "Settings", arguments: argparse.Namespace, chosen: "Sequence[SegmentRecord]"
) -> list[Any]:
    from kasugai.adapters.kafka.producer import Producer
    from kasugai.schemas.topics import COMMANDS

    kafka = settings.kafka
    told = []
    async with Producer(kafka, "kasugai-cli") as producer:
        for segment in chosen:
            order = compose(arguments, {"segment": segment.segment_id}, login_at=kafka.sasl_username)
            told.append((order, await producer.send(COMMANDS, order)))
    return told


def _show(arguments: argparse.Namespace) -> int:
    from kasugai.cli.terminal import data, data_json, width

    settings = settings_of(arguments)
    chosen = _chosen(asyncio.run(_inventory(settings)), arguments)
    states = asyncio.run(_states(settings, chosen, wait=arguments.wait))
    found = {segment.segment_id: _missing(settings, arguments.lists, segment) for segment in chosen}
    if arguments.output == "json":
        data_json([as_json(s, states.get(s.segment_id), found[s.segment_id]) for s in chosen])
    else:
        for segment in chosen:
            data(*page(segment, states.get(segment.segment_id), found[segment.segment_id], width()))
    return Exit.NO if any(found.values()) else Exit.OK


async def _states(
    settings: "Settings", chosen: "Sequence[SegmentRecord]", *, wait: bool
) -> Mapping[str, StopState]:
    from kasugai.cli.recorded import replay

    while True:
        found = stops(await replay(settings.kafka))
        if not wait or not any(_lasts(found.get(segment.segment_id)) for segment in chosen):
            return found
        await asyncio.sleep(POLL)


def _lasts(state: StopState | None) -> bool:
    return state is not None and state.over is None


def _missing(settings: "Settings", folder: Path, segment: "SegmentRecord") -> tuple[Missing, ...] | None:
    """Return what ran before and does not run now; None where no list was kept here."""
    ran: tuple[Ran, ...] | None = stop_lists.read(folder, segment)
    if ran is None:
        return None
    return missing(ran, asyncio.run(stop_lists.shown(settings, ran)))


async def _inventory(settings: "Settings") -> "Inventory":
    from kasugai.adapters.kafka.inventory_reader import InventoryReader

    async with InventoryReader(settings.kafka, "kasugai-cli-inventory") as reader:
        return reader.inventory


def _chosen(inventory: "Inventory", arguments: argparse.Namespace) -> "list[SegmentRecord]":
    known = sorted(inventory.segments(), key=lambda segment: segment.name)
    if arguments.all == bool(arguments.segments):
        raise Misused("name segments, or say --all; for example: kasugai stop show rack1")
    if arguments.all:
        return known
    chosen = []
    for word in arguments.segments:
        found = next((s for s in known if word in (s.name, s.segment_id)), None)
        if found is None:
            raise SaidNo(f"the inventory does not know the segment {word}: kasugai segment list")
        chosen.append(found)
    return chosen


def _names(chosen: "Sequence[SegmentRecord]") -> str:
    return " ".join(quote(segment.name) for segment in chosen)


def page(
    segment: "SegmentRecord",
    state: StopState | None,
    found: tuple[Missing, ...] | None,
    width: int | None,
) -> list[str]:
    """Return what is told of a segment's stop."""
    lines = [f"{segment.name}: {_stands(state)}"]
    if found is None:
        return [*lines, "No list of what ran before is kept here (--lists)."]
    if not found:
        return [*lines, "All that ran before runs, or was deleted since."]
    rows = [(each.guest.host, each.guest.name, each.guest.uuid, each.now) for each in found]
    return [*lines, f"{len(found)} instances ran before and do not run now:", *table(COLUMNS, rows, width)]


def _stands(state: StopState | None) -> str:
    if state is None:
        return "no planned stop is known"
    begun = f"planned stop since {stamp(state.since)} ({state.said})"
    if state.over is not None:
        return f"{begun}, over since {stamp(state.over)}"
    return f"{begun}, ends when all are ready ({state.ending})" if state.ending else f"{begun}, lasts"


def as_json(
    segment: "SegmentRecord", state: StopState | None, found: tuple[Missing, ...] | None
) -> dict[str, Any]:
    """Return the stable form."""
    return {
        "segment": segment.name,
        "segment_id": segment.segment_id,
        "since": stamp(state.since) if state else None,
        "said": state.said if state else "",
        "ending": state.ending if state else "",
        "over": stamp(state.over) if state and state.over is not None else None,
        "missing": None
        if found is None
        else [
            {"host": m.guest.host, "name": m.guest.name, "uuid": m.guest.uuid, "now": m.now} for m in found
        ],
    }
