"""As whom a Redis takes us, and whether that is somebody who may do everything: by its own word, in two forms."""

from collections.abc import Iterator

import pytest
from redis.asyncio import Redis

from kasugai.adapters.redis_whoami import may_do_everything
from kasugai.adapters.settings.values import RedisSettings
from kasugai.core.recovering.doors import LedgerAway
from tests.support.ledgers import RIGHTS, in_a_loop
from tests.support.redis import RedisServer
from tests.support.redis_forms import Cluster

pytestmark = pytest.mark.integration


@pytest.fixture
def server() -> Iterator[RedisServer]:
    server = RedisServer().start()
    yield server
    server.stop()


@in_a_loop
async def test_the_default_user_may_and_the_one_of_the_pages_may_not(server: RedisServer) -> None:
    """The rights that docs/operators/connections.md gives to workers."""
    assert await may_do_everything(RedisSettings(url=server.url)) == ("default", True)
    async with Redis.from_url(server.url) as admin:
        await admin.execute_command(*RIGHTS.split())  # type: ignore[no-untyped-call]
    ours = RedisSettings(url=server.url, username="kasugai", password="pw")
    assert await may_do_everything(ours) == ("kasugai", False)


@in_a_loop
async def test_a_cluster_is_asked_too() -> None:
    servers = Cluster().start()
    try:
        assert await may_do_everything(RedisSettings(url=servers.url)) == ("default", True)
    finally:
        servers.stop()


@in_a_loop
async def test_a_redis_that_is_away_is_away(server: RedisServer) -> None:
    server.stop()
    with pytest.raises(LedgerAway, match=r"see docs/operators/connections\.md"):
        await may_do_everything(RedisSettings(url=server.url))
