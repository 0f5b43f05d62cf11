"""What whoever remembers what receivers were told must do (announcers/ports.py): in memory, and on a real Redis."""

import asyncio
from collections.abc import Iterator

import pytest

from kasugai.adapters.redis_told import PREFIX, RedisTold
from kasugai.adapters.settings.values import RedisSettings
from kasugai.announcers.ports import Known, Remembers
from kasugai.core.recovering.doors import LedgerAway
from tests.support.announced import Memory
from tests.support.redis import RedisServer


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.integration)])
def told(request: pytest.FixtureRequest) -> Iterator[Remembers]:
    """Whoever remembers, and knows nothing yet."""
    if request.param == "memory":
        yield Memory()
        return
    server: RedisServer = request.getfixturevalue("redis_server")
    found = RedisTold.connect(RedisSettings(url=server.url), Known)
    for key in found._client.scan_iter(match=f"{PREFIX}*"):
        found._client.delete(key)
    yield found
    found.close()


def test_it_remembers_for_each_receiver_what_it_learned_last(told: Remembers) -> None:
    async def play() -> None:
        first, second = Known(key="k"), Known(key="k", thread="é:1")
        assert await told.known("chat", "k") is None
        await told.learn("chat", "k", first)
        await told.learn("chat", "k", second)
        await told.learn("pager", "k", first)
        assert (await told.known("chat", "k"), await told.known("pager", "k")) == (second, first)
        await told.forget("chat", "k")
        await told.forget("chat", "never")
        assert (await told.known("chat", "k"), await told.known("pager", "k")) == (None, first)

    asyncio.run(play())


@pytest.mark.integration
def test_what_is_none_of_ours_in_redis_is_nothing_and_is_written_over(redis_server: RedisServer) -> None:
    told = RedisTold.connect(RedisSettings(url=redis_server.url), Known)

    async def play() -> None:
        for text in ("", "[]", "no", '{"key": 1}', '{"key": "k"}', "7"):
            told._client.set(f"{PREFIX}chat:x", text)
            assert await told.known("chat", "x") is None
        told._client.delete(f"{PREFIX}chat:x")
        told._client.lpush(f"{PREFIX}chat:x", "other")
        assert await told.known("chat", "x") is None
        await told.learn("chat", "x", Known(key="k"))
        assert await told.known("chat", "x") == Known(key="k")
        assert 0 < int(told._client.ttl(f"{PREFIX}chat:x")) <= 35 * 24 * 3600

    asyncio.run(play())
    told.close()


def test_a_redis_that_is_away_says_so() -> None:
    told = RedisTold.connect(RedisSettings(url="redis://127.0.0.1:1/0"), Known)
    for ask in (told.known("chat", "k"), told.learn("chat", "k", Known(key="k")), told.forget("chat", "k")):
        with pytest.raises(LedgerAway):
            asyncio.run(ask)
    told.close()
