"""Whether a Redis forgets what it was told to keep: nothing starts on one that does.

When it is full: leases, flags and claims would go in silence, unless its policy is `noeviction`. And when a replica
takes over from a master that lives: that one goes on for seconds to acknowledge writes that nobody will ever see,
unless it takes none without a replica.

The server tells in INFO, also where CONFIG is not permitted. It is asked by a script, like everything else, so that a
Cluster answers for the slot that is used.
"""

from collections.abc import Sequence

from kasugai.adapters.redis_url import Form

KEEPS = "noeviction"
EVICTS = "type redis-cli CONFIG SET maxmemory-policy noeviction, and write it into its redis.conf"
LOSES = (
    "Redis acknowledges writes that a failover loses (no min-replicas-to-write): type redis-cli CONFIG SET "
    "min-replicas-to-write 1 and CONFIG SET min-replicas-max-lag 5 on each server, and write both into its redis.conf"
)

ASK = """
local memory, replication = redis.call('INFO', 'memory'), redis.call('INFO', 'replication')
return {
  string.match(memory, 'maxmemory_policy:([%w-]+)') or '',
  string.match(replication, 'connected_slaves:(%d+)') or '',
  string.match(replication, 'min_slaves_good_slaves:(%d+)') or '',
}
"""
"""What INFO says: what is done when memory is full, how many replicas there are, and how many of them count for
min-replicas-to-write ('' where that is not set)."""


class Forgets(Exception):
    """Redis may forget what it was told to keep. One line with what to type."""


def complaint(told: Sequence[str], form: Form) -> str:
    """Return what is wrong with a server by its answers to `ASK`; empty when nothing is, or when it does not tell."""
    policy, replicas, good = told
    if policy not in ("", KEEPS):
        return f"Redis forgets keys when it is full (maxmemory-policy {policy}): {EVICTS}"
    is_replaced = form is Form.SENTINEL or (form is Form.CLUSTER and replicas not in ("", "0"))
    return LOSES if is_replaced and replicas and not good else ""


def require_kept(told: Sequence[str], form: Form) -> None:
    """Raise Forgets for a server that does."""
    if why := complaint(told, form):
        raise Forgets(why)
