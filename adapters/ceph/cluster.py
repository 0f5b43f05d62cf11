"""What a fence needs of a Ceph cluster, as the fence wants it: the blocklist, an image's watchers and its locks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class CephTrouble(Exception):
    """The cluster did not do, or does not let us do, what it was asked for; one line, without secrets."""


class CephAway(CephTrouble):
    """It does not answer."""


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on an image."""

    id: str
    locker: str
    """A client, as Ceph names it: client.4127."""
    address: str
    """The client's, with port and nonce."""


class Cluster(Protocol):
    """One cluster, asked as one user."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    async def blocked(self) -> Mapping[str, float]:
        """Return the blocklist of the newest map: until when (seconds since 1970) each entry stands, by its text.
        CephTrouble when it is not told."""
        ...

    async def block(self, entry: str, seconds: int) -> None:
        """Put an entry on the blocklist, or change until when it stands; CephTrouble when that is refused."""
        ...

    async def unblock(self, entry: str) -> None:
        """Take an entry off it; silent when it is not there."""
        ...

    async def watchers(self, image: str) -> tuple[str, ...] | None:
        """Return the addresses of the clients that hold an image (`POOL/NAME`) open for writing; None when there is no
        such image. A client that has been silent for the watch's time-out (30 s, `osd_client_watch_timeout`) is none.
        """
        ...

    async def locks(self, image: str) -> tuple[Lock, ...] | None:
        """Return the image's locks; None when there is no such image."""
        ...

    async def unlock(self, image: str, lock: Lock) -> None:
        """Remove a lock; silent when it is not there. Nobody is put on the blocklist for it."""
        ...
