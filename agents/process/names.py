"""What a process is called: one table from the names of distributions and containers to those of Nova and libvirt.

A path or a unit's name means nothing to whoever writes a policy (`process_disable = nova-compute`).
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Final

CALLED: Final[Mapping[str, str]] = {
    "openstack-nova-compute": "nova-compute",
    "devstack@n-cpu": "nova-compute",
    "n-cpu": "nova-compute",
    "libvirt-bin": "libvirtd",
    "nova-libvirt": "libvirtd",
    "openstack-neutron-openvswitch-agent": "neutron-openvswitch-agent",
    "openstack-neutron-ovn-metadata-agent": "neutron-ovn-metadata-agent",
    "openstack-ceilometer-compute": "ceilometer-agent-compute",
}
"""By what distributions, DevStack and Kolla call a service."""

CONTAINER = re.compile(r"(?:kolla|edpm|tripleo)[-_](?P<name>.+?)(?:[-_]container)?")
"""How deployments call the unit of a container."""
SUFFIX = ".service"

VERBS = {"restart", "start", "try-restart", "reload-or-restart"}


def told_name(name: str) -> str:
    """Return what a process is called, by its unit, its name or its program's path."""
    base = PurePath(name).name.removesuffix(SUFFIX)
    if found := CONTAINER.fullmatch(base):
        base = found["name"].replace("_", "-")
    return CALLED.get(base, base)


def unit_in(command: Sequence[str]) -> str:
    """Return the unit that a command starts or restarts: `systemctl restart NAME`, `service NAME restart`; else
    nothing."""
    words = [word for word in command if not word.startswith("-") and word != "sudo"]
    match words:
        case [program, verb, unit] if PurePath(program).name == "systemctl" and verb in VERBS:
            return unit
        case [program, unit, verb] if PurePath(program).name == "service" and verb in VERBS:
            return unit
        case _:
            return ""
