"""How long it takes from a fault that somebody vouches for to the incident, and from there to the first call at Nova.

One host after another, on a pipeline that has nothing else to do; production profile. Once on a Nova that answers at
once, which leaves what is Kasugai's own, and once on one that takes 10-40 ms for a read, as nova.md measured.
"""

import time
from collections.abc import Iterator
from dataclasses import replace

from bench.figures import Figure, percentile
from bench.records import Watch, publish
from bench.site import Site, await_, say
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import Kind
from kasugai.schemas.topics import INCIDENTS, REPORTED, VERDICTS
from kasugai.sim.cloud import REAL, Pace, SimCloud
from kasugai.sim.cloud.wire import READS

HOSTS = [f"cmp{n}.example.org" for n in range(1, 46)]
DESTINATIONS = 10
"""So many are never lost."""
WARM = 5
"""Hosts that do not count."""
AT_ONCE = replace(REAL, wire=(0.0, 0.0), read=(0.0, 0.0))


def run() -> Iterator[Figure]:
    """Measure all."""
    opened, called = _measure(AT_ONCE)
    yield from _rows("fault published → incident published", opened, (15.0, 60.0))
    yield from _rows("incident published → first call, Nova answers at once", called, (40.0, None))
    _, called = _measure(REAL)
    yield from _rows("incident published → first call, 10-40 ms a read", called, (None, None))


def _measure(pace: Pace) -> tuple[tuple[float, ...], tuple[float, ...]]:
    with Site(_build, pace=pace, failing=HOSTS[:-DESTINATIONS]) as site:
        site.describe([HOSTS], Policy(max_unhealthy=100))
        site.start("route-1", "correlate-1", "worker-1")
        say(f"latency: {len(HOSTS) - DESTINATIONS} hosts, one after another")
        opened, called = zip(*_samples(site), strict=True)
    return opened, called


def _build(cloud: SimCloud) -> None:
    for host in HOSTS:
        cloud.add_host(host, has_device=False)
        cloud.add_guest(f"guest of {host}", host)


def _rows(
    what: str, values: tuple[float, ...], limits: tuple[float | None, float | None]
) -> Iterator[Figure]:
    for percent, limit in zip((50, 99), limits, strict=True):
        value = percentile(values[WARM:], percent)
        yield Figure(bench="latency", what=f"{what}, p{percent}", value=value, unit="ms", limit=limit)


def _samples(site: Site) -> Iterator[tuple[float, float]]:
    """Yield (fault to incident, incident to first call) in milliseconds for each host."""
    bootstrap = site.kafka.bootstrap
    with Watch(bootstrap, [INCIDENTS[Kind.HOST], VERDICTS], 12) as watch:
        for host in HOSTS[:-DESTINATIONS]:
            since = len(site.requests())
            site.lose([host])
            said = time.time() * 1000
            publish(bootstrap, REPORTED, [site.fault(host, asserted=True)])
            await_(lambda host=host: watch.has_closed(host), f"{host} is recovered", 120)  # type: ignore[misc]
            order = next(at for at, _, v in watch.seen if isinstance(v, Open) and v.host == host)
            yield order - said, _first_call(site, since) - order


def _first_call(site: Site, since: int) -> float:
    """Return when Nova got the first request that changes something, in milliseconds since 1970."""
    effects = [r for r in site.requests(since) if r.action not in READS and r.action != "token"]
    return site.cloud.do(lambda cloud: cloud.world.wall(effects[0].t)) * 1000
