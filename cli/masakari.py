"""`kasugai import masakari`: takes over the segments, hosts and maintenance flags of an existing Masakari."""

import argparse
import asyncio
from configparser import ConfigParser
from configparser import Error as ConfigError
from typing import TYPE_CHECKING

from kasugai.cli.configured import files_of, settings_of
from kasugai.cli.exits import Away, Exit, Misused, SaidNo
from kasugai.cli.parser import Nouns, add_config_file, command, group

if TYPE_CHECKING:
    from kasugai.adapters.inventory import Inventory
    from kasugai.adapters.masakari_database import MasakariInventory
    from kasugai.adapters.settings import Settings
    from kasugai.cli.segment_changes import Change, Description

FENCERS = ("senders", "devices", "nobody")
QUESTION = """Who fences a host before Masakari is told that it is down (host_status NORMAL)?
  senders   who reports it has fenced: Pacemaker with STONITH
  devices   nobody; Kasugai does, by the power devices in power.yaml
  nobody    nobody, and three minutes of silence are to be enough, as in Masakari: guests may run twice
"""
GUIDE = 'docs/api/migration.md, "Who fences?"'
SAID = {
    None: "Who fences was not said, so it is left as it was; by default NORMAL counts as one witness. To say it: "
    f"--who-fences senders|devices|nobody ({GUIDE})",
    "senders": "NORMAL is an assertion once policy.yaml lets its sender make one; write there: "
    '"kasugai:notification:assert": "role:ROLE-OF-THE-MONITORS"',
    "devices": "NORMAL counts as one witness; hosts are fenced by power.yaml: kasugai power check",
    "nobody": "fence: none in every segment: a host that is merely cut off may have its guests run twice, which "
    f"destroys what is on their disks ({GUIDE})",
}
"""What follows from each answer."""

NO_EXTRA = "the database drivers are not installed: pip install 'kasugai[services,import]'"


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
        help="take the URL from [database] connection of this file (no password on the command line), and what it says "
        "of recoveries ([host_failure], [instance_failure], host_failure_recovery_threads) into the policy of new "
        "segments",
    )
    parser.add_argument(
        "--apply", action="store_true", help="write it; may be repeated, what is equal is left"
    )
    parser.add_argument(
        "--who-fences",
        choices=FENCERS,
        metavar="WHO",
        help="what the segments are to believe: `senders` (who reports NORMAL has fenced: Pacemaker with STONITH), "
        "`devices` (Kasugai alone, by power.yaml), `nobody` (long silence is enough, as in Masakari: guests may run "
        "twice); asked for on a terminal; left as it is elsewhere",
    )
    parser.add_argument(
        "--disarmed",
        action="store_true",
        help="new segments may not act until they are armed: for the time in which Masakari still runs",
    )
    add_config_file(parser)


def _import(arguments: argparse.Namespace) -> int:
    from kasugai.cli.terminal import data, talk

    url = arguments.database or connection_of(arguments.masakari_config)
    settings = settings_for(arguments)
    for sentence in settings.unread:
        talk(sentence)
    arguments.who_fences = arguments.who_fences or _ask_who_fences()
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
    talk(SAID[arguments.who_fences])
    return Exit.OK


def settings_for(arguments: argparse.Namespace) -> "Settings":
    """Return the settings; what Masakari's own file says of recoveries counts where ours says nothing: guests that
    Masakari left alone must not be moved because they came over."""
    own = [arguments.masakari_config] if arguments.masakari_config else []
    arguments.config_file = [*own, *files_of(arguments)]
    return settings_of(arguments)


def _ask_who_fences() -> str | None:
    """Ask a person at a terminal; None where nobody can be asked."""
    from kasugai.cli.terminal import asked

    return asked(QUESTION, FENCERS)


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
    from kasugai.cli.masakari_changes import Fencer, imports

    changes: list[Change] = []

    def edit(inventory: "Inventory") -> "list[Description]":
        fencer = Fencer(arguments.who_fences) if arguments.who_fences else None
        changes[:] = imports(inventory, found, settings.policy, fencer, disarmed=arguments.disarmed)
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
