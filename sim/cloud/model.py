"""What the simulated cloud consists of: hosts, compute services, guests, migration records. Records without rules.

Nova's records and the hypervisors' truth are kept apart on purpose: a `Guest` is what Nova believes, `diary.py` holds
what really runs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from kasugai.core.recovering.nova_views import EVACUATION

T = TypeVar("T")

RESIZE = "resize"
MANAGEMENT = "management"
"""The network over which nova-compute talks to the rest of Nova."""

REBUILDING = "rebuilding"
MAPPING = "rebuild_block_device_mapping"
SPAWNING = "rebuild_spawning"
REBUILD_TASKS = (REBUILDING, MAPPING, SPAWNING)

RUNNING, PAUSED, SHUT_DOWN, PENDING = 1, 3, 4, 0
"""Nova's power_state."""


UNEXPECTED = "Unexpected API Error."
"""What Nova says with a 500."""


class Refused(Exception):
    """The API's no: a status code and its sentence. Nothing was changed."""

    def __init__(self, status: int, message: str, request_id: str = "") -> None:
        """Keep both, and Nova's own id of the request if an action has it."""
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message
        self.request_id = request_id


class Ended(Exception):
    """The process of the API that carried the request out has died: what it had written stands, and nobody answers."""


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What the API answers, and how long after the request's arrival."""

    value: T
    took: float
    request_id: str = ""
    """Nova's own id of the request, if it is an action's."""


@dataclass(slots=True, kw_only=True)
class Service:
    """Nova's record of one nova-compute. Times are the scheduler's seconds."""

    service_id: str
    enabled: bool = True
    forced_down: bool = False
    disabled_reason: str = ""
    reporting_since: float | None = None
    """None: it does not report."""
    last_report: float = float("-inf")
    """The last report before it stopped."""
    last_write: float = float("-inf")
    """The last PUT that changed something."""
    is_deleted: bool = False
    """Nova has no such record any more; a nova-compute that starts makes a new one."""
    has_trait: bool = False
    """COMPUTE_STATUS_DISABLED in Placement: the scheduler ignores the host."""


@dataclass(slots=True, kw_only=True)
class Device:
    """A host's power device and its faults."""

    is_configured: bool = True
    refuses: bool = False
    """It answers, and does not switch."""
    is_unreachable: bool = False
    comes_back_after: float | None = None
    """Its restore policy: it switches the host on again so many seconds after a power loss."""


@dataclass(slots=True, kw_only=True)
class Host:
    """One hypervisor."""

    name: str
    service: Service
    cell: str = "cell1"
    zone: str = "nova"
    capacity: int | None = None
    """How many guests the scheduler puts here; None: any number."""
    power_on: bool = True
    compute_runs: bool = True
    is_hung: bool = False
    """The machine stands still: nothing answers, and nobody can prove that its guests do not run."""
    unplugged: set[str] = field(default_factory=set)
    """The networks that it is cut off from."""
    life: int = 0
    """Grows when nova-compute dies: work of an earlier life is lost."""
    boots: int = 0
    """Grows when the machine boots."""
    spawn_fault: str = ""
    """Not empty: spawning here fails with this message."""
    live_fault: str = ""
    """Not empty: nobody can be migrated here live."""
    device: Device = field(default_factory=Device)
    spare: Device | None = None
    """A second power device, tried when the first one fails."""
    inbox: list[Callable[[], None]] = field(default_factory=list)
    """Messages in its queue: they wait also for a restarted nova-compute."""
    parked: list[Callable[[], None]] = field(default_factory=list)
    """Work of this life that waits until the host answers."""
    asleep: set[str] = field(default_factory=set)
    """Guests that ran here when the power went off."""
    claimed: set[str] = field(default_factory=set)
    """Guests that its nova-compute is building: they count as its own from the claim on."""
    written: int | None = None
    """How many guests it had by its own last word, while it does not answer; None: it answers."""

    @property
    def answers(self) -> bool:
        """Whether its nova-compute runs and reaches the rest of Nova."""
        return self.power_on and self.compute_runs and not self.is_hung and MANAGEMENT not in self.unplugged


@dataclass(slots=True, kw_only=True)
class Guest:
    """Nova's record of a server."""

    uuid: str
    name: str
    host: str | None
    vm_state: str = "active"
    task_state: str | None = None
    power_state: int = RUNNING
    project: str = "demo"
    metadata: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    image: str = ""
    """Empty: it boots from a volume."""
    flavor: str = "m1.small"
    extra_specs: dict[str, str] = field(default_factory=dict)
    """Its flavor's."""
    ephemeral: int = 0
    """GB of its flavor's ephemeral disk."""
    swap: int = 0
    """MB of its flavor's swap disk."""
    config_drive: bool = False
    locked_by: str | None = None
    """None, `owner` or `admin`."""
    locked_reason: str | None = None
    fault: str = ""
    deleted: bool = False
    launched_at: float | None = 0.0
    """When a nova-compute last built it; None: never."""
    created_at: float = 0.0
    updated_at: float = 0.0

    @property
    def status(self) -> str:
        """Return the API's status, derived from vm_state and task_state."""
        if self.task_state in REBUILD_TASKS and self.vm_state in ("active", "stopped", "error"):
            return "REBUILD"
        if self.task_state == "migrating" and self.vm_state == "active":
            return "MIGRATING"
        return {
            "stopped": "SHUTOFF",
            "building": "BUILD",
            "rescued": "RESCUE",
            "resized": "VERIFY_RESIZE",
        }.get(self.vm_state, self.vm_state.upper())


@dataclass(slots=True, kw_only=True)
class Image:
    """Glance's record of an image."""

    properties: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Aggregate:
    """Nova's record of a host aggregate."""

    aggregate_id: int
    name: str
    hosts: list[str] = field(default_factory=list)
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Migration:
    """Nova's record of a migration."""

    migration_id: int
    uuid: str
    guest: str
    source: str
    dest: str | None = None
    status: str = "accepted"
    """accepted, pre-migrating, running, done, completed, error (no valid host), failed (destination failed); of cold
    ones: pre-migrating, migrating, post-migrating, finished, confirming, confirmed."""
    migration_type: str = EVACUATION
    created_at: float = 0.0
    updated_at: float = 0.0

    @property
    def has_moved(self) -> bool:
        """Whether anybody has saved it since it was written: before, Nova has no updated_at for it."""
        return self.updated_at > self.created_at
