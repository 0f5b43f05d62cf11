"""Shows a watcher a minimal history and gives what it says."""

import asyncio

from kasugai.core.words.timing import BrokerTime, Instant
from kasugai.sim.cloud import SimCloud
from kasugai.sim.lab.invariants.watcher import Sight, Watcher
from kasugai.sim.loop import run
from tests.unit.core.makers import HOST

GUEST = "web1"

At = tuple[Instant, Sight]
"""When something was seen, on the broker's clock, and what."""


def cloud_of(*, device: bool = True, power: bool = True) -> SimCloud:
    """Return a cloud of two hosts; the first runs a guest, and has a power device and power, or not."""

    async def main() -> SimCloud:
        cloud = SimCloud(asyncio.get_running_loop())
        cloud.add_host(HOST, has_device=device)
        cloud.add_host("cmp2")
        cloud.add_guest(GUEST, HOST)
        if not power:
            cloud.hosts.power_off(HOST)
        return cloud

    return run(main())


def told(kind: type[Watcher], *history: Sight | At, cloud: SimCloud | None = None) -> list[str]:
    """Return what a new watcher says of a history; what stands without a time was seen at 0."""
    watcher = kind(cloud or cloud_of())
    said: list[str] = []
    for one in history:
        at, what = one if isinstance(one, tuple) else (0, one)
        assert isinstance(what, kind.sees), f"{kind.__name__} is never shown a {type(what).__name__}"
        said += watcher.saw(what, BrokerTime(at))
    return said
