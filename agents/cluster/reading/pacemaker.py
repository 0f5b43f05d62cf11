"""Says how each node of a Pacemaker cluster stands, by what the cluster wrote down.

Down is who left the membership unasked, or was fenced and has not been here since. Who left in order, is in maintenance
by its own attribute, or is seen by Corosync while its Pacemaker does not answer, cannot be told.
"""

from kasugai.agents.cluster.picture import Member, Picture, blind, down, shown, strangers, untold, up
from kasugai.agents.cluster.reading.cib import Cib, NodeState
from kasugai.agents.cluster.reading.monitor import Monitor


def picture_of(cib: Cib, monitor: Monitor | None, *, own: str, remotes_only: bool = False) -> Picture:
    """Return the picture; `monitor` is None where nobody asked for it or it had no answer."""
    if not cib.quorum:
        return blind("Pacemaker's partition has no quorum: what it says of others is not believed")
    if not cib.leader:
        return blind("Pacemaker has no designated controller at the moment: nobody keeps its view")
    if (reason := _why_own_is_out(cib, own)) is not None:
        return blind(reason)
    nodes = [] if remotes_only else [_node(state, cib, monitor) for state in _cluster_nodes(cib)]
    found = [*nodes, *(_remote(state, cib, monitor) for state in _remotes(cib))]
    if remotes_only and not found:
        return blind("restrict_to_remotes is set and the cluster has no remote node: unset it")
    names = {state.name for state in cib.states}
    return shown(found, *strangers(names, own))


def needs_monitor(cib: Cib, closely: bool) -> bool:
    """Return whether the CIB alone leaves open how a node stands: a remote one, or one that is gone by its own wish or
    after a fence. `closely`: whether returns of remote nodes matter as well."""
    left = (state.member is False and state.expected != "member" for state in _cluster_nodes(cib))
    lost = (state.member is False or closely for state in _remotes(cib))
    return any(left) or any(lost)


def _cluster_nodes(cib: Cib) -> list[NodeState]:
    return [state for state in cib.states if not state.remote]


def _remotes(cib: Cib) -> list[NodeState]:
    """Without the guests that Pacemaker runs as nodes: they are no hosts."""
    return [state for state in cib.states if state.remote and state.name in cib.remotes]


def _why_own_is_out(cib: Cib, own: str) -> str | None:
    for state in cib.states:
        if state.name == own and state.member is not True:
            return (
                "this host is no member of its cluster by its own view: look at corosync and pacemaker here"
            )
    return None


def _node(state: NodeState, cib: Cib, monitor: Monitor | None) -> Member:
    match state.member:
        case None:
            return untold(state.name, "its in_ccm is neither true, false nor a time")
        case _ if state.name in cib.maintained:
            return untold(state.name, "in maintenance by its own attribute")
        case True:
            return _present(state)
        case False:
            return _absent(state, monitor)


def _present(state: NodeState) -> Member:
    if state.answers and state.joined:
        return up(state.name, "member, and its controller has joined")
    if state.expected == "down":
        return untold(state.name, "its Pacemaker was stopped in order, Corosync runs on")
    return untold(state.name, "Corosync sees it, its controller does not answer or has not joined")


def _absent(state: NodeState, monitor: Monitor | None) -> Member:
    if state.expected == "member":
        return down(state.name, "lost from the membership, unasked")
    if monitor is not None and state.name in monitor.fenced and not state.history:
        return down(
            state.name, f"not in the membership, fenced by the cluster at {monitor.fenced[state.name]}"
        )
    return untold(state.name, "left the cluster in order")


def _remote(state: NodeState, cib: Cib, monitor: Monitor | None) -> Member:
    match state.member:
        case None:
            return untold(state.name, "its in_ccm is neither true, false nor a time")
        case _ if state.name in cib.maintained:
            return untold(state.name, "in maintenance by its own attribute")
        case True:
            return _connected(state, monitor)
        case False:
            return _lost(state, monitor)


def _connected(state: NodeState, monitor: Monitor | None) -> Member:
    if monitor is not None and state.name in monitor.connected:
        return up(state.name, "remote node, connected")
    return untold(state.name, "remote node, its connection is not known to be started")


def _lost(state: NodeState, monitor: Monitor | None) -> Member:
    if state.fenced:
        return down(state.name, "remote node, lost and fenced by the cluster")
    if monitor is not None and state.name in monitor.unclean | monitor.broken:
        return down(state.name, "remote node, its connection failed")
    return untold(state.name, "remote node, its connection is stopped and has not failed")
