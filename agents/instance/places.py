"""Where guests' disks lie on this host: its mounts, and which of its block devices are logical volumes."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from kasugai.agents.instance.disks import Mounts, counted, mounts_of
from kasugai.agents.instance.values import Description
from kasugai.core.words.heartbeats import DiskCount

MOUNTS: Final = Path("/proc/self/mountinfo")
BLOCKS: Final = Path("/sys/class/block")


class Places:
    """Reads them when they are asked for; what cannot be read is of no class that has a name."""

    def __init__(self, mounts: Path = MOUNTS, blocks: Path = BLOCKS) -> None:
        """Read them there."""
        self._mounts = mounts
        self._blocks = blocks

    def counted(self, guests: Iterable[Description]) -> tuple[DiskCount, ...]:
        """Return how many guests have a disk of each class."""
        return counted(guests, self._read_mounts(), self._is_lvm)

    def _read_mounts(self) -> Mounts:
        try:
            return mounts_of(self._mounts.read_text(errors="replace"))
        except OSError:
            return {}

    def _is_lvm(self, path: str) -> bool:
        """Device mapper says of each of its devices who made it."""
        device = os.path.basename(os.path.realpath(path))
        try:
            return (self._blocks / device / "dm" / "uuid").read_text().startswith("LVM-")
        except OSError:
            return False
