"""Redis loses what it knew in the middle of a recovery, in every way there is: each guest is moved once all the same.

The real worker process on a real Kafka, the simulated Nova over HTTP; that Redis forgets everything (FLUSHALL) is in
test_worker.py.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from kasugai.core.words.facts import Result
from tests.support.kafka import KafkaServer
from tests.support.redis import RedisServer
from tests.support.redis_forms import Trio
from tests.support.workers import Site, epochs

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(90)]


def recover_through(site: Site, loss: Callable[[], None]) -> None:
    """Lose the ledger after two evacuations of six."""
    site.start("a")
    site.fail()
    site.order(window=2)
    site.at_least(2)
    loss()
    facts = site.finished()
    assert facts[-1].result is Result.RECOVERED
    site.assert_moved_once()
    assert site.calls("force-down") == 1
    assert len(epochs(facts)) == 2, "there was no second owner"


def test_a_failover_to_a_replica_that_is_older(kafka: KafkaServer, tmp_path: Path) -> None:
    trio = Trio().start()
    try:
        with Site(kafka, trio.url, tmp_path, spawn=0.5) as site:

            def fall_back() -> None:
                trio.be_careless()
                trio.cut_replicas_off()
                site.at_least(4)  # a second's writes that no replica has
                trio.fail_over()

            recover_through(site, fall_back)
            assert site.said("a").count("redis is away") <= 1
    finally:
        trio.stop()


def test_a_new_and_empty_redis(kafka: KafkaServer, tmp_path: Path) -> None:
    redis = RedisServer().start()
    try:
        with Site(kafka, redis.url, tmp_path, spawn=0.5) as site:
            recover_through(site, redis.replace)
    finally:
        redis.stop()
