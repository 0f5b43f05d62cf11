"""How long evacuations stand still after the worker that carried them out was killed with -9; production profile."""

import re
import time
from collections.abc import Iterator
from dataclasses import replace

from bench.figures import Figure
from bench.records import publish
from bench.site import Site, await_, say
from kasugai.core.words.policy import Policy
from kasugai.schemas.topics import REPORTED
from kasugai.sim.cloud import REAL, SimCloud

GUESTS = 20
HOSTS = [f"cmp{n}.example.org" for n in range(1, 9)]
PACE = replace(REAL, spawn=2.0)


def run() -> Iterator[Figure]:
    """Kill the owner for good, then one that a supervisor starts again at once."""
    for what, restarts, limit in (("never to return", False, 15.0), ("started again at once", True, 5.0)):
        say(f"takeover: a worker {what}")
        yield Figure(
            bench="takeover",
            what=f"kill -9 of the owner, {what} → next evacuate call",
            value=_pause(restarts),
            unit="s",
            limit=limit,
        )


def _build(cloud: SimCloud) -> None:
    for host in HOSTS:
        cloud.add_host(host, has_device=False)
    for n in range(GUESTS):
        cloud.add_guest(f"guest{n}", HOSTS[0])


def _pause(restarts: bool) -> float:
    with Site(_build, pace=PACE, failing=HOSTS[:1]) as site:
        site.describe([HOSTS], Policy(window=4, max_unhealthy=100))
        site.start("route-1", "correlate-1", "worker-1", "worker-2")
        site.lose(HOSTS[:1])
        publish(site.kafka.bootstrap, REPORTED, [site.fault(HOSTS[0], asserted=True)])
        await_(lambda: _calls(site) >= 6, "six evacuations are called", 60)
        owner = _owner(site)
        before, began = _calls(site), time.monotonic()
        if restarts:
            site.crew.kill(owner)
        else:
            site.crew.end(owner)
        await_(lambda: _calls(site) > before, "the next call", 120)
        return time.monotonic() - began


def _calls(site: Site) -> int:
    return sum(request.action == "evacuate" for request in site.requests())


def _owner(site: Site) -> str:
    """Return which worker holds the host's lease: Redis knows its incarnation, which begins with its name."""
    found = re.search(r"worker-\d", _lease(site))
    assert found is not None, "somebody is at work"
    return found.group()


def _lease(site: Site) -> str:
    from redis import Redis

    with Redis.from_url(site.redis.url, decode_responses=True) as redis:
        (key,) = [key for key in redis.scan_iter("*") if "lease" in key and HOSTS[0] in key]
        return str(redis.hgetall(key) if redis.type(key) == "hash" else redis.get(key))
