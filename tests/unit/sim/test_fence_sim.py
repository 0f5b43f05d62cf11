"""The simulated cloud's fence agent, driven as the worker drives ClusterLabs'."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from kasugai.adapters.power import FenceAgent
from kasugai.adapters.power.fencing import DeviceTrouble
from kasugai.core.recovering.look import PowerState
from kasugai.sim.http import CloudThread
from kasugai.sim.http.fence_sim import NAME, install
from tests.support.clouds import SWIFT, furnish

HOST = "cmp1.rack1"


@pytest.fixture(name="cloud")
def _cloud() -> Iterator[CloudThread]:
    with CloudThread(furnish, pace=SWIFT) as running:
        yield running


def device(folder: Path, url: str, host: str = HOST) -> FenceAgent:
    """Return a host's device, with the agent installed."""
    install(folder)
    parameters = {"ip": url, "plug": host}
    return FenceAgent(kind=NAME, folder=folder, parameters=parameters, timeout=10.0, read_timeout=10.0)


def test_it_reads_and_switches_off(cloud: CloudThread, tmp_path: Path) -> None:
    async def play() -> list[PowerState]:
        one = device(tmp_path, cloud.door.url)
        before = await one.status()
        await one.off()
        return [before, await one.status()]

    assert asyncio.run(play()) == [PowerState.ON, PowerState.OFF]


def test_what_the_cloud_refuses_is_the_devices_trouble(cloud: CloudThread, tmp_path: Path) -> None:
    with pytest.raises(DeviceTrouble, match="the simulated cloud refuses: 404"):
        asyncio.run(device(tmp_path, cloud.door.url, "nobody").off())


def test_a_cloud_that_is_gone_is_no_host_that_is_off(cloud: CloudThread, tmp_path: Path) -> None:
    with pytest.raises(DeviceTrouble, match="the simulated cloud does not answer"):
        asyncio.run(device(tmp_path, "http://127.0.0.1:1").status())
