"""The Storage port over the simulated cluster: the production rules, over a cluster that answers under any loop."""

import asyncio
from collections.abc import Callable, Mapping
from ipaddress import ip_address

from kasugai.adapters.ceph import CephAway, CephStorage, CephTrouble, Closable, Lock
from kasugai.adapters.power.opening import SHARE
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.storage import POOLS
from kasugai.sim.cloud.wire import Request

TOOK = 0.3
"""Seconds that one of Ceph's programs takes."""
ELSEWHERE = "10.9.9.9"
"""What power.yaml names for a host whose address it has wrong."""


class StorageDoor(CephStorage):
    """The cluster of all hosts of a cloud that have one."""

    def __init__(self, cloud: SimCloud, *, fence: float = 60.0, sender: str = "") -> None:
        """`fence`: seconds that a whole fence may take."""
        cluster = SimCluster(cloud, sender)

        def closable(host: str) -> Closable | None:
            if not cloud.storage.has(host):
                return None
            address = ELSEWHERE if host in cloud.storage.unnamed else cloud.storage.address(host)
            return Closable(
                cluster=cluster,
                addresses=(ip_address(address),),
                volumes=POOLS[:1],
                root_disks=POOLS[1:],
                timeout=fence * SHARE,
            )

        super().__init__(closable, now=cloud.world.wall)


class SimCluster:
    """One cluster as Ceph's programs would tell of it."""

    name = "ceph"

    def __init__(self, cloud: SimCloud, sender: str) -> None:
        """Ask as `sender`."""
        self._cloud = cloud
        self._storage = cloud.storage
        self._sender = sender

    async def blocked(self) -> Mapping[str, float]:
        """Return the blocklist."""
        await self._ask()
        return dict(self._storage.blocked)

    async def block(self, entry: str, seconds: int) -> None:
        """Add an entry."""
        await self._write("close-storage", self._host(entry), lambda: self._storage.block(entry, seconds))

    async def unblock(self, entry: str) -> None:
        """Remove an entry."""
        await self._write("open-storage", self._host(entry), lambda: self._storage.unblock(entry))

    async def watchers(self, image: str) -> tuple[str, ...] | None:
        """Return who watches an image."""
        await self._ask()
        if self._storage.guest_of(image) is None:
            return None
        return tuple(self._client(host) for host in self._storage.watchers(image))

    async def locks(self, image: str) -> tuple[Lock, ...] | None:
        """Return who has locked an image."""
        await self._ask()
        if self._storage.guest_of(image) is None:
            return None
        host = self._storage.lock_of(image)
        return () if host is None else (Lock("auto 1", f"client.{host}", self._client(host)),)

    async def unlock(self, image: str, lock: Lock) -> None:
        """Remove a lock."""
        await self._write("unlock", image, lambda: self._storage.locked.pop(image, ""))

    def _host(self, entry: str) -> str:
        return next((host for host in self._cloud.world.hosts if self._storage.entry(host) == entry), entry)

    def _client(self, host: str) -> str:
        return f"{self._storage.address(host)}:0/4711"

    async def _ask(self) -> None:
        await asyncio.sleep(TOOK)
        if self._storage.is_away:
            raise CephAway("no answer to ceph within 10 s")

    async def _write(self, action: str, subject: str, act: Callable[[], object]) -> None:
        """What was asked for arrives, whatever becomes of whoever asked."""
        request = Request(
            t=self._cloud.world.now(),
            method="POST",
            path=f"ceph://{subject}",
            action=action,
            subject=subject,
            sender=self._sender,
        )
        self._cloud.wire.note(request)
        if self._storage.is_away:
            await self._ask()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._cloud.world.later(TOOK, lambda: self._arrive(request, done, act))
        await done

    def _arrive(self, request: Request, done: "asyncio.Future[None]", act: Callable[[], object]) -> None:
        request.arrived = self._cloud.world.now()
        try:
            act()
            request.status = 200
        except CephTrouble as trouble:
            if not done.done():
                done.set_exception(trouble)
        if not done.done():
            done.set_result(None)
