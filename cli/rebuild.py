"""`kasugai rebuild`: brings the ledger in Redis to what the log says, and tells what it lacked."""

import argparse
import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit
from kasugai.cli.parser import Nouns, add_config_file, add_output, command
from kasugai.cli.tables import Column, counted, table

if TYPE_CHECKING:
    from kasugai.adapters.settings import Settings
    from kasugai.workers.archive import Archive
    from kasugai.workers.rebuild import Difference

COLUMNS = (Column("HOST"), Column("INCIDENT"), Column("DONE"), Column("WHAT REDIS LACKS"))

UNDONE = ("to write", "left: cannot be read")
"""What somebody has yet to see to."""

VIEWS = "The API's views are no part of this: kasugai project writes them anew by itself when Redis has lost them."


def add(nouns: Nouns) -> None:
    """Add the command."""
    parser = command(
        nouns,
        "rebuild",
        "Bring the ledger in Redis to what the log says; safe beside running workers.",
        ["kasugai rebuild --dry-run", "kasugai rebuild -o json"],
        _rebuild,
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="write nothing; exit 1 if there is anything to write"
    )
    add_output(parser)
    add_config_file(parser)


def _rebuild(arguments: argparse.Namespace) -> int:
    from kasugai.cli.terminal import data, data_json, talk, width

    settings = settings_of(arguments)
    hosts, found = asyncio.run(_run(settings, dry=arguments.dry_run))
    if arguments.output == "json":
        data_json([as_json(one) for one in found])
    elif found:
        data(*listed(found, width()))
    talk(summary(hosts, found))
    talk(VIEWS)
    return Exit.NO if any(one.done in UNDONE for one in found) else Exit.OK


async def _run(settings: "Settings", *, dry: bool) -> "tuple[int, list[Difference]]":
    from kasugai.adapters.incarnation import incarnation
    from kasugai.adapters.kafka.reader import Reader
    from kasugai.adapters.kafka.topic_ids import TopicIds
    from kasugai.adapters.redis_ledger import RedisLedger
    from kasugai.core.words.subject import host_subject
    from kasugai.workers.archive import Archive
    from kasugai.workers.rebuild import rebuild

    owner = incarnation("kasugai-rebuild")
    lease = settings.worker.timing.lease
    async with (
        Reader(settings.kafka, "kasugai-rebuild") as reader,
        RedisLedger.connect(settings.redis, ttl=lease) as ledger,
    ):
        await ledger.check()
        archive = Archive(reader, TopicIds(settings.kafka, "kasugai-rebuild"))
        await _read(archive)
        found: list[Difference] = []
        subjects = {name: account.subject for name, account in archive.accounts.items()}
        subjects |= {subject.name: subject for subject in map(host_subject, archive.unreadable)}
        for name, subject in sorted(subjects.items()):
            found += await rebuild(archive, ledger, f"{owner}/{name}", subject, dry=dry)
        return len(subjects), found


async def _read(archive: "Archive") -> None:
    """Read the log, with a bar for each topic where somebody looks."""
    import sys

    from rich.progress import Progress

    from kasugai.cli.terminal import console, is_live

    with Progress(console=console(sys.stderr), transient=True, disable=not is_live(sys.stderr)) as bars:
        task = bars.add_task("reading the log")
        async for topic, done, total in archive.read():
            bars.update(task, description=f"reading {topic}", completed=done, total=total)


def listed(found: "Sequence[Difference]", width: int | None) -> list[str]:
    """Return the differences as a table."""
    rows = [(one.subject.title, str(one.incident or "-")[:8], str(one.done), one.what) for one in found]
    return table(COLUMNS, rows, width)


def as_json(one: "Difference") -> dict[str, Any]:
    """Return the stable form of a difference."""
    return {
        "subject": one.subject.name,
        "incident": None if one.incident is None else str(one.incident),
        "done": str(one.done),
        "lacks": one.what,
    }


def summary(subjects: int, found: "Sequence[Difference]") -> str:
    """Return what a person should know besides."""
    if not found:
        return f"Redis has all that the log says about {counted(subjects, 'subject')}."
    counts = {
        done: len({one.subject.name for one in found if one.done == done})
        for done in {one.done for one in found}
    }
    told = ", ".join(f"{count} {done}" for done, count in sorted(counts.items()))
    advice = " To write it: kasugai rebuild" if "to write" in counts else ""
    lacking = len({one.subject.name for one in found})
    return f"The log knows more than Redis about {lacking} of {counted(subjects, 'subject')}: {told}.{advice}"
