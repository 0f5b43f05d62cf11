"""Asks power devices for their state, all of a host's, many hosts at a time. Nothing is switched."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from kasugai.adapters.power.fencing import DeviceTrouble

UNREACHABLE = "unreachable"


class Asked(Protocol):
    """A device that is only asked."""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        ...

    async def status(self) -> StrEnum:
        """Return its state; DeviceTrouble when that cannot be told."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one device of one host answered."""

    host: str
    number: int
    """From 1, in the order in which devices are tried."""
    device: str
    state: str
    """on, off, of storage open or closed, or `unreachable`."""
    seconds: float
    why: str = ""
    """Why it is unreachable, without secrets."""

    @property
    def answers(self) -> bool:
        """Whether the device told a state."""
        return self.state != UNREACHABLE


async def check(hosts: Mapping[str, Sequence[Asked]], limit: int) -> AsyncGenerator[list[Finding], None]:
    """Yield each host's findings as they come, at most `limit` hosts at a time."""
    gate = asyncio.Semaphore(limit)

    async def one(host: str, devices: Sequence[Asked]) -> list[Finding]:
        async with gate:
            return [await _ask(host, number, device) for number, device in enumerate(devices, 1)]

    tasks = [asyncio.create_task(one(host, devices)) for host, devices in hosts.items()]
    try:
        for ended in asyncio.as_completed(tasks):
            yield await ended
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _ask(host: str, number: int, device: Asked) -> Finding:
    loop = asyncio.get_running_loop()
    began, state, why = loop.time(), UNREACHABLE, ""
    try:
        state = str(await device.status())
    except DeviceTrouble as trouble:
        why = str(trouble)
    seconds = loop.time() - began
    return Finding(host=host, number=number, device=device.name, state=state, seconds=seconds, why=why)
