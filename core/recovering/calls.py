"""What a step may ask of the world, as values: one per verb of the worker's doors, and one for doors of other makers.

Nothing here is carried out; `workers.calling` does, in one place.
"""

from dataclasses import dataclass

from kasugai.core.recovering.storage import Disk
from kasugai.core.words.frozen import NO_TEXTS, FrozenMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """Switch the host off."""

    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerOn:
    """Switch the host on."""

    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseStorage:
    """Close its storage to the host, and see that it is closed."""

    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStorage:
    """Let these addresses of the host into its storage again, and no others."""

    host: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForceDown:
    """Set a compute service forced down and disabled, in one request."""

    service_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enable:
    """Enable a compute service."""

    service_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reenable:
    """Let Nova hold a compute service for up again, and enable it; or leave it disabled for a reason that it had
    before."""

    service_id: str
    reason: str = ""
    """Why it stays disabled; empty: it is enabled."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteService:
    """Have Nova forget a compute service, and Placement what it holds."""

    service_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disable:
    """Disable a compute service."""

    service_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddToAggregate:
    """Add a host to an aggregate."""

    aggregate_id: int
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evacuate:
    """Ask for one evacuation. NOT idempotent."""

    guest: str
    target: str
    """Empty: where Nova's scheduler likes."""
    closed: str = ""
    """The host that nothing but its closed storage keeps from the guest's disks: each of them must be seen to lie
    there, and locks that the host holds on them are lifted before. Empty: the host is known to be off."""
    disks: tuple[Disk, ...] = ()
    """With `closed`: the guest's disks that keep data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetState:
    """Set a guest's vm_state to error."""

    guest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopGuest:
    """Stop a guest."""

    guest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartGuest:
    """Start a guest."""

    guest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Migrate:
    """Move a guest that is off to another host. NOT idempotent."""

    guest: str
    target: str = ""
    """Empty: where Nova's scheduler likes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMigrate:
    """Let a guest that runs move to another host without a stop. NOT idempotent, but refused while it has a task."""

    guest: str
    target: str
    """Empty: where Nova's scheduler likes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmMigration:
    """Let the former host of a guest that was moved go of it."""

    guest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """Knock at a door that the operator has added, by its name."""

    door: str
    payload: FrozenMap[str] = NO_TEXTS


OfService = ForceDown | Enable | Disable | Reenable | DeleteService | AddToAggregate
"""What Nova is asked about a host."""

OfGuest = Evacuate | ResetState | StopGuest | StartGuest | Migrate | LiveMigrate | ConfirmMigration
"""What Nova is asked about a guest."""

OfPower = Fence | PowerOn
"""What a power device is asked."""

OfStorage = CloseStorage | OpenStorage
"""What storage is asked about a host."""

Call = OfPower | OfStorage | OfService | OfGuest | Custom
"""One effect."""
