"""How many hosts of a segment may be lost, whichever they are, so that all of their guests still find room. Pure.

The promise: if any k hosts of the segment are lost, and no other host, then every guest of theirs that would be moved,
and whose needs are known, finds room on the other hosts of its kin, in whatever order and wherever there is room they
are sent. It is a lower bound: with other hosts, or in a better order, more may be survived. It says nothing of fences,
evidence, storms or persons, nor of guests whose needs could not be read: those are counted apart.

Why it holds. A guest that needs n finds no room only where each host is short of something: of what it had free, f, the
guests that were sent there have taken more than f - n of some resource. All take multiples of the greatest common
divisor d of what any of them needs of it, so at least d * (floor((f - n) / d) + 1). Measured as a share of any scale
(the scale is chosen freely; a guest's share is its largest over all resources) that host has swallowed at least the
smallest such share over its resources: it is *filled*. So a guest can fail only if the lost guests before it have
together at least the share that fills all surviving hosts. The worst k hosts are those whose guests and whose own
filling are the largest together. Of an anti-affinity group of m, at most (m - 1) / limit hosts are kept away by its
other members: the largest are counted as filled. Storage that hosts share has to hold all lost guests by itself.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from itertools import accumulate
from math import gcd, inf

from kasugai.core.words.capacity import GuestSeen, Offer, SegmentSeen, Snapshot
from kasugai.core.words.policy import Method

Shares = Mapping[str, float]
"""By resource class, what one unit of it weighs."""
ROUNDING = 1e-9
"""Of a share, for sums of fractions."""
NO_HOSTS = "no hosts"
"""Why nothing is promised of a segment of which Nova has no host: a 0 would ring for a room that nobody needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survivable:
    """What is promised of one segment."""

    segment: str
    """Its name."""
    hosts: int
    lost: int | None
    """So many of them, whichever they are; None: too little could be read to promise anything, or there are none."""
    limit: str = ""
    """What stands against one more: the needs of the guests that might find no room; or why nothing is promised."""
    uncovered: int = 0
    """How many of its guests are not covered by the promise, for it could not be read what they need."""


def survivable(snapshot: Snapshot, segment: SegmentSeen) -> Survivable:
    """Return what is promised of one segment."""
    return Promises(snapshot).of(segment)


