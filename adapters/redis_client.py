"""Makes the client of a Redis, whatever its form: one that never repeats a command and never waits for long.

It refuses to know what is asked of it. A client that asks sentinels asks them anew at each connection and once a
second, so that it stays with no old master that only believes to be one.
"""

import asyncio
from contextlib import suppress
from typing import Any

from redis import exceptions
from redis.asyncio import ConnectionPool, Redis, Sentinel
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.connection import Connection, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import SentinelConnectionPool
from redis.backoff import NoBackoff

from kasugai.adapters.redis_url import Address, Form, parse
from kasugai.adapters.settings.values import RedisSettings

ASK_AGAIN = 1.0
"""Seconds after which the sentinels are asked again who the master is."""

AnyRedis = Redis | RedisCluster

Options = dict[str, Any]


def connect(redis: RedisSettings, *, timeout: float) -> AnyRedis:
    """Return a client that connects at its first command; each connection and answer takes at most `timeout` seconds.

    Answers are decoded. BadUrl (a ValueError) when the address cannot be understood; it does not repeat it.
    """
    address = parse(redis.url)
    options = _common(timeout) | names_of(redis, address)
    match address.form:
        case Form.SERVER:
            ((host, port),) = address.nodes
            kind = SSLConnection if address.tls else Connection
            options |= {"host": host, "port": port, "connection_class": kind} | tls_of(redis, address)
            return Redis.from_pool(ConnectionPool(db=address.db, **options))
        case Form.SOCKET:
            options |= {"path": address.path, "connection_class": UnixDomainSocketConnection}
            return Redis.from_pool(ConnectionPool(db=address.db, **options))
        case Form.SENTINEL:
            return _through_sentinels(redis, address, options, timeout)
        case Form.CLUSTER:
            nodes = [ClusterNode(host, port) for host, port in address.nodes]
            return RedisCluster(startup_nodes=nodes, ssl=address.tls, **options, **tls_of(redis, address))


def _common(timeout: float) -> Options:
    return {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "retry": Retry(NoBackoff(), 0),
        "decode_responses": True,
        "encoding_errors": "replace",
        "protocol": 2,
    }


def names_of(redis: RedisSettings, address: Address) -> Options:
    """Return as whom to go in."""
    return {
        "username": redis.username or address.username or None,
        "password": redis.password or address.password or None,
    }


def tls_of(redis: RedisSettings, address: Address) -> Options:
    """Return what makes TLS of a connection: the server's certificate is always checked."""
    if not address.tls:
        return {}
    return {
        "ssl_cert_reqs": "required",
        "ssl_ca_certs": redis.ssl_cafile or None,
        "ssl_certfile": redis.ssl_certfile or None,
        "ssl_keyfile": redis.ssl_keyfile or None,
        "ssl_check_hostname": redis.ssl_check_hostname,
    }


class _MasterPool(SentinelConnectionPool):
    """Connections to whatever the sentinels call the master; closes those to the sentinels with its own.

    redis-py asks them for a new connection only: an old one stays with a master that lives and has been replaced, which
    acknowledges for seconds what will be lost. Here they are asked once a second, and old connections are given up."""

    _due = 0.0

    async def get_connection(self, *given: Any, **more: Any) -> Any:
        """Return a connection to the master, as of a second ago at the most."""
        now = asyncio.get_running_loop().time()
        if now >= self._due:
            self._due = now + ASK_AGAIN
            with suppress(
                exceptions.ConnectionError
            ):  # the sentinels are away: those that there are serve on
                await self.get_master_address()  # type: ignore[no-untyped-call]
        connection: Any = await super().get_connection(*given, **more)  # type: ignore[no-untyped-call]
        if (connection.host, connection.port) != self.master_address:
            await connection.disconnect()
            await connection.connect()
        return connection

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """Close connections; all of them at the end, and only idle ones when the master has changed."""
        await super().disconnect(inuse_connections)
        if inuse_connections:
            await self.sentinel_manager.aclose()


def _through_sentinels(redis: RedisSettings, address: Address, options: Options, timeout: float) -> "Redis":
    """Return a client that finds its master. Sentinels are asked one after another, so that one that hangs may only
    take a share of the time."""
    share = timeout / (len(address.nodes) + 1)
    access = {"username": redis.sentinel_username or None, "password": redis.sentinel_password or None}
    asked = _common(share) | access | tls_of(redis, address) | {"ssl": address.tls}
    sentinel: Any = Sentinel(address.nodes, sentinel_kwargs=asked)  # type: ignore[no-untyped-call]
    options |= {"ssl": address.tls, "db": address.db} | tls_of(redis, address)
    master: Redis = sentinel.master_for(address.service, connection_pool_class=_MasterPool, **options)
    return master
