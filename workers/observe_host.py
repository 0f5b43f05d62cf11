"""Looks at a source host through the ports: service record, guests, migrations, power, and guests by id.

Lists are read per source host, never per guest; a project's tags and an image once per ownership.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from types import MappingProxyType

from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look, PowerState
from kasugai.core.recovering.moves import Wait
from kasugai.core.recovering.nova_views import GuestView, MigrationView, Records, ServiceView
from kasugai.core.recovering.planning import asks_for_images
from kasugai.core.words.incident import Open
from kasugai.core.words.timing import Millis, MonoTime, Timing, between
from kasugai.workers.calling import NO_STORAGE
from kasugai.workers.clock import monotonic_ms
from kasugai.workers.observe_storage import StorageSight
from kasugai.workers.observing import NOTHING_MORE, Peek, Wanted
from kasugai.workers.places import Leased, Places
from kasugai.workers.ports import Cloud, Power, Storage
from kasugai.workers.words import Words

PATIENCE = 5
"""Between two readings of the power pass so many times what the last one took, or more."""


async def _known(peek: Peek) -> Peek:
    """Ask nobody."""
    return peek


class HostObserver:
    """Looks at one host for one ownership."""

    paced = True

    def __init__(
        self,
        host: str,
        cloud: Cloud,
        power: Power,
        timing: Timing,
        leased: Leased,
        storage: Storage = NO_STORAGE,
    ) -> None:
        """Remember the doors; nothing is read yet."""
        self._storage = StorageSight(host, storage, timing)
        self._host = host
        self._cloud = cloud
        self._power = power
        self._timing = timing
        self._read_power: tuple[PowerState, MonoTime] | None = None
        self._power_pause = 0
        self._words = Words(cloud)
        self.road: Millis | None = None
        """How long the quickest answer to a small question took: the way to Nova and back."""
        self._places = Places(cloud, timing, leased)
        self._row: ServiceView | None = None
        """The host's own record as it was read last."""
        self._row_at = MonoTime(0)
        self._empty: Records | None = None
        """The migration records of the last look, if its list of guests was empty."""

    @property
    def has_device(self) -> bool:
        """Whether a power device is configured for the host."""
        return self._power.has(self._host)

    def first(self, order: Open, entry: Entry, *, has_plan: bool) -> Wanted:
        """The aggregates and where guests may go; for a plan also what says which guests are moved."""
        if order.undoes is not None:
            return Wanted(records=True)
        wanted = Wanted(places=True, aggregates=True, disks=True)
        if has_plan:
            return wanted
        return replace(
            wanted,
            project_tags=bool(order.policy.exclude_project_tags),
            marks=not order.policy.evacuate_all,
            images=asks_for_images(order.policy),
        )

    def then(self, order: Open, entry: Entry, wait: Wait) -> Wanted:
        """What is waited for, and where guests may go; of one that is brought back, what is left of its evacuations."""
        if order.undoes is not None:
            return Wanted(guests=wait.reads, histories=wait.histories, records=True)
        return Wanted(
            guests=wait.reads,
            hosts=wait.hosts,
            aggregates=bool(wait.hosts) and order.policy.add_reserve_to_aggregates,
            places=wait.places,
            disks=True,
            row=not wait.begins_nothing,
            evacuations=wait.evacuations,
            histories=wait.histories,
            project_tags=wait.words,
            images=wait.words and asks_for_images(order.policy),
        )

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
        empty = self._empty
        asked = self._lists(wanted, peek) if empty is None else self._again(wanted, peek, empty)
        service, migrations, guests = await asked
        if wanted.places:
            await places.ask_for_room(guests)
        is_second = empty is not None and not guests
        after = await self._cloud.service(self._host) if is_second else service
        reads, hosts = sorted(wanted.guests - {guest.uuid for guest in guests}), sorted(wanted.hosts)
        accounts, asked_of = sorted(wanted.evacuations), sorted(wanted.histories)
        read, others, told, histories = await asyncio.gather(
            asyncio.gather(*(self._cloud.guest(uuid) for uuid in reads)),
            asyncio.gather(*(self._cloud.service(host) for host in hosts)),
            asyncio.gather(*map(places.evacuation, accounts)),
            asyncio.gather(*map(places.history, asked_of)),
        )
        await self._words.learn(guests, wanted)
        storage = await self._storage.look(guests if wanted.disks else ())
        self._empty = None if guests else migrations
        row_at = self._row_at if self._row_at < at else None
        return Look(
            at=at,
            nova_at=nova_at,
            row_at=row_at,
            service=service,
            service_after=after,
            guests=MappingProxyType({guest.uuid: guest for guest in guests}),
            read=MappingProxyType(dict(zip(reads, read, strict=True))),
            others=MappingProxyType(dict(zip(hosts, others, strict=True))),
            computes=places.computes,
            recovering=places.recovering,
            aggregates=places.aggregates,
            room=places.room,
            room_at=places.room_at,
            unwell=places.unwell,
            evacuations=MappingProxyType(dict(zip(accounts, told, strict=True))),
            histories=MappingProxyType(dict(zip(asked_of, histories, strict=True))),
            migrations=migrations,
            power=power,
            power_at=power_at,
            storage=storage,
            project_tags=self._words.project_tags,
            images=self._words.images,
        )

    async def _lists(
        self, wanted: Wanted, peek: Peek | None
    ) -> tuple[ServiceView | None, Records, tuple[GuestView, ...]]:
        service, peeked, guests, _ = await asyncio.gather(
            self._service(wanted),
            _known(peek) if peek else self.peek(),
            self._cloud.guests(self._host),
            self._aggregates(wanted),
        )
        return service, peeked.migrations, guests

    async def _again(
        self, wanted: Wanted, peek: Peek | None, empty: Records
    ) -> tuple[ServiceView | None, Records, tuple[GuestView, ...]]:
        """After an empty list the host's row goes before the next, so that this stands between two readings of it."""
        service = await self._service(replace(wanted, row=True))
        guests, _ = await asyncio.gather(self._cloud.guests(self._host), self._aggregates(wanted))
        if peek:
            return service, peek.migrations, guests
        is_known = _is_over(empty, guests) and not wanted.records
        return service, empty if is_known else (await self.peek()).migrations, guests

    async def _aggregates(self, wanted: Wanted) -> None:
        if wanted.aggregates:
            await self._places.ask_for_aggregates(needed=wanted.marks)

    async def glance(self, look: Look, wanted: Wanted = NOTHING_MORE) -> Look:
        """Return `look` with nothing but the host itself looked at anew; raise CloudAway when Nova does not answer."""
        power, power_at = await self._power_state()
        service = await self._service(wanted)
        return replace(
            look,
            row_at=self._row_at,
            service=service,
            service_after=service,
            computes=self._places.computes,
            recovering=self._places.recovering,
            unwell=self._places.unwell,
            power=power,
            power_at=power_at,
            storage=await self._storage.look(look.guests.values() if wanted.disks else ()),
        )

    async def _service(self, wanted: Wanted) -> ServiceView | None:
        """The host's own record: out of the list of all, where that is due anyway."""
        at = monotonic_ms()
        if wanted.places and self._places.is_due():
            self._row, self._row_at = (await self._places.list()).get(self._host), at
        elif wanted.row or self._row is None:
            self._row, self._row_at = await self._cloud.service(self._host), at
            took = between(at, monotonic_ms())
            self.road = took if self.road is None else min(self.road, took)
        return self._row

    def forget_power(self) -> None:
        """Read the power anew at the next look (a fence call has just ended)."""
        self._read_power = None
        self._storage.forget()

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


def _is_over(records: Records, guests: tuple[GuestView, ...]) -> bool:
    """Whether the records need not be read again: the host still has nobody, and all of them have ended. None at all
    may be what a silent cell shows."""
    return not guests and bool(records) and all(each.is_ended for some in records.values() for each in some)


def _by_guest(records: Iterable[MigrationView]) -> Records:
    found: dict[str, tuple[MigrationView, ...]] = {}
    for record in sorted(records, key=lambda record: record.migration_id):
        found[record.guest] = (*found.get(record.guest, ()), record)
    return MappingProxyType(found)
