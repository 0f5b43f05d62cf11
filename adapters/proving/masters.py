"""A deployment's master keys: their file, and the hosts' keys that follow from them.

    # whoever has this file can speak as every host
    current 5f0c22ab
    key 5f0c22ab SECRET
    key 91d0e3c4 SECRET
    revoked 91d0e3c4 cmp7

`current` is the one that hosts are enrolled with; words under each of them are believed, so that one key can follow
another without a gap. `revoked`: a host's key under that one is believed no more (the host was broken into). An id is
derived from its secret, so that a slip of the pen in one is seen. Errors name the file and the line, never a value.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kasugai.adapters.proving.keys import ID, SECRET, SECRET_BYTES, BadKey, HostKey, is_name, read_private

HEAD = """\
# Kasugai's master keys: whoever has this file can speak as every host. Made and changed by `kasugai agent keys`.
# It belongs to route and liveness alone (mode 0600, or 0640 with a group of their own), and never on a hypervisor.
"""
_SALT = b"kasugai agents"
_ID, _HOST = b"key id 1", b"host key 1 "
"""What is derived: HKDF's info (RFC 5869), followed by the host's name."""
_BLANK = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Master:
    """One master key."""

    id: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Masters:
    """All master keys of a deployment."""

    current: Master
    """Whom hosts are enrolled with."""
    keys: Mapping[str, Master]
    """By id, the current one included, oldest first."""
    revoked: frozenset[tuple[str, str]] = frozenset()
    """Key id and host: that host's key under that master is believed no more."""

    def host_key(self, key_id: str, host: str) -> HostKey | None:
        """Return the key that `host` proves itself by under that id; None when nothing under it is believed."""
        master = self.keys.get(key_id)
        if master is None or (key_id, host) in self.revoked:
            return None
        return derive(master, host)

    def rotated(self, master: Master) -> "Masters":
        """Return them with another one, which hosts are enrolled with from now on; those before it go on counting."""
        return replace(self, current=master, keys={**self.keys, master.id: master})

    def retired(self, key_id: str) -> "Masters":
        """Return them without one; KeyError when there is none of that id, ValueError for the current one."""
        if key_id == self.current.id:
            raise ValueError(key_id)
        keys = dict(self.keys)
        del keys[key_id]
        revoked = frozenset(pair for pair in self.revoked if pair[0] != key_id)
        return replace(self, keys=keys, revoked=revoked)

    def without(self, host: str) -> "Masters":
        """Return them so that no key that `host` has been given by now is believed."""
        return replace(self, revoked=self.revoked | {(key_id, host) for key_id in self.keys})

    def text(self) -> str:
        """Return the file's text. It is a secret."""
        keys = [f"key {key.id} {key.secret.hex()}" for key in self.keys.values()]
        revoked = [f"revoked {key_id} {host}" for key_id, host in sorted(self.revoked)]
        return HEAD + "\n".join([f"current {self.current.id}", *keys, *revoked]) + "\n"


def derive(master: Master, host: str) -> HostKey:
    """Return the key of `host`, its name byte for byte as Nova has it."""
    return HostKey(id=master.id, secret=_derived(master.secret, _HOST + host.encode(), SECRET_BYTES))


def master_of(secret: bytes) -> Master:
    """Return the master key with the id that follows from it; ValueError for a secret of another length."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"a master key has {SECRET_BYTES} bytes, not {len(secret)}")
    return Master(id=_derived(secret, _ID, 4).hex(), secret=secret)


def new_master() -> Master:
    """Draw a master key."""
    return master_of(secrets.token_bytes(SECRET_BYTES))


def read_masters(file: str) -> Masters:
    """Return the master keys of a file; BadKey when it is missing, not private, or not right."""
    return parse_masters(file, read_private(file))


def parse_masters(file: str, text: str) -> Masters:
    """Return the master keys of a file's text; BadKey names the line."""
    current, keys, revoked = "", dict[str, Master](), set[tuple[str, str]]()
    for number, line in _lines(text):
        match _BLANK.split(line, maxsplit=2):
            case ["current", id_] if not current and ID.fullmatch(id_):
                current = id_
            case ["key", id_, secret] if id_ not in keys and SECRET.fullmatch(secret):
                keys[id_] = _checked(master_of(bytes.fromhex(secret)), id_, f"{file}:{number}")
            case ["revoked", id_, host] if ID.fullmatch(id_) and is_name(host):
                revoked.add((id_, host))
            case _:
                raise BadKey(f"{file}:{number}: no line of ours (current ID, key ID SECRET, revoked ID HOST)")
    if current not in keys:
        raise BadKey(f"{file}: it names no current key that is there; a new file: kasugai agent keys new")
    return Masters(current=keys[current], keys=keys, revoked=frozenset(revoked))


def _lines(text: str) -> Iterable[tuple[int, str]]:
    numbered = enumerate(map(str.strip, text.splitlines()), 1)
    return [(number, line) for number, line in numbered if line and not line.startswith("#")]


def _checked(master: Master, id_: str, place: str) -> Master:
    if master.id != id_:
        raise BadKey(f"{place}: id and secret do not belong together: take the line from its backup")
    return master


def _derived(secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=_SALT, info=info).derive(secret)
