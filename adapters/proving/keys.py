"""The key by which one host proves that a word is its own: what it is, its line of text, and the file that holds it.

It knows nothing of the master key that it was derived from. Errors name the file and what is wrong, never a value: a
line that cannot be read may hold a key with a slip of the pen.
"""

import os
import re
import stat
from dataclasses import dataclass, field

KEY_FILE = "/etc/kasugai/agent.key"
"""Where an agent's key lies unless said otherwise."""
SECRET_BYTES = 32
"""Of a master key and of each host's key: as many as SHA-256 gives."""
LONGEST_HOST = 255
"""Bytes."""
KIND = "kasugai-host-key-1"
"""What a host key's line begins with; the number is the form's."""

ID = re.compile(r"[0-9a-f]{8}", re.ASCII)
SECRET = re.compile(rf"[0-9a-f]{{{2 * SECRET_BYTES}}}", re.ASCII)


class BadKey(Exception):
    """A key cannot be used: subject, reason and remedy in one line, without a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKey:
    """One host's key."""

    id: str
    """Which master key it was derived from: 8 hexadecimal digits, no secret."""
    secret: bytes = field(repr=False)

    def line(self, host: str) -> str:
        """Return what stands in the host's key file. It is a secret."""
        return f"{KIND} {self.id} {self.secret.hex()} {host}"


def read_host_key(file: str, host: str) -> HostKey:
    """Return the key of `host` from its file; BadKey when it is missing, not private, no key or another host's."""
    lines = [line for line in read_private(file).splitlines() if line.strip() and not line.startswith("#")]
    if len(lines) != 1:
        raise BadKey(f"{file}: one line with one key belongs here, not {len(lines)}; {_remedy(host)}")
    kind, id_, secret, owner = (lines[0].strip().split(" ", 3) + [""] * 4)[:4]
    if kind != KIND or not ID.fullmatch(id_) or not SECRET.fullmatch(secret):
        raise BadKey(f"{file}: this is no host's key, or not the whole of it; {_remedy(host)}")
    if owner != host:
        raise BadKey(f"{file}: it is the key of {owner[:80]!r}, and this host is {host!r}; {_remedy(host)}")
    return HostKey(id=id_, secret=bytes.fromhex(secret))


def is_name(host: str) -> bool:
    """Whether a host can have that name."""
    size = len(host.encode(errors="replace"))
    return 0 < size <= LONGEST_HOST and host.isprintable() and host == host.strip()


def check_host(host: str) -> None:
    """BadKey for what is no name of a host: nothing of Kasugai's speaks of such a one."""
    if not is_name(host):
        raise BadKey(
            f"{host[:80]!r} is no host's name: type it as `openstack compute service list` shows it, for example cmp1"
        )


def read_private(file: str) -> str:
    """Return the text of a file that nobody but its owner may change, and nobody beyond its group read; BadKey."""
    try:
        with open(file, encoding="utf-8") as opened:
            _check_privacy(file, os.fstat(opened.fileno()))
            return opened.read()
    except OSError as error:
        who = "" if error.filename is None else f"; this process runs as uid {os.geteuid()}"
        raise BadKey(f"{file}: cannot be read ({error.strerror}){who}") from None
    except UnicodeDecodeError:
        raise BadKey(f"{file}: this is no UTF-8 text") from None


def _check_privacy(file: str, found: os.stat_result) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if mode & ~0o640:
        raise BadKey(
            f"{file}: its mode is {mode:04o}, and it holds a secret: it must be 0600, or 0640 with a group of its own; "
            f"type: chmod u=rw,g=,o= {file}"
        )
    if found.st_uid not in (0, os.geteuid()):
        raise BadKey(
            f"{file}: it belongs to uid {found.st_uid}, who could speak as others; type: chown root {file}"
        )


def _remedy(host: str) -> str:
    return f"where the master key is, type: kasugai agent enroll {host or 'HOST'}"
