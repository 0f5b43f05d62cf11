"""The doors that a recovery pool needs, as the pool wants them: Log, Ledger, Cloud, Power, Storage.

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
    DiskElsewhere,
    FenceRefused,
    Flagged,
    Folded,
    Lease,
    LeaseLost,
    LedgerAway,
    LedgerUnreadable,
    LogAway,
    Logged,
    LogRefused,
    LogUnreadable,
    Offsets,
    StorageAway,
)
from kasugai.core.recovering.ledger import Entry, Flag
from kasugai.core.recovering.look import PowerState
from kasugai.core.recovering.nova_views import (
    ActionView,
    AggregateView,
    EvacuationView,
    GuestView,
    ImageView,
    MigrationView,
    Needs,
    ServicesView,
    ServiceView,
)
from kasugai.core.recovering.storage import Disk, StorageView
from kasugai.core.words.facts import Fact
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import Subject

__all__ = [
    "Cloud",
    "CloudAway",
    "CloudRefused",
    "CloudUnsure",
    "CustomStep",
    "CustomSteps",
    "DiskElsewhere",
    "FenceRefused",
    "Flagged",
    "Folded",
    "Lease",
    "LeaseLost",
    "Ledger",
    "LedgerAway",
    "LedgerUnreadable",
    "Log",
    "LogAway",
    "LogRefused",
    "LogUnreadable",
    "Logged",
    "NoDoor",
    "Offsets",
    "Power",
    "StepFailed",
    "Storage",
    "StorageAway",
]


class NoDoor(Exception):
    """This worker has no step of the operator's own by that name: nothing happened."""


class StepFailed(Exception):
    """A step of the operator's own raised; the text is the last line of what it said."""


class Log(Protocol):
    """kasugai.recovery and the flags in kasugai.incidents.*."""

    async def publish(self, fact: Fact) -> Stamp:
        """Publish and wait for the broker's acknowledgement; LogAway when it does not come, LogRefused when no broker
        will ever give it."""
        ...

    async def facts(self, subject: Subject, since: Offsets) -> tuple[Sequence[Logged], Offsets]:
        """Return the subject's facts from offset `since` (0: the beginning) to the end as of now, in log order, and
        the offset after the last record read (of anybody). LogUnreadable where a newer Kasugai wrote one of them."""
        ...

    async def flags(self, subject: Subject, since: Offsets) -> tuple[Sequence[Flagged], Offsets]:
        """Return the subject's Stops and Resumes in the incidents topic of its kind likewise."""
        ...


class Ledger(Protocol):
    """The step ledger and the leases. Every write checks owner and epoch in the same atomic act.

    What it cannot read counts as absent, and is told by whoever implements it. A write that meets it is refused with
    LedgerUnreadable; `save` writes it anew."""

    async def acquire(self, subject: Subject, owner: str) -> Lease | None:
        """Return the lease, or None while another owner holds it."""
        ...

    async def renew(self, lease: Lease) -> None:
        """Prolong `lease.until`; LeaseLost when it is not ours any more."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give the lease back; silent when it is not ours any more."""
        ...

    async def release_all(self, former: str) -> int:
        """Give back all leases whose owner's name begins so: it is known to be dead. Return how many they were."""
        ...

    async def load(self, subject: Subject) -> Folded:
        """Return all that is kept of the subject and can be read; without offsets where something cannot, or is not
        there any more, so that the log is folded from its beginning."""
        ...

    async def save(self, lease: Lease, folded: Folded, *, doubted: int | None = None) -> None:
        """Replace the subject's entries, flags and fold offsets by a fold made under this lease (before `adopt`).
        A newer flag that is there already stays, and so does a higher epoch of the subject, unless that is `doubted`:
        far beyond what the log explains. LeaseLost when the lease is not ours."""
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

    async def leased(self, subjects: Sequence[Subject]) -> frozenset[Subject]:
        """Return those of which anybody holds the lease."""
        ...


class Cloud(Protocol):
    """Nova, as far as a recovery needs it, and Keystone for the tags of projects. Every call has a hard time-out and is
    never repeated by the client."""

    async def service(self, host: str) -> ServiceView | None:
        """Return the host's nova-compute record with its age by Nova's own clock."""
        ...

    async def services(self) -> ServicesView:
        """Return the records of all compute services, and which of Nova's own are away."""
        ...

    async def room(self, needs: Needs) -> Mapping[str, int]:
        """Return how many such guests each host could take by Placement; by Nova's names of hosts, those that can take
        none left out. CloudRefused when the catalog has no Placement or it does not let us ask."""
        ...

    async def actions(self, guest: str) -> tuple[ActionView, ...]:
        """Return what was asked of a guest lately, newest first; empty when Nova does not know it."""
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

    async def disable(self, service_id: str, reason: str) -> None:
        """Disable a compute service and leave it up; may be repeated."""
        ...

    async def reenable(self, service_id: str, reason: str = "") -> None:
        """Clear forced_down and enable, in one request; with a reason leave it disabled for that. May be repeated;
        refused with 400 while evacuations from there are `done` and not `completed`."""
        ...

    async def delete_service(self, service_id: str) -> None:
        """Delete a compute service with what its host holds in Placement; refused with 409 while guests or migrations
        are there, with 404 when there is no such service."""
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

    async def migrate(self, guest: str, target: str = "") -> None:
        """Move a guest to `target`, or where Nova's scheduler likes, where it then waits for a confirmation. NOT
        idempotent."""
        ...

    async def live_migrate(self, guest: str, target: str = "") -> None:
        """Let a guest move to `target`, or where Nova's scheduler likes, while it runs: answered before anything is
        done, and refused (409) while it has a task. NOT idempotent."""
        ...

    async def confirm_migration(self, guest: str) -> None:
        """Confirm where a guest was moved to; refused with 409 when nothing waits for it."""
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

    async def switch_on(self, host: str) -> None:
        """Switch the host on; FenceRefused when that is not certain."""
        ...


class Storage(Protocol):
    """Storage that can be closed to a host. What it proves is that nothing of that host writes to it any more."""

    def has(self, host: str) -> bool:
        """Whether there is storage that can be closed to exactly this host."""
        ...

    async def read(self, host: str, disks: Sequence[Disk]) -> StorageView:
        """Return whether it lets the host in (`at` is its asker's to fill in); while it does, also whose clients hold
        some of these disks open."""
        ...

    async def close(self, host: str) -> None:
        """Close it to all of the host's addresses, and see that it is; FenceRefused when that is not certain."""
        ...

    async def open(self, host: str, addresses: Sequence[str]) -> None:
        """Let these addresses in again, and see that it does; FenceRefused when that is not certain."""
        ...

    async def free(self, host: str, disks: Sequence[Disk]) -> None:
        """See that each of a guest's disks lies on storage that is closed to the host, and lift the locks that clients
        of the host hold on them. DiskElsewhere when one does not, or none is named; StorageAway when nobody knows."""
        ...


class CustomStep(Protocol):
    """A step of the operator's own: a wished-for state that can be looked at and brought about (kasugai.steps)."""

    async def look(self, about: Mapping[str, str]) -> tuple[str, str]:
        """Say whether the state holds for whom the recovery is about (a `CustomState`: holds, absent, pending or
        impossible), and a sentence for people. Changes nothing."""
        ...

    async def act(self, about: Mapping[str, str]) -> None:
        """Bring the state about. Called after a look that said `absent`, and again if a later one still does."""
        ...


CustomSteps = Mapping[str, CustomStep]
"""By name."""
