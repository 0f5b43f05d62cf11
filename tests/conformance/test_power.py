"""What every Power port must do (workers/ports.py): one suite, in the laboratory and on fence agents.

`single` has one device, `double` has two, `bare` has none. What a device does is said by the number of the device.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import pytest

from kasugai.adapters.power import Fencing
from kasugai.core.recovering.doors import FenceRefused
from kasugai.core.recovering.look import PowerState
from kasugai.sim.cloud import SimCloud
from kasugai.sim.loop import run
from kasugai.sim.power_door import PowerDoor
from kasugai.workers.ports import Power
from tests.support.clouds import SWIFT
from tests.support.fake_agents import FakeAgents


class Place(Protocol):
    """Hosts, and what befalls their devices."""

    port: Power

    def refuse(self, host: str, number: int) -> None:
        """The device tells its state and does not switch."""
        ...

    def cut(self, host: str, number: int, cut: bool = True) -> None:
        """The device does not answer."""
        ...

    def is_on(self, host: str) -> bool:
        """Whether the host has power."""
        ...


class Laboratory:
    """Simulated devices under virtual time."""

    def __init__(self, cloud: SimCloud) -> None:
        self._cloud = cloud
        for host in ("single", "double"):
            cloud.add_host(host)
        cloud.add_host("bare", has_device=False)
        cloud.power.add_spare("double")
        self.port: Power = PowerDoor(cloud)

    def refuse(self, host: str, number: int) -> None:
        self._cloud.power.refuse_fencing(host, number=number)

    def cut(self, host: str, number: int, cut: bool = True) -> None:
        self._cloud.power.cut_bmc(host, cut, number=number)

    def is_on(self, host: str) -> bool:
        return self._cloud.world.host(host).power_on


class Agents:
    """Fence agents as programs; both devices of `double` stand at one machine."""

    def __init__(self, folder: Path) -> None:
        self._agents = agents = FakeAgents(folder)
        devices = {
            "single": (agents.device("single1", machine="single", timeout=10.0),),
            "double": tuple(
                agents.device(f"double{number}", machine="double", timeout=10.0) for number in (1, 2)
            ),
        }
        self.port: Power = Fencing(lambda host: devices.get(host, ()), poll=0.05)

    def refuse(self, host: str, number: int) -> None:
        self._agents.set(f"{host}{number}", refuses=True)

    def cut(self, host: str, number: int, cut: bool = True) -> None:
        self._agents.set(f"{host}{number}", cut=cut)

    def is_on(self, host: str) -> bool:
        return self._agents.machine(host) == "on"


Play = Callable[[Callable[[Place], Awaitable[None]]], None]


@pytest.fixture(params=["laboratory", "agents"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Play:
    """Play a story in one of the two places."""

    def in_the_laboratory(story: Callable[[Place], Awaitable[None]]) -> None:
        async def main() -> None:
            await story(Laboratory(SimCloud(asyncio.get_running_loop(), seed=1, pace=SWIFT)))

        run(main(), start=1000.0)

    def on_agents(story: Callable[[Place], Awaitable[None]]) -> None:
        async def main() -> None:
            await story(Agents(tmp_path))

        asyncio.run(main())

    return in_the_laboratory if request.param == "laboratory" else on_agents


def test_a_device_is_the_exact_hosts(play: Play) -> None:
    async def story(place: Place) -> None:
        for host in ("single", "double"):
            assert place.port.has(host)
        for host in ("bare", "Single", "single.example.org", "sing", "nobody"):
            assert not place.port.has(host)
            assert await place.port.read(host) is PowerState.UNKNOWN
            with pytest.raises(FenceRefused, match=f"no power device is configured for {host}"):
                await place.port.fence(host)

    play(story)


def test_a_fence_ends_with_the_host_off_and_may_be_repeated(play: Play) -> None:
    async def story(place: Place) -> None:
        for host in ("single", "double"):
            assert await place.port.read(host) is PowerState.ON
            await place.port.fence(host)
            assert not place.is_on(host)
            assert await place.port.read(host) is PowerState.OFF
            await place.port.fence(host)

    play(story)


def test_a_refusal_is_told_and_nothing_is_off(play: Play) -> None:
    async def story(place: Place) -> None:
        place.refuse("single", 1)
        place.refuse("double", 1)
        place.refuse("double", 2)
        for host in ("single", "double"):
            with pytest.raises(FenceRefused) as caught:
                await place.port.fence(host)
            assert len(str(caught.value).split("; ")) == (1 if host == "single" else 2)
            assert place.is_on(host)
            assert await place.port.read(host) is PowerState.ON

    play(story)


def test_the_second_device_switches_off_what_the_first_one_does_not(play: Play) -> None:
    async def story(place: Place) -> None:
        place.refuse("double", 1)
        await place.port.fence("double")
        assert not place.is_on("double")

    play(story)


def test_a_device_that_does_not_answer_is_neither_on_nor_off(play: Play) -> None:
    async def story(place: Place) -> None:
        place.cut("single", 1)
        assert await place.port.read("single") is PowerState.UNKNOWN
        with pytest.raises(FenceRefused):
            await place.port.fence("single")
        assert place.is_on("single")
        place.cut("single", 1, False)
        await place.port.fence("single")
        assert not place.is_on("single")

    play(story)


def test_the_second_device_is_read_when_the_first_one_does_not_answer(play: Play) -> None:
    async def story(place: Place) -> None:
        place.cut("double", 1)
        assert await place.port.read("double") is PowerState.ON
        await place.port.fence("double")
        assert await place.port.read("double") is PowerState.OFF
        assert not place.is_on("double")

    play(story)
