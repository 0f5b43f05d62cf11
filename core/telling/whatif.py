"""What if these hosts were lost: for each of their guests where it would go, or why not. Pure.

Guests are dealt out as recoveries deal them (one lost host after the other, by name; each guest to the host that has
got the fewest), and only who has room in that very deal is said to fit. What could not be read is never counted as
room. It looks at room, server groups, zones, aggregates and policy, and at nothing that time brings.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from kasugai.core.telling.packing import Deal, Packing
from kasugai.core.telling.storms import Storms, storms
from kasugai.core.words.capacity import GuestSeen, HostSeen, Outlook, SegmentSeen, Snapshot
from kasugai.core.words.policy import Method

NO_ROOM = "no-room"
"""No host that Nova may choose has room for it, or may have it beside its server group."""
NO_RESERVE = "no-reserve"
"""No reserve that is free has room for it."""
NO_SEGMENT = SegmentSeen(segment_id="", name="")
"""Whose a host is that is in none."""
OTHER_KIN = "other-zone-or-aggregates"
"""Only hosts of another zone, or whose aggregates bind other guests, have room: Nova decides whether they may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What would become of one guest."""

    uuid: str
    name: str
    host: str
    """Where it is now."""
    outlook: Outlook
    to: str = ""
    """Where it would go; empty: nowhere, or nobody can say."""
    why: str = ""
    """Why it does not simply come back."""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LostHost:
    """What would become of a lost host."""

    name: str
    segment: str
    """Its segment's name; empty: in none."""
    waits: str
    """Why nothing would be done before a person has said so; empty: it is recovered by itself."""
    domain: str = ""
    """The failure domain whose storm holds it, or of which it waits for its turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """All of it."""

    hosts: tuple[LostHost, ...]
    guests: tuple[Forecast, ...]
    storms: tuple[str, ...] = ()
    """Names of the segments of which so many hosts are lost that a person has to approve."""

    def counts(self) -> Mapping[Outlook, int]:
        """Return how many guests have which outlook."""
        found = Counter(guest.outlook for guest in self.guests)
        return {outlook: found[outlook] for outlook in Outlook}

    @property
    def is_survived(self) -> bool:
        """Whether every guest that is not left on purpose comes back by itself."""
        return all(guest.outlook in (Outlook.FITS, Outlook.LEFT) for guest in self.guests)


def lose(snapshot: Snapshot, lost: Collection[str]) -> Loss:
    """Return what would become of these hosts and of their guests if all were lost at once. Hosts that the snapshot
    does not know are passed over: who asks says so."""
    names = sorted(frozenset(lost) & snapshot.hosts.keys())
    found = storms(snapshot, names)
    hosts = [_waiting(snapshot.hosts[name], found) for name in names]
    packing = Packing(snapshot, frozenset(names))
    guests = [guest for host in hosts for guest in _of_host(snapshot, host, packing)]
    return Loss(
        hosts=tuple(_told(snapshot, host, found) for host in hosts),
        guests=tuple(guests),
        storms=tuple(sorted(snapshot.segments[segment].name for segment in found.segments)),
    )


STORM = "storm"
DOMAIN_STORM = "domain-storm"


def _waiting(host: HostSeen, found: Storms) -> HostSeen:
    """Behind what is the host's own stands its segment's storm, and behind that the one of a failure domain."""
    stormy = STORM if host.segment in found.segments else DOMAIN_STORM if host.name in found.held else ""
    return replace(host, waits=host.waits or stormy)


def _told(snapshot: Snapshot, host: HostSeen, found: Storms) -> LostHost:
    segment = snapshot.segments.get(host.segment)
    domains = {DOMAIN_STORM: found.held, "": found.slowed}.get(host.waits, {})
    return LostHost(
        name=host.name,
        segment=segment.name if segment else "",
        waits=host.waits,
        domain=domains.get(host.name, ""),
    )


def _of_host(snapshot: Snapshot, host: HostSeen, packing: Packing) -> Iterator[Forecast]:
    segment = snapshot.segments.get(host.segment, NO_SEGMENT)
    deal = Deal(packing, host, segment)
    for guest in snapshot.guests.get(host.name, ()):
        yield _forecast(snapshot, host, guest, deal, segment.method)


def _forecast(snapshot: Snapshot, host: HostSeen, guest: GuestSeen, deal: Deal, method: Method) -> Forecast:
    """Say what becomes of the next guest of a host. One of whom it cannot be said takes its room too, for it may get
    it; and so does one that waits for a person."""
    plain = Forecast(
        uuid=guest.uuid,
        name=guest.name,
        host=guest.host,
        outlook=Outlook.FITS,
        why=guest.why,
        note=guest.note,
    )
    if guest.settled is not None and not guest.moves:
        return replace(plain, outlook=guest.settled)
    if guest.size is None:
        return replace(plain, outlook=Outlook.UNKNOWN)
    size = snapshot.sizes[guest.size]
    if size.offers is None:
        return replace(plain, outlook=Outlook.UNKNOWN, why=guest.why or size.why)
    to = _dealt(deal, guest.size, guest.group, method)
    if guest.settled is not None:
        return replace(plain, outlook=guest.settled)
    if not to:
        outlook, why = _without_a_place(deal, guest.size, guest.group, method)
        return replace(plain, outlook=outlook, why=why)
    return replace(plain, outlook=Outlook.HELD if host.waits else Outlook.FITS, to=to, why=host.waits)


def _without_a_place(deal: Deal, size: int, group: str, method: Method) -> tuple[Outlook, str]:
    """Return what is said of a guest that was dealt to nobody, and why."""
    if method is not Method.AUTO and deal.is_on_a_strange_reserve(size, group):
        return Outlook.UNKNOWN, OTHER_KIN
    if method is Method.RESERVED_HOST:
        return Outlook.NOWHERE, NO_RESERVE
    if deal.is_elsewhere(size, group):
        return Outlook.UNKNOWN, OTHER_KIN
    return Outlook.NOWHERE, NO_ROOM


def _dealt(deal: Deal, size: int, group: str, method: Method) -> str:
    """Return the host that a guest is dealt to, in the order in which its segment's method tries places."""
    match method:
        case Method.AUTO:
            return deal.to_any(size, group)
        case Method.RESERVED_HOST:
            return deal.to_reserve(size, group)
        case Method.AUTO_PRIORITY:
            return deal.to_any(size, group) or deal.to_reserve(size, group)
        case Method.RH_PRIORITY:
            return deal.to_reserve(size, group) or deal.to_any(size, group)
        case _:
            assert_never(method)
