"""`kasugai import masakari`: takes over the segments, hosts and maintenance flags of an existing Masakari."""

import argparse
import asyncio
from configparser import ConfigParser
from configparser import Error as ConfigError
from typing import TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Away, Exit, Misused, SaidNo
from kasugai.cli.parser import Nouns, add_config_file, command, group

if TYPE_CHECKING:
    from kasugai.adapters.inventory import Inventory
    from kasugai.adapters.masakari_database import MasakariInventory
    from kasugai.adapters.settings import Settings
    from kasugai.cli.segment_changes import Change, Description

NO_EXTRA = "the database drivers are not installed: pip install 'kasugai[import]'"


def add(nouns: Nouns) -> None:
    """Add the noun."""
    examples = [
        "kasugai import masakari --masakari-config /etc/masakari/masakari.conf",
        "kasugai import masakari --database mysql://USER:PASSWORD@db/masakari",
    ]
    verbs = group(nouns, "import", "Take over what another HA system knows.", examples)
    parser = command(
        verbs,
        "masakari",
        "Take over Masakari's segments and hosts; only a dry run without --apply.",
        [examples[0], f"{examples[0]} --apply"],
        _import,
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--database", metavar="URL", help="of Masakari's database (MariaDB, PostgreSQL, SQLite)"
    )
    source.add_argument(
        "--masakari-config",
        metavar="FILE",
        help="take the URL from [database] connection of this file: no password on the command line",
    )
    parser.add_argument(
        "--apply", action="store_true", help="write it; may be repeated, what is equal is left"
    )
    parser.add_argument(
        "--disarmed",
        action="store_true",
        help="new segments may not act until they are armed: for the time in which Masakari still runs",
    )
    add_config_file(parser)


def _import(arguments: argparse.Namespace) -> int:
    from kasugai.cli.terminal import data, talk

    settings = settings_of(arguments)
    url = arguments.database or connection_of(arguments.masakari_config)
    found = asyncio.run(_carry_out(settings, read(url), arguments))
    for change in found:
        data(change.line)
    written = sum(change.record is not None for change in found)
    if not written:
        talk("Everything is as Masakari says; nothing was written")
    elif arguments.apply:
        talk(f"{written} written. To see them: kasugai segment list")
    else:
        talk(f"{written} to be written; nothing was. To write them, add --apply")
    return Exit.OK


def connection_of(file: str) -> str:
    """Return `[database] connection` of a masakari.conf; Misused when it is not there."""
    parser = ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    try:
        with open(file, encoding="utf-8") as lines:
            parser.read_file(lines)
    except (OSError, UnicodeDecodeError, ConfigError) as error:
        raise Misused(f"{file}: cannot be read as a masakari.conf ({type(error).__name__})") from error
    url = parser.get("database", "connection", fallback=None)
    if not url:
        raise Misused(f"{file}: has no [database] connection; name the database with --database URL")
    return url


def read(url: str) -> "MasakariInventory":
    """Return what Masakari's database holds; Misused or Away say what is wrong with it."""
    try:
        from kasugai.adapters import masakari_database
    except ImportError as error:
        raise Misused(NO_EXTRA) from error
    try:
        return masakari_database.read(url)
    except masakari_database.BadDatabase as error:
        raise Misused(str(error)) from error
    except masakari_database.DatabaseAway as error:
        raise Away(str(error)) from error
    except ImportError as error:
        raise Misused(f"{NO_EXTRA} ({error})") from error


async def _carry_out(
    settings: "Settings", found: "MasakariInventory", arguments: argparse.Namespace
) -> "list[Change]":
    from kasugai.adapters.inventory import Conflict
    from kasugai.adapters.kafka.inventory_reader import InventoryReader
    from kasugai.adapters.kafka.inventory_writer import InventoryWriter
    from kasugai.cli.masakari_changes import imports

    changes: list[Change] = []

    def edit(inventory: "Inventory") -> "list[Description]":
        changes[:] = imports(inventory, found, settings.policy, disarmed=arguments.disarmed)
        return [change.record for change in changes if change.record is not None]

    if not arguments.apply:
        async with InventoryReader(settings.kafka, "kasugai-cli-inventory") as reader:
            _check(reader.inventory, edit(reader.inventory))
        return changes
    try:
        async with InventoryWriter(settings.kafka, "kasugai-cli") as writer:
            await writer.edit(edit)
    except Conflict as conflict:
        raise SaidNo(f"the inventory refuses: {conflict}; nothing was written") from conflict
    return changes


def _check(inventory: "Inventory", records: "list[Description]") -> None:
    """A dry run says no where the import would."""
    from kasugai.adapters.inventory import Conflict, changed

    try:
        changed(inventory, records)
    except Conflict as conflict:
        raise SaidNo(f"the inventory would refuse: {conflict}") from conflict
