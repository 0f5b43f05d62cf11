"""Looks at a source host through the ports: service record, guests, migrations, power, and guests by id.

Lists are read per source host, never per guest; a project's tags and an image once per ownership. It draws no
conclusion: `core` does.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from kasugai.core.recovering.look import (
    ImageView,
    Look,
    MigrationView,
    PowerState,
    Records,
    ServiceView,
)
from kasugai.core.words.timing import Millis, MonoTime, Timing, between
from kasugai.workers.clock import monotonic_ms
from kasugai.workers.places import Places
from kasugai.workers.ports import Cloud, CloudRefused, Power

LOG = logging.getLogger(__name__)

PATIENCE = 5
"""Between two readings of the power pass so many times what the last one took, or more."""


NO_TAGS = (
    "the tags of project %s are not known, so none of its guests is left where it is for them; Keystone says: %s (the "
    "right to ask is identity:list_project_tags)"
)
NO_IMAGE = (
    "what image %s says of its guests is not known, so it neither marks nor leaves any; Glance says: %s"
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a look should show besides the source."""

    guests: frozenset[str] = frozenset()
    """Guests to be read by id, if the source's list does not show them."""
    hosts: frozenset[str] = frozenset()
    """Other hosts whose service is to be read."""
    aggregates: bool = False
    marks: bool = False
    """Whether the aggregates say which guests are moved."""
    evacuations: frozenset[str] = frozenset()
    """Guests of whose last evacuation Nova's own account is to be read."""
    places: bool = False
    """Where guests may go: all compute services (some 0.35 KB each), and what Placement says of the listed guests'
    needs. What was read lately is not read again."""
    health: bool = False
    """Whether Nova can evacuate at all."""
    project_tags: bool = False
    """The tags of the listed guests' projects, as far as they have not been read yet."""
    images: bool = False
    """The listed guests' images likewise."""


NOTHING_MORE = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Peek:
    """The beginning of a look: the migration records alone, of which one says whether the rest is worth reading."""

    at: MonoTime
    migrations: Records


async def _nothing() -> None:
    """Ask nobody."""


class Observer:
    """Looks at one host for one ownership."""

    def __init__(self, host: str, cloud: Cloud, power: Power, timing: Timing) -> None:
        """Remember the doors; nothing is read yet."""
        self._host = host
        self._cloud = cloud
        self._power = power
        self._timing = timing
        self._read_power: tuple[PowerState, MonoTime] | None = None
        self._power_pause = 0
        self._project_tags: dict[str, tuple[str, ...]] = {}
        self._images: dict[str, ImageView] = {}
        self.road: Millis | None = None
        """How long the quickest answer to a small question took: the way to Nova and back."""
        self._places = Places(cloud, timing)

    @property
    def has_device(self) -> bool:
        """Whether a power device is configured for the host."""
        return self._power.has(self._host)

    async def peek(self) -> Peek:
        """Return the migration records; raise CloudAway when Nova does not answer."""
        at = monotonic_ms()
        return Peek(at=at, migrations=_by_guest(await self._cloud.migrations(self._host)))

    async def look(self, wanted: Wanted = NOTHING_MORE, peek: Peek | None = None) -> Look:
        """Return a look, which goes on from a `peek`; raise CloudAway when Nova does not answer."""
        at = peek.at if peek else monotonic_ms()
        power, power_at = await self._power_state()
        nova_at = monotonic_ms()
        if peek and nova_at - peek.at > self._timing.look_interval:
            peek = None  # reading the power has taken its time: what was read before it is old
        nova_at = peek.at if peek else nova_at
        places = self._places
        service, migrations, guests, _, _ = await asyncio.gather(
            self._service(wanted),
            self._migrations(peek),
            self._cloud.guests(self._host),
            places.ask_for_aggregates(needed=wanted.marks) if wanted.aggregates else _nothing(),
            places.ask_for_health() if wanted.health else _nothing(),
        )
        if wanted.places:
            await places.ask_for_room(guests)
        after = await self._cloud.service(self._host) if not guests else service
        reads, hosts = sorted(wanted.guests - {guest.uuid for guest in guests}), sorted(wanted.hosts)
        asked = sorted(wanted.evacuations)
        read, others, told = await asyncio.gather(
            asyncio.gather(*(self._cloud.guest(uuid) for uuid in reads)),
            asyncio.gather(*(self._cloud.service(host) for host in hosts)),
            asyncio.gather(*map(places.evacuation, asked)),
        )
        if wanted.project_tags:
            projects = (guest.project for guest in guests)
            await _learn(self._project_tags, projects, self._cloud.project_tags, (), NO_TAGS)
        if wanted.images:
            images = (guest.image for guest in guests)
            await _learn(self._images, images, self._cloud.image, ImageView(), NO_IMAGE)
        return Look(
            at=at,
            nova_at=nova_at,
            service=service,
            service_after=after,
            guests=MappingProxyType({guest.uuid: guest for guest in guests}),
            read=MappingProxyType(dict(zip(reads, read, strict=True))),
            others=MappingProxyType(dict(zip(hosts, others, strict=True))),
            computes=places.computes,
            aggregates=places.aggregates,
            room=places.room,
            room_at=places.room_at,
            unwell=places.unwell,
            evacuations=MappingProxyType(dict(zip(asked, told, strict=True))),
            migrations=migrations,
            power=power,
            power_at=power_at,
            project_tags=MappingProxyType(dict(self._project_tags)),
            images=MappingProxyType(dict(self._images)),
        )

    async def _service(self, wanted: Wanted) -> ServiceView | None:
        """The host's own record: out of the list of all, where that is due anyway."""
        if wanted.places and self._places.is_due():
            return (await self._places.list()).get(self._host)
        at = monotonic_ms()
        found = await self._cloud.service(self._host)
        took = between(at, monotonic_ms())
        self.road = took if self.road is None else min(self.road, took)
        return found

    async def _migrations(self, peek: Peek | None) -> Records:
        return (peek or await self.peek()).migrations

    def forget_power(self) -> None:
        """Read the power anew at the next look (a fence call has just ended)."""
        self._read_power = None

    async def _power_state(self) -> tuple[PowerState, MonoTime | None]:
        """Read the power, at most every thirtieth of the time for which it is believed: as good as with each look.
        A device that takes long to answer is asked less often: a reading is a process, and BMCs bear few sessions."""
        if not self.has_device:
            return PowerState.UNKNOWN, None
        now = monotonic_ms()
        if self._read_power is None or now - self._read_power[1] > self._power_pause:
            self._read_power = (await self._power.read(self._host), now)
            fresh, took = self._timing.power_fresh, monotonic_ms() - now
            self._power_pause = min(max(fresh // 30, PATIENCE * took), fresh // 3)
        return self._read_power


def _by_guest(records: Iterable[MigrationView]) -> Records:
    found: dict[str, tuple[MigrationView, ...]] = {}
    for record in sorted(records, key=lambda record: record.migration_id):
        found[record.guest] = (*found.get(record.guest, ()), record)
    return MappingProxyType(found)


async def _learn(
    known: dict[str, T], names: Iterable[str], read: Callable[[str], Awaitable[T]], silence: T, told: str
) -> None:
    """Read what is not known yet of these names. A no is as good as `silence`, and told: one guest too many brought
    back destroys nothing, a dead host left for a missing right does."""

    async def learn(name: str) -> None:
        try:
            known[name] = await read(name)
        except CloudRefused as no:
            LOG.warning(told, name, no)
            known[name] = silence

    await asyncio.gather(*(learn(name) for name in sorted({name for name in names if name} - known.keys())))
