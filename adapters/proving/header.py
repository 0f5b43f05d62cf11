"""The header `kasugai-proof`: its form, and the code over a record that it carries.

    MAC 1 KEY-ID BOOT COUNT HOST

MAC is the HMAC-SHA256 (RFC 2104, hexadecimal) over all that follows it there, and over the record's topic, key and
value, with the lengths of all four before them: no byte can move from one to the next. BOOT is the kernel's id of the
boot, COUNT the microseconds since then (CLOCK_BOOTTIME), and always one more than the last one at least. HOST comes
last, for it may hold a blank.

It says nothing of what a proof is worth. Headers beside it are not covered: nothing is decided by one.
"""

from dataclasses import dataclass
from hashlib import sha256
from struct import Struct

PROOF = "kasugai-proof"
VERSION = b"1"
LONGEST = 512
"""Bytes of the header: a host's name has 255 at most."""
MAC_LENGTH = 64
MOST_DIGITS = 18
"""Of a count: 30,000 years."""
_BLANK = ord(" ")
_BLOCK = 64
"""Bytes of a block of SHA-256."""
_LENGTHS = Struct(">IIII").pack
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


@dataclass(frozen=True, slots=True)
class Proof:
    """What a proof says beside its code; true only once the code has been checked."""

    key_id: str
    boot: str
    count: int
    """Microseconds since boot: rises from record to record of one agent."""
    host: str
    """Who speaks."""


class Coder:
    """HMAC-SHA256 under one key, with the key's two blocks hashed once: half the price of `hmac.digest`, which sets
    OpenSSL up anew for each record (CPython 3.11, measured: bench proof)."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, secret: bytes) -> None:
        """`secret` has no more bytes than a block."""
        block = secret.ljust(_BLOCK, b"\0")
        self._inner = sha256(block.translate(_INNER))
        self._outer = sha256(block.translate(_OUTER))

    def mac(self, head: bytes, topic: str, key: str, value: bytes) -> bytes:
        """Return the code, in hexadecimal digits, over a proof's head and a record."""
        named, keyed = topic.encode(), key.encode()
        lengths = _LENGTHS(len(head), len(named), len(keyed), len(value))
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(lengths + head + named + keyed + value)
        outer.update(inner.digest())
        return outer.hexdigest().encode()


def head_of(proof: Proof) -> bytes:
    """Return the header without its code."""
    return b"%s %s %s %d %s" % (
        VERSION,
        proof.key_id.encode(),
        proof.boot.encode(),
        proof.count,
        proof.host.encode(),
    )


def split(text: bytes) -> tuple[bytes, bytes, list[bytes]] | None:
    """Return the code, the head and the head's five parts; None for what has another form."""
    head = text[MAC_LENGTH + 1 :]
    parts = head.split(b" ", 4)
    if len(parts) != 5 or len(text) > LONGEST or text[MAC_LENGTH] != _BLANK or parts[0] != VERSION:
        return None
    return text[:MAC_LENGTH], head, parts


def parsed(text: bytes) -> Proof | None:
    """Return what a header says; None for what no agent writes. Whether it is true, the code tells."""
    found = split(text)
    if found is None:
        return None
    _, key_id, boot, count, host = found[2]
    if not count.isdigit() or len(count) > MOST_DIGITS:
        return None
    try:
        return Proof(key_id.decode("ascii"), boot.decode("ascii"), int(count), host.decode())
    except UnicodeDecodeError:
        return None
