"""A Redis that evicts, or takes no writes, is told by every door before anything is begun on it, and while it is so."""

from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from kasugai.adapters.redis_claims import RedisClaims
from kasugai.adapters.redis_eviction import Evicts
from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.core.recovering.doors import LedgerAway
from tests.support.ledgers import RIGHTS, in_a_loop
from tests.support.redis import RedisServer

pytestmark = pytest.mark.integration

POLICIES = ["allkeys-lru", "volatile-ttl"]
API_RIGHTS = "ACL SETUSER api on >pw resetchannels ~{kasugai}:* +@all -@dangerous"


@pytest.fixture
def server() -> Iterator[RedisServer]:
    server = RedisServer().start()
    yield server
    server.stop()


async def say(admin: "Redis", line: str) -> None:
    await admin.execute_command(*line.split())  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("policy", POLICIES)
@in_a_loop
async def test_an_evicting_redis_is_refused_with_what_to_type(server: RedisServer, policy: str) -> None:
    async with Redis.from_url(server.url) as admin, RedisLedger.from_url(server.url) as ledger:
        claims = RedisClaims.from_url(server.url)
        await admin.config_set("maxmemory-policy", policy)
        with pytest.raises(Evicts, match=f"{policy}.*CONFIG SET maxmemory-policy noeviction"):
            await ledger.check()
        with pytest.raises(Evicts, match=policy):
            claims.check()
        assert policy in claims.waits_for()
        await admin.config_set("maxmemory-policy", "noeviction")
        await ledger.check()
        assert claims.waits_for() == ""
        claims.close()


@in_a_loop
async def test_config_need_not_be_permitted(server: RedisServer) -> None:
    """The ledger's user has INFO anyway; the API's may lack it, and then nothing is known and nothing refused."""
    async with Redis.from_url(server.url) as admin:
        for line in (RIGHTS, API_RIGHTS):
            await say(admin, line)
        await admin.config_set("maxmemory-policy", "allkeys-lru")
        async with RedisLedger.from_url(server.url.replace("//", "//kasugai:pw@")) as ledger:
            with pytest.raises(Evicts):
                await ledger.check()
        claims = RedisClaims.from_url(server.url.replace("//", "//api:pw@"))
        assert claims.waits_for() == ""
        await say(admin, "ACL SETUSER api +info")
        assert "allkeys-lru" in claims.waits_for()
        claims.close()


@in_a_loop
async def test_a_redis_that_takes_no_writes_is_not_ready(server: RedisServer) -> None:
    async with Redis.from_url(server.url) as admin, RedisLedger.from_url(server.url) as ledger:
        claims = RedisClaims.from_url(server.url)
        await ledger.check()
        await admin.config_set("min-replicas-to-write", "1")
        with pytest.raises(LedgerAway, match="NOREPLICAS"):
            await ledger.check()
        assert "NOREPLICAS" in claims.waits_for()
        claims.close()
