"""From settings and power.yaml to the Storage port: the devices there whose agent is `ceph`.

    defaults:
      ceph:
        parameters: {user: kasugai, keyring: /etc/ceph/ceph.client.kasugai.keyring, volumes: volumes, root_disks: vms}
    hosts:
      cmp1.example.org:
        - {agent: ceph, parameters: {addresses: 192.0.2.11 192.0.2.12}}

It asks no cluster anything.
"""

import asyncio
import logging
import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from kasugai.adapters.ceph.addresses import Address
from kasugai.adapters.ceph.fence import CephStorage, Closable
from kasugai.adapters.ceph.none import NoStorage
from kasugai.adapters.ceph.programs import Programs
from kasugai.adapters.power.devices_file import STORAGE, BadDevices, Described
from kasugai.adapters.power.opening import SHARE, described
from kasugai.adapters.settings.values import PowerSettings
from kasugai.adapters.wall import Wall
from kasugai.core.words.timing import Millis

LOG = logging.getLogger(__name__)

NEEDED = frozenset({"user", "keyring", "addresses"})
KNOWN = NEEDED | {"conf", "volumes", "root_disks", "watch_timeout", "programs"}
MOST = 16
"""Addresses of one host."""
AT_A_TIME = 8
"""Processes of Ceph's programs."""
WATCH = "30"
"""Seconds: Ceph's own `osd_client_watch_timeout`."""


def storage_of(settings: PowerSettings, fence: float) -> CephStorage | NoStorage:
    """Return the Storage port. `fence`: seconds that a whole fence may take."""
    found = closables(settings, fence)
    if not found:
        return NoStorage()
    LOG.info("storage that can be closed to %d hosts is in %s", len(found), settings.devices_file)
    return CephStorage(found.get, now=lambda: Wall().now() / 1000)


def closables(settings: PowerSettings, fence: float) -> dict[str, Closable]:
    """Return how each host reaches its cluster; BadDevices when one cannot be used as it is written."""
    limit = asyncio.Semaphore(AT_A_TIME)
    return {
        host: _closable(settings, host, device, fence * SHARE, limit)
        for host, devices in described(settings).items()
        for device in devices
        if device.agent == STORAGE
    }


def _closable(
    settings: PowerSettings, host: str, device: Described, most: float, limit: asyncio.Semaphore
) -> Closable:
    said, place = device.parameters, f"{settings.devices_file}: host {host}, ceph"
    if lacking := sorted(NEEDED - said.keys()):
        raise BadDevices(f"{place}: {', '.join(lacking)} is missing; see docs/operators/storage-fence.md")
    if unknown := sorted(said.keys() - KNOWN):
        raise BadDevices(f"{place}: nobody reads {', '.join(unknown)}; known are {', '.join(sorted(KNOWN))}")
    if not said.get("volumes") and not said.get("root_disks"):
        raise BadDevices(f"{place}: name the pools of its guests' disks, as volumes, as root_disks or both")
    timeout = most if device.timeout is None else device.timeout
    if timeout > most:
        raise BadDevices(f"{place}: timeout is longer than {most:g} s ([worker] fence less a tenth)")
    folder = Path(said.get("programs", "/usr/bin"))
    for program in ("ceph", "rbd"):
        if not os.access(folder / program, os.X_OK):
            raise BadDevices(
                f"{place}: {folder / program} is no program; type: apt-get install --no-install-recommends "
                "ceph-common, or see its parameter programs"
            )
    return Closable(
        cluster=Programs(
            conf=said.get("conf", "/etc/ceph/ceph.conf"),
            user=said["user"].removeprefix("client."),
            keyring=said["keyring"],
            read_timeout=settings.read_timeout / 1000,
            folder=folder,
            limit=limit,
        ),
        addresses=_addresses(place, said["addresses"]),
        volumes=tuple(said.get("volumes", "").split()),
        root_disks=tuple(said.get("root_disks", "").split()),
        watch_ends=_seconds(place, said),
        timeout=timeout,
    )


def _addresses(place: str, text: str) -> tuple[Address, ...]:
    try:
        found = tuple(dict.fromkeys(ip_address(word) for word in text.split()))
    except ValueError:
        raise BadDevices(
            f"{place}: addresses are IP addresses with blanks between them; for example: 192.0.2.11 192.0.2.12"
        ) from None
    if not 1 <= len(found) <= MOST:
        raise BadDevices(f"{place}: a host has 1 to {MOST} addresses")
    return found


def _seconds(place: str, said: Mapping[str, str]) -> Millis:
    text = said.get("watch_timeout", WATCH)
    if not text.isdecimal() or not 1 <= int(text) <= 600:
        raise BadDevices(f"{place}: watch_timeout is a number of seconds, Ceph's osd_client_watch_timeout")
    return Millis(int(text) * 1000)
