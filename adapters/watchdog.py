"""The kernel's watchdog device: opened it counts down and resets the machine, unless it is petted or closed in order.

What it answers is linux/Documentation/watchdog/watchdog-api.rst. It is opened by whoever means it, and by nobody else:
from then on the machine's life hangs on it.
"""

import fcntl
import os
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kasugai.core.words.timing import Millis

GET_SUPPORT, KEEP_ALIVE, SET_TIMEOUT, GET_TIMEOUT = 0x80285700, 0x80045705, 0xC0045706, 0x80045707
"""linux/watchdog.h, as x86, Arm, RISC-V and s390 number them; others answer ENOTTY, and the device is closed again."""
CAN_SET_TIMEOUT, CAN_BE_CLOSED = 0x0080, 0x0100
"""WDIOF_SETTIMEOUT, WDIOF_MAGICCLOSE."""
MAGIC = b"V"
"""Written right before it is closed: it stops, unless the driver was loaded with nowayout."""
SOFTWARE = "Software Watchdog"
"""How the kernel's softdog calls itself."""
_INFO = struct.Struct("=II32s")
_INT = struct.Struct("=i")


DRIVERS = Path("/sys/class/watchdog")
"""Where the kernel tells of each device without its being opened (linux, testing/sysfs-class-watchdog)."""


class WatchdogAway(Exception):
    """There is no watchdog that could be used, or it takes nothing. One line: device, reason, remedy."""


def identity_of(device: Path, drivers: Path = DRIVERS) -> str:
    """Return what a device's driver calls itself, by the kernel's files; empty where they do not tell."""
    return _told(device, drivers, "identity")


def unfit(device: Path, drivers: Path = DRIVERS, *, software: bool) -> str:
    """Return why a device must not even be opened, by the kernel's files; empty: they tell nothing against it. One that
    cannot be stopped resets the machine once it was opened, whatever is thought better of then."""
    identity = identity_of(device, drivers)
    if _told(device, drivers, "nowayout") == "1":
        return f"{identity or device} cannot be stopped (nowayout): each end of the agent resets this host"
    if identity == SOFTWARE and not software:
        return f"{device} is the kernel's own timer: use the board's, or set [watchdog] software = yes"
    return ""


def _told(device: Path, drivers: Path, what: str) -> str:
    folder = drivers / ("watchdog0" if device.name == "watchdog" else device.name)
    try:
        return (folder / what).read_text("ascii", "replace").strip()
    except OSError:
        return ""


class Calls(Protocol):
    """The system calls that are used; the kernel's, or a double's."""

    def open(self, path: str) -> int:
        """Open a device for writing; OSError."""

    def ioctl(self, fd: int, request: int, buffer: bytearray) -> None:
        """Ask a device, which may answer in the buffer; OSError."""

    def write(self, fd: int, data: bytes) -> None:
        """Write; OSError."""

    def close(self, fd: int) -> None:
        """Close."""


class Kernel:
    """The real ones."""

    def open(self, path: str) -> int:
        """See the port."""
        return os.open(path, os.O_WRONLY | os.O_CLOEXEC)

    def ioctl(self, fd: int, request: int, buffer: bytearray) -> None:
        """See the port."""
        fcntl.ioctl(fd, request, buffer, True)

    def write(self, fd: int, data: bytes) -> None:
        """See the port."""
        os.write(fd, data)

    def close(self, fd: int) -> None:
        """See the port."""
        os.close(fd)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a driver says of itself."""

    name: str
    can_set_timeout: bool
    can_be_closed: bool

    @property
    def is_software(self) -> bool:
        """Whether it is a timer of the very kernel that it should outlive."""
        return self.name == SOFTWARE


class Watchdog:
    """An open device."""

    def __init__(self, path: str, wanted: Millis, *, software: bool, calls: Calls) -> None:
        """Open it and let it reset the machine after `wanted`, in whole seconds; WatchdogAway, with the device closed
        in order, where it cannot be used as it must be. `software`: whether the kernel's own timer is good enough."""
        self._path, self._calls = path, calls
        try:
            self._fd = calls.open(path)
        except OSError as error:
            raise WatchdogAway(f"{path}: {error.strerror}: see docs/operators/watchdog.md") from error
        try:
            self.identity = self._identify()
            self.timeout = self._agree(wanted, software=software)
        except (OSError, WatchdogAway) as error:
            with suppress(OSError):
                self.close()
            raise WatchdogAway(f"{path}: {error}") from error

    def pet(self) -> None:
        """Begin the count anew; WatchdogAway where it is not taken."""
        try:
            self._calls.ioctl(self._fd, KEEP_ALIVE, bytearray(_INT.size))
        except OSError as error:
            raise WatchdogAway(f"{self._path} is not petted: {error.strerror}") from error

    def close(self) -> None:
        """Stop it, and close it."""
        try:
            self._calls.write(self._fd, MAGIC)
        finally:
            self._calls.close(self._fd)

    def abandon(self) -> None:
        """Close it without stopping it: the machine is reset after `timeout`, unless somebody opens it again."""
        self._calls.close(self._fd)

    def _identify(self) -> Identity:
        buffer = bytearray(_INFO.size)
        self._calls.ioctl(self._fd, GET_SUPPORT, buffer)
        options, _, name = _INFO.unpack(buffer)
        shown = name.partition(b"\0")[0].decode("ascii", "replace")
        return Identity(shown, bool(options & CAN_SET_TIMEOUT), bool(options & CAN_BE_CLOSED))

    def _agree(self, wanted: Millis, *, software: bool) -> Millis:
        """Return what the driver says that it does: it may round, and what counts is its word."""
        if self.identity.is_software and not software:
            raise WatchdogAway(
                "it is the kernel's own timer, which a kernel that hangs stops with it: use the board's, or set "
                "[watchdog] software = yes"
            )
        if not self.identity.can_be_closed:
            raise WatchdogAway(f"{self.identity.name} cannot be stopped once it runs")
        if self.identity.can_set_timeout:
            self._calls.ioctl(self._fd, SET_TIMEOUT, bytearray(_INT.pack(-(-wanted // 1000))))
        buffer = bytearray(_INT.size)
        self._calls.ioctl(self._fd, GET_TIMEOUT, buffer)
        seconds = _INT.unpack(buffer)[0]
        if not 0 < seconds * 1000 <= LONGEST:
            raise WatchdogAway(
                f"{self.identity.name} resets after {seconds} s, and at most {LONGEST // 1000} s fit"
            )
        return Millis(seconds * 1000)


LONGEST = Millis(9_000)
"""A lease, twice this and the margins of who waits for it make 30 s."""
