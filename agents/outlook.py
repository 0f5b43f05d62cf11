"""Puts together who watches other hosts: drawn peers, the cluster stack, hosts that dump. They are one witness.

A cluster is watched where a driver is named, or where this host has a stack of its own.
"""

import logging
from collections.abc import Iterator
from pathlib import Path

import yaml

from kasugai.adapters.probing import answers
from kasugai.adapters.wall import monotonic
from kasugai.agents.cluster.masakari import take
from kasugai.agents.cluster.opening import open_watch
from kasugai.agents.cluster.options import ClusterOptions, CorosyncOptions
from kasugai.agents.joining import Joint
from kasugai.agents.kdump import KdumpOptions, KdumpWatch
from kasugai.agents.peers.drawing import BadPeers
from kasugai.agents.peers.watch import PeersWatch, read
from kasugai.agents.ports import Watch
from kasugai.agents.settings.loading import BadSetting
from kasugai.agents.settings.values import AgentSettings

STACKS = ("/etc/corosync/corosync.conf", "/usr/sbin/pacemaker-remoted")
"""What a host of a Pacemaker cluster has."""
COROSYNC = "corosync"
"""Our own name of a driver: Corosync without Pacemaker, which masakari-monitors do not know."""

log = logging.getLogger(__name__)


def peers_of(settings: AgentSettings, joint: Joint) -> Iterator[PeersWatch]:
    """Yield the watch of drawn peers where there is a list of them."""
    told = settings.host
    if told.enabled and Path(told.peers_file).exists():
        yield PeersWatch(
            file=Path(told.peers_file),
            own=settings.agent.host,
            port=told.peer_port,
            every=told.peer_interval,
            voice=joint.voice(PeersWatch.name),
            ask=answers,
        )


def others_of(settings: AgentSettings, joint: Joint) -> Iterator[Watch]:
    """Yield the watches of the cluster stack and of hosts that dump; BadSetting where an option cannot be used."""
    if not settings.host.enabled:
        return
    host = settings.agent.host
    try:
        if options := _cluster(settings):
            yield open_watch(options, joint.voice("cluster"), host=host, clock=monotonic)
        if settings.host.kdump_port:
            yield KdumpWatch(_kdump(settings), joint.voice(KdumpWatch.name), host=host, clock=monotonic)
    except (OSError, ValueError) as error:
        raise BadSetting(f"[host] {error}") from error


def _cluster(settings: AgentSettings) -> ClusterOptions | None:
    named = settings.raw.get("host", {}).get("monitoring_driver", "").strip()
    if named == COROSYNC:
        return CorosyncOptions()
    if not named and not any(Path(place).exists() for place in STACKS):
        return None
    taken = take(settings.raw, _yaml)
    for complaint in taken.complaints:
        log.warning("%s", complaint)
    return taken.options


def _kdump(settings: AgentSettings) -> KdumpOptions:
    """A host that dumps sends from one of the addresses that its peers know it by."""
    try:
        by_network = read(Path(settings.host.peers_file)).by_network
    except BadPeers as error:
        raise BadSetting(f"[host] kdump_port needs the peers' addresses: {error}") from error
    hosts: dict[str, tuple[str, ...]] = {}
    for addresses in by_network.values():
        for host, address in addresses.items():
            hosts[host] = (*hosts.get(host, ()), address)
    return KdumpOptions(listen=settings.host.kdump_listen, port=settings.host.kdump_port, hosts=hosts)


def _yaml(file: str) -> object:
    """Return what a YAML file holds; OSError or ValueError."""
    try:
        return yaml.safe_load(Path(file).read_text("utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from error
