"""Texts that are not the ledger's, for its keys in Redis: another type, rubbish in the right one, nobody's lease, and
an epoch and an index that read well and are wrong. Pure.

A Stop or an entry that reads well is not among them: who may write the ledger's keys is believed to be a worker.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from kasugai.core.words.subject import host_subject


@dataclass(frozen=True, slots=True)
class Text:
    """What stands in a key of the ledger then."""

    kind: str
    """Of its key: lease, subject, index, entry or flag."""
    words: tuple[str, ...]
    """The command, and what follows the key."""
    lasting: int = 0
    """Milliseconds; 0: for good."""
    beside: bool = False
    """Whether what stood there stays."""

    @property
    def told(self) -> str:
        """What is said about it."""
        return f"{self.kind} {' '.join(self.words)}"

    def key(self, host: str, incident: UUID | None) -> str:
        """Return the key, of that host or of that incident."""
        name = str(incident or UUID(int=1)) if self.kind in ("entry", "flag") else host_subject(host).name
        return f"kasugai:{{kasugai}}:{self.kind}:{name}"


TEXTS = (
    Text("lease", ("SET", "foreign")),
    Text("lease", ("RPUSH", "a", "b")),
    Text("lease", ("HSET", "epoch", "many", "writes", "0x10")),
    Text("lease", ("HSET", "owner", "somebody-else", "epoch", "0", "ttl", "3000"), lasting=12_000),
    Text("subject", ("SET", "foreign")),
    Text("subject", ("HSET", "epoch", "many", "offsets", "{")),
    Text("subject", ("ZADD", "1", "a")),
    Text("subject", ("HSET", "epoch", str(2**52)), beside=True),
    Text("index", ("SET", "foreign")),
    Text("index", ("SADD", "x/y", "e/nobody")),
    Text("index", ("SADD", f"f/{UUID(int=1)}")),
    Text("index", ("SPOP",), beside=True),
    Text("entry", ("SET", "foreign")),
    Text("entry", ("SET", "'{\"v\":1}'")),
    Text("entry", ("RPUSH", "a")),
    Text("flag", ("SET", "stop")),
    Text("flag", ("HSET", "said", "soon", "offset", "-1", "order", "halt")),
    Text("flag", ("RPUSH", "a")),
)
"""Of another type than ours, of ours with rubbish in it, a lease of somebody who does not live, an epoch that nobody
has had, and an index that names nothing, or one too few."""


def texts(chance: random.Random) -> Sequence[Text]:
    """Return one to three different ones."""
    return chance.sample(TEXTS, chance.randint(1, 3))
