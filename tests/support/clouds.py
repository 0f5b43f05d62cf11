"""Two places where the `Cloud` port is played: in memory under virtual time, and our Nova adapter over HTTP.

Both are the simulated cloud. tests/support/real_nova.py is the third.
"""

import asyncio
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from kasugai.adapters.nova import NovaCloud
from kasugai.adapters.settings import NovaSettings
from kasugai.sim.cloud import Pace, SimCloud
from kasugai.sim.cloud.voice import Message
from kasugai.sim.cloud.wire import Wire
from kasugai.sim.door import CloudDoor
from kasugai.sim.http import CloudThread
from kasugai.sim.loop import run
from kasugai.workers.ports import Cloud
from tests.support.scenes import GUESTS, HOSTS, IMAGE, RACKS, Record, Story

T = TypeVar("T")

CLIENT = 1.0
"""Seconds after which both clients give a request up."""

NEVER = 10.0**6
"""Seconds: later than any test's end."""

A_WHILE = 0.8
"""Seconds: many times what anything else takes here."""

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
    boot=2.0,
    land=0.02,
    conflict=0.05,
    power=0.03,
    live=0.1,
    lifecycle=3600.0,
    power_sync=3600.0,
    device=(0.0, 0.01),
    fence=(0.02, 0.05),
)
"""Short enough for real time; Nova compares guests with their hypervisors only when it is told to."""

Build = Callable[[SimCloud], None]


def furnish(cloud: SimCloud) -> None:
    """Build what stands in every scene."""
    for host in HOSTS:
        cloud.add_host(host)
    for name, host in GUESTS.items():
        cloud.add_guest(name, host, metadata={"tier": name}, image=IMAGE)
    cloud.add_aggregate(*RACKS)


