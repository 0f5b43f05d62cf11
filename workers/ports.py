"""The doors that a recovery pool needs, as the pool wants them: Log, Ledger, Cloud, Power.

Whoever implements one passes the conformance suite of its name under tests/conformance/. All calls are coroutines;
time is the running event loop's `time()`, so that the same handlers run under virtual time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from kasugai.core.facts import Fact
from kasugai.core.ledger import Entry, Flag
from kasugai.core.look import GuestView, MigrationView, PowerState, ServiceView
from kasugai.core.signals import Stamp


class LeaseLost(Exception):
    """The ledger refused: another owner or epoch, or Redis forgot us. Stop all effects and come back as a new owner."""


class LedgerAway(Exception):
    """The ledger does not answer. Nothing was changed as far as is known; no effect may begin."""


class LogAway(Exception):
    """Kafka did not acknowledge. The record may or may not be in the log."""


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


class Log(Protocol):
    """kasugai.recovery and the flags in kasugai.incidents.*."""

    async def publish(self, fact: Fact) -> Stamp:
        """Publish and wait for the broker's acknowledgement; LogAway when it does not come."""
        ...

    async def facts(self, host: str, since: int) -> tuple[Sequence[Logged], int]:
        """Return the host's facts from offset `since` (0: the beginning) to the end as of now, in log order, and
        the offset after the last record read (of any host)."""
        ...

    async def flags(self, host: str, since: int) -> tuple[Sequence[Flagged], int]:
        """Return the host's Stops and Resumes in kasugai.incidents.host likewise."""
        ...


@dataclass(slots=True, kw_only=True)
class Lease:
    """The right to act on a host, as its owner remembers it."""

    host: str
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
    """What the ledger holds of a host."""

    epoch: int = 0
    """The highest epoch of any incident of the host."""
    facts_offset: int = 0
    """The fold of kasugai.recovery has come this far."""
    flags_offset: int = 0
    """The fold of the incidents topic has come this far."""
    entries: Mapping[UUID, Entry]
    flags: Mapping[UUID, Flag]


class Ledger(Protocol):
    """The step ledger and the leases. Every write checks owner and epoch in the same atomic act."""

    async def acquire(self, host: str, owner: str) -> Lease | None:
        """Return the lease, or None while another owner holds it."""
        ...

    async def renew(self, lease: Lease) -> None:
        """Prolong `lease.until`; LeaseLost when it is not ours any more."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give the lease back; silent when it is not ours any more."""
        ...

    async def load(self, host: str) -> Folded:
        """Return all that is kept of the host; empty when nothing is."""
        ...

    async def save(self, lease: Lease, folded: Folded) -> None:
        """Replace the host's entries, flags and fold offsets by a fold made under this lease (before `adopt`).
        A flag with a greater offset that is there already stays. LeaseLost when the lease is not ours."""
        ...

    async def adopt(self, lease: Lease, epoch: int) -> None:
        """Set the lease's and the host's epoch; LeaseLost unless ours and the host's epoch is lower."""
        ...

    async def begin(self, lease: Lease, incident: UUID) -> bool:
        """Return whether an effect may begin: False under a stop flag. LeaseLost unless ours."""
        ...

    async def record(self, lease: Lease, entry: Entry, *, effect: bool = False) -> bool:
        """Replace the incident's entry (a fact that is in the log has been applied to it). With `effect`, refuse
        (return False) under a stop flag: the step's call must not be sent. LeaseLost unless ours."""
        ...

    async def flag(self, host: str, incident: UUID, flag: Flag) -> None:
        """Keep the flag if its offset is greater than that of the one there. Needs no lease."""
        ...

    async def stopped(self, host: str, incident: UUID) -> Flag | None:
        """Return the incident's flag."""
        ...

    async def is_leased(self, host: str) -> bool:
        """Return whether anybody holds the host's lease."""
        ...


class Cloud(Protocol):
    """Nova, as far as a recovery needs it. Every call has a hard time-out and is never repeated by the client."""

    async def service(self, host: str) -> ServiceView | None:
        """Return the host's nova-compute record with its age by Nova's own clock."""
        ...

    async def guests(self, host: str) -> tuple[GuestView, ...]:
        """Return all servers that Nova lists on the host (all projects, all pages)."""
        ...

    async def guest(self, uuid: str) -> GuestView | None:
        """Return one server by id; None when Nova says 404."""
        ...

    async def migrations(self, host: str) -> tuple[MigrationView, ...]:
        """Return all migration records with this source, of every type (all pages)."""
        ...

    async def force_down(self, service_id: str, reason: str) -> None:
        """Set forced_down and disabled in one request: seconds instead of a minute (nova.md)."""
        ...

    async def evacuate(self, guest: str) -> None:
        """Ask for one evacuation without a target. NOT idempotent."""
        ...

    async def reset_state(self, guest: str) -> None:
        """Set vm_state error, which Nova evacuates."""
        ...

    async def stop(self, guest: str) -> None:
        """Stop a guest."""
        ...

    async def start(self, guest: str) -> None:
        """Start a guest."""
        ...


class Power(Protocol):
    """Power devices."""

    def has(self, host: str) -> bool:
        """Whether a device is configured for exactly this host."""
        ...

    async def read(self, host: str) -> PowerState:
        """Return the host's power; UNKNOWN when no device answers."""
        ...

    async def fence(self, host: str) -> None:
        """Switch the host off; FenceRefused when that is not certain."""
        ...
