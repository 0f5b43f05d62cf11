"""What a worker saw of the storage that can be closed to a host, as values.

Storage that is closed to a host says nothing of its power: the host may live, and its guests may run. It proves that
nothing of that host writes to that storage any more.
"""

from dataclasses import dataclass
from enum import StrEnum

from kasugai.core.words.timing import Millis, MonoTime


class StorageState(StrEnum):
    """Whether storage lets a host in, as the storage itself tells it."""

    OPEN = "open"
    """At least one of the host's addresses is let in."""
    CLOSED = "closed"
    """None of them is, for long enough to act on it."""
    UNKNOWN = "unknown"
    """The storage did not answer."""


class DiskKind(StrEnum):
    """Which of a guest's disks it is."""

    ROOT = "root"
    """Made of its image; the id is the guest's."""
    EPHEMERAL = "ephemeral"
    """Its flavor's; the id is the guest's."""
    VOLUME = "volume"
    """Cinder's; the id is the volume's."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk of a guest that keeps data."""

    kind: DiskKind
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageView:
    """The storage of one host in one look."""

    state: StorageState
    at: MonoTime = MonoTime(0)
    """When it was asked, by its asker's clock."""
    open_to: tuple[str, ...] = ()
    """Those of the host's addresses that it lets in."""
    closed_to: tuple[str, ...] = ()
    """Those that it does not."""
    watchers: tuple[str, ...] | None = None
    """Addresses of the host's clients that hold a disk of its guests open; None: nobody asked."""
    strangers: tuple[str, ...] = ()
    """Addresses that hold such a disk open and are not known as the host's."""
    watch_ends: Millis = Millis(30_000)
    """After so long without a sign of its client the storage ends a watch by itself."""
    why: str = ""
    """Why it could not be asked."""