class Promises:
    """What is promised of a snapshot's segments; what is alike for all segments is computed once."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Nothing is computed yet."""
        self._snapshot = snapshot
        self._yards: dict[str, tuple[_Yard, ...]] = {}
        self._hosts: dict[str, list[str]] = defaultdict(list)
        for name, host in snapshot.hosts.items():
            self._hosts[host.kin].append(name)

    def of(self, segment: SegmentSeen) -> Survivable:
        """Return what is promised of a segment."""
        snapshot = self._snapshot
        hosts = [name for name in segment.hosts if name in snapshot.hosts]
        moved = [guest for name in hosts for guest in snapshot.guests.get(name, ()) if guest.moves]
        known = [guest for guest in moved if _is_covered(snapshot, guest)]
        told = Survivable(
            segment=segment.name, hosts=len(hosts), lost=None, uncovered=len(moved) - len(known)
        )
        if not hosts:
            return replace(told, limit=NO_HOSTS)
        if moved and not known:
            return replace(told, limit=_why_unknown(snapshot, moved))
        by_reserves = segment.method is Method.RESERVED_HOST
        lost, limit = self._by_reserves(segment, hosts, known) if by_reserves else self._by_kin(hosts, known)
        return replace(told, lost=lost, limit=limit)

    def _by_kin(self, hosts: Sequence[str], known: Sequence[GuestSeen]) -> tuple[int, str]:
        """The least that any kin of the hosts allows; all of them where no guest would move."""
        found: tuple[float, str] = len(hosts), ""
        for kin in sorted({self._snapshot.hosts[name].kin for name in hosts}):
            own = [name for name in hosts if self._snapshot.hosts[name].kin == kin]
            guests = [guest for guest in known if self._snapshot.hosts[guest.host].kin == kin]
            for size, limit in self._limits(kin, own, guests):
                found = min(found, (limit, self._snapshot.sizes[size].text), key=lambda each: each[0])
        shared = _shared_limit(self._snapshot, hosts)
        least, limit_by = min(found, (shared, "shared storage"), key=lambda each: each[0])
        return int(least), limit_by

    def _limits(self, kin: str, own: Sequence[str], guests: Sequence[GuestSeen]) -> Iterator[tuple[int, int]]:
        """Yield each size of the guests with the number of hosts that may be lost for its sake."""
        apart = _kept_apart(self._snapshot, guests)
        yards = self._of_kin(kin)
        loads = [{name: yard.load(name) for name in own} for yard in yards]
        for size in sorted({guest.size for guest in guests if guest.size is not None}):
            yield (
                size,
                max(yard.limit(size, apart[size], load) for yard, load in zip(yards, loads, strict=True)),
            )

    def _of_kin(self, kin: str) -> "tuple[_Yard, ...]":
        if kin not in self._yards:
            hosts = self._hosts[kin]
            takers = [name for name in hosts if self._snapshot.hosts[name].is_open]
            self._yards[kin] = _yards(self._snapshot, hosts, takers)
        return self._yards[kin]

    def _by_reserves(
        self, segment: SegmentSeen, hosts: Sequence[str], known: Sequence[GuestSeen]
    ) -> tuple[int, str]:
        """As many hosts as there are free reserves of which each takes the guests of whichever host has the most."""
        if not known:
            return len(hosts), ""
        found = [name for name in segment.reserves if self._suits_all(segment, name, hosts)]
        yards = _yards(self._snapshot, hosts, found)
        sizes = {guest.size for guest in known if guest.size is not None}
        return min(max(yard.takers_of(size, hosts) for yard in yards) for size in sizes), "free reserves"

    def _suits_all(self, segment: SegmentSeen, name: str, hosts: Iterable[str]) -> bool:
        reserve = self._snapshot.hosts.get(name)
        full = [self._snapshot.hosts[host] for host in hosts if self._snapshot.guests.get(host)]
        is_alive = reserve is not None and not reserve.bars
        return is_alive and all(segment.suits(reserve, lost) for lost in full if reserve is not None)


def _is_covered(snapshot: Snapshot, guest: GuestSeen) -> bool:
    known = guest.size is not None and snapshot.sizes[guest.size].offers is not None
    return known and guest.settled is None


def _why_unknown(snapshot: Snapshot, moved: Sequence[GuestSeen]) -> str:
    sizes = (snapshot.sizes[guest.size].why for guest in moved if guest.size is not None)
    return next((why for why in (*(guest.why for guest in moved), *sizes) if why), "")


