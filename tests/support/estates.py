"""Small clouds as snapshots: hosts with so much room, guests of a size, groups; by hand, or drawn by Hypothesis."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from kasugai.core.words.capacity import (
    GroupSeen,
    GuestSeen,
    HostSeen,
    Offer,
    Outlook,
    SegmentSeen,
    Size,
    Snapshot,
    Stock,
)

SEGMENT = "s1"
RESOURCES = ("VCPU", "MEMORY_MB")


def estate(
    free: Mapping[str, tuple[int, ...]],
    guests: Mapping[str, Iterable[GuestSeen]],
    sizes: Iterable[tuple[int, ...]] = ((1, 1),),
    groups: Mapping[str, int] | None = None,
    hosts: Mapping[str, dict[str, Any]] | None = None,
    **segment: Any,
) -> Snapshot:
    """Return a cloud of one segment. `free`: what each host has of each resource; `sizes`: what their guests need;
    `groups`: how many members of each may be on one host; `hosts`: what differs about some."""
    names, needs = sorted(free), list(sizes)
    stocks = [
        Stock(resource=r, free=n) for name in names for r, n in zip(RESOURCES, free[name], strict=False)
    ]
    places = {
        name: tuple(range(at * len(free[name]), (at + 1) * len(free[name]))) for at, name in enumerate(names)
    }
    made = {name: HostSeen(name=name, kin="nova", zone="nova", segment=SEGMENT) for name in names}
    seen = {name: tuple(replace(guest, host=name) for guest in guests.get(name, ())) for name in names}
    about = {"hosts": tuple(names), "reserves": (), **segment}
    return Snapshot(
        hosts={name: replace(made[name], **(hosts or {}).get(name, {})) for name in names},
        guests=seen,
        sizes=tuple(_size(each, free, places) for each in needs),
        stocks=tuple(stocks),
        groups={
            name: GroupSeen(most=most, members=_members(seen, name)) for name, most in (groups or {}).items()
        },
        segments={SEGMENT: SegmentSeen(segment_id=SEGMENT, name="rack1", max_unhealthy=101, **about)},
    )


def _size(
    needs: tuple[int, ...], free: Mapping[str, tuple[int, ...]], places: Mapping[str, tuple[int, ...]]
) -> Size:
    """Placement offers whoever has room for one."""
    takers = [
        name for name, left in free.items() if all(n <= have for n, have in zip(needs, left, strict=True))
    ]
    resources = tuple(sorted(zip(RESOURCES, needs, strict=False)))
    return Size(resources=resources, offers={name: (Offer(places[name], needs),) for name in takers})


def _members(guests: Mapping[str, tuple[GuestSeen, ...]], group: str) -> Mapping[str, int]:
    return Counter(guest.host for some in guests.values() for guest in some if guest.group == group)


def guest(name: str, size: int | None = 0, **about: Any) -> GuestSeen:
    """Return a guest; its host is where it is put."""
    return GuestSeen(uuid=f"uuid-{name}", name=name, host="", size=size, **about)


@st.composite
def estates(draw: st.DrawFn, *, odd: bool = True) -> Snapshot:
    """Draw a cloud. `odd`: with hosts that nobody may be sent to, other kins, guests of whom little is known."""
    names = [f"cmp{n}" for n in range(1, draw(st.integers(2, 6)) + 1)]
    sizes = draw(
        st.lists(st.tuples(st.integers(1, 4), st.integers(1, 6)), min_size=1, max_size=3, unique=True)
    )
    free = {name: draw(st.tuples(st.integers(0, 12), st.integers(0, 16))) for name in names}
    groups = draw(st.dictionaries(st.sampled_from(["g1", "g2"]), st.integers(1, 2)))
    guests = {
        name: [_drawn(draw, f"{name}-{n}", sizes, groups, odd) for n in range(draw(st.integers(0, 5)))]
        for name in names
    }
    about = {name: _about(draw) for name in names} if odd else {}
    return estate(free, guests, sizes, groups, about)


def _drawn(
    draw: st.DrawFn, name: str, sizes: list[tuple[int, int]], groups: dict[str, int], odd: bool
) -> GuestSeen:
    settled = draw(st.sampled_from([None, None, None, *Outlook])) if odd else None
    settled = None if settled is Outlook.FITS else settled
    size = draw(st.sampled_from([*range(len(sizes)), *([None] if odd else [])]))
    return guest(name, size, group=draw(st.sampled_from(["", "", *groups])), settled=settled)


def _about(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "kin": draw(st.sampled_from(["nova", "nova", "az2"])),
        "bars": draw(st.sampled_from(["", "", "", "down"])),
        "is_disabled": draw(st.sampled_from([False, False, False, True])),
        "waits": draw(st.sampled_from(["", "", "no-fence-device"])),
    }
