"""Whatever stands in the ledger's keys: every call answers, or refuses in the port's own words, and a fold mends it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from kasugai.adapters.redis_ledger import RedisLedger
from kasugai.core.recovering.doors import Lease, LeaseLost
from kasugai.core.recovering.ledger import Entry
from tests.support.ledgers import CONTENT, HOST, KEYS, ONE, STOP, own
from tests.support.redis import RedisServer

pytestmark = pytest.mark.integration

FIELDS = ["owner", "epoch", "writes", "history", "ttl", "offsets", "said", "offset", "order", "reason"]
texts = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"",
            b"0",
            b"-1",
            b"1e308",
            b"nan",
            b"0x10",
            b"9" * 15,
            b"9" * 16,
            b"9" * 400,
            b"stop",
            b"go",
            b"a",
            b"{}",
        ]
    ),
    st.sampled_from(
        [b"[" * 5_000, b'{"v":1}', b'{"v":2,"incident":[]}', str(ONE).encode(), b'{"a/0":1e999}']
    ),
)
values = st.one_of(
    st.tuples(st.just("set"), texts),
    st.tuples(st.just("rpush"), texts),
    st.tuples(st.just("sadd"), texts),
    st.tuples(st.just("zadd"), st.dictionaries(texts, st.integers(0, 9), min_size=1, max_size=2)),
    st.tuples(st.just("xadd"), st.dictionaries(texts, texts, min_size=1, max_size=2)),
    st.tuples(
        st.just("hset"), st.dictionaries(st.sampled_from(FIELDS) | texts, texts, min_size=1, max_size=4)
    ),
)
keys = st.dictionaries(
    st.sampled_from(KEYS), st.tuples(values, st.sampled_from([None, 1, 10**13])), min_size=1
)
Foreign = dict[str, tuple[tuple[str, Any], int | None]]


async def write(admin: "Redis", foreign: Foreign) -> None:
    """Put it over what is there, or beside it where the key is of that type already."""
    asked: Any = admin
    for kind, ((command, value), left) in foreign.items():
        key = f"kasugai:{{kasugai}}:{kind}:{ONE if kind in ('entry', 'flag') else HOST.name}"
        if command not in ("hset", "sadd"):
            await admin.delete(key)
        with suppress(Exception):  # of another type than what is there: then that stays
            await (
                asked.hset(key, mapping=value) if command == "hset" else getattr(asked, command)(key, value)
            )
        if left is not None:
            await admin.pexpire(key, left)


CALLS: list[Callable[[RedisLedger, Lease], Awaitable[object]]] = [
    lambda ledger, lease: ledger.renew(lease),
    lambda ledger, lease: ledger.begin(lease, ONE),
    lambda ledger, lease: ledger.record(lease, Entry(incident=ONE)),
    lambda ledger, lease: ledger.record(lease, Entry(incident=ONE), effect=True),
    lambda ledger, lease: ledger.adopt(lease, 1_000),
    lambda ledger, lease: ledger.stopped(HOST, ONE),
    lambda ledger, lease: ledger.is_leased(HOST),
    lambda ledger, lease: ledger.leased([HOST]),
    lambda ledger, lease: ledger.load(HOST),
    lambda ledger, lease: ledger.flag(HOST, ONE, STOP),
    lambda ledger, lease: ledger.save(lease, CONTENT),
    lambda ledger, lease: ledger.acquire(HOST, "c"),
    lambda ledger, lease: ledger.release_all("nobody"),
    lambda ledger, lease: ledger.release(lease),
]


def test_nothing_that_redis_can_hold_brings_another_error_about(redis_server: RedisServer) -> None:
    async def told(foreign: Foreign, order: list[int]) -> None:
        url = redis_server.url.removesuffix("/0") + "/8"
        async with RedisLedger.from_url(url) as ledger, Redis.from_url(url) as admin:
            await admin.flushdb()
            lease = await own(ledger)
            await ledger.save(lease, CONTENT)
            await write(admin, foreign)
            for number in order:
                try:
                    await CALLS[number](ledger, lease)
                except LeaseLost as lost:
                    assert "unknown reason" not in str(lost), "a script has failed"
            await write(admin, foreign)
            await asyncio.sleep(0.005)  # what was to end has ended: else it might between the two calls below
            await admin.delete(f"kasugai:{{kasugai}}:lease:{HOST.name}")
            lease = await own(ledger, "b")
            await ledger.save(lease, CONTENT)
            after = await ledger.load(HOST)
            assert after.entries == CONTENT.entries and after.offsets == CONTENT.offsets
            assert after.epoch >= CONTENT.epoch
            await ledger.adopt(lease, after.epoch + 1)
            assert await ledger.record(lease, Entry(incident=ONE))

    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    @given(keys, st.permutations(range(len(CALLS))))
    def check(foreign: Foreign, order: list[int]) -> None:
        asyncio.run(told(foreign, order))

    check()