class OnSimulator(ABC):
    """A scene's words, said to the simulated cloud."""

    port: Cloud
    client = CLIENT

    @abstractmethod
    def do(self, act: Callable[[SimCloud], T]) -> T:
        """Do something to the cloud, or look at it."""

    def wire(self, act: Callable[[Wire], T]) -> T:
        return self.do(lambda cloud: act(cloud.wire))

    def around(self, act: Callable[[SimCloud], T]) -> T:
        return self.do(act)

    def uuid(self, guest: str) -> str:
        return self.do(lambda cloud: cloud.uuid(guest))

    def service_id(self, host: str) -> str:
        return self.do(lambda cloud: cloud.world.host(host).service.service_id)

    def states(self, guest: str) -> tuple[str, str | None]:
        def look(cloud: SimCloud) -> tuple[str, str | None]:
            found = cloud.world.guest(guest)
            return found.vm_state, found.task_state

        return self.do(look)

    def listens(self) -> None:
        self._told: list[Message] = []

        def listen(cloud: SimCloud) -> None:
            cloud.world.voice.begin(cloud.world.guests)
            cloud.world.voice.hearers.append(self._told.append)

        self.do(listen)

    def told(self) -> list[Message]:
        return self.do(lambda _: list(self._told))

    def records(self) -> list[Record]:
        def look(cloud: SimCloud) -> list[Record]:
            names = {guest.uuid: guest.name for guest in cloud.world.guests.values()}
            return [
                Record(names[each.guest], each.status, each.source, each.dest or "")
                for each in cloud.world.migrations
            ]

        return self.do(look)

    def running_on(self, guest: str) -> frozenset[str]:
        return self.do(lambda cloud: cloud.running_on(guest))

    def power_off(self, host: str) -> None:
        self.do(lambda cloud: cloud.hosts.power_off(host))

    def power_on(self, host: str) -> None:
        self.do(lambda cloud: cloud.hosts.power_on(host))

    def kill_compute(self, host: str) -> None:
        self.do(lambda cloud: cloud.hosts.kill_compute(host))

    def start_compute(self, host: str) -> None:
        self.do(lambda cloud: cloud.hosts.start_compute(host))

    def spawns_take(self, seconds: float) -> None:
        self.do(lambda cloud: setattr(cloud.world, "pace", replace(SWIFT, spawn=seconds)))

    def hold_spawns(self) -> None:
        self.spawns_take(A_WHILE)

    def release_spawns(self, host: str) -> None:
        """Those that were begun end by themselves."""
        self.spawns_take(SWIFT.spawn)

    def fail_spawns(self, host: str, message: str) -> None:
        self.do(lambda cloud: cloud.fail_spawns(host, message))

    def fails_live(self, host: str) -> None:
        self.do(lambda cloud: cloud.fail_live(host))

    def fill(self, host: str) -> None:
        self.do(lambda cloud: setattr(cloud.world.host(host), "capacity", 0))

    def no_valid_host(self, on: bool = True) -> None:
        self.do(lambda cloud: cloud.no_valid_host(on))

    def hold_conductor(self) -> None:
        self.do(lambda cloud: cloud.slow_conductor(NEVER))

    def end_evacuation_behind(self, line: str) -> None:
        self.do(lambda cloud: cloud.api_dies(line))

    def silence_cell(self) -> None:
        self.do(lambda cloud: cloud.silence_cell())

    def wake_cell(self) -> None:
        self.do(lambda cloud: cloud.wake_cell())

    def wind(self, seconds: float, *, sends_date: bool) -> None:
        def turn(cloud: SimCloud) -> None:
            cloud.world.clock_offset, cloud.world.sends_date = seconds, sends_date

        self.do(turn)

    def forces_down(self, host: str) -> None:
        self.do(lambda cloud: cloud.operator_forces_down(host))

    def disables(self, host: str) -> None:
        self.do(lambda cloud: cloud.operator_disables(host))

    def evacuates(self, guest: str) -> None:
        self.do(lambda cloud: cloud.operator_evacuates(guest))

    def live_migrates(self, guest: str, dest: str, *, ends: bool = False) -> None:
        soon = {"switch_after": 0.1, "finish_after": 0.2} if ends else {}
        self.do(lambda cloud: cloud.operator_live_migrates(guest, dest, **soon))

    def stops(self, guest: str) -> None:
        self.do(lambda cloud: cloud.user_stops(guest))

    def asks(self, guest: str, what: str) -> None:
        self.do(lambda cloud: cloud.user_asks(guest, what))

    def guest_dies(self, guest: str) -> None:
        self.do(lambda cloud: cloud.guest_dies(guest))

    def notices(self, guest: str) -> None:
        self.do(lambda cloud: cloud.nova.sync.compare(cloud.world.guest(guest)))

    def locks(self, guest: str) -> None:
        self.do(lambda cloud: cloud.user_locks(guest))

    def pauses(self, guest: str) -> None:
        self.do(lambda cloud: cloud.user_asks(guest, "pause"))

    def deletes(self, guest: str) -> None:
        self.do(lambda cloud: cloud.user_deletes(guest))

    def asks_to_delete(self, guest: str) -> None:
        self.deletes(guest)

    def boot(self, name: str, host: str, about: Mapping[str, Any] | None = None) -> None:
        self.do(lambda cloud: cloud.add_guest(name, host, **({"image": IMAGE} | dict(about or {}))))

    def add_aggregate(self, name: str, host: str, metadata: Mapping[str, str]) -> None:
        self.do(lambda cloud: cloud.add_aggregate(name, host).metadata.update(metadata))


class InMemory(OnSimulator):
    """The scene under virtual time."""

    def __init__(self, cloud: SimCloud) -> None:
        self.cloud = cloud
        self.port = CloudDoor(cloud, client=CLIENT)

    def do(self, act: Callable[[SimCloud], T]) -> T:
        return act(self.cloud)

    def refuse(self) -> None:
        self.cloud.wire.refuse_connections(NEVER)

    def accept(self) -> None:
        self.cloud.wire.heal()


class OverHttp(OnSimulator):
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


def play_in_memory(story: Story) -> None:
    """Play the story under virtual time."""

    async def main() -> None:
        cloud = SimCloud(asyncio.get_running_loop(), seed=1, pace=SWIFT)
        furnish(cloud)
        await story(InMemory(cloud))

    run(main(), start=1000.0)


def play_over_http(story: Story) -> None:
    """Play the story through keystoneauth and TCP."""
    with CloudThread(furnish, pace=SWIFT, seed=1) as lab:

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


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - the cloud may live in another thread
            await asyncio.sleep(0.01)
