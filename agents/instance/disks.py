"""On what the guests of a host lie, as their XML and the host's mounts show it: what its beat tells of them. Pure.

A guest counts once for each class that one of its disks is of.
"""

import posixpath
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from kasugai.agents.instance.values import Description, Disk
from kasugai.core.words.heartbeats import DiskCount

RBD: Final = "rbd"
SHARED: Final = "shared-file"
LOCAL: Final = "local-file"
LVM: Final = "lvm"
OTHER: Final = "other"

SHARED_FILE_SYSTEMS: Final = frozenset(
    {
        "9p",
        "beegfs",
        "ceph",
        "cifs",
        "fuse.ceph-fuse",
        "fuse.glusterfs",
        "fuse.quobyte",
        "gfs2",
        "gpfs",
        "lustre",
        "nfs",
        "nfs4",
        "ocfs2",
        "quobyte",
        "smb3",
        "virtiofs",
    }
)
"""Types of file systems that several hosts can reach."""

Mounts = Mapping[str, str]
"""The type of the file system at each mount point."""


def mounts_of(text: str) -> Mounts:
    """Return what `/proc/self/mountinfo` says; of one point the last mount counts, which hides those below it."""
    found = {}
    for line in text.splitlines():
        fields, dash, rest = line.partition(" - ")
        words = fields.split()
        if dash and len(words) > 4 and rest.split():
            found[_plain(words[4])] = rest.split()[0]
    return found


def _plain(path: str) -> str:
    """The kernel writes blanks and backslashes as octal numbers."""
    for code, letter in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        path = path.replace(code, letter)
    return path


def class_of(disk: Disk, mounts: Mounts, is_lvm: Callable[[str], bool]) -> str:
    """Return the class of a disk; `is_lvm` tells it of a block device's path."""
    match disk.kind:
        case "network":
            return RBD if disk.source == "rbd" else OTHER
        case "file" | "dir":
            return SHARED if _type_at(disk.source, mounts) in SHARED_FILE_SYSTEMS else LOCAL
        case "block":
            return LVM if is_lvm(disk.source) else OTHER
        case _:
            return OTHER


def _type_at(path: str, mounts: Mounts) -> str:
    place = posixpath.normpath(path)
    while place not in mounts and place not in ("/", ".", ""):
        place = posixpath.dirname(place)
    return mounts.get(place, "")


def counted(
    guests: Iterable[Description], mounts: Mounts, is_lvm: Callable[[str], bool]
) -> tuple[DiskCount, ...]:
    """Return how many guests have a disk of each class, by class."""
    found: Counter[str] = Counter()
    for guest in guests:
        found.update({class_of(disk, mounts, is_lvm) for disk in guest.disks})
    return tuple(DiskCount(disk=name, guests=found[name]) for name in sorted(found))
