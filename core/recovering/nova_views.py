"""What Nova shows, as values: services, guests, migration records, aggregates, and its own account of what was asked.

They say what was shown, never what it means for a recovery. Glance's images stand beside them, as guests' words do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from kasugai.core.recovering.states import During, during
from kasugai.core.words.timing import Millis, NovaTime

EVACUATION = "evacuation"
"""migration_type of the records that an evacuate call makes."""
LIVE_MIGRATION = "live-migration"
"""That of those that a live migration makes."""
COLD_MIGRATION = "migration"
"""That of those that a cold migration makes; a resize, which is the user's, has another."""
FINISHED = "finished"
"""The status of one that waits for a confirmation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceView:
    """Nova's record of a host's nova-compute, with the reply's idea of now."""

    service_id: str
    host: str
    is_up: bool
    is_enabled: bool
    forced_down: bool
    updated_at: str
    """As Nova wrote it: compared for equality, never with our clocks."""
    age: float
    """Seconds: Nova's now minus updated_at within one reply."""
    age_is_bound: bool
    """Whether `age` is only a lower bound (a reply without a Date header)."""
    disabled_reason: str = ""
    zone: str = ""
    """Its availability zone."""

    @property
    def state(self) -> tuple[bool, bool, str]:
        """What a PUT changes and a report of nova-compute does not."""
        return self.is_enabled, self.forced_down, self.disabled_reason


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicesView:
    """Nova's services in one answer: Nova reads all of them whoever is asked for (nova 34, api/openstack/compute)."""

    computes: tuple[ServiceView, ...] = ()
    unwell: frozenset[str] = frozenset()
    """Which of `nova-scheduler` and `nova-conductor` has services and none that is up."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a host must have to take a guest, in Placement's words: by the guest's flavor, as Nova's scheduler asks."""

    resources: tuple[tuple[str, int], ...]
    """By resource class, sorted: VCPU, MEMORY_MB, DISK_GB, ..."""
    traits: tuple[str, ...] = ()
    """Required ones, sorted; a forbidden one has a `!` before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestView:
    """Nova's record of a server."""

    uuid: str
    name: str
    host: str
    vm_state: str
    """active, stopped, error, paused, suspended, rescued, resized, building, ..."""
    task_state: str | None
    power_state: int
    """Nova's number: 1 running, 4 shut down, 0 pending."""
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    tags: tuple[str, ...] = ()
    project: str = ""
    """Its project's id."""
    image: str = ""
    """Its image's id; empty for a guest that boots from a volume."""
    flavor: str = ""
    """Its flavor's name as it was when the guest was made."""
    extra_specs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Its flavor's."""
    has_ephemeral: bool = False
    """Whether its flavor has an ephemeral disk."""
    has_swap: bool = False
    """Whether its flavor has a swap disk."""
    has_config_drive: bool = False
    volumes: tuple[str, ...] = ()
    """The ids of the volumes that are attached to it."""
    needs: Needs | None = None
    """None: not told."""
    locked: bool = False
    fault: str = ""
    deleted: bool = False
    launched_at: NovaTime | None = None
    """When a nova-compute last built it, by that host's clock; None: never, or not told. Written in the same act that
    clears the task of a rebuild (nova/compute/manager.py, _update_instance_after_spawn)."""

    @property
    def in_migration(self) -> bool:
        """Whether a task says that the guest was on its way elsewhere."""
        return during(self.task_state) is During.MOVES

    @property
    def is_asked_for(self) -> bool:
        """Whether its task is the one that Nova's API sets before anybody else hears of an evacuation or a rebuild."""
        return self.task_state == "rebuilding"

    @property
    def in_evacuation(self) -> bool:
        """Whether a task says that an evacuation of it is under way, or was when its destination died."""
        return during(self.task_state) is During.REBUILDS


