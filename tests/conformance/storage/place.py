"""Where the stories of the Storage port are played: hosts, disks, and clients that write."""

from typing import Protocol

from kasugai.core.recovering.storage import Disk
from kasugai.workers.ports import Storage


class Place(Protocol):
    """A cluster that can be closed to the hosts h1 and h2, which name two addresses each; only the first is used."""

    port: Storage

    def addresses(self, host: str) -> tuple[str, str]:
        """Return what is named as the host's addresses."""
        ...

    async def write(self, host: str, name: str) -> Disk:
        """Let a client on the host open the disk of that name and write to it, as long as it may."""
        ...

    async def writes(self, host: str, disk: Disk) -> bool:
        """Whether that client writes still."""
        ...

    async def may_write(self, host: str, disk: Disk) -> bool:
        """Whether a client that begins on the host now could write to the disk."""
        ...

    async def stand_still(self, host: str) -> None:
        """All clients of the host stand still, as when it hangs."""
        ...

    async def go_on(self, host: str) -> None:
        """They go on where they stood."""
        ...

    async def die(self, host: str) -> None:
        """They end without a word."""
        ...

    async def close_by_hand(self, address: str, seconds: int) -> None:
        """Somebody else closes the cluster to an address."""
        ...

    async def is_closed_to(self, address: str) -> bool:
        """Whether the cluster says so, however the port reads it."""
        ...

    async def lockers(self, disk: Disk) -> tuple[str, ...]:
        """Return the hosts whose clients hold a lock on the disk."""
        ...

    async def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        ...

    async def go_away(self) -> None:
        """The cluster answers nobody who asks."""
        ...

    async def answer(self) -> None:
        """It answers again."""
        ...
