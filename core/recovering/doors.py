"""What passes through a worker's doors: the values and the errors that a port and its implementers share.

The ports themselves (`workers.ports`) belong to the package that uses them; adapters stand below it and may not
import it, so what both must name lives here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

from kasugai.core.recovering.ledger import Entry, Flag
from kasugai.core.words.facts import Fact
from kasugai.core.words.log import LogAway as LogAway  # noqa: PLC0414 - found here by who knows the other errors
from kasugai.core.words.log import LogRefused as LogRefused  # noqa: PLC0414
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import Subject

Offsets = Mapping[str, int]
"""The offset that comes next, by topic and partition: it means nothing in another topic or partition, and an instance's
records lie where its host's do."""

NOTHING_READ: Offsets = MappingProxyType({})


class LeaseLost(Exception):
    """The ledger refused: another owner or epoch, or Redis forgot us. Stop all effects and come back as a new owner."""


class LedgerAway(Exception):
    """The ledger does not answer. A write may have happened; repeating it is harmless. No effect may begin."""


class LedgerUnreadable(LeaseLost):
    """The ledger keeps something of the subject that nobody can read, so nothing was written: come back as a new owner,
    whose fold of the log writes it anew."""


class LogUnreadable(Exception):
    """The log holds a record about the subject that a newer Kasugai wrote: who cannot read it knows too little."""


class CloudAway(Exception):
    """Nova did not take the request (refused connection, 503 before any work): nothing happened; try again."""


class CloudUnsure(Exception):
    """A call's answer did not come (time-out, reset, 5xx): it may have happened, or may still happen."""


class CloudRefused(Exception):
    """Nova answered no (4xx): nothing happened."""

    def __init__(self, status: int, message: str) -> None:
        """Keep Nova's status code and its sentence."""
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message


class FenceRefused(Exception):
    """The power device did not switch the host off; the text says why, without secrets."""


class StorageAway(Exception):
    """The storage cannot be asked: nothing happened; try again."""


class DiskElsewhere(Exception):
    """A guest's disk does not lie on the storage that was closed to its host; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A fact with its place in the log."""

    fact: Fact
    stamp: Stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """A Stop or Resume as it stands in the incidents topic."""

    incident: UUID
    flag: Flag


@dataclass(slots=True, kw_only=True)
class Lease:
    """The right to act on a subject, as its owner remembers it."""

    subject: Subject
    owner: str
    """The incarnation: unique per acquisition."""
    epoch: int = 0
    """0 until `adopt`."""
    until: float = 0.0
    """Event-loop time in seconds at which it ends if not renewed, counted from before the request was sent."""
    writes: int = 0
    """How many writes under this lease the ledger has confirmed: a ledger that knows of fewer has gone back to an
    older state (a failover), and refuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """What the ledger holds of a subject."""

    epoch: int = 0
    """The highest epoch of any incident of the subject."""
    offsets: Offsets = field(default_factory=lambda: NOTHING_READ)
    """How far the fold has come."""
    entries: Mapping[UUID, Entry]
    flags: Mapping[UUID, Flag]
