"""What each driver may be told, as values; where they are read from is the business of others.

Names and meanings are those of masakari-monitors where it has one for it (`masakari` takes its files).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from kasugai.agents.cluster.matrix import DEFAULT_MATRIX, Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often is looked, and how often the same must be seen."""

    interval: float = 20.0
    """Seconds between two looks while nothing changes; a look at Pacemaker costs some 20 ms of one core."""
    samples: int = 2
    """So many looks in a row must agree before a word is said."""

    @property
    def between(self) -> float:
        """Seconds between two looks of which the second may make a word."""
        return min(self.interval, max(1.0, self.interval / 5))


class NodeType(StrEnum):
    """What this host is in a Pacemaker cluster."""

    AUTODETECT = "autodetect"
    CLUSTER = "cluster"
    """A full node, with Corosync."""
    REMOTE = "remote"
    """A pacemaker_remote node, without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacemakerOptions:
    """How a Pacemaker cluster is watched."""

    pace: Pace = Pace()
    node_type: NodeType = NodeType.AUTODETECT
    restrict_to_remotes: bool = False
    """Speak of pacemaker_remote nodes only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorosyncOptions:
    """How a Corosync membership without Pacemaker is watched."""

    pace: Pace = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agents:
    """Where Consul's agents are: one per network, host[:port] or a URL; empty: none there."""

    manage: str = ""
    tenant: str = ""
    storage: str = ""

    def named(self) -> dict[str, str]:
        """Return those that there are, by their network's name in a matrix."""
        found = {"manage": self.manage, "tenant": self.tenant, "storage": self.storage}
        return {network: address for network, address in found.items() if address}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsulOptions:
    """How Consul's gossip pools are watched."""

    pace: Pace = Pace()
    agents: Agents = Agents()
    matrix: Matrix = DEFAULT_MATRIX
    ca_file: Path | None = None
    """Which authority signs the agents' certificates; None: the system's."""
    token: str = field(default="", repr=False)
    """Consul's ACL token; needs `node:read` and `agent:read`."""


SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds what it needs for its API server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesOptions:
    """How a Kubernetes cluster's nodes are watched."""

    pace: Pace = Pace()
    labels: str = ""
    """A label selector: which nodes are watched; empty: all."""
    server: str = ""
    """The API server's URL; empty: what a pod's environment says."""
    token_file: Path = SERVICE_ACCOUNT / "token"
    """Read at each look, since tokens are renewed there."""
    ca_file: Path | None = SERVICE_ACCOUNT / "ca.crt"


ClusterOptions = PacemakerOptions | CorosyncOptions | ConsulOptions | KubernetesOptions
