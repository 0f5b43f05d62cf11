"""Deals guests out to hosts that have room for them, as a recovery does: to the host with the fewest of its guests.

What is dealt is taken from Placement's stocks at once, so no two guests are promised the same room. It refuses to know
why a guest is moved, and what a person is told about it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from kasugai.core.words.capacity import HostSeen, Offer, SegmentSeen, Snapshot


class Pool:
    """The hosts of one kin that may take guests of one size, by name; those that are full are passed over for good."""

    def __init__(self, hosts: list[str]) -> None:
        """All have room so far as is known."""
        self.hosts = hosts
        self._next = list(range(len(hosts) + 1))

    def from_place(self, place: int) -> int:
        """Return the first place from there on that is not full; behind the last one when there is none."""
        following = self._next
        while following[place] != place:
            following[place] = following[following[place]]
            place = following[place]
        return place

    def drop(self, place: int) -> None:
        """It is full."""
        self._next[place] = place + 1


class Packing:
    """What is free while guests are dealt out, on the hosts that are not lost."""

    def __init__(self, snapshot: Snapshot, lost: frozenset[str]) -> None:
        """Nothing is dealt out yet."""
        self._snapshot = snapshot
        self._lost = frozenset(map(str.lower, lost))  # to Nova a host is the source also in another case
        self._free = [stock.free for stock in snapshot.stocks]
        self._members: dict[str, Counter[str]] = {}
        self._pools: dict[int, dict[str, Pool]] = {}
        self.given: set[str] = set()
        """Reserves that some lost host has."""

    def pool(self, size: int, kin: str) -> Pool:
        """Return the hosts of a kin that Nova may choose for guests of that size."""
        return self._of_size(size).get(kin) or Pool([])

    def others(self, size: int, kin: str) -> Iterator[Pool]:
        """Return those of all other kins."""
        return (pool for other, pool in self._of_size(size).items() if other != kin)

    def _of_size(self, size: int) -> dict[str, Pool]:
        if size not in self._pools:
            hosts, by_kin = self._snapshot.hosts, defaultdict[str, list[str]](list)
            for name in sorted(self._snapshot.sizes[size].offers or ()):
                if name.lower() not in self._lost and name in hosts and hosts[name].is_open:
                    by_kin[hosts[name].kin].append(name)
            self._pools[size] = {kin: Pool(names) for kin, names in by_kin.items()}
        return self._pools[size]

    def reserves(self, segment: SegmentSeen) -> Iterator[HostSeen]:
        """Return the segment's reserves that live, that nobody has, and that are not lost."""
        for name in segment.reserves:
            host = self._snapshot.hosts.get(name)
            is_taken = name in self.given or name.lower() in self._lost
            if host is not None and not host.bars and not is_taken:
                yield host

    def offer(self, size: int, host: str) -> Offer | None:
        """Return how the host could take one more guest of the size; None when it cannot."""
        free = self._free
        for offer in (self._snapshot.sizes[size].offers or {}).get(host, ()):
            if all(free[at] >= amount for at, amount in zip(offer.stocks, offer.amounts, strict=True)):
                return offer
        return None

    def may_join(self, group: str, host: str) -> bool:
        """Whether a member of the group may be there, beside those who are."""
        return not group or self._of_group(group)[host] < self._snapshot.groups[group].most

    def take(self, size: int, host: str, group: str) -> bool:
        """Put a guest there if there is room and its group allows it; whether that was so."""
        offer = self.offer(size, host)
        if offer is None or not self.may_join(group, host):
            return False
        for at, amount in zip(offer.stocks, offer.amounts, strict=True):
            self._free[at] -= amount
        if group:
            self._of_group(group)[host] += 1
        return True

    def _of_group(self, group: str) -> Counter[str]:
        if group not in self._members:
            self._members[group] = Counter(self._snapshot.groups[group].members)
        return self._members[group]


class Deal:
    """The guests of one lost host."""

    def __init__(self, packing: Packing, host: HostSeen, segment: SegmentSeen) -> None:
        """None has been dealt out. `segment` is the lost host's."""
        self._packing, self._host, self._segment = packing, host, segment
        self._sent: dict[str, int] = {}
        self._places: Counter[int] = Counter()
        self._reserves: list[str] = []

    def to_any(self, size: int, group: str) -> str:
        """Deal a guest to the host that Nova may choose and has got the fewest, by name among equals; empty when none
        has room."""
        host = self._unused(size, group) or self._used(size, group)
        if host:
            self._packing.take(size, host, group)
            self._sent[host] = self._sent.get(host, 0) + 1
        return host

    def _unused(self, size: int, group: str) -> str:
        """The first by name that has got none. Where this begins to look moves on for good over those that are full or
        have got some, and not over those that the group alone keeps away."""
        pool, packing = self._packing.pool(size, self._host.kin), self._packing
        at, is_steady = pool.from_place(self._places[size]), True
        while at < len(pool.hosts):
            host = pool.hosts[at]
            if packing.offer(size, host) is None:
                pool.drop(at)
            elif host not in self._sent:
                if packing.may_join(group, host):
                    return host
                is_steady = False
            at = pool.from_place(at + 1)
            if is_steady:
                self._places[size] = at
        return ""

    def _used(self, size: int, group: str) -> str:
        fit = (host for host in self._sent if self._has_room(size, host, group))
        return min(fit, key=lambda host: (self._sent[host], host), default="")

    def to_reserve(self, size: int, group: str) -> str:
        """Deal a guest to a reserve that the lost host has, else to the next one that is free; empty when none has
        room. A reserve that was given is given to nobody else."""
        for host in self._reserves:
            if self._packing.take(size, host, group):
                return host
        for reserve in self._free_reserves(suited=True):
            self._packing.given.add(reserve.name)
            self._reserves.append(reserve.name)
            if self._packing.take(size, reserve.name, group):
                return reserve.name
        return ""

    def _free_reserves(self, *, suited: bool) -> Iterator[HostSeen]:
        found = self._packing.reserves(self._segment)
        return (each for each in found if self._segment.suits(each, self._host) is suited)

    def is_on_a_strange_reserve(self, size: int, group: str) -> bool:
        """Whether a free reserve of another kin has room: only Nova can say whether it may take the guest."""
        return any(self._has_room(size, each.name, group) for each in self._free_reserves(suited=False))

    def _has_room(self, size: int, host: str, group: str) -> bool:
        return self._packing.offer(size, host) is not None and self._packing.may_join(group, host)

    def is_elsewhere(self, size: int, group: str) -> bool:
        """Whether a host of another kin has room: only Nova can say whether it may take the guest."""
        for pool in self._packing.others(size, self._host.kin):
            at = pool.from_place(0)
            while at < len(pool.hosts):
                host = pool.hosts[at]
                if self._packing.offer(size, host) is None:
                    pool.drop(at)
                elif self._packing.may_join(group, host):
                    return True
                at = pool.from_place(at + 1)
        return False
