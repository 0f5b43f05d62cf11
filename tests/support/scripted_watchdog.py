"""A watchdog device that is a script: it answers as linux/watchdog.h says, and tells when it would reset.

It stands for /dev/watchdog in every test; the machine's own is never opened.
"""

import errno
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from kasugai.adapters.watchdog import (
    CAN_BE_CLOSED,
    CAN_SET_TIMEOUT,
    GET_SUPPORT,
    GET_TIMEOUT,
    KEEP_ALIVE,
    MAGIC,
    SET_TIMEOUT,
)


@dataclass
class ScriptedWatchdog:
    """The Calls port. Times are seconds of `clock`."""

    clock: Callable[[], float]
    identity: str = "iTCO_wdt"
    options: int = CAN_SET_TIMEOUT | CAN_BE_CLOSED
    timeout: int = 30
    broken: set[int] = field(default_factory=set)
    """Requests that it does not take."""
    is_there: bool = True
    is_open: bool = False
    petted: float | None = None
    """When it began to count; None: it does not."""
    _last: bytes = b""

    @property
    def has_reset(self) -> bool:
        """Whether the machine would have been reset by now."""
        return self.petted is not None and self.clock() - self.petted > self.timeout

    def open(self, path: str) -> int:
        """See the port."""
        if not self.is_there or self.is_open:
            raise OSError(errno.EBUSY if self.is_open else errno.ENOENT, os.strerror(errno.EBUSY))
        self.is_open, self.petted, self._last = True, self.clock(), b""
        return 3

    def ioctl(self, fd: int, request: int, buffer: bytearray) -> None:
        """See the port."""
        assert self.is_open and fd == 3
        if request in self.broken:
            raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))
        match request:
            case _ if request == GET_SUPPORT:
                buffer[:] = struct.pack("=II32s", self.options, 0, self.identity.encode())
            case _ if request == SET_TIMEOUT:
                self.timeout = struct.unpack("=i", buffer)[0]
            case _ if request == GET_TIMEOUT:
                buffer[:] = struct.pack("=i", self.timeout)
            case _:
                assert request == KEEP_ALIVE
                self.petted = self.clock()

    def write(self, fd: int, data: bytes) -> None:
        """See the port."""
        assert self.is_open
        self._last = data

    def close(self, fd: int) -> None:
        """See the port."""
        self.is_open = False
        if self._last.endswith(MAGIC):
            self.petted = None
