"""What a worker saw of the world, as values: Nova's service record, the source's guests, migration records, power.

Absence from a list is not evidence (Nova leaves silent cells out of lists), so a look says what was asked for and
when, next to what came back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from kasugai.core.recovering.states import During, during
from kasugai.core.recovering.storage import StorageView
from kasugai.core.words.timing import Millis, MonoTime, NovaTime

EVACUATION = "evacuation"
"""migration_type of the records that an evacuate call makes."""


class PowerState(StrEnum):
    """A host's power as its device tells it."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"
    """The device did not answer, or there is none."""


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


class CustomState(StrEnum):
    """What a step of the operator's own says of its wished-for state."""

    HOLDS = "holds"
    ABSENT = "absent"
    PENDING = "pending"
    """It comes by itself: look again."""
    IMPOSSIBLE = "impossible"
    """It can never hold; the detail says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomView:
    """What such a step saw."""

    state: CustomState
    at: MonoTime
    """When it was asked."""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a source host. Times are the owner's monotonic milliseconds."""

    at: MonoTime
    """When the first of its requests was sent: it answers only for what began before."""
    nova_at: MonoTime = MonoTime(0)
    """When the first request to Nova was sent: reading the power may have taken its time before."""
    row_at: MonoTime | None = None
    """When the host's own record was asked for; None: with all else. Later by a glance, which reads nothing more;
    earlier where nothing was to begin that depends on it."""
    service: ServiceView | None = None
    """None: Nova shows no such service."""
    service_after: ServiceView | None = None
    """Read again after the second empty list in a row, whose look reads `service` before it: an empty list counts only
    between two replies that show the host's own row."""
    guests: Mapping[str, GuestView] = field(default_factory=lambda: MappingProxyType({}))
    """The source's list by uuid."""
    read: Mapping[str, GuestView | None] = field(default_factory=lambda: MappingProxyType({}))
    """Guests read by id; None is Nova's 404."""
    migrations: Records = field(default_factory=lambda: MappingProxyType({}))
    """Records with this source by guest, oldest first."""
    power: PowerState = PowerState.UNKNOWN
    power_at: MonoTime | None = None
    """When the power was read; None: not read."""
    storage: StorageView | None = None
    """None: there is no storage that could be closed to the host."""
    others: Mapping[str, ServiceView | None] = field(default_factory=lambda: MappingProxyType({}))
    """Services of other hosts that were asked for; None: Nova shows none."""
    computes: Mapping[str, ServiceView] | None = None
    """All compute services by host; None: not read."""
    recovering: frozenset[str] = frozenset()
    """Those of them that a worker is at work on, whatever their segment: it was decided that they have failed."""
    aggregates: tuple[AggregateView, ...] | None = None
    """All aggregates; None: not read."""
    room: Room = field(default_factory=lambda: MappingProxyType({}))
    """What Placement said, in this look or before, of the needs that it was asked about."""
    room_at: MonoTime = MonoTime(0)
    """When it was last asked; 0: never."""
    unwell: frozenset[str] = frozenset()
    """What an evacuation needs and does not answer: `nova-scheduler`, `nova-conductor`, `placement`."""
    evacuations: Mapping[str, EvacuationView | None] = field(default_factory=lambda: MappingProxyType({}))
    """By guest that was asked about: Nova's own account of its last evacuation; None: it has none."""
    project_tags: ProjectTags = field(default_factory=lambda: MappingProxyType({}))
    """Of the projects that were asked about, in this look or before."""
    images: Mapping[str, ImageView] = field(default_factory=lambda: MappingProxyType({}))
    """By id: those that were asked about, in this look or before; one that Glance does not tell about says nothing."""
    actions: tuple[ActionView, ...] | None = None
    """What was asked of the guest that the recovery is about, newest first; None: not read."""
    histories: Mapping[str, tuple[ActionView, ...] | None] = field(
        default_factory=lambda: MappingProxyType({})
    )
    """By guest of a host that was asked about: what was asked of it, newest first; None: Nova does not let us see."""
    custom: Mapping[str, CustomView] = field(default_factory=lambda: MappingProxyType({}))
    """By key of a step of the operator's own that was asked about."""

    @property
    def asked_at(self) -> MonoTime:
        """When Nova was asked for all but the host's own record."""
        return max(self.at, self.nova_at)

    @property
    def host_at(self) -> MonoTime:
        """When Nova was asked for the host's own record."""
        return self.asked_at if self.row_at is None else self.row_at

    @property
    def seen(self) -> Mapping[str, GuestView | None]:
        """The guests that it shows, in the source's list or by id; None is Nova's 404."""
        return {**self.read, **self.guests}

    def sees_on_source(self, guest: str, host: str) -> GuestView | None:
        """Return the guest if this look saw it on `host`, in the list or by id."""
        view = self.guests.get(guest) or self.read.get(guest)
        return view if view is not None and view.host == host and not view.deleted else None

    def room_for(self, guest: GuestView) -> Mapping[str, int] | None:
        """Return how many guests like this one which host could take; None where nobody knows."""
        return self.room.get(guest.needs) if guest.needs is not None else None

    def evacuations_of(self, guest: str) -> tuple[MigrationView, ...]:
        """Return the records of the guest's evacuations from this host, oldest first."""
        return tuple(m for m in self.migrations.get(guest, ()) if m.migration_type == EVACUATION)

    def newest_migration(self, guest: str) -> int:
        """Return the highest migration id of the guest in this look; 0 for none."""
        return max((record.migration_id for record in self.migrations.get(guest, ())), default=0)


def list_is_believed(look: Look, before: Look | None) -> bool:
    """Whether the source's list may be taken for complete: it shows somebody, or it was empty twice in a row while
    Nova showed the host's own row before, between and after (silent cells are left out of lists)."""
    if look.guests:
        return True
    if before is None or before.guests:
        return False
    rows = (before.service, before.service_after, look.service, look.service_after)
    return all(row is not None for row in rows)


def is_first_empty(look: Look, before: Look | None) -> bool:
    """Whether the source's list is empty and was not in the look before: the next look tells whether to believe it."""
    return not look.guests and (before is None or bool(before.guests))
