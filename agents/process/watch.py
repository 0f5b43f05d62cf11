"""The watch of a host's processes: reads the list, and again when it changes; keeps each entry; looks for the bus.

What is known of a process outlives a new list and a bus that comes and goes.
"""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

from kasugai.adapters.systemd.bus import SYSTEM, Bus, BusAway, Refused, opened
from kasugai.adapters.systemd.units import Units
from kasugai.agents.ports import Voice
from kasugai.agents.process.eyes import eye_of
from kasugai.agents.process.keeping import Host, Keeper, Kept, Rules
from kasugai.agents.process.listed import BadList, Entry, Listed, parse

BUS_AGAIN = 30.0
"""Seconds before a bus that was away is looked for again."""
LARGEST = 1_048_576
"""Bytes of a list."""

log = logging.getLogger(__name__)


class ProcessWatch:
    """A `ports.Watch`."""

    name = "process"

    def __init__(
        self, *, file: Path, own: str, host: Host, voice: Voice, rules: Rules, address: str = SYSTEM
    ) -> None:
        """Watch what `file` lists on the host called `own`; `address` is the bus."""
        self._file, self._own, self._host, self._voice = file, own, host, voice
        self._rules, self._address = rules, address
        self._kept: dict[str, Kept] = {}
        self._remarks: tuple[str, ...] = ()
        self._listed = ""
        self._bus = ""

    @property
    def trouble(self) -> str:
        """What is not watched, and why: the first of it, and how much more there is."""
        found = [text for text in (self._listed, self._bus) if text]
        found += [kept.trouble for kept in self._kept.values() if kept.trouble]
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        return f"{found[0]}{more}" if found else ""

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            try:
                listed, stamp = read(self._file), _stamp(self._file)
            except BadList as error:
                self._listed = str(error)
                await self._list_changed(_stamp(self._file))
                continue
            self._take(listed)
            await self._with_bus(listed.entries, stamp)

    def _take(self, listed: Listed) -> None:
        self._listed = "" if listed.entries else f"{self._file} lists nothing"
        self._kept = {entry.name: self._kept.get(entry.name, Kept()) for entry in listed.entries}
        if listed.remarks != self._remarks:
            for remark in listed.remarks:
                log.warning("%s: %s", self._file, remark)
            self._remarks = listed.remarks

    async def _with_bus(self, entries: tuple[Entry, ...], stamp: int) -> None:
        """Keep the entries until the list changes or the bus comes or goes."""
        if not any(entry.unit for entry in entries):
            await self._keep(entries, None, stamp)
            return
        is_open = False
        try:
            async with opened(self._address) as bus:
                is_open, self._bus = True, ""
                await self._keep(entries, bus, stamp)
        except BusAway as error:
            self._bus = f"units are watched by their names alone: {error}"
            with suppress(TimeoutError):
                async with asyncio.timeout(1.0 if is_open else BUS_AGAIN):
                    await self._keep(entries, None, stamp)

    async def _keep(self, entries: tuple[Entry, ...], bus: Bus | None, stamp: int) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                keepers = [group.create_task(self._one(entry, bus)) for entry in entries]
                if bus is not None:
                    keepers.append(group.create_task(_until_gone(bus)))
                await self._list_changed(stamp)
                for keeper in keepers:
                    keeper.cancel()
        except* BusAway as away:
            raise BusAway(str(away.exceptions[0])) from away

    async def _one(self, entry: Entry, bus: Bus | None) -> None:
        async with eye_of(entry, bus) as eye:
            kept = self._kept[entry.name]
            await Keeper(
                entry, eye, kept, host=self._host, voice=self._voice, rules=self._rules, own=self._own
            ).run()

    async def _list_changed(self, stamp: int) -> None:
        while _stamp(self._file) == stamp:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(max(self._rules.interval, 1.0))


def read(file: Path) -> Listed:
    """Return what a list says; raise BadList."""
    try:
        with file.open("rb") as opened_file:
            data = opened_file.read(LARGEST + 1)
    except OSError as error:
        raise BadList(f"{file} cannot be read: {error.strerror}") from error
    if len(data) > LARGEST:
        raise BadList(f"{file} has more than {LARGEST} bytes: it is no list of processes")
    return parse(data.decode("utf-8", "replace"), str(file))


async def _until_gone(bus: Bus) -> None:
    """Ask systemd for its signals, and raise BusAway when they end: with the bus, or with systemd's place on it."""
    units, anew = Units(bus), asyncio.Event()
    try:
        await units.on_new_manager(anew.set)
        await units.subscribe()
    except Refused as error:
        raise BusAway(f"systemd does not say when units change: {error}") from error
    waiting = [asyncio.create_task(anew.wait()), asyncio.create_task(bus.ended())]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
    raise BusAway("the system bus has ended the connection, or systemd has come back to it")


def _stamp(file: Path) -> int:
    """Return what changes when a file does: its time of change to the nanosecond, or nothing where it is missing."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return -1
