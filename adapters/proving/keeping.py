"""Writes the file of master keys: made once, and changed as a whole, so that no reader ever meets half of one."""

import os

from kasugai.adapters.proving.keys import BadKey
from kasugai.adapters.proving.masters import Master, Masters

NEW = ".new"
"""What is added to the file's name while it is changed; it also keeps a second change out."""
PRIVATE = 0o600


def make(file: str, master: Master) -> None:
    """Make the file with its first key; BadKey when there is one, or none can be made."""
    if os.path.lexists(file):
        raise BadKey(f"{file}: it is there already; another key: kasugai agent keys rotate")
    _put(file, Masters(current=master, keys={master.id: master}), PRIVATE, None)


def change(file: str, masters: Masters) -> None:
    """Put other keys into the file, which keeps its mode, owner and group; BadKey when that cannot be."""
    found = os.stat(file)
    _put(file, masters, found.st_mode & 0o777, (found.st_uid, found.st_gid))


def _put(file: str, masters: Masters, mode: int, owner: tuple[int, int] | None) -> None:
    new = file + NEW
    try:
        opened = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    except FileExistsError:
        raise BadKey(
            f"{new}: somebody changes the keys, or began to: if nobody does, type: rm {new}"
        ) from None
    except OSError as error:
        raise BadKey(f"{new}: cannot be written ({error.strerror}); type it as the file's owner") from None
    try:
        with os.fdopen(opened, "w", encoding="utf-8") as written:
            written.write(masters.text())
            written.flush()
            if owner is not None and owner != (os.geteuid(), os.getegid()):
                os.fchown(written.fileno(), *owner)
            os.fchmod(written.fileno(), mode)
            os.fsync(written.fileno())
        os.rename(new, file)
    except OSError as error:
        os.unlink(new)
        raise BadKey(f"{file}: cannot be changed ({error.strerror}); type it as the file's owner") from None
    _sync_folder(file)


def _sync_folder(file: str) -> None:
    """A key that hosts have been given must not be gone after a power cut."""
    folder = os.open(os.path.dirname(os.path.abspath(file)), os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
