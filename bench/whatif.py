"""What if hosts of a large cloud were lost: 10,000 hosts in 200 segments, 200,000 guests of 20 flavors.

The pure part alone, in a process of its own so that its memory is its own: Nova's views are made page by page and
thrown away, as they come over the wire; what Placement would say is made likewise. Seconds are of the process's own
time: nothing in it waits.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from random import Random

from bench.figures import Figure
from kasugai.core.recovering.described import Described
from kasugai.core.recovering.forecasting import Census
from kasugai.core.recovering.nova_views import (
    GroupView,
    GuestView,
    Needs,
    OffersView,
    ServicesView,
    ServiceView,
)
from kasugai.core.telling.survivable import Promises
from kasugai.core.telling.whatif import Loss, lose
from kasugai.core.words.capacity import Outlook, Snapshot
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.timing import PRODUCTION

SEGMENTS, RACK, GUESTS, PAGE, ZONES = 200, 50, 200_000, 1000, 10
HOSTS = [f"r{rack}n{n}.example.org" for rack in range(1, SEGMENTS + 1) for n in range(1, RACK + 1)]
MANY = 2_000
SECONDS, MEGABYTES = 10, 500
FLAVORS = tuple(
    Needs(resources=(("DISK_GB", 10 * gib), ("MEMORY_MB", 1024 * gib), ("VCPU", cpus)))
    for cpus in (1, 2, 4, 8)
    for gib in (2, 4, 8, 16, 32)
)
CAPACITY = {"DISK_GB": 3_000, "MEMORY_MB": 1024 * 288, "VCPU": 96}
"""Of a host: four fifths of it are used."""
GROUPED = 4
"""Every tenth guest is in an anti-affinity group of so many."""


def run() -> Iterator[Figure]:
    """Let a process measure itself."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.whatif"], capture_output=True, text=True, check=True, timeout=600
    )
    for what, (value, unit, limit) in json.loads(done.stdout).items():
        yield Figure(bench="whatif", what=what, value=value, unit=unit, limit=limit)


def main() -> None:
    """Measure and print."""
    found: dict[str, tuple[float, str, float | None]] = {}
    snapshot, took = _snapshot()
    found["10,000 hosts, 200,000 guests: a snapshot of views"] = took, "s", None
    for lost in (HOSTS[:1], HOSTS[:RACK], HOSTS[:: len(HOSTS) // MANY]):
        began = time.process_time()
        loss = lose(snapshot, lost)
        took = time.process_time() - began
        found[f"... {len(lost):,} hosts lost, {len(loss.guests):,} guests dealt"] = took, "s", SECONDS
        found[f"... of which there is room for, {len(lost):,}"] = _placed(loss), "%", None
    began = time.process_time()
    promises = list(map(Promises(snapshot).of, snapshot.segments.values()))
    found["... how many hosts of each of 200 segments may be lost"] = (
        time.process_time() - began,
        "s",
        SECONDS,
    )
    found["... the least of them"] = min(each.lost or 0 for each in promises), "hosts", None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found["... memory at most, all of the above"] = peak, "MiB", MEGABYTES
    sys.stdout.write(json.dumps(found))


def _placed(loss: Loss) -> float:
    counts = loss.counts()
    return 100 * (counts[Outlook.FITS] + counts[Outlook.HELD]) / len(loss.guests)


def _snapshot() -> tuple[Snapshot, float]:
    """Return a snapshot, and the seconds that it took beside what it takes to make up views and answers."""
    began = time.process_time()
    census = Census(_described(), ServicesView(computes=tuple(_services())), (), _groups(), PRODUCTION)
    took = time.process_time() - began
    chance = Random(1)
    used: dict[str, dict[str, int]] = {host: dict.fromkeys(CAPACITY, 0) for host in HOSTS}
    for first in range(0, GUESTS, PAGE):
        page = [_guest(n, chance) for n in range(first, first + PAGE)]
        for guest in page:
            for name, count in guest.needs.resources if guest.needs else ():
                used[guest.host][name] += count
        began = time.process_time()
        census.take(page)
        took += time.process_time() - began
    offers = {needs: _offers(needs, used) for needs in census.needs}
    began = time.process_time()
    return census.snapshot(offers), took + time.process_time() - began


def _described() -> Described:
    segments = {f"s{n}": SegmentRecord(segment_id=f"s{n}", name=f"rack{n}") for n in range(SEGMENTS)}
    hosts = {
        host: HostRecord(host_uuid=f"u-{host}", name=host, segment_id=f"s{at // RACK}")
        for at, host in enumerate(HOSTS)
    }
    return Described(segments=segments, hosts=hosts, devices=dict.fromkeys(HOSTS, True))


def _services() -> Iterator[ServiceView]:
    for at, host in enumerate(HOSTS):
        yield ServiceView(
            service_id=f"s-{host}",
            host=host,
            is_up=True,
            is_enabled=True,
            forced_down=False,
            updated_at="2026-12-01T05:00:00.000000",
            age=3.0,
            age_is_bound=False,
            zone=f"az{at * ZONES // len(HOSTS)}",
        )


def _uuid(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-{number:012x}"


def _groups() -> tuple[GroupView, ...]:
    grouped = range(0, GUESTS, 10)
    return tuple(
        GroupView(
            group_id=f"g{at}",
            policy="anti-affinity",
            project="p",
            members=tuple(_uuid(n) for n in grouped[at : at + GROUPED]),
        )
        for at in range(0, len(grouped), GROUPED)
    )


def _guest(number: int, chance: Random) -> GuestView:
    return GuestView(
        uuid=_uuid(number),
        name=f"web-{number}",
        host=HOSTS[number % len(HOSTS)],
        vm_state="active",
        task_state=None,
        power_state=1,
        metadata={"HA_Enabled": "yes"} if number % 7 == 0 else {},
        project=f"project-{number % 500}",
        flavor="m1",
        needs=chance.choice(FLAVORS),
    )


def _offers(needs: Needs, used: dict[str, dict[str, int]]) -> OffersView:
    ways: dict[str, tuple[tuple[tuple[str, str, int], ...], ...]] = {}
    free: dict[tuple[str, str], int] = {}
    for host, taken in used.items():
        left = {name: CAPACITY[name] - count for name, count in taken.items()}
        if all(left[name] >= count for name, count in needs.resources):
            ways[host] = (tuple((host, name, count) for name, count in needs.resources),)
            free |= {(host, name): left[name] for name, _ in needs.resources}
    return OffersView(ways=ways, free=free)


if __name__ == "__main__":
    main()
