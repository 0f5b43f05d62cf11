"""One host with fifty instances, recovered by Kasugai and by fifty bare calls (10 in flight) in the same run.

Time counts from the first evacuate call to the last landing, requests until the incident is closed.
On a Nova that congestion slows as nova.md measured, and on one that takes a second whatever it carries.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace

from bench.figures import Figure
from bench.records import Watch, publish
from bench.site import Site, await_, say
from kasugai.adapters.nova import NovaCloud
from kasugai.core.words.policy import Policy
from kasugai.schemas.topics import REPORTED, VERDICTS
from kasugai.sim.cloud import REAL, SimCloud, large_cloud, two_cores
from kasugai.sim.cloud.pace import Pace

GUESTS = 50
IN_FLIGHT = 10
OURS, BARE = "cmp1.example.org", "cmp2.example.org"
OTHERS = [f"cmp{n}.example.org" for n in range(3, 9)]

CLOUDS: tuple[tuple[str, bool, Pace, float], ...] = (
    ("on a Nova that congestion slows", True, REAL, 0.75),
    ("on one that it does not (1 s each)", False, replace(REAL, spawn=0.1), 1.3),
)
"""Name, congested, pace, and how much of the bare calls' time Kasugai may take."""


def run() -> Iterator[Figure]:
    """Measure on both."""
    for name, congested, pace, limit in CLOUDS:
        say(f"evacuations: {name}")
        yield from _on(name, congested, pace, limit)


def _on(name: str, congested: bool, pace: Pace, limit: float) -> Iterator[Figure]:
    def build(cloud: SimCloud) -> None:
        cloud.world.congestion = two_cores if congested else large_cloud
        for host in (OURS, BARE, *OTHERS):
            cloud.add_host(host, has_device=False)
        for host in (OURS, BARE):
            for n in range(GUESTS):
                cloud.add_guest(f"{host}-{n}", host)

    with Site(build, pace=pace, failing=(OURS,)) as site:
        site.describe([[OURS, BARE, *OTHERS]], Policy(max_unhealthy=100))
        site.start("route-1", "correlate-1", "worker-1")
        site.lose([OURS, BARE])
        with Watch(site.kafka.bootstrap, [VERDICTS], 12) as watch:
            publish(site.kafka.bootstrap, REPORTED, [site.fault(OURS, asserted=True)])
            await_(lambda: watch.has_closed(OURS), "fifty have landed and the incident is closed", 300)
        assert _landed(site, OURS) == GUESTS
        ours, requests = _span(site, OURS), site.requests()
        asyncio.run(_call_bare(site))
        await_(lambda: _landed(site, BARE) == GUESTS, "fifty bare calls have landed", 300)
        bare = _span(site, BARE)
    calls = sum(request.action == "evacuate" for request in requests)
    looks = sum(request.method == "GET" and request.subject != "keystone" for request in requests)
    tokens = sum(request.action == "token" for request in requests)
    yield Figure(bench="evacuations", what=f"50 bare calls, {name}", value=bare, unit="s")
    yield Figure(bench="evacuations", what=f"Kasugai, {name}", value=ours, unit="s")
    yield Figure(
        bench="evacuations", what=f"of the bare calls, {name}", value=ours / bare, unit="x", limit=limit
    )
    yield Figure(
        bench="evacuations", what=f"evacuate calls per guest, {name}", value=calls / GUESTS, unit="", limit=1
    )
    yield Figure(bench="evacuations", what=f"looks per guest, {name}", value=looks / GUESTS, unit="", limit=1)
    yield Figure(bench="evacuations", what=f"tokens, {name}", value=tokens, unit="", limit=1)


def _landed(site: Site, source: str) -> int:
    return site.cloud.do(
        lambda cloud: sum(m.source == source and m.status == "done" for m in cloud.world.migrations)
    )


def _span(site: Site, source: str) -> float:
    """Return the seconds from the first evacuate call for a guest of the host to the last landing."""

    def look(cloud: SimCloud) -> float:
        records = [record for record in cloud.world.migrations if record.source == source]
        guests = {record.guest for record in records}
        calls = [r.t for r in cloud.wire.requests if r.action == "evacuate" and r.subject in guests]
        return max(record.updated_at for record in records) - min(calls)

    return site.cloud.do(look)


async def _call_bare(site: Site) -> None:
    """Fifty calls, ten in flight, each as soon as an earlier one was answered."""
    guests = site.cloud.do(lambda c: [g.uuid for g in c.world.guests.values() if g.host == BARE])
    nova = NovaCloud(site.settings.nova, client=60.0)
    service = await nova.service(BARE)
    assert service is not None
    await nova.force_down(service.service_id, "bench")
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def call(guest: str) -> None:
        async with slots:
            await nova.evacuate(guest)

    began = time.monotonic()
    await asyncio.gather(*(call(guest) for guest in guests))
    say(f"evacuations: bare calls were answered within {time.monotonic() - began:.1f} s")
    await nova.close()
