"""What a worker saw of the world at a time: what Nova showed, the power, the storage, the operator's own steps.

Absence from a list is not evidence (Nova leaves silent cells out of lists), so a look says what was asked for and
when, next to what came back.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from kasugai.core.recovering.nova_views import (
    EVACUATION,
    ActionView,
    AggregateView,
    EvacuationView,
    GuestView,
    ImageView,
    MigrationView,
    ProjectTags,
    Records,
    Room,
    ServiceView,
)
from kasugai.core.recovering.storage import StorageView
from kasugai.core.words.timing import MonoTime


class PowerState(StrEnum):
    """A host's power as its device tells it."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"
    """The device did not answer, or there is none."""


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
