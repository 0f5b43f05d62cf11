"""Guests that die: one after another, five hundred of one host within a second; and what a worker of all kinds weighs.

Production profile. One after another on a Nova that answers at once, which leaves what is Kasugai's own; the crowd on
one that takes 10-40 ms for a read, over HTTP, where a host whose guests all die is waited with for three seconds.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from bench.figures import Figure, percentile
from bench.records import publish
from bench.site import Site, await_, say
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Fault, Source, fault
from kasugai.core.words.subject import Kind
from kasugai.schemas.topics import REPORTED
from kasugai.sim.cloud import REAL, SimCloud
from kasugai.sim.cloud.wire import READS

HOSTS = [f"cmp{n}.example.org" for n in range(1, 46)]
WARM = 5
"""Guests that do not count."""
CROWD = 500
AT_ONCE = replace(REAL, wire=(0.0, 0.0), read=(0.0, 0.0))
LEFT = frozenset({"token", "other", "controllers"})
"""Requests about nobody."""
PROBES = ("hosts-1", "worker-1")
"""A worker of hosts alone, and one of all kinds."""


def run() -> Iterator[Figure]:
    """Measure all."""
    yield from _one_by_one()
    yield from _crowd()
    yield from _weights()


def _figure(what: str, value: float, unit: str, limit: float | None = None) -> Figure:
    return Figure(bench="guests", what=what, value=value, unit=unit, limit=limit)


def _one_by_one() -> Iterator[Figure]:
    def build(cloud: SimCloud) -> None:
        for host in HOSTS:
            cloud.add_host(host, has_device=False)
            cloud.add_guest(f"guest of {host}", host)

    with Site(build, pace=AT_ONCE) as site:
        site.describe([HOSTS], Policy(restart_all=True, max_unhealthy=100))
        site.start("route-1", "correlate-1", "worker-1")
        say(f"guests: {len(HOSTS)}, one after another")
        samples = [_sample(site, uuid) for uuid in _guests(site)][WARM:]
        looked, called, back, asked = zip(*samples, strict=True)
    yield _figure("instance fault published → first look at Nova, p50", percentile(looked, 50), "ms")
    yield _figure("instance fault published → first call, p50", percentile(called, 50), "ms", 40.0)
    yield _figure("instance fault published → first call, p99", percentile(called, 99), "ms")
    yield _figure("instance fault published → ACTIVE, p50", percentile(back, 50) / 1000, "s")
    yield _figure("requests for one guest alone", percentile(asked, 50), "")


def _sample(site: Site, uuid: str) -> tuple[float, float, float, float]:
    """Let a guest die; return when it was first looked at, called about and back, in milliseconds after its fault, and
    how many requests there were."""
    since, name = len(site.requests()), uuid
    _die(site, [uuid])
    said = time.time() * 1000
    publish(site.kafka.bootstrap, REPORTED, _faults(site, [uuid]))
    await_(lambda: bool(_back(site, [uuid])), f"{name} is back", 60)
    await_(lambda: not _leased(site), f"{name} is over", 60)
    requests = [request for request in site.requests(since) if request.action not in LEFT]
    effects = [request for request in requests if request.action not in READS]
    looked, called = (
        site.cloud.do(lambda cloud, t=each.t: cloud.world.wall(t)) * 1000 - said  # type: ignore[misc]
        for each in (requests[0], effects[0])
    )
    return looked, called, _back(site, [uuid])[uuid] - said, float(len(requests))


def _crowd() -> Iterator[Figure]:
    def build(cloud: SimCloud) -> None:
        for host in HOSTS[:3]:
            cloud.add_host(host, has_device=False)
        for n in range(CROWD):
            cloud.add_guest(f"guest{n}", HOSTS[0])

    with Site(build) as site:
        site.describe([HOSTS[:3]], Policy(restart_all=True, max_unhealthy=100))
        site.start("route-1", "correlate-1", "worker-1")
        say(f"guests: {CROWD} of one host within a second")
        guests, since = _guests(site), len(site.requests())
        before = site.memory()["worker-1"]
        _die(site, guests)
        said = time.time() * 1000
        publish(site.kafka.bootstrap, REPORTED, _faults(site, guests))
        await_(lambda: len(_back(site, guests)) == CROWD, "all are back", 300)
        await_(lambda: not _leased(site), "all is over", 60)
        took = [at - said for at in _back(site, guests).values()]
        requests = [request for request in site.requests(since) if request.action not in LEFT]
        starts = sum(request.action == "start" for request in requests)
        after = site.memory()["worker-1"]
    yield _figure(f"{CROWD} at once: fault → ACTIVE, p50", percentile(took, 50) / 1000, "s")
    yield _figure(f"{CROWD} at once: fault → ACTIVE, p95", percentile(took, 95) / 1000, "s", 15.0)
    yield _figure(f"{CROWD} at once: requests a guest", len(requests) / CROWD, "", 6.0)
    yield _figure(f"{CROWD} at once: starts a guest", starts / CROWD, "", 1.0)
    yield _figure(f"{CROWD} at once: memory of the worker before", before, "MiB")
    yield _figure(f"{CROWD} at once: memory of the worker after", after, "MiB")


def _weights() -> Iterator[Figure]:
    with Site() as site:
        weights = {}
        for name in PROBES:
            site.start(name)
            time.sleep(5)
            weights[name] = site.memory()[name]
            site.crew.end(name)
    yield _figure("memory of a worker of hosts alone", weights[PROBES[0]], "MiB")
    yield _figure("memory of a worker of three kinds", weights[PROBES[1]], "MiB")
    yield _figure("... of the worker of hosts alone", weights[PROBES[1]] / weights[PROBES[0]], "x", 1.15)


def _guests(site: Site) -> list[str]:
    return site.cloud.do(lambda cloud: list(cloud.world.guests))


def _die(site: Site, guests: Sequence[str]) -> None:
    def die(cloud: SimCloud) -> None:
        for uuid in guests:
            cloud.guest_dies(cloud.world.guests[uuid].name)

    site.cloud.do(die)


def _back(site: Site, guests: Sequence[str]) -> dict[str, float]:
    """Return when each of the guests that were started again was, in milliseconds since 1970."""

    def look(cloud: SimCloud) -> dict[str, float]:
        world = cloud.world
        starts = {entry.guest: entry.t for entry in cloud.diary.entries if entry.event == "started"}
        is_active = {uuid for uuid in guests if world.guests[uuid].vm_state == "active"}
        return {
            uuid: world.wall(starts[uuid]) * 1000
            for uuid in is_active
            if world.guests[uuid].task_state is None and cloud.diary.running_on(uuid)
        }

    return site.cloud.do(look)


def _leased(site: Site) -> bool:
    from redis import Redis

    with Redis.from_url(site.redis.url, decode_responses=True) as redis:
        return any("lease" in key for key in redis.scan_iter("*"))


def _faults(site: Site, guests: Sequence[str]) -> list[Fault]:
    hosts = site.cloud.do(lambda cloud: {uuid: cloud.world.guests[uuid].host or "" for uuid in guests})
    return [
        fault(
            host=hosts[uuid],
            host_uuid=site.uuids.get(hosts[uuid], ""),
            kind=Kind.INSTANCE,
            detail=uuid,
            observer="api",
            source=Source.REPORTED,
            episode=f"{uuid} died",
            observed_at=round(time.time() * 1000),
        )
        for uuid in guests
    ]
