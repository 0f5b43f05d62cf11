"""`kasugai segment apply|list|show|arm|disarm|approve`: the failure domains, their policies and their hosts."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, Misused, SaidNo
from kasugai.cli.orders import add_segment_orders
from kasugai.cli.parser import Nouns, add_config_file, add_output, command, group
from kasugai.cli.segment_show import add_show
from kasugai.cli.tables import Column, table

if TYPE_CHECKING:
    from kasugai.adapters.inventory import Inventory
    from kasugai.adapters.settings import KafkaSettings
    from kasugai.cli.segment_changes import Change
    from kasugai.cli.segment_file import WantedSegment

COLUMNS = (
    Column("SEGMENT"),
    Column("ARMED"),
    Column("HOSTS", right=True),
    Column("RESERVED", right=True),
    Column("MAINTENANCE", right=True),
    Column("METHOD"),
    Column("DESCRIPTION"),
)


def add(nouns: Nouns) -> None:
    """Add the noun."""
    verbs = group(
        nouns,
        "segment",
        "Describe segments (failure domains), their policy and their hosts.",
        ["kasugai segment apply rack1.yaml", "kasugai segment list"],
    )
    apply = command(
        verbs,
        "apply",
        "Make the inventory as a file says; nothing is deleted without --prune.",
        ["kasugai segment apply rack1.yaml --dry-run", "kasugai segment apply rack1.yaml"],
        _apply,
    )
    apply.add_argument("file", metavar="FILE.yaml", help="name, policy, armed, hosts; - is stdin")
    apply.add_argument("--dry-run", action="store_true", help="only say what would be done")
    apply.add_argument(
        "--prune", action="store_true", help="delete hosts of the segment that the file does not name"
    )
    add_config_file(apply)
    shown = command(
        verbs,
        "list",
        "List the segments.",
        ["kasugai segment list", "kasugai segment list -o json"],
        _list,
    )
    add_output(shown)
    add_config_file(shown)
    add_show(verbs)
    add_segment_orders(verbs)


def _apply(arguments: argparse.Namespace) -> int:
    from kasugai.cli.segment_file import parse
    from kasugai.cli.terminal import data, talk

    settings = settings_of(arguments)
    wanted = parse(arguments.file, _read(arguments.file), settings.policy)
    found = asyncio.run(apply(settings.kafka, wanted, prune=arguments.prune, dry_run=arguments.dry_run))
    for change in found:
        data(change.line)
    written = sum(change.record is not None for change in found)
    if arguments.dry_run:
        talk(f"{written} to be written; nothing was, because of --dry-run")
    else:
        talk(f"{written} written" if written else "Everything is as the file says; nothing was written")
    return Exit.OK


def _read(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except OSError as error:
        raise Misused(
            f"{file}: cannot be read ({error.strerror}); for example: kasugai segment apply rack1.yaml"
        ) from error
    except UnicodeDecodeError as error:
        raise Misused(f"{file}: is no text in UTF-8 (byte {error.start})") from error


async def apply(
    kafka: "KafkaSettings", wanted: "Sequence[WantedSegment]", *, prune: bool, dry_run: bool = False
) -> "list[Change]":
    """Write what differs, all or nothing, and return what was found."""
    from kasugai.adapters.inventory import Conflict
    from kasugai.adapters.kafka.inventory_reader import InventoryReader
    from kasugai.adapters.kafka.inventory_writer import InventoryWriter
    from kasugai.cli.segment_changes import Description, changes, moving

    found: list[Change] = []

    def edit(inventory: "Inventory") -> list[Description]:
        found[:] = changes(inventory, wanted, prune=prune)
        return [change.record for change in found if change.record is not None]

    async with InventoryReader(kafka, "kasugai-cli-inventory") as reader:
        edit(reader.inventory)
        if leaving := moving(reader.inventory, found):
            await _refuse_under_recovery(kafka, leaving)
    if dry_run:
        return found
    try:
        async with InventoryWriter(kafka, "kasugai-cli") as writer:
            await writer.edit(edit)
    except Conflict as conflict:
        raise SaidNo(f"the inventory refuses: {conflict}") from conflict
    return found


async def _refuse_under_recovery(kafka: "KafkaSettings", leaving: set[str]) -> None:
    """A host stays in its segment while it has an open incident: two mailboxes would decide about it."""
    from kasugai.cli.recorded import replay
    from kasugai.core.telling.incident_views import fold

    views = fold(await replay(kafka))
    busy = sorted(
        view.host for view in views if view.incident and view.host in leaving and not view.phase.is_final
    )
    if busy:
        raise SaidNo(
            f"host {busy[0]} has an open incident and cannot leave its segment before it is over; "
            f"nothing was written: kasugai incident show {quote(busy[0])}"
        )


def _list(arguments: argparse.Namespace) -> int:
    from kasugai.cli.terminal import data, data_json, talk, width

    inventory = asyncio.run(_inventory(settings_of(arguments).kafka))
    segments = sorted(inventory.segments(), key=lambda segment: segment.name)
    if arguments.output == "json":
        data_json([as_json(inventory, segment.segment_id) for segment in segments])
    elif segments:
        data(*listed(inventory, width()))
    if not segments:
        talk("No segments. To describe one: kasugai segment apply FILE.yaml (kasugai segment apply --help)")
    return Exit.OK


async def _inventory(kafka: "KafkaSettings") -> "Inventory":
    from kasugai.adapters.kafka.inventory_reader import InventoryReader

    async with InventoryReader(kafka, "kasugai-cli-inventory") as reader:
        return reader.inventory


def listed(inventory: "Inventory", width: int | None) -> list[str]:
    """Return the segments as a table."""
    rows = []
    for segment in sorted(inventory.segments(), key=lambda segment: segment.name):
        hosts = list(inventory.hosts(segment.segment_id))
        rows.append(
            (
                segment.name,
                "yes" if segment.armed else "no",
                str(len(hosts)),
                str(sum(host.reserved for host in hosts)),
                str(sum(host.on_maintenance for host in hosts)),
                str(segment.policy.method),
                segment.description or "-",
            )
        )
    return table(COLUMNS, rows, width)


def as_json(inventory: "Inventory", segment_id: str) -> dict[str, Any]:
    """Return the stable form of a segment with its hosts."""
    from kasugai.schemas.plain import to_json

    segment = inventory.segment(segment_id)
    hosts = sorted(inventory.hosts(segment_id), key=lambda host: host.name)
    shown = to_json(segment)
    del shown["type"]
    return shown | {
        "hosts": [{key: value for key, value in to_json(host).items() if key != "type"} for host in hosts]
    }
