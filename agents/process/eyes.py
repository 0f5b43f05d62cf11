"""How one process is seen: as a unit of systemd, by a pid file, or by its exact name. Each looks when asked, and says
when it is time to look again.
"""

import asyncio
import shutil
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from kasugai.adapters import procfs
from kasugai.adapters.systemd.bus import Bus, Refused
from kasugai.adapters.systemd.units import Units
from kasugai.agents.process.listed import Entry
from kasugai.agents.process.states import Flapping, Sight, State, of_unit

PATHS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs are, whatever the agent's own PATH."""


class Eye(Protocol):
    """One way to see one process."""

    how: str
    """For people: `unit nova-compute.service`."""

    async def look(self) -> Sight:
        """Return how it is now; raise BusAway when the bus has gone."""

    async def changed(self, seconds: float) -> None:
        """Return when it is time to look again, after so many seconds at the latest."""

    async def restart(self) -> str | None:
        """Restart it without a command; return what went wrong or nothing, and None where it has no way of its own."""


class UnitEye:
    """By systemd's word."""

    def __init__(self, units: Units, unit: str) -> None:
        """Watch `unit`."""
        self.how = f"unit {unit}"
        self._units, self._unit = units, unit
        self._path = ""
        self._flapping = Flapping()
        self._signal = asyncio.Event()

    async def look(self) -> Sight:
        """Ask systemd. An object of a unit that nothing refers to is dropped by systemd: then it is asked for anew."""
        self._signal.clear()
        try:
            if not self._path:
                self._path = await self._units.path_of(self._unit)
                await self._units.on_change(self._path, self._signal.set)
            unit = await self._units.read(self._path)
        except Refused as error:
            self._path = ""
            return Sight(State.UNKNOWN, f"systemd does not tell of {self._unit}: {error}")
        if self._flapping.note(asyncio.get_running_loop().time(), unit.restarts):
            return Sight(State.DEAD, f"{self._unit} is restarted over and over ({unit.restarts} times)")
        return of_unit(self._unit, unit)

    async def changed(self, seconds: float) -> None:
        """Wait for a signal."""
        await _waited(self._signal, seconds)

    async def restart(self) -> str | None:
        """By systemd, which polkit lets us ask or does not."""
        try:
            await self._units.restart(self._unit)
        except Refused as error:
            return f"systemd does not restart {self._unit} for us: {error}"
        return ""


class _PidEye(ABC):
    """By the end of a process that was found once."""

    how = ""

    def __init__(self) -> None:
        """Nothing is found yet."""
        self._descriptor: int | None = None
        self._was_seen = False
        self._over = asyncio.Event()

    async def look(self) -> Sight:
        """Return alive while the process that was found lives, else look for another one."""
        if self._descriptor is not None and not procfs.is_over(self._descriptor):
            return Sight(State.ALIVE, self.how)
        self.close()
        pid = self._pid()
        if pid is None:
            return self._missing()
        self._descriptor = procfs.watch(pid)
        if self._descriptor is None:
            return self._missing()
        self._was_seen = True
        asyncio.get_running_loop().add_reader(self._descriptor, self._ended)
        return Sight(State.ALIVE, f"pid {pid}")

    async def changed(self, seconds: float) -> None:
        """Wait for its end."""
        await _waited(self._over, seconds)
        self._over.clear()

    async def restart(self) -> str | None:
        """It knows no way."""
        return None

    def close(self) -> None:
        """Let go of the process."""
        if self._descriptor is not None:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            procfs.let_go(self._descriptor)
            self._descriptor = None

    def _ended(self) -> None:
        """The descriptor stays readable: once is enough."""
        if self._descriptor is not None:
            asyncio.get_running_loop().remove_reader(self._descriptor)
        self._over.set()

    @abstractmethod
    def _pid(self) -> int | None:
        """Return the process to watch; None where there is none."""

    @abstractmethod
    def _missing(self) -> Sight:
        """Return what it means that there is none."""


class FileEye(_PidEye):
    """By the pid in a file."""

    def __init__(self, file: str) -> None:
        """Watch whoever writes `file`."""
        super().__init__()
        self.how = f"pid file {file}"
        self._file = Path(file)

    def _pid(self) -> int | None:
        try:
            pid = int(self._file.read_text("ascii").strip())
        except (OSError, ValueError):
            return None
        return pid if pid > 0 and procfs.is_running(pid) else None

    def _missing(self) -> Sight:
        """A daemon that ends in an orderly way removes its file; one that is killed leaves it."""
        if self._file.exists():
            return Sight(State.DEAD, f"{self._file} names no process that runs")
        return Sight(State.STOPPED, f"there is no {self._file}: it was stopped, or keeps it elsewhere")


class NameEye(_PidEye):
    """By its exact name."""

    def __init__(self, name: str) -> None:
        """Watch a process of that name, or that runs that program."""
        super().__init__()
        self.how = f"process {name}"
        self._name = name

    def _pid(self) -> int | None:
        return procfs.find(self._name)

    def _missing(self) -> Sight:
        if self._was_seen or shutil.which(self._name, path=PATHS):
            return Sight(State.DEAD, f"no process is called {self._name}")
        return Sight(State.ABSENT, f"nothing is installed as {self._name}")


@asynccontextmanager
async def eye_of(entry: Entry, bus: Bus | None) -> AsyncIterator[Eye]:
    """Yield what sees an entry: its unit where there is a bus, else its pid file, else its name."""
    if entry.unit and bus is not None:
        yield UnitEye(Units(bus), entry.unit)
        return
    eye = FileEye(entry.pid_file) if entry.pid_file else NameEye(entry.process_name)
    try:
        yield eye
    finally:
        eye.close()


async def _waited(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
