"""Signs what one host's agent says: each record gets the header that proves whose word it is.

A record is signed when it is sent, not when it is kept for later: the count rises in the order of sending, by which a
record that is played again is known. Whoever sends a record again signs it again.
"""

import time
from collections.abc import Callable
from pathlib import Path

from kasugai.adapters.proving.header import PROOF, Coder, Proof, head_of
from kasugai.adapters.proving.keys import HostKey

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Another value after each boot (Linux, random(4))."""

Clock = Callable[[], int]
"""Microseconds since boot."""


def since_boot() -> int:
    """Return the microseconds since boot, those in which the machine slept included: never set back."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000


class Prover:
    """One host's voice, for one process: not for threads side by side, whose records would overtake one another."""

    def __init__(self, host: str, key: HostKey, *, boot: str = "", clock: Clock = since_boot) -> None:
        """`host`: Nova's name of it, byte for byte; `boot` and `clock` are this machine's unless given."""
        self._host = host
        self._key_id = key.id
        self._coder = Coder(key.secret)
        self._boot = boot or BOOT_ID.read_text().strip()
        self._clock = clock
        self._last = -1

    def header(self, topic: str, key: str, value: bytes) -> tuple[str, bytes]:
        """Return the header for a record that is sent now."""
        self._last = max(self._clock(), self._last + 1)
        head = head_of(Proof(self._key_id, self._boot, self._last, self._host))
        return PROOF, self._coder.mac(head, topic, key, value) + b" " + head
