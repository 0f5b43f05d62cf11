"""Checks whose word a record is, by the master keys: what route and liveness ask before they believe an agent.

The keys' file is looked at once a second, and read again when it has changed: keys come and go without a restart. One
that is wrong is told: the keys that were read last go on counting, and where none were, nothing is proved.
"""

import logging
import os
import time
from collections.abc import Callable, Sequence
from hmac import compare_digest

from kasugai.adapters.proving.header import PROOF, Coder, Proof, parsed, split
from kasugai.adapters.proving.keys import BadKey
from kasugai.adapters.proving.masters import Masters, read_masters

log = logging.getLogger(__name__)

LOOK_EVERY = 1.0
"""Seconds between two looks at the file."""
MOST_CODERS = 65_536
"""Keys of hosts that are remembered, 700 bytes each; only proved names are, so that made-up ones push nobody out."""
SHOWN = 80
"""Characters of a name in a reason."""

NOT_OURS = f"its header {PROOF} is none that this version knows: whose word it is is not proved"

Headers = Sequence[tuple[str, bytes]] | None
Mark = tuple[int, int, int] | None


class Checker:
    """One process's check. Any thread, one at a time."""

    are_asked = True
    """A record without a proof is nobody's word."""

    def __init__(
        self, masters: Masters | None = None, file: str = "", *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Believe these keys; `file`: where they are read from now, and again; `clock` counts seconds. BadKey for a
        file that is not right is told in the log, and by `why_none`."""
        self._masters = masters
        self.why_none = ""
        """Why there is no key and nothing is proved; "" when there is one."""
        self._file = file
        self._mark: Mark = None
        self._clock = clock
        self._look_at = clock() + LOOK_EVERY
        self._coders: dict[tuple[bytes, bytes], Coder] = {}
        """By key id and host, as they stand in the header: of those alone that have proved themselves."""
        if masters is None:
            self._read()

    @classmethod
    def of(cls, file: str) -> "Checker":
        """Return the check by a file of master keys, there or not."""
        return cls(file=file)

    def trouble(self, host: str, topic: str, key: str, value: bytes, headers: Headers) -> str:
        """Return why a record is not proved to be the word of `host`: one line without a secret; "" when it is.

        It knows no record but this one: whether it was said before is for who reads the partition in its order.
        """
        if self._clock() >= self._look_at:
            self.look()
        proofs = [text for name, text in headers or () if name == PROOF]
        found = split(proofs[0]) if len(proofs) == 1 else None
        if found is None:
            return _missing(host, proofs)
        mac, head, parts = found
        coder = self._coders.get((parts[1], parts[4]))
        if coder is None or not compare_digest(mac, coder.mac(head, topic, key, value)):
            trouble = self._look_closely(proofs[0], (topic, key, value))
            if trouble:
                return trouble
        return "" if parts[4] == host.encode() else _foreign(host, parts[4].decode())

    def look(self) -> None:
        """Read the keys again if their file has changed."""
        self._look_at = self._clock() + LOOK_EVERY
        if self._file and _mark(self._file) != self._mark:
            self._read()

    def _read(self) -> None:
        self._mark = _mark(self._file)
        try:
            self._masters = read_masters(self._file)
        except BadKey as error:
            if self._masters is None:
                self.why_none = str(error)
                log.warning("nothing that agents say is believed, for no master key is there: %s", error)
            else:
                log.warning("the master keys that were read before go on counting: %s", error)
        else:
            self.why_none = ""
            self._coders.clear()
            log.info("read the master keys %s", ", ".join(self._masters.keys))

    def _look_closely(self, text: bytes, record: tuple[str, str, bytes]) -> str:
        """Return why the proof's own host has not signed the record; remember its key if it has."""
        proof, found = parsed(text), split(text)
        if proof is None or found is None:
            return NOT_OURS
        if self._masters is None:
            return f"nothing proves whose word it is, for no master key is there: {self.why_none}"
        mac, head, parts = found
        key = self._masters.host_key(proof.key_id, proof.host)
        if key is None:
            return (
                f"key {_shown(proof.key_id)} of {_shown(proof.host)} is not believed (unknown, retired or revoked); "
                f"type: kasugai agent enroll {_shown(proof.host)}"
            )
        coder = Coder(key.secret)
        if not compare_digest(mac, coder.mac(head, *record)):
            return (
                f"it is not signed with the key of {_shown(proof.host)} (id {proof.key_id}), or was changed"
            )
        if len(self._coders) >= MOST_CODERS:
            del self._coders[next(iter(self._coders))]
        self._coders[parts[1], parts[4]] = coder
        return ""


def proof_in(headers: Headers) -> Proof | None:
    """Return what the record's only proof says; for a record without trouble alone it is true."""
    proofs = [text for name, text in headers or () if name == PROOF]
    return parsed(proofs[0]) if len(proofs) == 1 else None


def _foreign(host: str, signer: str) -> str:
    return f"it speaks as {_shown(host)}, and {_shown(signer)} has signed it"


def _missing(host: str, proofs: Sequence[bytes]) -> str:
    if len(proofs) == 1:
        return NOT_OURS
    if proofs:
        return f"it carries {len(proofs)} headers {PROOF}: whose word it is is not proved"
    return (
        f"it carries no header {PROOF}: nobody proves that it is the word of {_shown(host)}; "
        f"type: kasugai agent enroll {_shown(host)}"
    )


def _shown(name: str) -> str:
    return name if len(name) <= SHOWN and name.isprintable() else repr(name[:SHOWN])


def _mark(file: str) -> Mark:
    """Return what tells a file from its former contents; None where there is none."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