ACCEPTED = "accepted"
"""The status of a migration record of which no destination has heard yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationView:
    """Nova's record of a migration of any type."""

    migration_id: int
    """Grows with every record of the deployment's database."""
    guest: str
    migration_type: str
    status: str
    source: str
    dest: str
    made_at: NovaTime | None = None
    """When it was written, by the clock of Nova's API; None: not told."""
    lasted: Millis | None = None
    """From its making to its last change, by Nova's own clock in whole seconds; None: not told."""

    @property
    def is_taken(self) -> bool:
        """Whether a destination has begun with it, and Nova has not ended it."""
        return self.status != ACCEPTED and not self.is_ended

    @property
    def is_ended(self) -> bool:
        """Whether Nova says that nothing of it is under way any more."""
        return self.status in ("done", "completed", "confirmed", "reverted", "error", "failed", "cancelled")

    @property
    def has_landed(self) -> bool:
        """Whether Nova says that it succeeded."""
        return self.status in ("done", "completed")

    @property
    def has_failed(self) -> bool:
        """Whether Nova says that it ended without success."""
        return self.status in ("error", "failed", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageView:
    """Glance's record of an image, as far as a policy asks it."""

    properties: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    tags: tuple[str, ...] = ()


ProjectTags = Mapping[str, tuple[str, ...]]
"""Keystone's tags by project; empty for a project that it does not tell about."""

Records = Mapping[str, tuple[MigrationView, ...]]
"""Migration records with one source by guest, oldest first."""


def ended_since(guests: Iterable[str], before: Records, now: Records) -> tuple[MigrationView, ...]:
    """Return the records of the guests' evacuations that Nova has ended since `before` was read."""
    known = {record.migration_id for guest in guests for record in before.get(guest, ()) if record.is_ended}
    return tuple(
        record
        for guest in guests
        for record in now.get(guest, ())
        if record.migration_type == EVACUATION and record.is_ended and record.migration_id not in known
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateView:
    """Nova's record of a host aggregate."""

    aggregate_id: int
    name: str
    hosts: frozenset[str]
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)


Room = Mapping[Needs, Mapping[str, int]]
"""By needs: how many such guests which host could take, by Placement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OffersView:
    """What Placement offers to a guest with certain needs: which hosts could take one, and what they have left."""

    ways: Mapping[str, tuple[tuple[tuple[str, str, int], ...], ...]]
    """By host, in how many ways: provider, resource class and amount of each part."""
    free: Mapping[tuple[str, str], int]
    """By provider and resource class: capacity less what is allocated."""
    barred: tuple[tuple[str, str], ...] = ()
    """Hosts that Nova's scheduler leaves out by a trait, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupView:
    """Nova's record of a server group."""

    group_id: str
    policy: str
    """affinity, anti-affinity, soft-affinity, soft-anti-affinity."""
    project: str
    members: tuple[str, ...]
    most: int = 1
    """With anti-affinity: so many members may be on one host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvacuationView:
    """Nova's own account of an evacuate call: an instance action with its events (os-instance-actions)."""

    request: str
    """The id of the request."""
    has_failed: bool
    """Whether the conductor ended it with an error: nothing was sent to any host, and nothing will be, whatever the
    migration record says (nova.md 12: it stays `accepted` for ever)."""
    started_since: bool = False
    """Whether somebody has asked for the guest's start after it, whoever that was."""


_ASKS = "start reboot unpause resume unrescue unshelve restore"
ASKS_TO_RUN = frozenset(_ASKS.split())
"""Nova's actions by which somebody asks that a guest run that there is already (nova/compute/instance_actions.py)."""


class By(StrEnum):
    """Who asked for what was done to a guest."""

    NOVA = "nova"
    """Nova itself, which names no user: its periodic comparison stops a guest that is off though it should run."""
    US = "us"
    """The user as whom Kasugai speaks to Nova."""
    OTHERS = "others"
    """Anybody else: the guest's user, an operator, another service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionView:
    """Nova's own account of something that was asked of a guest (os-instance-actions)."""

    action: str
    """As Nova calls it: create, start, stop, reboot, pause, ..."""
    by: By
    request: str
    """The id of the request."""
    began_at: NovaTime
    ended_at: NovaTime | None = None
    """When Nova last changed it: at its beginning, or when a service began or ended its part; None: not told."""
    has_failed: bool = False
