"""How many faults a second route and correlate digest, next to a bare consumer of the same records in the same run, and
how long the whole pipeline takes to digest a burst.
"""

import time
from collections.abc import Iterator, Sequence

from bench.figures import Figure
from bench.records import Watch, depth, mark, publish, read_bare
from bench.site import Site, await_, say
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Fault
from kasugai.schemas.topics import REPORTED, SIGNALS, VERDICTS

PARTITIONS = 12
BULK = 30_000
BURST = 5_000
HOSTS = [f"cmp{n}.example.org" for n in range(1, 41)]
CROWD = [f"node{n}.example.org" for n in range(1, 5_001)]
RACK = 50


def run() -> Iterator[Figure]:
    """Measure all."""
    racks = [CROWD[n : n + RACK] for n in range(0, len(CROWD), RACK)]
    with Site(partitions=PARTITIONS) as site:
        say(f"throughput: an inventory of {len(HOSTS) + len(CROWD)} hosts")
        site.describe([HOSTS[:20], HOSTS[20:], *racks], Policy())
        yield from _bulk(site)
        yield from _bursts(site)


def _bulk(site: Site) -> Iterator[Figure]:
    """Three observers of forty hosts who repeat themselves, a great many records."""
    bootstrap = site.kafka.bootstrap
    publish(bootstrap, REPORTED, _repeated(site, BULK))
    say(f"throughput: {BULK} faults are published; a bare consumer, then route, then correlate")
    bare = read_bare(bootstrap, REPORTED, BULK, "Fault")
    yield Figure(bench="throughput", what="bare consumer, decoding", value=bare, unit="faults/s")
    count = depth(bootstrap, SIGNALS, PARTITIONS)
    site.crew.add("route-1")
    await_(lambda: count() > len(CROWD) + 2 * len(HOSTS), "route has forwarded the inventory", 180)
    first, began = count(), time.monotonic()
    target = len(CROWD) + len(HOSTS) + len(CROWD) // RACK + 2 + BULK
    await_(lambda: count() >= target, "route is through", 180)
    route = (target - first) / (time.monotonic() - began)
    yield Figure(bench="throughput", what="route", value=route, unit="faults/s")
    yield Figure(bench="throughput", what="route, of the bare consumer", value=route / bare, unit="x")
    with Watch(bootstrap, [VERDICTS], PARTITIONS) as watch:
        marks = mark(bootstrap, PARTITIONS, lambda n: site.fault(f"mark{n}"))
        site.start("correlate-1")
        began = time.monotonic()
        await_(lambda: marks <= watch.named(), "correlate is through", 300)
        end = watch.when_named(marks)
    assert end is not None
    rate = target / (end - began)
    yield Figure(bench="throughput", what="correlate, cold", value=rate, unit="faults/s")
    yield Figure(bench="throughput", what="correlate, of the bare consumer", value=rate / bare, unit="x")


def _bursts(site: Site) -> Iterator[Figure]:
    again = _repeated(site, BURST, since=1_000)
    fresh = [site.fault(HOSTS[n % 40], observer=f"cli{n % 3}") for n in range(BURST)]
    crowd = [site.fault(host) for host in CROWD]
    for what, faults, limit in (
        ("5,000 repeating faults about 40 hosts", again, 5.0),
        ("5,000 distinct faults about 40 hosts", fresh, 5.0),
        ("5,000 distinct subjects", crowd, 10.0),
    ):
        say(f"burst: {what}")
        took = digest(site, faults)
        yield Figure(bench="burst", what=what, value=took, unit="s", limit=limit)


def digest(site: Site, faults: Sequence[Fault]) -> float:
    """Publish at once; return the seconds until each mailbox partition is decided to its end."""
    bootstrap = site.kafka.bootstrap
    count = depth(bootstrap, SIGNALS, PARTITIONS)
    with Watch(bootstrap, [VERDICTS], PARTITIONS) as watch:
        before, began = count(), time.monotonic()
        publish(bootstrap, REPORTED, faults)
        await_(lambda: count() >= before + len(faults), "route is through", 180)
        marks = mark(bootstrap, PARTITIONS, lambda n: site.fault(f"mark{n}"))
        await_(lambda: marks <= watch.named(), "correlate is through", 300)
        end = watch.when_named(marks)
    assert end is not None
    return end - began


def _repeated(site: Site, number: int, since: int = 0) -> list[Fault]:
    """Three observers of each host who say the same again and again."""
    return [
        site.fault(HOSTS[n % 40], observer=f"cli{n // 40 % 3}", episode=f"standing-{since}")
        for n in range(number)
    ]
