"""The tests' own Kafka and Redis: they serve other processes, and a power cut loses nothing that was acknowledged."""

import pytest
from confluent_kafka import OFFSET_BEGINNING, TIMESTAMP_LOG_APPEND_TIME, Consumer, TopicPartition
from redis import Redis
from redis import TimeoutError as NoAnswerError

from tests.support.kafka import KafkaServer
from tests.support.records import consume, produce
from tests.support.redis import RedisServer


def test_kafka_serves_producers_and_groups_of_other_processes(kafka: KafkaServer) -> None:
    kafka.create_topics({"servers.groups": 3})
    produce(kafka.bootstrap, "servers.groups", ["a", "b", "c"])
    assert consume(kafka.bootstrap, "servers.groups", "servers", 3) == ["a", "b", "c"]
    produce(kafka.bootstrap, "servers.groups", ["d"])
    assert consume(kafka.bootstrap, "servers.groups", "servers", 1) == ["d"]


def test_kafka_stamps_records_with_its_own_clock_where_a_topic_asks_for_it(kafka: KafkaServer) -> None:
    kafka.create_topics({"servers.stamped": 1}, config={"message.timestamp.type": "LogAppendTime"})
    produce(kafka.bootstrap, "servers.stamped", ["a"])
    reader = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "servers.stamped"})
    reader.assign([TopicPartition("servers.stamped", 0, OFFSET_BEGINNING)])
    message = reader.poll(20)
    reader.close()
    assert message is not None and message.error() is None
    assert message.timestamp()[0] == TIMESTAMP_LOG_APPEND_TIME


@pytest.mark.chaos
def test_kafka_keeps_acknowledged_records_and_offsets_over_a_kill(own_kafka: KafkaServer) -> None:
    address = own_kafka.bootstrap
    own_kafka.create_topics({"kept": 2})
    produce(address, "kept", ["a", "b"])
    assert consume(address, "kept", "readers", 2) == ["a", "b"]
    produce(address, "kept", ["c", "d"])
    own_kafka.kill()
    own_kafka.restart()
    assert own_kafka.bootstrap == address
    assert consume(address, "kept", "readers", 2) == ["c", "d"]
    assert consume(address, "kept", "others", 4) == ["a", "b", "c", "d"]


def test_redis_keeps_what_it_is_given_until_it_is_flushed(redis_server: RedisServer) -> None:
    with Redis.from_url(redis_server.url) as client:
        client.set("{kasugai}:lease", "worker-1")
        assert client.get("{kasugai}:lease") == b"worker-1"
        redis_server.flushall()
        assert client.get("{kasugai}:lease") is None


@pytest.mark.chaos
def test_redis_keeps_acknowledged_writes_over_a_kill(own_redis: RedisServer) -> None:
    with Redis.from_url(own_redis.url) as client:
        client.set("{kasugai}:epoch", "7")
    own_redis.kill()
    own_redis.restart()
    with Redis.from_url(own_redis.url) as client:
        assert client.get("{kasugai}:epoch") == b"7"


@pytest.mark.chaos
def test_a_paused_redis_holds_its_answer_until_it_is_resumed(own_redis: RedisServer) -> None:
    with Redis.from_url(own_redis.url, socket_timeout=0.2, retry=None) as client:
        own_redis.pause()
        with pytest.raises(NoAnswerError):
            client.ping()
        own_redis.resume()
        assert client.ping()
