"""`kasugai power check [HOST ...]`: asks every power device, and storage that can be closed, and switches nothing.

A device that answers can be logged in to and knows its host; only a fence proves that it also switches.
"""

import argparse
import asyncio
import difflib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any

from kasugai.cli.configured import settings_of
from kasugai.cli.exits import Exit, Misused, SaidNo
from kasugai.cli.parser import Nouns, add_config_file, add_output, command, group

if TYPE_CHECKING:
    from rich.console import RenderableType

    from kasugai.adapters.power.checking import Asked, Finding

MANY = 8
"""From so many hosts on, a bar shows how far it is."""
PIPED_WIDTH = 200
"""Columns where no terminal says otherwise: names stay whole."""
COLOURS = {"on": "green", "off": "yellow", "open": "green", "closed": "yellow", "unreachable": "red"}


def add(nouns: Nouns) -> None:
    """Add the noun."""
    verbs = group(
        nouns,
        "power",
        "Check the power devices that hosts are fenced with.",
        ["kasugai power check", "kasugai power check cmp1.example.org -o json"],
    )
    check = command(
        verbs,
        "check",
        "Ask every power device for its state; nothing is switched (exit 1: one fails).",
        ["kasugai power check", "kasugai power check cmp1.example.org cmp2.example.org"],
        _check,
    )
    check.add_argument("hosts", nargs="*", metavar="HOST", help="exactly as in power.yaml (default: all)")
    add_output(check)
    add_config_file(check)


def _check(arguments: argparse.Namespace) -> int:
    from kasugai.adapters.ceph import closables
    from kasugai.adapters.ceph.checking import StorageCheck
    from kasugai.adapters.power import BadDevices, devices

    settings = settings_of(arguments)
    fence = settings.worker.timing.fence / 1000
    try:
        known: dict[str, tuple[Asked, ...]] = {**devices(settings.power, fence)}
        for host, where in closables(settings.power, fence).items():
            known[host] = (*known.get(host, ()), StorageCheck(where))
    except BadDevices as error:
        raise Misused(str(error)) from error
    if not known:
        raise Misused(
            f"{settings.power.devices_file or '[power] devices_file'}: no power devices are described; see "
            "docs/operators/fencing.md for how"
        )
    chosen = {host: known[_known(host, known)] for host in arguments.hosts} if arguments.hosts else known
    found = asyncio.run(_ask(chosen, settings.power.reads))
    return tell(found, arguments.output)


def _known(host: str, known: Mapping[str, object]) -> str:
    if host not in known:
        same = [other for other in known if other.partition(".")[0] == host.partition(".")[0]]
        near = (same or difflib.get_close_matches(host, known, 3, 0.5))[:3]
        hint = f"; did you mean {' or '.join(near)}?" if near else ""
        raise SaidNo(f"{host} has no power device: host names are compared exactly{hint}")
    return host


async def _ask(chosen: "Mapping[str, Sequence[Asked]]", limit: int) -> "list[Finding]":
    from kasugai.adapters.power.checking import check

    found: list[Finding] = []
    with _progress(len(chosen)) as advance:
        async with aclosing(check(chosen, limit)) as answers:
            async for findings in answers:
                found += findings
                advance()
    order = {host: number for number, host in enumerate(chosen)}
    return sorted(found, key=lambda finding: (order[finding.host], finding.number))


@contextmanager
def _progress(hosts: int) -> Iterator[Callable[[], None]]:
    """Show a bar on stderr while many hosts are asked, where a person looks."""
    from kasugai.cli.terminal import is_live

    if hosts < MANY or not is_live(sys.stderr):
        yield lambda: None
        return
    from rich.progress import Progress

    from kasugai.cli.terminal import console

    with Progress(console=console(sys.stderr), transient=True) as progress:
        task = progress.add_task("asking power devices", total=hosts)
        yield lambda: progress.advance(task)


def tell(found: "Sequence[Finding]", output: str) -> int:
    """Print what was found, and return the exit code."""
    from kasugai.cli.terminal import console, data_json, is_live, talk

    bad = sorted({finding.host for finding in found if not finding.answers})
    if output == "json":
        data_json([as_json(finding) for finding in found])
    else:
        paper = console()
        if not is_live():
            paper.width = PIPED_WIDTH
        paper.print(listed(found, None if not is_live() else paper.width // 3))
    if bad:
        shown = ", ".join(bad[:5]) + (f" and {len(bad) - 5} more" if len(bad) > 5 else "")
        talk(f"not every power device answers: {shown}. What each reason means: docs/operators/fencing.md")
    return Exit.NO if bad else Exit.OK


def listed(found: "Sequence[Finding]", widest: int | None = None) -> "RenderableType":
    """Return the findings as a table whose last column wraps: a reason is read to its end. A host's name takes at most
    `widest` columns, so that the others stay."""
    from rich.table import Table

    from kasugai.cli.terminal import words

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    table.add_column("HOST", no_wrap=True, max_width=widest)
    table.add_column("#", no_wrap=True, min_width=1)
    table.add_column("DEVICE", min_width=8, overflow="fold")
    table.add_column("STATE", no_wrap=True, min_width=max(map(len, COLOURS)))
    table.add_column("SECONDS", no_wrap=True, justify="right", min_width=len("SECONDS"))
    table.add_column("WHY", min_width=8, overflow="fold")
    before = ""
    for finding in found:
        host = "" if finding.host == before else finding.host
        before = finding.host
        state = words(finding.state, COLOURS[finding.state])
        cells = (words(finding.device), state, f"{finding.seconds:.1f}", words(finding.why or "-"))
        table.add_row(words(host), str(finding.number), *cells)
    return table


def as_json(finding: "Finding") -> dict[str, Any]:
    """Return the stable form of a finding."""
    return {
        "host": finding.host,
        "number": finding.number,
        "device": finding.device,
        "state": finding.state,
        "seconds": round(finding.seconds, 3),
        "why": finding.why,
    }
