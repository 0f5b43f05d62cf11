"""`kasugai status`: a word for all of it, then for each matter that is not well what it is and what to type next."""

import argparse
import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit
from kasugai.cli.parser import Nouns, add_config_file, add_output, command
from kasugai.cli.tables import Column, Line, Painted, Part, age, table
from kasugai.core.recovering.doors import LogAway
from kasugai.core.telling.blasts import gathered
from kasugai.core.telling.status import WORDS, Level, Matter, Status, status
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime, Instant, Millis
from kasugai.schemas.rights import WORKER_GROUPS
from kasugai.schemas.topics import CORRELATE_APP

if TYPE_CHECKING:
    from kasugai.adapters.settings import KafkaSettings

NEEDED = {
    "route": "kasugai-route",
    "correlate": CORRELATE_APP,
    "worker host": f"{WORKER_GROUPS}-{Kind.HOST}",
}
"""Without which of them nothing is recovered, and in which consumer group each is."""

COLUMNS = (
    Column("SEGMENT"),
    Column("WHAT"),
    Column("HOW IT STANDS"),
    Column("FOR", right=True),
    Column("NEXT"),
)
CODES = {Level.WELL: "32", Level.NOTE: "32", Level.COMING: "36", Level.ACT: "31"}
"""ANSI: green is well, cyan is under way, red waits for somebody."""


def add(nouns: Nouns) -> None:
    """Add the command."""
    parser = command(
        nouns,
        "status",
        "Show on one screen how things stand and what to type next (exit 1: act).",
        ["kasugai status", "kasugai status -o json"],
        _status,
    )
    add_output(parser)
    add_config_file(parser)


def _status(arguments: argparse.Namespace) -> int:
    from kasugai.cli.clock import now
    from kasugai.cli.terminal import data, data_json, width

    found = asyncio.run(_read(settings_of(arguments).kafka, now()))
    if arguments.output == "json":
        data_json(as_json(found))
    else:
        data(*page(found, now(), width()))
    return Exit.NO if found.level is Level.ACT else Exit.OK


async def _read(kafka: "KafkaSettings", at: Instant) -> Status:
    from kasugai.adapters.kafka.groups import members
    from kasugai.adapters.kafka.inventory_reader import InventoryReader
    from kasugai.cli.recorded import replay

    async with InventoryReader(kafka, "kasugai-cli-inventory") as reader:
        segments = list(reader.inventory.segments())
    try:
        counts = await asyncio.to_thread(members, kafka, list(NEEDED.values()))
        missing = [_absent(name, at) for name, group in NEEDED.items() if counts.get(group) == 0]
    except LogAway as unseen:
        missing = [_unseen(str(unseen), at)]
    seen = await replay(kafka)
    return gathered(status(seen, segments, at, missing), seen, segments)


def _unseen(why: str, at: Instant) -> Matter:
    return Matter(
        level=Level.NOTE,
        segment="-",
        about="processes",
        what=f"whether they run is not known: {why}",
        since=BrokerTime(at),
        next="kasugai doctor",
    )


def _absent(name: str, at: Instant) -> Matter:
    unit = f"kasugai-{name.split(maxsplit=1)[0]}"
    return Matter(
        level=Level.ACT,
        segment="-",
        about=f"kasugai {name}",
        what="nobody does its work: none is a member of its group in Kafka",
        since=BrokerTime(at),
        next=f"systemctl status {unit}",
    )


def page(found: Status, now: Instant, width: int | None) -> list[Line]:
    """Return the screen: the word, the guests, then a row for each matter."""
    lines: list[Line] = [(Painted(WORDS[found.level], CODES[found.level]),)]
    if found.down or found.back:
        lines.append(f"guests: {found.down} down, {found.back} back")
    if found.matters:
        rows = [_row(matter, now) for matter in found.matters]
        lines += ["", *table(COLUMNS, rows, width, _painted(found.matters))]
    return lines


def _row(matter: Matter, now: Instant) -> tuple[str, ...]:
    return matter.segment, matter.about, matter.what, age(Millis(now - matter.since)), matter.next


def _painted(matters: Sequence[Matter]) -> "Any":
    codes = {matter.what: CODES[matter.level] for matter in matters}

    def cell(head: str, text: str) -> Part:
        code = codes.get(text.strip()) if head == "HOW IT STANDS" else None
        return Painted(text, code) if code else text

    return cell


def as_json(found: Status) -> dict[str, Any]:
    """Return all of it for programs."""
    return {
        "status": found.level.name.lower(),
        "guests_down": found.down,
        "guests_back": found.back,
        "matters": [
            {
                "level": matter.level.name.lower(),
                "segment": matter.segment,
                "about": matter.about,
                "what": matter.what,
                "since": matter.since,
                "next": matter.next,
            }
            for matter in found.matters
        ],
    }
