"""Which boot of this machine it is and for how long: what the kernel says, which no disk and no clock can set back."""

import time
from pathlib import Path

from kasugai.core.words.timing import Millis

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str:
    """Return the kernel's id of this boot."""
    return BOOT_ID.read_text("ascii").strip()


def uptime() -> Millis:
    """Return how long the machine has been up, suspension included (CLOCK_BOOTTIME)."""
    return Millis(time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000)
