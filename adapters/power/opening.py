"""From settings and power.yaml to the Power port: checks that agents are there and that time-outs fit together.

It switches and reads nothing.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from kasugai.adapters.power.agent import FenceAgent
from kasugai.adapters.power.devices_file import STORAGE, BadDevices, Described, read_devices
from kasugai.adapters.power.fencing import Fencing
from kasugai.adapters.power.none import NoPower
from kasugai.adapters.settings.values import DEVICES_FILE, PowerSettings

LOG = logging.getLogger(__name__)

SHARE = 0.9
"""How much of a fence's time is for its devices; the rest is for ending agents and for what is recorded."""
LEAST = 1.0
"""Seconds that a device needs to have."""


def power_of(settings: PowerSettings, fence: float) -> Fencing | NoPower:
    """Return the Power port, and say once what it stands on. `fence`: seconds that a whole fence may take."""
    found = devices(settings, fence)
    if not found:
        LOG.warning(
            "no power devices (%s): only hosts that somebody vouches for as fenced are recovered",
            f"{settings.devices_file} is not there"
            if settings.devices_file
            else "[power] devices_file is empty",
        )
        return NoPower()
    LOG.info("power devices of %d hosts are in %s", len(found), settings.devices_file)
    return Fencing(lambda host: found.get(host, ()), reads=settings.reads)


def devices(settings: PowerSettings, fence: float) -> dict[str, tuple[FenceAgent, ...]]:
    """Return hosts' power devices in their order, none when there is no file; BadDevices when one cannot be used."""
    power = {
        host: [device for device in them if device.agent != STORAGE]
        for host, them in described(settings).items()
    }
    _check_agents(settings, power)
    return {host: _devices(settings, host, them, fence) for host, them in power.items() if them}


def described(settings: PowerSettings) -> dict[str, tuple[Described, ...]]:
    """Return what power.yaml says of each host's devices, in their order; nothing when there is no such file."""
    if not settings.devices_file:
        return {}
    found = read_devices(settings.devices_file)
    if found is None and settings.devices_file != DEVICES_FILE:
        raise BadDevices(
            f"{settings.devices_file}: there is no such file; make it, or take [power] devices_file away"
        )
    return found or {}


def _check_agents(settings: PowerSettings, described: Mapping[str, Sequence[Described]]) -> None:
    for host, them in described.items():
        for number, device in enumerate(them, 1):
            path = Path(settings.agents_dir) / device.agent
            if not (path.is_file() and os.access(path, os.X_OK)):
                raise BadDevices(
                    f"{settings.devices_file}: host {host}, device {number}: {path} is no program; type: apt-get "
                    "install --no-install-recommends fence-agents, or see [power] agents_dir"
                )


def _devices(
    settings: PowerSettings, host: str, described: Sequence[Described], fence: float
) -> tuple[FenceAgent, ...]:
    timeouts = _timeouts(settings.devices_file, host, described, fence * SHARE)
    return tuple(
        FenceAgent(
            kind=device.agent,
            folder=Path(settings.agents_dir),
            parameters=device.parameters,
            timeout=timeout,
            read_timeout=settings.read_timeout / 1000,
        )
        for device, timeout in zip(described, timeouts, strict=True)
    )


def _timeouts(file: str, host: str, described: Sequence[Described], budget: float) -> list[float]:
    """Who does not say how long a device may take gets an equal share of what is left."""
    said = sum(device.timeout or 0.0 for device in described)
    silent = sum(device.timeout is None for device in described)
    share = (budget - said) / silent if silent else 0.0
    found = [share if device.timeout is None else device.timeout for device in described]
    if said > budget or min(found) < LEAST:
        raise BadDevices(
            f"{file}: host {host}: its devices have {budget:g} s in all ([worker] fence less a tenth), each at least "
            f"{LEAST:g} s, and {said:g} s are asked for: shorten a timeout, or raise [worker] fence"
        )
    return found
