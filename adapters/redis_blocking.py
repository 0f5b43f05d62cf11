"""Makes the client of a Redis for threads, as redis_client.py makes the one for an event loop: same forms, same care.

It refuses to know what is asked of it.
"""

import time
from contextlib import suppress
from threading import Lock
from typing import Any, cast

from redis import BlockingConnectionPool, Redis, Sentinel, exceptions
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.retry import Retry
from redis.sentinel import SentinelConnectionPool

from kasugai.adapters.redis_client import ASK_AGAIN, Options, names_of, tls_of
from kasugai.adapters.redis_url import Address, Form, Node, parse
from kasugai.adapters.settings.values import RedisSettings


def connect_blocking(redis: RedisSettings, *, timeout: float, connections: int, decode: bool) -> "Redis":
    """Return a client that connects at its first command; each connection and answer takes at most `timeout` seconds.

    At most `connections` at a time to one server. BadUrl (a ValueError) when the address cannot be understood.
    """
    address = parse(redis.url)
    options = (
        _common(timeout) | names_of(redis, address) | tls_of(redis, address) | {"decode_responses": decode}
    )
    match address.form:
        case Form.SERVER:
            ((host, port),) = address.nodes
            kind: Any = SSLConnection if address.tls else Connection
            return _pooled(
                kind, options | {"host": host, "port": port, "db": address.db}, timeout, connections
            )
        case Form.SOCKET:
            place = {"path": address.path, "db": address.db}
            return _pooled(UnixDomainSocketConnection, options | place, timeout, connections)
        case Form.SENTINEL:
            return _through_sentinels(redis, address, options, timeout)
        case Form.CLUSTER:
            return cast("Redis", _Cluster(address.nodes, options | {"ssl": address.tls}))


class _Cluster:
    """A Cluster's client that is made at the first command: redis-py's asks the nodes as soon as it is made."""

    def __init__(self, nodes: tuple[Node, ...], options: Options) -> None:
        self._nodes, self._options = nodes, options
        self._turn = Lock()
        self._client: RedisCluster | None = None

    def __getattr__(self, name: str) -> Any:
        with self._turn:
            if self._client is None:
                node: Any = ClusterNode
                nodes = [node(host, port) for host, port in self._nodes]
                self._client = RedisCluster(startup_nodes=nodes, **self._options)
        return getattr(self._client, name)

    def close(self) -> None:
        """Close the connections, if there are any."""
        if self._client is not None:
            self._client.close()


def _common(timeout: float) -> Options:
    return {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "encoding_errors": "replace",
        "protocol": 2,
    }


def _pooled(kind: Any, options: Options, timeout: float, connections: int) -> "Redis":
    pool: Any = BlockingConnectionPool
    bounds = {"max_connections": connections, "timeout": timeout}
    return Redis.from_pool(pool(connection_class=kind, **bounds, **options))


def _through_sentinels(redis: RedisSettings, address: Address, options: Options, timeout: float) -> "Redis":
    """Return a client that asks the sentinels, one after another, each for a share of the time."""
    share = timeout / (len(address.nodes) + 1)
    access = {"username": redis.sentinel_username or None, "password": redis.sentinel_password or None}
    asked = _common(share) | access | tls_of(redis, address) | {"ssl": address.tls}
    sentinel: Any = Sentinel(address.nodes, sentinel_kwargs=asked)  # type: ignore[no-untyped-call]
    options |= {"ssl": address.tls, "db": address.db}
    master: Redis = sentinel.master_for(address.service, connection_pool_class=_MasterPool, **options)
    return master


class _MasterPool(SentinelConnectionPool):
    """As the event loop's (redis_client.py): who the master is, is asked once a second."""

    _due = 0.0

    def get_connection(self, *given: Any, **more: Any) -> Any:
        """Return a connection to the master, as of a second ago at the most."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + ASK_AGAIN
            with suppress(exceptions.ConnectionError):
                self.get_master_address()  # type: ignore[no-untyped-call]
        return super().get_connection(*given, **more)
