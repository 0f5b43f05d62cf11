"""Asks the storage that can be closed to a host whether it is, and whose clients hold its guests' disks open."""

from collections.abc import Collection
from dataclasses import replace

from kasugai.core.recovering.cutoff import disks_of
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.recovering.storage import Disk, StorageView
from kasugai.core.words.timing import Timing
from kasugai.workers.clock import monotonic_ms
from kasugai.workers.ports import Storage

PATIENCE = 5
"""Between two questions pass so many times what the last one took, or more: each is some processes."""
DRAWN = 8
"""Of so many guests a disk is looked at: all of a host's clients live or die together."""


class StorageSight:
    """The storage of one host for one ownership."""

    def __init__(self, host: str, storage: Storage, timing: Timing) -> None:
        """Nothing is asked yet."""
        self._host = host
        self._storage = storage
        self._timing = timing
        self._last: StorageView | None = None
        self._pause = 0

    def forget(self) -> None:
        """Ask anew at the next look."""
        self._last = None

    async def look(self, guests: Collection[GuestView]) -> StorageView | None:
        """Return what the storage tells, or told lately; None where none can be closed to the host."""
        if not self._storage.has(self._host):
            return None
        now = monotonic_ms()
        if self._last is None or now - self._last.at > self._pause:
            view = await self._storage.read(self._host, _drawn(guests))
            self._last = replace(view, at=now)
            fresh, took = self._timing.power_fresh, monotonic_ms() - now
            self._pause = min(max(fresh // 30, PATIENCE * took), fresh // 3)
        return self._last


def _drawn(guests: Collection[GuestView]) -> tuple[Disk, ...]:
    """Return a disk of each of some guests that ran."""
    running = sorted((guest for guest in guests if guest.vm_state == "active"), key=lambda guest: guest.uuid)
    found = (disks_of(guest) for guest in running)
    return tuple(disks[0] for disks in found if disks)[:DRAWN]
