"""Fifty guests of one host in virtual time, by the production code: as fast and with as few reads as section 7 wants.

The bench measures the same on real servers; here no load of the machine disturbs it, and chance has a seed.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import Source, Symptom
from kasugai.sim.cloud import REAL, large_cloud, two_cores
from kasugai.sim.cloud.pace import Pace
from kasugai.sim.cloud.wire import Request
from kasugai.sim.door import CloudDoor
from kasugai.sim.lab.laboratory import Lab
from kasugai.sim.loop import run

GUESTS = 50
IN_FLIGHT = 10
OURS, BARE = "cmp1", "cmp2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Seconds from the first evacuate call to the last landing, and what Nova was asked until it was over."""

    ours: float
    bare: float
    calls: int
    looks: int


FAR = replace(REAL, wire=(0.15, 0.2))
"""A Nova that is far away, or asked by a slow machine: a third of a second is added to each answer."""


async def measure(congestion: Callable[[int], float], seed: int, pace: Pace = REAL) -> Figures:
    lab = Lab(pace=replace(pace, spawn=0.1), policy=Policy(max_unhealthy=100))
    world = lab.cloud.world
    world.chance, world.congestion = random.Random(seed), congestion
    lab.describe_segment("rack1")
    for host in [f"cmp{n}" for n in range(1, 9)]:
        lab.cloud.add_host(host)
        lab.describe_host(host, "rack1")
    for host in (OURS, BARE):
        for n in range(GUESTS):
            lab.cloud.add_guest(f"{host}-{n}", host)
    lab.start()
    await asyncio.sleep(30 + seed / 27)
    for host in (OURS, BARE):
        lab.cloud.hosts.power_off(host)
    since = len(lab.cloud.wire.requests)
    lab.observe(OURS, "cli", Source.REPORTED, Symptom.DOWN, "1", asserted=True)
    while not any(f"close {OURS} (recovered)" in line for line in lab.lines):  # noqa: ASYNC110 - virtual time
        await asyncio.sleep(1)
    requests = lab.cloud.wire.requests[since:]
    ours = span(lab, OURS, requests)
    since = len(lab.cloud.wire.requests)
    await call_bare(lab)
    bare = span(lab, BARE, lab.cloud.wire.requests[since:])
    assert not lab.invariants.broken
    calls = sum(request.action == "evacuate" for request in requests)
    return Figures(ours=ours, bare=bare, calls=calls, looks=sum(is_nova_asked(r) for r in requests))


def is_nova_asked(request: Request) -> bool:
    """Whether a request reads something of Nova; the power is read from its device."""
    return request.method == "GET" and request.action != "power"


def span(lab: Lab, source: str, requests: list[Request]) -> float:
    records = [record for record in lab.cloud.world.migrations if record.source == source]
    assert [record.status for record in records] == ["done"] * GUESTS
    first = min(request.t for request in requests if request.action == "evacuate")
    return max(record.updated_at for record in records) - first


async def call_bare(lab: Lab) -> None:
    """Fifty calls, ten in flight, each as soon as an earlier one was answered."""
    nova, slots = CloudDoor(lab.cloud, client=60.0), asyncio.Semaphore(IN_FLIGHT)
    service = await nova.service(BARE)
    assert service is not None
    await nova.force_down(service.service_id, "bench")

    async def call(uuid: str) -> None:
        async with slots:
            await nova.evacuate(uuid)

    left = [guest.uuid for guest in lab.cloud.world.guests.values() if guest.host == BARE]
    await asyncio.gather(*(call(uuid) for uuid in left))
    while any(guest.host == BARE for guest in lab.cloud.world.guests.values()):  # noqa: ASYNC110 - virtual time
        await asyncio.sleep(1)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("congestion", "limit", "pace"),
    [
        pytest.param(two_cores, 0.75, REAL, id="two cores"),
        pytest.param(two_cores, 0.75, FAR, id="two cores, far away"),
        pytest.param(large_cloud, 1.3, REAL, id="large"),
    ],
)
def test_fifty_guests_come_back_in_time_and_for_a_read_each(
    congestion: Callable[[int], float], limit: float, pace: Pace, seed: int
) -> None:
    figures = run(measure(congestion, seed, pace))
    assert figures.ours <= limit * figures.bare
    assert figures.calls == GUESTS
    assert figures.looks <= GUESTS * 0.95


async def recover_six(congestion: Callable[[int], float], *, has_device: bool) -> list[Request]:
    """Return what Nova was asked, calls and all."""
    lab = Lab(pace=replace(REAL, spawn=0.1), policy=Policy(max_unhealthy=100))
    lab.cloud.world.congestion = congestion
    lab.describe_segment("rack1")
    for host in ("cmp1", "cmp2", "cmp3"):
        lab.cloud.add_host(host, has_device=has_device and host == OURS)
        lab.describe_host(host, "rack1")
    for n in range(6):
        lab.cloud.add_guest(f"web{n}", OURS)
    lab.start()
    await asyncio.sleep(30)
    lab.cloud.hosts.power_off(OURS)
    since = len(lab.cloud.wire.requests)
    lab.observe(OURS, "cli", Source.REPORTED, Symptom.DOWN, "1", asserted=True)
    while not any(f"close {OURS} (recovered)" in line for line in lab.lines):  # noqa: ASYNC110 - virtual time
        await asyncio.sleep(1)
    assert not lab.invariants.broken
    return [request for request in lab.cloud.wire.requests[since:] if request.action != "power"]


@pytest.mark.parametrize(
    ("congestion", "has_device", "most"),
    [
        pytest.param(large_cloud, True, 18, id="a device that reads off"),
        pytest.param(large_cloud, False, 23, id="no device, so Nova's record stands still first"),
        pytest.param(two_cores, True, 20, id="a small Nova"),
        pytest.param(two_cores, False, 25, id="a small Nova, no device"),
    ],
)
def test_six_guests_cost_few_requests(
    congestion: Callable[[int], float], has_device: bool, most: int
) -> None:
    asked = run(recover_six(congestion, has_device=has_device))
    assert [request.action for request in asked].count("evacuate") == 6
    assert len(asked) <= most
