"""A large deployment: 10,000 hosts in 200 segments, and 100 of them lost at once with 20 instances each.

Kasugai keeps nothing of an instance before it plans, so the simulated Nova holds only the hosts that are lost and
those that take their instances: what 200,000 instances weigh is Nova's business.
"""

import time
from collections.abc import Iterator

from bench.figures import Figure, percentile
from bench.records import Watch, publish
from bench.site import Site, await_, say
from kasugai.core.words.incident import Open
from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import Kind
from kasugai.core.words.verdicts import Verb, Verdict
from kasugai.schemas.topics import INCIDENTS, REPORTED, VERDICTS
from kasugai.sim.cloud import SimCloud

SEGMENTS, RACK, LOST, GUESTS = 200, 50, 100, 20
RACKS = [[f"r{rack}n{n}.example.org" for n in range(1, RACK + 1)] for rack in range(1, SEGMENTS + 1)]
FAILING = [rack[0] for rack in RACKS[:LOST]]
TAKING = [rack[1] for rack in RACKS]


def run() -> Iterator[Figure]:
    """Measure the start, the hundred incidents, and what the processes weigh."""
    with Site(_build, failing=FAILING) as site:
        began = time.monotonic()
        site.describe(RACKS, Policy())
        took = time.monotonic() - began
        yield Figure(bench="large", what="10,000 hosts described", value=took, unit="s")
        say("large: the processes start")
        took = site.start("route-1", "route-2", "correlate-1", "correlate-2", "worker-1", "worker-2")
        yield Figure(bench="large", what="all processes at work with them", value=took, unit="s")
        yield from _memory(site, "idle")
        yield from _hundred(site)
        yield from _memory(site, "after 100 incidents")


def _build(cloud: SimCloud) -> None:
    for host in (*FAILING, *TAKING):
        cloud.add_host(host, has_device=False)
    for host in FAILING:
        for n in range(GUESTS):
            cloud.add_guest(f"{host}-{n}", host)


def _memory(site: Site, when: str) -> Iterator[Figure]:
    for name, megabytes in site.memory().items():
        yield Figure(bench="large", what=f"memory of {name}, {when}", value=megabytes, unit="MiB")


def _hundred(site: Site) -> Iterator[Figure]:
    say(f"large: {LOST} hosts are lost at once")
    with Watch(site.kafka.bootstrap, [INCIDENTS[Kind.HOST], VERDICTS], 12) as watch:
        site.lose(FAILING)
        said, began = time.time() * 1000, time.monotonic()
        publish(site.kafka.bootstrap, REPORTED, [site.fault(host, asserted=True) for host in FAILING])
        await_(lambda: len(_closed(watch)) == LOST, f"{LOST} incidents are over", 900)
        took = time.monotonic() - began
        opened = [at - said for at, _, value in watch.seen if isinstance(value, Open) and value.n == 1]
    requests = site.requests()
    calls = sum(request.action == "evacuate" for request in requests) / (LOST * GUESTS)
    yield Figure(
        bench="large", what="100 incidents at once: published, p50", value=percentile(opened, 50), unit="ms"
    )
    yield Figure(bench="large", what="100 incidents at once: published, last", value=max(opened), unit="ms")
    yield Figure(bench="large", what="2,000 instances back, all 100 closed", value=took, unit="s")
    yield Figure(bench="large", what="evacuate calls per guest", value=calls, unit="", limit=1)
    twice = site.cloud.do(lambda cloud: len(cloud.witness.breaches))
    yield Figure(bench="large", what="doubled, shot or run twice", value=twice, unit="", limit=0)


def _closed(watch: Watch) -> set[str]:
    words = [value for _, _, value in list(watch.seen) if isinstance(value, Verdict)]
    return {word.subject.name for word in words if word.verb is Verb.CLOSE}
