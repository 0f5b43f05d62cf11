"""Who is in a cloud and what it has room for, as it was read at one time: what a forecast is made from.

It is what Nova and Placement have said, with what the segments' policies make of each guest; nothing here looks for a
place. What was not told is a value of its own, never a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from kasugai.core.words.domains import Domain
from kasugai.core.words.policy import Method


class Outlook(StrEnum):
    """What would become of a guest if its host were lost."""

    FITS = "fits"
    """It is brought back by itself, on the host that is named."""
    HELD = "held"
    """It waits for a person; where a host is named there is room for it."""
    LEFT = "left"
    """Its segment's policy, or its own state, leaves it where it is."""
    NOWHERE = "nowhere"
    """No host has room for it, or may have it."""
    UNKNOWN = "unknown"
    """What decides about it could not be read."""


@dataclass(frozen=True, slots=True)
class Offer:
    """One way in which a host takes a guest of a size: how much of which stocks."""

    stocks: tuple[int, ...]
    """Places in the snapshot's stocks."""
    amounts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What one provider of Placement's has of one resource class."""

    resource: str
    free: int
    """Its capacity less what is allocated."""
    hosts: int = 1
    """How many hosts draw on it: storage that is shared is one stock of many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """What guests need that Placement cannot tell apart, and which hosts could take one of them."""

    resources: tuple[tuple[str, int], ...]
    """By resource class, sorted."""
    traits: tuple[str, ...] = ()
    """Required ones, sorted; a forbidden one has a `!` before it."""
    offers: Mapping[str, tuple[Offer, ...]] | None = None
    """By host; None: Placement did not tell."""
    why: str = ""
    """Why it did not tell."""

    @property
    def text(self) -> str:
        """It in Placement's words."""
        return ", ".join([*(f"{name} {count}" for name, count in self.resources), *self.traits])


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSeen:
    """A compute host."""

    name: str
    kin: str = ""
    """Nova's filters treat hosts of one kin alike: same zone, same words in aggregates that bind guests."""
    zone: str = ""
    """Its availability zone."""
    segment: str = ""
    """Its segment's id; empty: in none."""
    bars: str = ""
    """Why nobody may be sent there; empty: nothing speaks against it."""
    is_disabled: bool = False
    """Whether Nova's scheduler leaves it out: a reserve is enabled when it is needed."""
    waits: str = ""
    """Why, if it were lost, nothing would be done before a person has said so; empty: it is recovered by itself."""
    is_set_aside: bool = False
    """Whether it is in maintenance: such a host is in no storm."""

    @property
    def is_open(self) -> bool:
        """Whether Nova may send guests there, and nothing speaks against it."""
        return not self.bars and not self.is_disabled


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestSeen:
    """A guest, with what is known of it before any room is looked for."""

    uuid: str
    name: str
    host: str
    size: int | None = None
    """Its place in the snapshot's sizes; None: what it needs is not told."""
    group: str = ""
    """Its anti-affinity server group; empty: none."""
    settled: Outlook | None = None
    """None: it depends on room."""
    why: str = ""
    """Why that is settled."""
    note: str = ""
    """What is worth knowing though it is brought back."""

    @property
    def moves(self) -> bool:
        """Whether it would be moved: also where it cannot be said whether it fits."""
        return self.settled is None or self.settled is Outlook.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSeen:
    """An anti-affinity server group."""

    most: int = 1
    """So many of its members may be on one host."""
    members: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """How many there are, by host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSeen:
    """What a segment's policy says about all of its guests."""

    segment_id: str
    name: str
    method: Method = Method.AUTO
    max_unhealthy: int = 50
    """Percent of its hosts from which on a failure is a storm."""
    domain_as_one: tuple[str, ...] = ()
    """Kinds of failure domains of which one counts as one host in that, once all of it has failed."""
    domain_trip: int = 0
    """Percent of a domain's hosts from which on it is in a storm of its own; 0: never."""
    domain_small: int = 20
    """A domain of at most so many hosts stops in its storm; a larger one slows down."""
    domains: Mapping[Domain, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    """Failure domains, with those of the segment's hosts that are in each."""
    hosts: tuple[str, ...] = ()
    reserves: tuple[str, ...] = ()
    """Those of its reserves that are free, in the order in which they are given."""
    joins: bool = False
    """Whether a reserve joins the aggregates of the host that it stands in for."""

    def suits(self, reserve: HostSeen, lost: HostSeen) -> bool:
        """Whether Nova's filters treat the reserve as they treat the host that it stands in for."""
        return reserve.kin == lost.kin or (self.joins and reserve.zone == lost.zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All of it."""

    hosts: Mapping[str, HostSeen]
    guests: Mapping[str, tuple[GuestSeen, ...]]
    """By host, in the order in which they would be moved."""
    sizes: tuple[Size, ...] = ()
    stocks: tuple[Stock, ...] = ()
    groups: Mapping[str, GroupSeen] = field(default_factory=lambda: MappingProxyType({}))
    segments: Mapping[str, SegmentSeen] = field(default_factory=lambda: MappingProxyType({}))
    """By id."""
