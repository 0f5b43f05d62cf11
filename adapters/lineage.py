"""The lives of one process on one machine, of which there are never two at once: who is next knows that all before it
are dead, and need not wait for what they held.

A file in $STATE_DIRECTORY (systemd sets it) holds a name for the line of lives and how many there were. A life keeps it
locked (flock), and the kernel lets go of the lock at its end, whatever that was, and at no other time. Without such a
folder, while the lock is held, or after a boot of the machine a new line begins, which knows nothing of any other.
"""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

LOG = logging.getLogger(__name__)

BOOT = Path("/proc/sys/kernel/random/boot_id")
"""Another value after each boot (Linux, random(4))."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """One life's place in its line."""

    author: str
    """This life's name, which no other ever has."""
    former: str = ""
    """How the names of all lives before it begin, and its own; empty when nothing is known of any."""


@contextmanager
def lineage(process: str, instance: str) -> Iterator[Lineage]:
    """Be the next life of a process's line for the length of the block."""
    folder = os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if not folder:
        yield _alone(instance)
        return
    path = Path(folder) / f"lives-{process}-{instance}"
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        LOG.warning("leases of a life before this one are waited for: %s cannot be kept: %s", path, error)
        yield _alone(instance)
        return
    try:
        yield _next(file, path, instance)
    finally:
        os.close(file)


def _next(file: int, path: Path, instance: str) -> Lineage:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        line, number = _read(file)
        text = f"{line} {number + 1}\n".encode()
        os.pwrite(file, text, 0)
        os.ftruncate(file, len(text))
        os.fsync(file)
    except OSError as error:
        LOG.warning("leases of a life before this one are waited for: %s: %s", path, error)
        return _alone(instance)
    return Lineage(author=f"{instance}#{line}.{number + 1}", former=f"{instance}#{line}.")


def _read(file: int) -> tuple[str, int]:
    """Return the line of this boot and how many lives it had; a new one when the file tells of another boot, or
    nothing that can be read."""
    boot = BOOT.read_text().strip().replace("-", "")[:8]
    words = os.pread(file, 100, 0).decode(errors="replace").split()
    if len(words) == 2 and words[0].startswith(boot) and words[1].isdecimal():
        return words[0], int(words[1])
    return f"{boot}{uuid4().hex[:12]}", 0


def _alone(instance: str) -> Lineage:
    return Lineage(author=f"{instance}#{uuid4().hex[:12]}")
