"""Ceph as a fence: its blocklist closes the cluster to a host's clients, whatever has become of the host's power.

Ceph's own programs are the way to it (`ceph`, `rbd`): their binding for Python comes with the distribution's Python
alone. Nothing here knows an incident.
"""

from kasugai.adapters.ceph.cluster import CephAway, CephTrouble, Cluster, Lock
from kasugai.adapters.ceph.fence import CephStorage, Closable
from kasugai.adapters.ceph.none import NoStorage
from kasugai.adapters.ceph.opening import closables, storage_of

__all__ = [
    "CephAway",
    "CephStorage",
    "CephTrouble",
    "Closable",
    "Cluster",
    "Lock",
    "NoStorage",
    "closables",
    "storage_of",
]
