"""Claims in a real Redis: one of many wins, what nobody confirms expires, and only the holder gives back."""

from concurrent.futures import ThreadPoolExecutor
from unittest.mock import patch
from uuid import uuid4

import pytest

from kasugai.adapters import redis_claims, redis_round
from kasugai.adapters.redis_claims import RedisClaims, Undecided
from kasugai.adapters.redis_views import RedisViews
from kasugai.core.recovering.doors import LedgerAway
from kasugai.core.words.timing import Millis
from tests.support.redis import RedisServer
from tests.support.workers import eventually


def claims(server: RedisServer) -> RedisClaims:
    return RedisClaims.from_url(server.url)


def test_one_of_twenty_at_the_same_instant_wins(redis_server: RedisServer) -> None:
    one, other, key = claims(redis_server), claims(redis_server), str(uuid4())

    def claim(number: int) -> str | None:
        door = one if number % 2 else other
        answer = door.take(key, str(number))
        if answer is None:
            door.confirm(key, str(number))
        return answer

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(claim, range(20)))
    (winner,) = [str(number) for number, answer in enumerate(answers) if answer is None]
    assert set(answers) == {None, winner}


def test_what_is_no_claim_is_nobody_s_and_in_nobody_else_s_way(redis_server: RedisServer) -> None:
    """Of claims that are asked for together one would have made all fail."""
    door, keys = claims(redis_server), [str(uuid4()) for _ in range(3)]
    door._client.rpush(redis_claims.PREFIX + keys[1], "not ours")
    asked = [(redis_claims.PREFIX + key, "?a") for key in keys]
    assert door._set_all(asked) == ["", "", ""]
    assert door._set_all(asked) == ["?a"] * 3
    door._client.delete(redis_claims.PREFIX + keys[1])
    door._client.rpush(redis_claims.PREFIX + keys[1], "not ours")
    for call in (door.confirm, door.hold, door.release):
        call(keys[1], "a")
    raw = RedisViews.from_url(redis_server.url)
    raw._client.set(redis_claims.PREFIX + keys[2], b"\xff")
    assert door.take(keys[2], "b") is not None
    door.close()
    raw.close()


def test_a_claim_that_nobody_confirms_is_no_answer_and_expires(redis_server: RedisServer) -> None:
    door, left, kept, short = claims(redis_server), str(uuid4()), str(uuid4()), str(uuid4())
    with patch.object(redis_claims, "PENDING", 300), patch.object(redis_claims, "PATIENCE", 0.05):
        for key in (left, kept, short):
            assert door.take(key, "a") is None
        door.confirm(kept, "a")
        door.confirm(short, "a", Millis(300))
        door.confirm(left, "b")
        assert door.take(short, "c") == "a"
        with pytest.raises(Undecided, match="being published"):
            door.take(left, "c")
    with patch.object(redis_claims, "PATIENCE", 5.0):
        assert door.take(left, "c") is None
    eventually(lambda: door.take(short, "c") is None)
    assert door.take(kept, "c") == "a"


def test_only_the_holder_gives_back(redis_server: RedisServer) -> None:
    door, key = claims(redis_server), str(uuid4())
    assert door.take(key, "a") is None
    door.hold(key, "a")
    door.release(key, "b")
    assert door.take(key, "b") == "a"
    door.release(key, "a")
    door.hold(key, "c")
    door.hold(key, "d")
    assert door.take(key, "e") == "c"


def test_a_claim_of_which_nothing_more_is_heard_ends_with_the_records_that_could_release_it(
    redis_server: RedisServer,
) -> None:
    assert redis_claims.LASTING == redis_round.KEPT * 1000
    door, confirmed, put_back = claims(redis_server), str(uuid4()), str(uuid4())
    with patch.object(redis_claims, "LASTING", 400):
        assert door.take(confirmed, "a") is None
        door.confirm(confirmed, "a")
        door.hold(put_back, "a")
        assert (door.take(confirmed, "b"), door.take(put_back, "b")) == ("a", "a")
    eventually(lambda: door.take(confirmed, "b") is None)
    eventually(lambda: door.take(put_back, "b") is None)


def test_an_absent_redis_is_told() -> None:
    with pytest.raises(LedgerAway):
        RedisClaims.from_url("redis://127.0.0.1:1/0").take("k", "a")


def test_a_door_says_what_it_waits_for(redis_server: RedisServer) -> None:
    assert claims(redis_server).waits_for() == ""
    absent = RedisClaims.from_url("redis://kasugai:geheim@127.0.0.1:1/0").waits_for()
    assert absent and "geheim" not in absent
