"""A Redis that evicts, or takes no writes, is told by every door before anything is begun on it, and while it is so."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis

from kasugai.adapters.redis_claims import RedisClaims
from kasugai.adapters.redis_keeping import Forgets
from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.adapters.redis_rights import USERS, acl_line
from kasugai.core.recovering.doors import LedgerAway
from kasugai.core.words.subject import host_subject
from tests.support.ledgers import RIGHTS, in_a_loop
from tests.support.redis import RedisServer

pytestmark = pytest.mark.integration

POLICIES = ["allkeys-lru", "volatile-ttl"]
API_RIGHTS = next(
    acl_line(replace(u, login="api"), "pw") for u in USERS if u.login == "kasugai-api"
).removesuffix(" +info")


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
        with pytest.raises(Forgets, match=f"{policy}.*CONFIG SET maxmemory-policy noeviction"):
            await ledger.check()
        with pytest.raises(Forgets, match=policy):
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
            with pytest.raises(Forgets):
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


async def until_saving_is(admin: "Redis", word: str) -> None:
    async with asyncio.timeout(30):
        while True:
            told: dict[str, str] = await admin.info("persistence")
            if told["rdb_last_bgsave_status"] == word:
                return
            await asyncio.sleep(0.1)


@in_a_loop
async def test_a_redis_that_cannot_save_and_so_takes_no_writes_is_away_until_it_can(tmp_path: Path) -> None:
    """MISCONF, provoked: with `save` on, a Redis whose folder is gone refuses every write, and reads go on."""
    gone = tmp_path / "gone"
    gone.mkdir()
    server = RedisServer("--enable-protected-configs", "yes").start()
    try:
        async with Redis.from_url(server.url) as admin, RedisLedger.from_url(server.url) as ledger:
            await ledger.check()
            kept = (await admin.config_get("dir"))["dir"]
            await say(admin, "CONFIG SET appendonly no")
            await say(admin, f"CONFIG SET dir {gone}")
            await admin.config_set("save", "1 1")
            gone.rmdir()
            await admin.set("something", "to save")
            await until_saving_is(admin, "err")
            with pytest.raises(LedgerAway, match="MISCONF"):
                await ledger.check()
            with pytest.raises(LedgerAway, match="MISCONF"):
                await ledger.acquire(host_subject("cmp1"), "me")
            await say(admin, f"CONFIG SET dir {kept}")
            await until_saving_is(admin, "ok")
            await ledger.check()
            assert await ledger.acquire(host_subject("cmp1"), "me") is not None
    finally:
        server.stop()
