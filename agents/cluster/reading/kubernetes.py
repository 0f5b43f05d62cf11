"""Says how each node of a Kubernetes cluster stands, by its condition Ready and by its Lease.

Unknown: the control plane has not heard its kubelet. False: the kubelet itself says that it is not ready, so the host
speaks. Times are compared with the API server's own, never with ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from kasugai.agents.cluster.picture import Member, Unreadable, down, untold, up

LEASE = 40.0
"""Seconds of a Lease that does not say how long it lasts: Kubernetes' default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeWord:
    """What the API says of one node."""

    name: str
    ready: str
    """True, False or Unknown; empty when nobody has said."""
    going: bool = False
    """Whether it is being deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """How long ago a kubelet renewed its lease, by the API server's clock."""

    age: float
    lasts: float = LEASE

    @property
    def is_fresh(self) -> bool:
        """Whether the kubelet has been heard within it."""
        return self.age < self.lasts


def read_nodes(data: object) -> tuple[list[NodeWord], str]:
    """Return the nodes of one page of a NodeList, and where the next page begins; Unreadable when it is none."""
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise Unreadable("no list of nodes")
    following = _part(data, "metadata").get("continue", "")
    return [_node(item) for item in items], following if isinstance(following, str) else ""


def _node(item: object) -> NodeWord:
    metadata = _part(item, "metadata")
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        raise Unreadable("a node without a name")
    conditions = _part(item, "status").get("conditions")
    ready = [
        each.get("status")
        for each in (conditions if isinstance(conditions, list) else [])
        if isinstance(each, dict) and each.get("type") == "Ready"
    ]
    return NodeWord(name=name, ready=str(ready[0]) if ready else "", going="deletionTimestamp" in metadata)


def read_lease(data: object, date: str) -> Lease | None:
    """Return a node's lease; None when it cannot be told. `date` is the answer's own Date header."""
    spec = _part(data, "spec")
    renewed, lasts = spec.get("renewTime"), spec.get("leaseDurationSeconds")
    try:
        at = datetime.fromisoformat(str(renewed))
        age = (parsedate_to_datetime(date) - (at if at.tzinfo else at.replace(tzinfo=UTC))).total_seconds()
    except (TypeError, ValueError):
        return None
    return Lease(age=age, lasts=float(lasts) if isinstance(lasts, int) and lasts > 0 else LEASE)


def doubted(nodes: list[NodeWord]) -> list[str]:
    """Return the names of those whose lease is to be read: of whom the control plane has not heard."""
    return [node.name for node in nodes if node.ready == "Unknown"]


def member_of(node: NodeWord, leases: Mapping[str, Lease]) -> Member:
    """Return how a node stands; `leases` of those that are doubted, where they could be read."""
    match node.ready:
        case _ if node.going:
            return untold(node.name, "it is being deleted")
        case "True":
            return up(node.name, "Ready is True")
        case "False":
            return untold(node.name, "Ready is False: its kubelet speaks, and says that it is not ready")
        case "Unknown":
            return _unheard(node.name, leases.get(node.name))
        case _:
            return untold(node.name, "it has no condition Ready")


def _unheard(name: str, lease: Lease | None) -> Member:
    if lease is None:
        return untold(name, "Ready is Unknown, and its Lease could not be read")
    if lease.is_fresh:
        return untold(name, f"Ready is Unknown, but its Lease was renewed {lease.age:.0f} s ago")
    return down(name, f"Ready is Unknown, and its Lease was renewed {lease.age:.0f} s ago")


def _part(data: Any, key: str) -> dict[str, Any]:
    part = data.get(key) if isinstance(data, dict) else None
    return part if isinstance(part, dict) else {}
