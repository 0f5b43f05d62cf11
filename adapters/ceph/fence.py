"""The Storage port over Ceph clusters: closes a cluster to a host's addresses, sees that it is, and opens it again.

What was closed is read from the cluster's newest map, never taken from an answer. An entry that somebody else has made
counts as well, and is left: it may not end while somebody relies on it.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kasugai.adapters.ceph.addresses import Address, ends, entry, parse
from kasugai.adapters.ceph.cluster import CephAway, CephTrouble, Cluster, Lock
from kasugai.core.recovering.doors import DiskElsewhere, FenceRefused, StorageAway
from kasugai.core.recovering.storage import Disk, DiskKind, StorageState, StorageView
from kasugai.core.words.timing import Millis

LOG = logging.getLogger(__name__)

STANDS = 365 * 86_400
"""Seconds for which an entry of ours stands if nobody takes it off: an address that is closed for ever is forgotten."""
LEAST = 600.0
"""Seconds that an entry must still stand to be relied on: far more than clocks of two machines differ."""
POLL = 0.5
"""Seconds between two looks at what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closable:
    """How one host reaches one cluster."""

    cluster: Cluster
    addresses: tuple[Address, ...]
    """All of the host's from which it may: one that is missing is not closed."""
    volumes: tuple[str, ...] = ()
    """The pools that Cinder's volumes lie in."""
    root_disks: tuple[str, ...] = ()
    """The pools that Nova's own disks lie in."""
    watch_ends: Millis = Millis(30_000)
    timeout: float = 30.0
    """Seconds for closing, reading back included."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return f"{self.cluster.name} for {', '.join(map(str, self.addresses))}"

    def images(self, disk: Disk) -> Iterator[str]:
        """Return the images that could be a disk, as Nova and Cinder name them."""
        match disk.kind:
            case DiskKind.VOLUME:
                yield from (f"{pool}/volume-{disk.id}" for pool in self.volumes)
            case DiskKind.ROOT:
                yield from (f"{pool}/{disk.id}_disk" for pool in self.root_disks)
            case DiskKind.EPHEMERAL:
                yield from (f"{pool}/{disk.id}_disk.eph0" for pool in self.root_disks)


class CephStorage:
    """The clusters of all hosts, as the Storage port."""

    def __init__(
        self, closable_of: Callable[[str], Closable | None], *, now: Callable[[], float], poll: float = POLL
    ) -> None:
        """`closable_of` returns how exactly this host reaches its cluster, None where nobody says so. `now`: seconds
        since 1970, by a clock that is right within some minutes."""
        self._closable_of = closable_of
        self._now = now
        self._poll = poll

    def has(self, host: str) -> bool:
        """Whether there is a cluster that can be closed to exactly this host."""
        return self._closable_of(host) is not None

    async def read(self, host: str, disks: Sequence[Disk]) -> StorageView:
        """Return whether the cluster lets the host in, and if it does who holds some of these disks open."""
        where = self._of(host)
        try:
            view = self._view(where, await where.cluster.blocked())
            if view.state is not StorageState.OPEN:
                return view
            held = await asyncio.gather(*(self._watchers(where, disk) for disk in disks))
        except CephTrouble as trouble:
            return StorageView(state=StorageState.UNKNOWN, why=str(trouble), watch_ends=where.watch_ends)
        found = dict.fromkeys(address for some in held for address in some)
        own = [a for a in found if parse(a) in where.addresses]
        return StorageView(
            state=view.state,
            open_to=view.open_to,
            closed_to=view.closed_to,
            watch_ends=where.watch_ends,
            watchers=tuple(own),
            strangers=tuple(a for a in found if a not in own),
        )

    async def close(self, host: str) -> None:
        """Close the cluster to each of the host's addresses that it lets in, and read that back."""
        where = self._of(host)
        try:
            async with asyncio.timeout(where.timeout):
                view = self._view(where, await where.cluster.blocked())
                if view.state is StorageState.UNKNOWN:
                    raise FenceRefused(f"{where.name}: {view.why}")
                for address in view.open_to:
                    await where.cluster.block(_entry(address), STANDS)
                await self._until(where, lambda now: now.state is StorageState.CLOSED)
        except TimeoutError:
            raise FenceRefused(f"{where.name}: not seen closed within {where.timeout:g} s") from None
        except CephTrouble as trouble:
            raise FenceRefused(f"{where.name}: {trouble}") from trouble
        LOG.info("%s is closed to %s", where.cluster.name, host)

    async def open(self, host: str, addresses: Sequence[str]) -> None:
        """Let these addresses in again, and read that back. No others are touched."""
        where = self._of(host)
        try:
            async with asyncio.timeout(where.timeout):
                for address in addresses:
                    await where.cluster.unblock(_entry(address))
                await self._until(where, lambda now: not set(addresses) & set(now.closed_to))
        except TimeoutError:
            raise FenceRefused(f"{where.name}: not seen open within {where.timeout:g} s") from None
        except CephTrouble as trouble:
            raise FenceRefused(f"{where.name}: {trouble}") from trouble
        LOG.info("%s is open to %s again: %s", where.cluster.name, host, ", ".join(addresses))

    async def free(self, host: str, disks: Sequence[Disk]) -> None:
        """See that all of a guest's disks lie on the closed cluster, and lift the locks of the host's clients there."""
        where = self._of(host)
        if not disks:
            raise DiskElsewhere("Nova names no disk of it")
        try:
            if self._view(where, await where.cluster.blocked()).state is not StorageState.CLOSED:
                raise StorageAway(f"{where.name} is not seen closed")
            found = [await self._locks(where, disk) for disk in disks]
            for image, locks in found:
                for lock in locks:
                    if parse(lock.address) in where.addresses:
                        LOG.info("the lock of %s at %s on %s is lifted", lock.locker, lock.address, image)
                        await where.cluster.unlock(image, lock)
        except CephTrouble as trouble:
            raise StorageAway(str(trouble)) from trouble

    def _of(self, host: str) -> Closable:
        where = self._closable_of(host)
        if where is None:
            raise FenceRefused(f"no storage is configured that could be closed to {host}")
        return where

    def _view(self, where: Closable, blocked: Mapping[str, float]) -> StorageView:
        """Return what a blocklist says of a host. What is about to end is neither open nor closed: it is not ours to
        prolong."""
        until = {str(address): ends(address, blocked) for address in where.addresses}
        closed = tuple(address for address, end in until.items() if end is not None)
        ending = [a for a, end in until.items() if end is not None and end - self._now() < LEAST]
        why = (
            f"the blocklist's entry for {', '.join(ending)} is about to end, and is not ours"
            if ending
            else ""
        )
        state = StorageState.CLOSED if len(closed) == len(until) else StorageState.OPEN
        return StorageView(
            state=StorageState.UNKNOWN if ending else state,
            open_to=tuple(address for address in until if address not in closed),
            closed_to=closed,
            watch_ends=where.watch_ends,
            why=why,
        )

    async def _until(self, where: Closable, seen: Callable[[StorageView], bool]) -> None:
        while not seen(self._view(where, await where.cluster.blocked())):  # noqa: ASYNC110 - a map tells nothing itself
            await asyncio.sleep(self._poll)

    async def _watchers(self, where: Closable, disk: Disk) -> tuple[str, ...]:
        for image in where.images(disk):
            found = await where.cluster.watchers(image)
            if found is not None:
                return found
        return ()

    async def _locks(self, where: Closable, disk: Disk) -> tuple[str, tuple[Lock, ...]]:
        """Return the image that a disk is, with its locks. What may not be looked at is as good as elsewhere."""
        said = ""
        for image in where.images(disk):
            try:
                found = await where.cluster.locks(image)
            except CephAway:
                raise
            except CephTrouble as trouble:
                said = f": {trouble}"
            else:
                if found is not None:
                    return image, found
        pools = ", ".join(image.partition("/")[0] for image in where.images(disk)) or "none"
        raise DiskElsewhere(
            f"its {disk.kind} {disk.id} is in none of the pools of power.yaml ({pools}){said}"
        )


def _entry(address: str) -> str:
    found = parse(f"{address}:0/0") or parse(f"[{address}]:0/0")
    if found is None:
        raise CephTrouble(f"{address} is no address")
    return entry(found)
