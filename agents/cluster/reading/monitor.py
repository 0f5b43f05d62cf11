"""Reads `crm_mon --output-as=xml`: what the CIB alone does not tell, connections of remote nodes and fences.

Its words online, standby and pending are not used: `online` is said of nodes that are dead, and of those being started.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kasugai.agents.cluster.picture import Unreadable
from kasugai.agents.cluster.reading.elements import Path, said, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """What the cluster's own view adds."""

    unclean: frozenset[str]
    """Nodes that are to be fenced."""
    fenced: Mapping[str, str]
    """Nodes that have been fenced with success, and when that was last, as it is written there."""
    connected: frozenset[str]
    """Remote nodes whose connection is started, and has not failed."""
    broken: frozenset[str]
    """Resources with a failure, among them connections."""


@dataclass(slots=True)
class _Draft:
    status: str = ""
    nodes: int = 0
    unclean: set[str] = field(default_factory=set)
    fenced: dict[str, str] = field(default_factory=dict)
    connected: set[str] = field(default_factory=set)
    broken: set[str] = field(default_factory=set)

    def begin(self, path: Path, attributes: Mapping[str, str]) -> None:
        match path:
            case (_, "status"):
                self.status = attributes.get("code", "")
            case (_, "nodes", "node"):
                self.nodes += 1
                if said(attributes.get("unclean")):
                    self.unclean.add(attributes.get("name", ""))
            case (_, "fence_history", "fence_event") if _is_done(attributes):
                target, at = attributes.get("target", ""), attributes.get("completed", "")
                self.fenced[target] = max(self.fenced.get(target, ""), at)
            case (*_, "resource"):
                self._resource(attributes)
            case (_, "failures", "failure"):
                self.broken.add(_resource_of(attributes.get("op_key", "")))
            case _:
                pass

    def _resource(self, attributes: Mapping[str, str]) -> None:
        name = attributes.get("id", "")
        if said(attributes.get("failed")):
            self.broken.add(name)
        elif attributes.get("role") == "Started" and said(attributes.get("active")):
            self.connected.add(name)


def read_monitor(text: str) -> Monitor:
    """Return what it shows; Unreadable when it reached no cluster, whatever exit code it had."""
    draft = _Draft()
    walk(text, draft.begin)
    if draft.status != "0":
        raise Unreadable(f"crm_mon reached no cluster (status {draft.status or 'missing'})")
    if not draft.nodes:
        raise Unreadable("crm_mon names no node")
    return Monitor(
        unclean=frozenset(draft.unclean),
        fenced=draft.fenced,
        connected=frozenset(draft.connected),
        broken=frozenset(draft.broken),
    )


def _is_done(attributes: Mapping[str, str]) -> bool:
    return attributes.get("status") == "success" and attributes.get("action") in ("off", "reboot")


def _resource_of(operation: str) -> str:
    """An operation's key is RESOURCE_ACTION_INTERVAL, and a resource's name may have underscores."""
    return operation.rsplit("_", 2)[0]
