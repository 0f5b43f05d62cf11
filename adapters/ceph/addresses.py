"""A client's addresses as Ceph writes them, and whether a blocklist closes a cluster to one.

Ceph writes `192.0.2.11:0/3123796531`, `[2001:db8::11]:0/55`, sometimes with `v1:` or `v2:` before it. Port and nonce
name one process; an entry with 0 for both closes the cluster to every process of the address, also to one that begins
later (Ceph 16.2.15, measured). Newer ones have ranges as well: `cidr:192.0.2.0:0/24`.
"""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

_WRITTEN = re.compile(r"^(?:v[12]:|any:)?(\[[^\]]+\]|[^:]+):(\d+)/(\d+)$")
_RANGE = re.compile(r"^cidr:(\[[^\]]+\]|[^:]+):\d+/(\d+)$")


def parse(text: str) -> Address | None:
    """Return the address in what Ceph writes; None when it is none."""
    found = _WRITTEN.match(text)
    return _bare(found[1]) if found else None


def entry(address: Address) -> str:
    """Return the blocklist's entry for all clients of an address, as Ceph writes it in its list."""
    return f"{address}:0/0" if isinstance(address, IPv4Address) else f"[{address}]:0/0"


def ends(address: Address, blocked: Mapping[str, float]) -> float | None:
    """Return until when (seconds since 1970) a blocklist closes the cluster to every client of an address; None: it
    does not."""
    found = [until for text, until in blocked.items() if _closes(text, address)]
    return max(found, default=None)


def _closes(text: str, address: Address) -> bool:
    if found := _RANGE.match(text):
        try:
            return address in ip_network(f"{found[1].strip('[]')}/{found[2]}", strict=False)
        except ValueError:
            return False
    return text.endswith(":0/0") and parse(text) == address


def _bare(text: str) -> Address | None:
    try:
        return ip_address(text.strip("[]"))
    except ValueError:
        return None
