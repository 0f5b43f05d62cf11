"""A host's cluster as `kasugai power check` asks it: whether it lets the host in. Nothing is closed or opened."""

from kasugai.adapters.ceph.fence import CephStorage, Closable
from kasugai.adapters.power.fencing import DeviceTrouble
from kasugai.adapters.wall import Wall
from kasugai.core.recovering.storage import StorageState


class StorageCheck:
    """One host's cluster, in the form of a device that is only asked."""

    def __init__(self, where: Closable) -> None:
        """Nothing is asked yet."""
        self._where = where
        self._storage = CephStorage(lambda _: where, now=lambda: Wall().now() / 1000)

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return self._where.name

    async def status(self) -> StorageState:
        """Return OPEN or CLOSED; DeviceTrouble when the cluster does not tell."""
        view = await self._storage.read("", ())
        if view.state is StorageState.UNKNOWN:
            raise DeviceTrouble(view.why)
        return view.state
