"""The Storage port's suite on the simulated cluster, under virtual time."""

import asyncio
from ipaddress import ip_address

import pytest

from kasugai.adapters.ceph import CephStorage, Closable
from kasugai.adapters.ceph.addresses import entry
from kasugai.core.recovering.storage import Disk, DiskKind
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.storage import NETWORK, POOLS
from kasugai.sim.loop import run
from kasugai.sim.storage_door import SimCluster
from kasugai.workers.ports import Storage
from tests.conformance.storage.stories import STORIES, Story
from tests.support.clouds import SWIFT

HOSTS = ("h1", "h2")


class Laboratory:
    """Guests as clients of a simulated cluster."""

    def __init__(self, cloud: SimCloud) -> None:
        self._cloud, self._storage = cloud, cloud.storage
        self._cluster = SimCluster(cloud, sender="")
        for host in HOSTS:
            cloud.add_host(host)
            cloud.storage.add(host)
        self.port: Storage = CephStorage(self._closable, now=cloud.world.wall)

    def _closable(self, host: str) -> Closable | None:
        if host not in HOSTS:
            return None
        addresses = tuple(map(ip_address, self.addresses(host)))
        return Closable(cluster=self._cluster, addresses=addresses, volumes=POOLS[:1])

    def addresses(self, host: str) -> tuple[str, str]:
        return self._storage.address(host), f"192.0.2.{HOSTS.index(host) + 1}"

    async def write(self, host: str, name: str) -> Disk:
        disk = Disk(DiskKind.VOLUME, self._cloud.add_guest(name, host).uuid)
        self._storage.lock_of(f"{POOLS[0]}/volume-{disk.id}")
        return disk

    async def writes(self, host: str, disk: Disk) -> bool:
        runs = host in self._cloud.diary.running_on(disk.id)
        return runs and not self._cloud.world.host(host).is_hung and await self.may_write(host, disk)

    async def may_write(self, host: str, disk: Disk) -> bool:
        return (
            self._storage.can_write(disk.id, host) and NETWORK not in self._cloud.world.host(host).unplugged
        )

    async def stand_still(self, host: str) -> None:
        self._cloud.hosts.hang(host)

    async def go_on(self, host: str) -> None:
        self._cloud.hosts.wake(host)

    async def die(self, host: str) -> None:
        self._cloud.hosts.power_off(host)

    async def close_by_hand(self, address: str, seconds: int) -> None:
        self._storage.block(entry(ip_address(address)), seconds)

    async def is_closed_to(self, address: str) -> bool:
        return entry(ip_address(address)) in self._storage.blocked

    async def lockers(self, disk: Disk) -> tuple[str, ...]:
        host = self._storage.locked.get(f"{POOLS[0]}/volume-{disk.id}")
        return () if host is None else (host,)

    async def pass_time(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def go_away(self) -> None:
        self._storage.is_away = True

    async def answer(self) -> None:
        self._storage.is_away = False


@pytest.mark.parametrize("story", STORIES, ids=lambda story: str(story.__name__))
def test_story(story: Story) -> None:
    """In virtual time."""

    async def main() -> None:
        await story(Laboratory(SimCloud(asyncio.get_running_loop(), seed=1, pace=SWIFT)))

    run(main(), start=1000.0)
