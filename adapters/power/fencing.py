"""The Power port over devices: reads a host's power, and switches it off by one device after the other until one of
them says that it is off.

It knows the order of the devices and how long each may take, and nothing of how a device is talked to. A device that
does not answer is never taken for a host that is off.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from kasugai.core.recovering.doors import FenceRefused
from kasugai.core.recovering.look import PowerState

LOG = logging.getLogger(__name__)

POLL = 1.0
"""Seconds between two readings of a device that has been told to switch off."""
READS = 16
"""How many hosts are read at a time."""


class DeviceTrouble(Exception):
    """A device did not do what it was asked for; the text says why, without secrets."""


class Device(Protocol):
    """One way to switch one host off. A cancelled call leaves nothing running on this machine."""

    @property
    def name(self) -> str:
        """What it is called in messages: kind and address."""
        ...

    @property
    def timeout(self) -> float:
        """Seconds for switching off, reading back included."""
        ...

    async def status(self) -> PowerState:
        """Return ON or OFF; DeviceTrouble when that cannot be told."""
        ...

    async def off(self) -> None:
        """Tell the device to switch the host off; DeviceTrouble when it says no."""
        ...

    async def on(self) -> None:
        """Tell the device to switch the host on; DeviceTrouble when it says no."""
        ...


class Fencing:
    """The devices of all hosts, as the Power port. The first device of a host that answers is believed."""

    def __init__(
        self, devices_of: Callable[[str], Sequence[Device]], *, reads: int = READS, poll: float = POLL
    ) -> None:
        """`devices_of` returns the devices of exactly this host in their order. `reads`: hosts that are read at a
        time; a fence never waits for them."""
        self._devices_of = devices_of
        self._reads = asyncio.Semaphore(reads)
        self._poll = poll
        self._troubled: set[tuple[str, str]] = set()

    def has(self, host: str) -> bool:
        """Whether a device is configured for exactly this host."""
        return bool(self._devices_of(host))

    async def read(self, host: str) -> PowerState:
        """Return the host's power by the first device that answers; UNKNOWN when none does."""
        async with self._reads:
            for device in self._devices_of(host):
                try:
                    state = await device.status()
                except DeviceTrouble as trouble:
                    self._tell(host, device, trouble)
                else:
                    self._troubled.discard((host, device.name))
                    return state
        return PowerState.UNKNOWN

    async def fence(self, host: str) -> None:
        """Switch the host off and see that it is; FenceRefused, with each device's reason, when none can tell so."""
        devices = self._devices_of(host)
        if not devices:
            raise FenceRefused(f"no power device is configured for {host}")
        reasons: list[str] = []
        said_on: list[Device] = []
        for device in devices:
            reason = await self._try(device, said_on)
            if not reason:
                LOG.info("%s is off, by %s", host, device.name)
                return
            LOG.warning("%s was not switched off by %s: %s", host, device.name, reason)
            reasons.append(f"{device.name}: {reason}")
        raise FenceRefused("; ".join(reasons))

    async def switch_on(self, host: str) -> None:
        """Switch the host on by the first device that does and then reads it as on; FenceRefused, with each device's
        reason, when none does."""
        reasons: list[str] = []
        for device in self._devices_of(host):
            try:
                async with asyncio.timeout(device.timeout):
                    await self._light(device)
            except TimeoutError:
                reasons.append(f"{device.name}: still does not read on after {device.timeout:g} s")
            except DeviceTrouble as trouble:
                reasons.append(f"{device.name}: {trouble}")
            else:
                LOG.info("%s is on, by %s", host, device.name)
                return
        raise FenceRefused("; ".join(reasons) or f"no power device is configured for {host}")

    async def _light(self, device: Device) -> None:
        if await device.status() is PowerState.ON:
            return
        await device.on()
        while await device.status() is not PowerState.ON:  # noqa: ASYNC110 - a device tells nothing by itself
            await asyncio.sleep(self._poll)

    async def _try(self, device: Device, said_on: list[Device]) -> str:
        """Switch off by one device; return why that failed, "" when the host is off. `said_on`: earlier devices that
        read the host as on; this one joins them if it does."""
        stage = _Stage()
        try:
            async with asyncio.timeout(device.timeout):
                await self._switch(device, said_on, stage)
        except TimeoutError:
            return f"{stage.text} within {device.timeout:g} s"
        except DeviceTrouble as trouble:
            return str(trouble)
        return ""

    async def _switch(self, device: Device, said_on: list[Device], stage: "_Stage") -> None:
        earlier = tuple(said_on)
        if await device.status() is PowerState.ON:
            said_on.append(device)
            stage.text = "did not switch it off"
            await _order(device)
            await self._read_back(device, stage)
        for other in earlier:
            stage.text = f"says that it is off, but {other.name} does not"
            while await _says(other, PowerState.ON):  # noqa: ASYNC110 - a device tells nothing by itself
                await asyncio.sleep(self._poll)

    async def _read_back(self, device: Device, stage: "_Stage") -> None:
        """An accepted order is not yet a host without power."""
        while True:
            try:
                if await device.status() is PowerState.OFF:
                    return
                stage.text = "took the order and still reads it as on"
            except DeviceTrouble as trouble:
                stage.text = f"took the order and cannot be read ({trouble})"
            await asyncio.sleep(self._poll)

    def _tell(self, host: str, device: Device, trouble: DeviceTrouble) -> None:
        """Say once that a device does not answer, until it has answered again."""
        if (host, device.name) not in self._troubled:
            self._troubled.add((host, device.name))
            LOG.warning("the power of %s cannot be read by %s: %s", host, device.name, trouble)


class _Stage:
    """How far a try has come, for the case that its time runs out."""

    text = "did not tell whether it is on"


async def _order(device: Device) -> None:
    """Give the order; a device that reports a failure may have obeyed all the same."""
    try:
        await device.off()
    except DeviceTrouble:
        if not await _says(device, PowerState.OFF):
            raise


async def _says(device: Device, state: PowerState) -> bool:
    """Whether a device reads the host so; one that has lost its own power with the host says nothing."""
    try:
        return await device.status() is state
    except DeviceTrouble:
        return False
