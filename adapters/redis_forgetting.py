"""Forgets all that Kasugai keeps in a Redis, and nothing else: leases, ledger, flags, claims and views."""

from kasugai.adapters.redis_blocking import connect_blocking
from kasugai.adapters.redis_scripts import answering_now
from kasugai.adapters.settings.values import RedisSettings

KEYS = ("kasugai:{kasugai}:*", "{kasugai}:*")
"""The ledger's, and the API's."""


def forget(redis: RedisSettings, *, timeout: float = 10.0) -> None:
    """Remove every key of ours; LedgerAway when Redis does not answer."""
    client = connect_blocking(redis, timeout=timeout, connections=1, decode=True)
    try:
        with answering_now():
            for pattern in KEYS:
                for key in client.scan_iter(match=pattern, count=1000):
                    client.unlink(key)
    finally:
        client.close()
