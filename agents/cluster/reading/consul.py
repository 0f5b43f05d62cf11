"""Says how each host stands by what the Consul agents of this host gossip, one pool per network.

A member that left in order is not lost. Which losses matter is the matrix's; an agent that is not configured leaves its
column open.
"""

from collections.abc import Mapping

from kasugai.agents.cluster.matrix import DOWN, UP, Matrix
from kasugai.agents.cluster.picture import (
    Member,
    Picture,
    Unreadable,
    blind,
    down,
    shown,
    strangers,
    unless_alone,
    untold,
    up,
)

ALIVE, LEAVING, LEFT, FAILED = 1, 2, 3, 4
"""Serf's numbers for a member's status."""

Pool = Mapping[str, int]
"""A network's members by name, with their status."""


def read_members(data: object) -> dict[str, int]:
    """Return who is in a pool, from `/v1/agent/members`; Unreadable when it is something else."""
    if not isinstance(data, list):
        raise Unreadable("no list of members")
    found = {}
    for each in data:
        name, status = (each.get("Name"), each.get("Status")) if isinstance(each, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(status, int) or isinstance(status, bool):
            raise Unreadable("a member without Name or Status")
        found[name] = status
    if not found:
        raise Unreadable("an empty list of members")
    return found


def has_leader(data: object) -> bool:
    """Return whether `/v1/status/leader` names one: an agent that is cut off knows none."""
    return isinstance(data, str) and data != ""


def open_columns(matrix: Matrix, configured: Mapping[str, str]) -> tuple[str, ...]:
    """Return a remark for each network of the matrix that has no agent here."""
    return tuple(
        f"no Consul agent for {network} is configured (agent_{network}): its column is left open"
        for network in matrix.sequence
        if network not in configured
    )


def picture_of(
    pools: Mapping[str, Pool], matrix: Matrix, *, own: str, remarks: tuple[str, ...] = ()
) -> Picture:
    """Return the picture of all pools together."""
    used = {network: pool for network, pool in pools.items() if network in matrix.sequence}
    if not used:
        return blind(
            "no Consul agent of the matrix is configured: set agent_manage, agent_tenant or agent_storage",
            *remarks,
        )
    names = {name for pool in used.values() for name in pool}
    remarks += strangers(names, own)
    return unless_alone(shown((_member(name, used, matrix) for name in names), *remarks), own)


def _member(name: str, pools: Mapping[str, Pool], matrix: Matrix) -> Member:
    statuses = {network: pool[name] for network, pool in pools.items() if name in pool}
    health = {network: word for network, status in statuses.items() if (word := _word(status))}
    why = ", ".join(f"{network} {health.get(network, 'not known')}" for network in matrix.sequence)
    if any(status in (LEAVING, LEFT) for status in statuses.values()):
        return untold(name, f"left a pool in order ({why})")
    if DOWN not in health.values():
        return up(name, why) if len(health) == len(pools) else untold(name, why)
    return (
        down(name, why)
        if matrix.asks_for_recovery(health)
        else untold(name, f"the matrix asks for nothing: {why}")
    )


def _word(status: int) -> str:
    """A status that is neither is not known."""
    return {ALIVE: UP, FAILED: DOWN}.get(status, "")
