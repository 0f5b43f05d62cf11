"""Reads Pacemaker's own record of its cluster, the CIB, as `cibadmin --query` prints it.

It is read here and never given to a tool: a tool of another version reads some of it wrongly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kasugai.agents.cluster.picture import Unreadable
from kasugai.agents.cluster.reading.elements import Path, said, since, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeState:
    """What the cluster wrote down of one node."""

    name: str
    member: bool | None
    """`in_ccm`: whether it is in the membership; None when that cannot be read."""
    answers: bool | None = None
    """`crmd`: whether its controller is there; remote nodes have none."""
    joined: bool = False
    """Whether its controller has joined the leader's."""
    expected: str = ""
    """`member` when it should be here, `down` after a fence or an orderly stop."""
    remote: bool = False
    """Whether it is reached through pacemaker_remote: a host of its own, or a guest that Pacemaker runs."""
    history: bool = False
    """Whether the cluster still knows what ran on it: a fence erases that, an orderly stop leaves it."""
    fenced: bool = False
    """Whether a remote node has been fenced since it was here last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cib:
    """The part of a CIB that tells who is there."""

    quorum: bool
    leader: str
    """Id of the designated controller; empty while there is none."""
    states: tuple[NodeState, ...]
    remotes: frozenset[str]
    """Names of the nodes that are reached through pacemaker_remote."""
    maintained: frozenset[str]
    """Names of the nodes whose own attribute says maintenance."""


@dataclass(slots=True)
class _Draft:
    root: Mapping[str, str] = field(default_factory=dict)
    states: dict[str, NodeState] = field(default_factory=dict)
    remotes: set[str] = field(default_factory=set)
    maintained: set[str] = field(default_factory=set)
    node: str = ""
    """Whose attributes come now."""

    def begin(self, path: Path, attributes: Mapping[str, str]) -> None:
        match path:
            case ("cib",):
                self.root = attributes
            case (*_, "nodes", "node") | (*_, "status", "node_state"):
                self.node = attributes.get("uname", attributes.get("id", ""))
                if path[-1] == "node_state" and self.node:
                    self.states[self.node] = _state(self.node, attributes)
            case (*_, "node_state", "lrm") if self.node in self.states:
                self.states[self.node] = replace(self.states[self.node], history=True)
            case (*_, "primitive") if _is_remote(attributes):
                self.remotes.add(attributes.get("id", ""))
            case (_, _, *_, "nvpair") if "node" in path or "transient_attributes" in path:
                if attributes.get("name") == "maintenance" and said(attributes.get("value")):
                    self.maintained.add(self.node)
            case _:
                pass


def read_cib(text: str) -> Cib:
    """Return who is there; Unreadable when the text is no CIB."""
    draft = _Draft()
    walk(text, draft.begin)
    quorum = said(draft.root.get("have-quorum"))
    if quorum is None:
        raise Unreadable("no CIB: have-quorum is missing")
    return Cib(
        quorum=quorum,
        leader=draft.root.get("dc-uuid", ""),
        states=tuple(draft.states.values()),
        remotes=frozenset(draft.remotes),
        maintained=frozenset(draft.maintained),
    )


def _state(name: str, attributes: Mapping[str, str]) -> NodeState:
    return NodeState(
        name=name,
        member=since(attributes.get("in_ccm")),
        answers=since(attributes.get("crmd")),
        joined=attributes.get("join") == "member",
        expected=attributes.get("expected", ""),
        remote=said(attributes.get("remote_node")) is True,
        fenced=since(attributes.get("node_fenced")) is True,
    )


def _is_remote(attributes: Mapping[str, str]) -> bool:
    return (attributes.get("provider"), attributes.get("type")) == ("pacemaker", "remote")
