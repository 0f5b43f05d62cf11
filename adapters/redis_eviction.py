"""Whether a Redis forgets keys when it is full: leases, flags and claims would go in silence, so nothing starts on it.

The server tells in INFO, also where CONFIG is not permitted. It is asked by a script, like everything else, so that a
Cluster answers for the slot that is used.
"""

KEEPS = "noeviction"
REMEDY = "type redis-cli CONFIG SET maxmemory-policy noeviction, and write it into its redis.conf"


class Evicts(Exception):
    """Redis may forget what it was told to keep. One line with what to type."""


def complaint(policy: str) -> str:
    """Return what is wrong with a server's maxmemory-policy; empty when nothing is, or when it does not tell."""
    if policy in ("", KEEPS):
        return ""
    return f"Redis forgets keys when it is full (maxmemory-policy {policy}): {REMEDY}"


def require_kept(policy: str) -> None:
    """Raise Evicts for a server that forgets."""
    if why := complaint(policy):
        raise Evicts(why)
