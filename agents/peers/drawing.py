"""Who asks whom: the list of hosts with their addresses, and the four that a host draws from it. Pure.

The list is a file that deployment tools write alike on every host, for an agent may read no topic; each line says
`HOST NETWORK ADDRESS`, as /etc/hosts does for one network.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

DRAWN = 4
"""Peers by each network: each host is asked by as many."""
MOST = 100_000
"""Lines that a list may have."""
NETWORKS = 8
"""Networks that a beat can speak of."""


class BadPeers(Exception):
    """The list cannot be used. One line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """Addresses by network and host."""

    by_network: Mapping[str, Mapping[str, str]]
    remarks: tuple[str, ...] = field(default=())
    """Lines that say nothing, one sentence for the first of them."""

    def drawn(self, own: str) -> dict[str, dict[str, str]]:
        """Return, by network, the addresses of the hosts that `own` asks: those that follow it around the ring."""
        return {
            network: {host: hosts[host] for host in draw(own, hosts)}
            for network, hosts in self.by_network.items()
        }


def draw(own: str, hosts: Mapping[str, str]) -> list[str]:
    """Return the hosts that follow `own` in the order of a hash: all draw from one ring, so that everybody is asked by
    as many as he asks, and hosts that are neighbours in a rack are none there."""
    ring = sorted({*hosts, own}, key=_place)
    at = ring.index(own)
    return [host for host in (ring[at + 1 :] + ring[:at])[:DRAWN] if host in hosts]


def parse(text: str, file: str) -> Peers:
    """Return what a list says; raise BadPeers when it is none."""
    found: dict[str, dict[str, str]] = {}
    wrong: list[int] = []
    lines = text.splitlines()
    if len(lines) > MOST:
        raise BadPeers(f"{file}: {len(lines)} lines, at most {MOST} are taken")
    for n, line in enumerate(lines, 1):
        match line.partition("#")[0].split():
            case [host, network, address]:
                found.setdefault(network, {})[host] = address
            case []:
                pass
            case _:
                wrong.append(n)
    if len(found) > NETWORKS:
        raise BadPeers(f"{file}: {len(found)} networks, at most {NETWORKS} are taken")
    return Peers(by_network=found, remarks=_said(wrong, file))


def _said(wrong: list[int], file: str) -> tuple[str, ...]:
    if not wrong:
        return ()
    more = f" (and {len(wrong) - 1} more lines)" if len(wrong) > 1 else ""
    return (f"{file}, line {wrong[0]}{more}: it is passed over: write HOST NETWORK ADDRESS",)


def _place(host: str) -> bytes:
    return sha256(host.encode("utf-8", "surrogatepass")).digest()
