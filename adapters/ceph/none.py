"""The Storage port where no storage can be closed to anybody."""

from collections.abc import Sequence

from kasugai.core.recovering.doors import FenceRefused, StorageAway
from kasugai.core.recovering.storage import Disk, StorageState, StorageView


class NoStorage:
    """No storage for any host."""

    def has(self, host: str) -> bool:
        """Whether storage can be closed to exactly this host."""
        return False

    async def read(self, host: str, disks: Sequence[Disk]) -> StorageView:
        """Know nothing."""
        return StorageView(state=StorageState.UNKNOWN, why=_WHY.format(host=host))

    async def close(self, host: str) -> None:
        """Refuse."""
        raise FenceRefused(_WHY.format(host=host))

    async def open(self, host: str, addresses: Sequence[str]) -> None:
        """Refuse."""
        raise FenceRefused(_WHY.format(host=host))

    async def free(self, host: str, disks: Sequence[Disk]) -> None:
        """Know nothing."""
        raise StorageAway(_WHY.format(host=host))


_WHY = "no storage is configured that could be closed to {host}"
