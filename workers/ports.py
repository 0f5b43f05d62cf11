"""The doors that a recovery pool needs, as the pool wants them: Log, Ledger, Cloud, Power.

Whoever implements one passes the conformance suite of its name under tests/conformance/. All calls are coroutines;
time is the running event loop's `time()`, so that the same handlers run under virtual time.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from kasugai.core.recovering.doors import (
    CloudAway,
    CloudRefused,
    CloudUnsure,
    FenceRefused,
    Flagged,
    Folded,
    Lease,
    LeaseLost,
    LedgerAway,
    LogAway,
    Logged,
    Offsets,
)
from kasugai.core.recovering.ledger import Entry, Flag
from kasugai.core.recovering.look import (
    AggregateView,
    EvacuationView,
    GuestView,
    ImageView,
    MigrationView,
    Needs,
    PowerState,
    ServiceView,
)
from kasugai.core.words.facts import Fact
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import Subject

__all__ = [
    "Cloud",
    "CloudAway",
    "CloudRefused",
    "CloudUnsure",
    "CustomDoor",
    "CustomDoors",
    "FenceRefused",
    "Flagged",
    "Folded",
    "Lease",
    "LeaseLost",
    "Ledger",
    "LedgerAway",
    "Log",
    "LogAway",
    "Logged",
    "NoDoor",
    "Offsets",
    "Power",
]


class NoDoor(Exception):
    """A step knocks at a custom door that this worker does not have: nothing happened."""


class Log(Protocol):
    """kasugai.recovery and the flags in kasugai.incidents.*."""

    async def publish(self, fact: Fact) -> Stamp:
        """Publish and wait for the broker's acknowledgement; LogAway when it does not come."""
        ...

    async def facts(self, subject: Subject, since: Offsets) -> tuple[Sequence[Logged], Offsets]:
        """Return the subject's facts from offset `since` (0: the beginning) to the end as of now, in log order, and
        the offset after the last record read (of anybody)."""
        ...

    async def flags(self, subject: Subject, since: Offsets) -> tuple[Sequence[Flagged], Offsets]:
        """Return the subject's Stops and Resumes in the incidents topic of its kind likewise."""
        ...


class Ledger(Protocol):
    """The step ledger and the leases. Every write checks owner and epoch in the same atomic act."""

    async def acquire(self, subject: Subject, owner: str) -> Lease | None:
        """Return the lease, or None while another owner holds it."""
        ...

    async def renew(self, lease: Lease) -> None:
        """Prolong `lease.until`; LeaseLost when it is not ours any more."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give the lease back; silent when it is not ours any more."""
        ...

    async def load(self, subject: Subject) -> Folded:
        """Return all that is kept of the subject; empty when nothing is."""
        ...

    async def save(self, lease: Lease, folded: Folded) -> None:
        """Replace the subject's entries, flags and fold offsets by a fold made under this lease (before `adopt`).
        A newer flag that is there already stays. LeaseLost when the lease is not ours."""
        ...

    async def adopt(self, lease: Lease, epoch: int) -> None:
        """Set the lease's and the subject's epoch; LeaseLost unless ours and the subject's epoch is lower."""
        ...

    async def begin(self, lease: Lease, incident: UUID) -> bool:
        """Return whether an effect may begin: False under a stop flag. LeaseLost unless ours."""
        ...

    async def record(self, lease: Lease, entry: Entry, *, effect: bool = False) -> bool:
        """Replace the incident's entry (a fact that is in the log has been applied to it). With `effect`, refuse
        (return False) under a stop flag: the step's call must not be sent. LeaseLost unless ours."""
        ...

    async def flag(self, subject: Subject, incident: UUID, flag: Flag) -> None:
        """Keep the flag if it was decided later than the one there. Needs no lease."""
        ...

    async def stopped(self, subject: Subject, incident: UUID) -> Flag | None:
        """Return the incident's flag."""
        ...

    async def is_leased(self, subject: Subject) -> bool:
        """Return whether anybody holds the subject's lease."""
        ...


class Cloud(Protocol):
    """Nova, as far as a recovery needs it, and Keystone for the tags of projects. Every call has a hard time-out and is
    never repeated by the client."""

    async def service(self, host: str) -> ServiceView | None:
        """Return the host's nova-compute record with its age by Nova's own clock."""
        ...

    async def services(self) -> tuple[ServiceView, ...]:
        """Return the records of all compute services."""
        ...

    async def unwell(self) -> frozenset[str]:
        """Return which of `nova-scheduler` and `nova-conductor` has services and none that is up."""
        ...

    async def room(self, needs: Needs) -> Mapping[str, int]:
        """Return how many such guests each host could take by Placement; by Nova's names of hosts, those that can take
        none left out. CloudRefused when the catalog has no Placement or it does not let us ask."""
        ...

    async def last_evacuation(self, guest: str) -> EvacuationView | None:
        """Return Nova's own account of the guest's last evacuate call; None when there is none."""
        ...

    async def aggregates(self) -> tuple[AggregateView, ...]:
        """Return all aggregates with their hosts."""
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

    async def image(self, image: str) -> ImageView:
        """Return what Glance says of an image; CloudRefused when it does not know it or does not tell us."""
        ...

    async def project_tags(self, project: str) -> tuple[str, ...]:
        """Return a project's tags, which Keystone has; CloudRefused when it does not know the project or us."""
        ...

    async def force_down(self, service_id: str, reason: str) -> None:
        """Set forced_down and disabled in one request: seconds instead of a minute (nova.md)."""
        ...

    async def enable(self, service_id: str) -> None:
        """Enable a compute service; may be repeated."""
        ...

    async def add_to_aggregate(self, aggregate_id: int, host: str) -> None:
        """Add a host to an aggregate; refused with 409 when it is in it."""
        ...

    async def evacuate(self, guest: str, target: str = "") -> None:
        """Ask for one evacuation, to `target` if there is one, else where Nova's scheduler likes. NOT idempotent."""
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


class CustomDoor(Protocol):
    """A door that an operator has added. It says what became of a call by the exceptions of `Cloud`."""

    async def __call__(self, payload: Mapping[str, str]) -> None:
        """Carry one call out, once."""
        ...


CustomDoors = Mapping[str, CustomDoor]
"""By name."""
