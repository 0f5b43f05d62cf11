"""Whether each configured power device, and storage that can be closed, answers: asked once, nothing is switched."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from shlex import quote

from kasugai.adapters.ceph import closables
from kasugai.adapters.ceph.checking import StorageCheck
from kasugai.adapters.power import devices
from kasugai.adapters.power.checking import Asked, check
from kasugai.adapters.power.checking import Finding as Answer
from kasugai.adapters.settings import Settings
from kasugai.cli.checking.finding import Finding, Word

PART = "power"
ALL_WITHIN = 60.0
"""Seconds for all of them: a doctor is not waited for longer."""
NAMED = 10


def fences(settings: Settings) -> Iterator[Finding]:
    """Yield what devices there are and which of them do not answer."""
    known = known_devices(settings)
    if not known:
        where = settings.power.devices_file or "[power] devices_file"
        yield Finding(
            PART,
            Word.UNASKED,
            f"{where} describes no devices; workers need them: docs/operators/fencing.md",
        )
        return
    yield Finding(PART, Word.OK, f"{settings.power.devices_file} describes the devices of {len(known)} hosts")
    yield from told(asyncio.run(_asked(known, settings.power.reads)), known)


def known_devices(settings: Settings) -> Mapping[str, Sequence[Asked]]:
    """Return by host what can be asked about it; BadDevices."""
    fence = settings.worker.timing.fence / 1000
    known: dict[str, tuple[Asked, ...]] = {**devices(settings.power, fence)}
    for host, where in closables(settings.power, fence).items():
        known[host] = (*known.get(host, ()), StorageCheck(where))
    return known


async def _asked(known: Mapping[str, Sequence[Asked]], limit: int) -> list[Answer]:
    """Return what has been answered within the time for all."""
    found: list[Answer] = []
    try:
        async with asyncio.timeout(ALL_WITHIN), aclosing(check(known, limit)) as answers:
            async for each in answers:
                found += each
    except TimeoutError:
        pass
    return found


def told(found: Sequence[Answer], known: Mapping[str, Sequence[Asked]]) -> Iterator[Finding]:
    """Yield which devices do not answer, and whether all were asked."""
    silent = sorted((each for each in found if not each.answers), key=lambda each: (each.host, each.number))
    for each in silent[:NAMED]:
        yield Finding(
            PART,
            Word.NO,
            f"{each.host}: device {each.number} ({each.device}) does not answer: {each.why}; type: kasugai power check "
            f"{quote(each.host)}",
        )
    if len(silent) > NAMED:
        yield Finding(PART, Word.NO, f"{len(silent) - NAMED} more do not answer; type: kasugai power check")
    unasked = len(known) - len({each.host for each in found})
    if unasked:
        said = f"{unasked} of {len(known)} hosts' were not asked within {ALL_WITHIN:.0f} s; type: kasugai power check"
        yield Finding(PART, Word.UNASKED, said)
    elif not silent:
        yield Finding(PART, Word.OK, f"all {len(found)} answer; that they switch only a fence proves")
