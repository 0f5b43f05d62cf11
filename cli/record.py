"""`kasugai record`: what Kafka holds of a time as one file, to be replayed wherever one likes."""

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, Misused, SaidNo
from kasugai.cli.parser import Nouns, add_config_file, command
from kasugai.cli.spans import add_span
from kasugai.core.words.timing import BrokerTime

if TYPE_CHECKING:
    from kasugai.cli.recording.cutting import Cut

UNDECIDED = 60_000
"""Milliseconds before now of which correlate may not have decided everything."""


def add(nouns: Nouns) -> None:
    """Add the command."""
    parser = command(
        nouns,
        "record",
        "Write what was said, decided and done into a file that can be replayed.",
        [
            "kasugai record --from 2026-11-17T14:00:00Z --to 1h -o storm.recording",
            "kasugai record --from 7d",
        ],
        _record,
    )
    add_span(parser)
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        type=Path,
        help="where to (default: kasugai-TIME.recording, named by its end)",
    )
    add_config_file(parser)


def _record(arguments: argparse.Namespace) -> int:
    from kasugai.cli.incident_text import stamp
    from kasugai.cli.terminal import data, talk

    begin, end = span_of(arguments)
    path = arguments.output or Path(f"kasugai-{stamp(end).replace(':', '')}.recording")
    with fresh(path) as file:
        done = cut_into(arguments, begin, end, file)
    before = f"; its beginning follows from {done.before:,} records before that" if done.before else ""
    data(f"{path}: {done.records:,} records, compared from {stamp(done.about.begin)} to {stamp(end)}{before}")
    talk(f"What today's rules make of it: kasugai replay {path}")
    return Exit.OK


def span_of(arguments: argparse.Namespace) -> tuple[BrokerTime | None, BrokerTime]:
    """Return from when (None: as far back as there is) to when."""
    from kasugai.cli.clock import now

    end = arguments.end if arguments.end is not None else BrokerTime(now() - UNDECIDED)
    if arguments.begin is not None and arguments.begin >= end:
        raise Misused("--from is not before --to; for example: --from 2h --to 1h")
    return arguments.begin, end


def cut_into(
    arguments: argparse.Namespace, begin: BrokerTime | None, end: BrokerTime, file: IO[bytes]
) -> "Cut":
    """Write a recording into an open file, with a bar where somebody looks. SaidNo when there is nothing."""
    from rich.progress import Progress

    from kasugai.cli.recording.cutting import Nothing, cut
    from kasugai.cli.terminal import console, is_live

    settings = settings_of(arguments)
    with Progress(console=console(sys.stderr), transient=True, disable=not is_live(sys.stderr)) as bars:
        task = bars.add_task("reading the log")

        def progress(what: str, done: int, total: int) -> None:
            bars.update(task, description=f"reading {what}", completed=done, total=total)

        try:
            return asyncio.run(cut(settings.kafka, settings.worker.timing, begin, end, file, progress))
        except Nothing as error:
            raise SaidNo(f"{error}: kasugai topics check shows what the topics keep") from error


@contextmanager
def fresh(path: Path) -> Iterator[IO[bytes]]:
    """Open a file that is there when it is whole, for its owner alone, and not at all when something goes wrong."""
    if path.is_dir():
        raise Misused(f"{path}: is a directory: name a file with -o FILE")
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise Misused(f"{path}: cannot be written: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
