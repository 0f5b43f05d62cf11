"""Descriptions of segments and hosts as operators wrote them: versioned, nothing that the system found out itself."""

from dataclasses import dataclass, field

from kasugai.core.words.disks import RootDisks
from kasugai.core.words.domains import Domain
from kasugai.core.words.policy import Policy
from kasugai.core.words.timing import Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRecord:
    """A failure domain with its policy."""

    segment_id: str
    """A uuid as text; the mailbox's key."""
    name: str
    version: int = 1
    """Only a higher version replaces a lower one."""
    armed: bool = True
    """Whether Kasugai may act in this segment at all (Masakari: `enabled`)."""
    service_type: str = "compute"
    description: str = ""
    policy: Policy = field(default_factory=Policy)
    deleted: bool = False
    number: int = 0
    """Masakari's integer id, given once by the inventory's writer; 0 in records that are older than numbers."""
    created_at: Instant = 0
    """When the first version was written, by the writer's clock."""
    updated_at: Instant = 0
    """When this version was written, by the writer's clock; 0 for the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRecord:
    """A compute host of a segment."""

    host_uuid: str
    name: str
    """Nova's service host, byte for byte, never shortened."""
    segment_id: str
    version: int = 1
    reserved: bool = False
    """Kept empty to take the guests of a failed host."""
    on_maintenance: bool = False
    """Set by an operator: nothing is done about this host."""
    maintenance_until: Instant = 0
    """Broker time at which the maintenance ends by itself; 0: when an operator ends it."""
    root_disks: RootDisks | None = None
    """Where the disks lie that this host keeps by itself; None: as the segment's policy says."""
    domains: tuple[Domain, ...] = ()
    """The racks, PDUs, switches that it shares with others; sorted, each once."""
    host_type: str = "COMPUTE"
    control_attributes: str = ""
    deleted: bool = False
    number: int = 0
    """Masakari's integer id, given once by the inventory's writer; 0 in records that are older than numbers."""
    created_at: Instant = 0
    """When the first version was written, by the writer's clock."""
    updated_at: Instant = 0
    """When this version was written, by the writer's clock; 0 for the first."""

    def is_set_aside(self, now: Instant) -> bool:
        """Whether an operator has set the host aside, and its time is not over."""
        return self.on_maintenance and not 0 < self.maintenance_until <= now
