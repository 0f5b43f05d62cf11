"""Two places where the `Cloud` port is played: in memory under virtual time, and our Nova adapter over HTTP."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Protocol, TypeVar

from kasugai.adapters.nova import NovaCloud
from kasugai.adapters.settings import NovaSettings
from kasugai.sim.cloud import Pace, SimCloud
from kasugai.sim.door import CloudDoor
from kasugai.sim.http import CloudThread
from kasugai.sim.loop import run
from kasugai.workers.ports import Cloud

T = TypeVar("T")

CLIENT = 1.0
"""Seconds after which both clients give a request up."""

SWIFT = Pace(
    report_interval=1.0,
    service_down_time=4.0,
    rpc_timeout=30.0,
    wire=(0.0, 0.001),
    read=(0.0, 0.002),
    call=(0.0, 0.002),
    evacuate=(0.005, 0.01),
    schedule=0.05,
    claim=0.03,
    attach=0.02,
    spawn=0.1,
    land=0.02,
    conflict=0.05,
    power=0.03,
    device=(0.0, 0.01),
    fence=(0.02, 0.05),
)
"""Short enough for real time."""


class Scene(Protocol):
    """One cloud and a client of it."""

    port: Cloud

    def do(self, act: Callable[[SimCloud], T]) -> T:
        """Do something to the cloud, or look at it."""
        ...

    def refuse(self) -> None:
        """Refuse connections from now on."""
        ...

    def accept(self) -> None:
        """Accept them again."""
        ...


Story = Callable[[Scene], Coroutine[Any, Any, None]]
Build = Callable[[SimCloud], None]
Play = Callable[[Story], None]


def furnish(cloud: SimCloud) -> None:
    """Two hosts with one short name, one that differs in case, and guests on the first."""
    for host in ("cmp1.rack1", "cmp1.rack2", "CMP1.rack1", "cmp2"):
        cloud.add_host(host)
    for name in ("web", "db", "app"):
        cloud.add_guest(name, "cmp1.rack1", metadata={"tier": name})
    cloud.add_aggregate("racks", "cmp1.rack1", "cmp1.rack2")
    cloud.add_guest("other", "cmp1.rack2")
    cloud.add_guest("loud", "CMP1.rack1")


class InMemory:
    """The scene under virtual time."""

    def __init__(self, cloud: SimCloud) -> None:
        self.cloud = cloud
        self.port: Cloud = CloudDoor(cloud, client=CLIENT)

    def do(self, act: Callable[[SimCloud], T]) -> T:
        return act(self.cloud)

    def refuse(self) -> None:
        self.cloud.wire.refuse_connections(10**9)

    def accept(self) -> None:
        self.cloud.wire.heal()


class OverHttp:
    """The scene in real time."""

    def __init__(self, lab: CloudThread, port: Cloud) -> None:
        self.lab = lab
        self.port = port

    def do(self, act: Callable[[SimCloud], T]) -> T:
        return self.lab.do(act)

    def refuse(self) -> None:
        self.lab.refuse()

    def accept(self) -> None:
        self.lab.accept()


def play_in_memory(story: Story, build: Build = furnish) -> None:
    """Play the story under virtual time."""

    async def main() -> None:
        cloud = SimCloud(asyncio.get_running_loop(), seed=1, pace=SWIFT)
        build(cloud)
        await story(InMemory(cloud))

    run(main(), start=1000.0)


def play_over_http(story: Story, build: Build = furnish) -> None:
    """Play the story through keystoneauth and TCP."""
    with CloudThread(build, pace=SWIFT, seed=1) as lab:

        async def main(port: NovaCloud) -> None:
            await port.check()
            await story(OverHttp(lab, port))

        with_adapter(lab, main)


def with_adapter(
    lab: CloudThread,
    use: Callable[[NovaCloud], Awaitable[None]],
    *,
    client: float = CLIENT,
    threads: int = 64,
) -> None:
    """Run `use` with an adapter that reads a clouds.yaml for this cloud."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clouds.yaml"
        file.write_text(lab.door.clouds_yaml())

        async def main() -> None:
            adapter = NovaCloud(
                NovaSettings(cloud="sim", clouds_file=str(file)), client=client, threads=threads
            )
            try:
                await use(adapter)
            finally:
                await adapter.close()

        asyncio.run(main())


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the cloud may live in another thread
            await asyncio.sleep(0.01)