def _kept_apart(snapshot: Snapshot, guests: Iterable[GuestSeen]) -> Counter[int]:
    """Return by size how many hosts the other members of a guest's group may keep it away from, at most."""
    found: Counter[int] = Counter()
    for guest in guests:
        if guest.group and guest.size is not None:
            group = snapshot.groups[guest.group]
            found[guest.size] = max(found[guest.size], (sum(group.members.values()) - 1) // group.most)
    return found


def _moving(snapshot: Snapshot, host: str) -> Iterator[int]:
    """Return the sizes of a host's guests that would move, as far as they are known."""
    guests = snapshot.guests.get(host, ())
    return (guest.size for guest in guests if guest.moves and guest.size is not None)


def _yards(snapshot: Snapshot, hosts: Iterable[str], takers: Sequence[str]) -> "tuple[_Yard, ...]":
    """Return the hosts that take guests under two scales, both sound: by what is free of each resource, and by what
    the guests of `hosts` need of each."""
    sizes = Counter(size for host in hosts for size in _moving(snapshot, host))
    free: Counter[str] = Counter()
    offers = [snapshot.sizes[size].offers or {} for size in sizes]
    for at in {at for name in takers for some in offers for o in some.get(name, ()) for at in o.stocks}:
        free[snapshot.stocks[at].resource] += max(0, snapshot.stocks[at].free)
    needed: Counter[str] = Counter()
    steps: dict[str, int] = defaultdict(int)
    for size, count in sizes.items():
        for resource, amount in snapshot.sizes[size].resources:
            needed[resource] += count * amount
            steps[resource] = gcd(steps[resource], amount)
    scales = ({r: 1 / total[r] if total[r] else 1.0 for r in free | needed} for total in (free, needed))
    return tuple(_Yard(snapshot, takers, scale, steps) for scale in scales)


class _Yard:
    """Hosts that take guests, under one scale."""

    def __init__(
        self, snapshot: Snapshot, takers: Sequence[str], scale: Shares, steps: Mapping[str, int]
    ) -> None:
        """`steps`: by resource class, the greatest common divisor of what any guest needs of it."""
        self._snapshot, self._takers, self._scale, self._steps = snapshot, takers, scale, steps
        self._fillings: dict[int, dict[str, float]] = {}

    def load(self, host: str) -> float:
        """Return the share of a host's guests that would move."""
        return sum(map(self._share, _moving(self._snapshot, host)))

    def _share(self, size: int) -> float:
        needs = self._snapshot.sizes[size].resources
        return max((count * self._scale.get(resource, 1.0) for resource, count in needs), default=0.0)

    def limit(self, size: int, apart: int, loads: Mapping[str, float]) -> int:
        """Return how many hosts may be lost so that no guest of the size can fail. `loads`: of those that may be."""
        fillings = self._filled(size)
        room = sum(fillings.values()) - sum(nlargest(apart, fillings.values()))
        worst = sorted((load + fillings.get(name, 0.0) for name, load in loads.items()), reverse=True)
        most = room + self._share(size)
        return sum(taken < most * (1 - ROUNDING) for taken in accumulate(worst))

    def takers_of(self, size: int, hosts: Iterable[str]) -> int:
        """Return how many of them take all guests of any one of these hosts, in whatever order."""
        most, own = max(map(self.load, hosts), default=0.0), self._share(size)
        return sum(most < (filling + own) * (1 - ROUNDING) for filling in self._filled(size).values())

    def _filled(self, size: int) -> Mapping[str, float]:
        """Return by host the least share that guests must have taken there before one of the size has no room; none
        for a host that has none now."""
        if size not in self._fillings:
            offers = self._snapshot.sizes[size].offers or {}
            found = {name: max(map(self._by, offers[name])) for name in self._takers if name in offers}
            self._fillings[size] = {name: filling for name, filling in found.items() if filling > 0}
        return self._fillings[size]

    def _by(self, offer: Offer) -> float:
        least = inf
        for at, amount in zip(offer.stocks, offer.amounts, strict=True):
            stock = self._snapshot.stocks[at]
            if stock.free < amount:
                return 0.0
            if stock.hosts == 1:
                step = self._steps[stock.resource] or 1
                taken = step * ((stock.free - amount) // step + 1)
                least = min(least, taken * self._scale.get(stock.resource, 1.0))
        return least


def _shared_limit(snapshot: Snapshot, hosts: Sequence[str]) -> float:
    """Return how many hosts may be lost so that all of their guests find room in each stock that hosts share."""
    free: dict[str, int] = {}
    for stock in snapshot.stocks:
        if stock.hosts > 1:
            free[stock.resource] = min(stock.free, free.get(stock.resource, stock.free))
    return min((_held(snapshot, hosts, resource, left) for resource, left in free.items()), default=inf)


def _held(snapshot: Snapshot, hosts: Sequence[str], resource: str, free: int) -> int:
    needs = [dict(size.resources).get(resource, 0) for size in snapshot.sizes]
    needed = sorted((sum(needs[size] for size in _moving(snapshot, host)) for host in hosts), reverse=True)
    return sum(taken <= free for taken in accumulate(needed))
