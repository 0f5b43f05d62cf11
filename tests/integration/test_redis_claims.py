"""Claims in a real Redis: one of many wins, what nobody confirms expires, and only the holder gives back."""

from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch
from uuid import uuid4

import pytest

from kasugai.adapters import redis_claims
from kasugai.adapters.redis_claims import RedisClaims
from kasugai.core.doors import LedgerAway
from tests.support.redis import RedisServer
from tests.support.workers import eventually


def claims(server: RedisServer) -> RedisClaims:
    return RedisClaims.from_url(server.url)


def test_one_of_twenty_at_the_same_instant_wins(redis_server: RedisServer) -> None:
    one, other, key = claims(redis_server), claims(redis_server), str(uuid4())
    names = [str(n) for n in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: (one if int(n) % 2 else other).take(key, n), names))
    (winner,) = [name for name, answer in zip(names, answers, strict=True) if answer is None]
    assert set(answers) == {None, winner}


def test_a_claim_that_nobody_confirms_expires(redis_server: RedisServer) -> None:
    door, left, kept = claims(redis_server), str(uuid4()), str(uuid4())
    with patch.object(redis_claims, "PENDING", 200):
        assert door.take(left, "a") is None and door.take(kept, "a") is None
        door.confirm(kept, "a")
        door.confirm(left, "b")
        eventually(lambda: door.take(left, "c") is None)
    assert door.take(kept, "c") == "a"


def test_only_the_holder_gives_back(redis_server: RedisServer) -> None:
    door, key = claims(redis_server), str(uuid4())
    assert door.take(key, "a") is None
    door.release(key, "b")
    assert door.take(key, "b") == "a"
    door.release(key, "a")
    door.hold(key, "c")
    door.hold(key, "d")
    assert door.take(key, "e") == "c"


def test_an_absent_redis_is_told() -> None:
    with pytest.raises(LedgerAway):
        RedisClaims.from_url("redis://127.0.0.1:1/0").take("k", "a")
