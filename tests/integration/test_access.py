"""Who may do what, on a real broker with an authorizer and a real Redis with ACLs: exactly what the manual gives.

Each login is asked for one thing that it may and for several that it may not. What is refused is refused by the server:
nothing of ours stands between.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from redis import Redis
from redis.exceptions import NoPermissionError

from kasugai.adapters.kafka.client import client_config, consumer_config, producer_config
from kasugai.adapters.redis_rights import USERS, acl_line
from kasugai.adapters.settings import KafkaSettings
from kasugai.schemas.rights import PRINCIPALS
from kasugai.schemas.topics import (
    CHANGELOG,
    COMMANDS,
    HEARTBEATS,
    INVENTORY,
    INVENTORY_WRITER,
    METRICS,
    NOVA,
    PEERS,
    POWER,
    RECOVERY,
    REPORTED,
    SERVICES,
    SIGNALS,
    SILENCES,
    VERDICTS,
    dead_letters_of,
)
from tests.support.kafka_secure import SecureKafka
from tests.support.redis import RedisServer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

LIVENESS, HOST_INCIDENTS = "kasugai.faults.host", "kasugai.incidents.host"
GUEST_INCIDENTS = "kasugai.incidents.instance"
REFUSED = (
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
)
PATIENCE = 15.0
"""Seconds for an answer of a busy broker."""


@dataclass(frozen=True)
class Act:
    """Something that a login tries."""

    verb: str
    what: str

    def __str__(self) -> str:
        return f"{self.verb} {self.what}"


def write(topic: str) -> Act:
    return Act("write", topic)


def read(topic: str) -> Act:
    return Act("read", topic)


JOIN_RECEIVERS = Act("join", "kasugai-announce-chat")
JOIN_GUESTS = Act("join", "kasugai-worker-instance")
JOIN_ROUTE, JOIN_WORKERS = Act("join", "kasugai-route"), Act("join", "kasugai-worker-host")
DESCRIBE = Act("take", INVENTORY_WRITER)
MAKE = Act("make", "kasugai.of-ones-own")

CASES: dict[str, tuple[list[Act], list[Act]]] = {
    "kasugai-route": (
        [write(SIGNALS), read(PEERS), write(dead_letters_of(REPORTED))],
        [write(REPORTED), write(HOST_INCIDENTS), write(INVENTORY), write(COMMANDS), MAKE],
    ),
    "kasugai-correlate": (
        [write(HOST_INCIDENTS), write(CHANGELOG), read(SIGNALS)],
        [write(RECOVERY), write(REPORTED), write(COMMANDS), JOIN_ROUTE, read(INVENTORY)],
    ),
    "kasugai-worker": (
        [write(RECOVERY), read(HOST_INCIDENTS), JOIN_WORKERS, JOIN_GUESTS],
        [write(HOST_INCIDENTS), write(SIGNALS), write(REPORTED), write(COMMANDS), JOIN_ROUTE],
    ),
    "kasugai-project": (
        [read(VERDICTS), read(REPORTED)],
        [write(VERDICTS), write(RECOVERY), write(REPORTED), JOIN_WORKERS],
    ),
    "kasugai-api": (
        [write(REPORTED), write(COMMANDS), DESCRIBE],
        [write(LIVENESS), write(SIGNALS), write(HOST_INCIDENTS), read(RECOVERY), JOIN_ROUTE],
    ),
    "kasugai-cli": (
        [read(dead_letters_of(REPORTED)), write(COMMANDS), DESCRIBE],
        [write(SIGNALS), write(HOST_INCIDENTS), write(RECOVERY), write(PEERS), MAKE],
    ),
    "kasugai-agent": (
        [write(PEERS), write(HEARTBEATS)],
        [
            *(write(REPORTED), write(LIVENESS), write(COMMANDS), write(INVENTORY), write(SIGNALS)),
            *(read(PEERS), read(VERDICTS), JOIN_ROUTE, DESCRIBE, MAKE),
        ],
    ),
    "kasugai-liveness": (
        [write(LIVENESS), read(HEARTBEATS)],
        [write(REPORTED), write(PEERS), write(NOVA), write(COMMANDS)],
    ),
    "kasugai-bridge": (
        [write(NOVA), read(INVENTORY)],
        [write(REPORTED), write(PEERS), write(LIVENESS), write(SERVICES), write(COMMANDS)],
    ),
    "kasugai-announce": (
        [read(VERDICTS), read(INVENTORY), JOIN_RECEIVERS],
        [
            *(write(VERDICTS), write(COMMANDS), write(REPORTED), write(INVENTORY), write(SIGNALS)),
            *(read(RECOVERY), JOIN_ROUTE, JOIN_WORKERS, DESCRIBE, MAKE),
        ],
    ),
    "kasugai-observe-nova": (
        [write(SERVICES), read(INVENTORY)],
        [
            write(NOVA),
            write(METRICS),
            write(POWER),
            write(SILENCES),
            write(COMMANDS),
            write(INVENTORY),
            DESCRIBE,
        ],
    ),
    "kasugai-observe-power": (
        [write(POWER), read(INVENTORY), read(VERDICTS)],
        [write(SERVICES), write(METRICS), write(SILENCES), write(COMMANDS), DESCRIBE],
    ),
    "kasugai-observe-metrics": (
        [write(METRICS), read(INVENTORY)],
        [write(SERVICES), write(POWER), write(SILENCES), write(REPORTED), write(COMMANDS), read(VERDICTS)],
    ),
    "kasugai-observe-silences": (
        [write(SILENCES), read(SILENCES), read(INVENTORY)],
        [write(SERVICES), write(METRICS), write(POWER), write(COMMANDS), write(INVENTORY), DESCRIBE],
    ),
}


def test_every_login_is_asked() -> None:
    assert set(CASES) == {principal.login for principal in PRINCIPALS}


@pytest.mark.parametrize("login", CASES)
def test_a_login_may_do_its_work_and_nothing_else(secure: SecureKafka, login: str) -> None:
    settings = KafkaSettings(**secure.as_user(login))
    may, may_not = CASES[login]
    assert {str(act): was_refused(settings, act) for act in may} == {str(act): False for act in may}
    assert {str(act): was_refused(settings, act) for act in may_not} == {str(act): True for act in may_not}


def was_refused(settings: KafkaSettings, act: Act) -> bool:
    """Try it; whether the broker's authorizer refuses. Any other error is none of ours."""
    tries: dict[str, Callable[[KafkaSettings, str], KafkaError | None]] = {
        "write": _write,
        "read": _read,
        "join": _join,
        "take": _take,
        "make": _make,
    }
    error = tries[act.verb](settings, act.what)
    if error is not None and error.code() not in REFUSED:
        raise KafkaException(error)
    return error is not None


def _write(settings: KafkaSettings, topic: str) -> KafkaError | None:
    """Bytes that are no value of ours: nobody reads them here. Who may write nowhere gets no producer id either, which
    would be refused first."""
    heard: list[KafkaError | None] = []
    producer = Producer(producer_config(settings, "access") | {"enable.idempotence": False})
    producer.produce(topic, b"x", b"x", on_delivery=lambda error, _: heard.append(error))
    producer.flush(PATIENCE)
    (error,) = heard
    return error


def _read(settings: KafkaSettings, topic: str) -> KafkaError | None:
    return _first(
        settings, "kasugai-access", lambda c: c.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    )


def _join(settings: KafkaSettings, group: str) -> KafkaError | None:
    """Somebody who may join has nothing to read: that the group took it in is its assignment."""
    joined: list[bool] = []
    topic = {JOIN_WORKERS.what: HOST_INCIDENTS, JOIN_GUESTS.what: GUEST_INCIDENTS}.get(group, SIGNALS)

    def subscribe(consumer: Consumer) -> None:
        consumer.subscribe([topic], on_assign=lambda *_: joined.append(True))

    return _first(settings, group, subscribe, joined)


def _first(
    settings: KafkaSettings, group: str, begin: Callable[[Consumer], None], joined: list[bool] | None = None
) -> KafkaError | None:
    """Return the first error; None once there is a record, an end or an assignment."""
    config = consumer_config(settings, "access", group) | {"enable.partition.eof": True}
    consumer = Consumer(config)
    try:
        begin(consumer)
        for _ in range(int(PATIENCE * 10)):
            message = consumer.poll(0.1)
            if joined:
                return None
            error = message.error() if message is not None else None
            if message is not None and (error is None or error.code() == KafkaError._PARTITION_EOF):
                return None
            if error is not None:
                return error
    finally:
        consumer.close()
    raise AssertionError("the broker did not answer")


def _take(settings: KafkaSettings, name: str) -> KafkaError | None:
    producer = Producer(producer_config(settings, "access") | {"transactional.id": name})
    try:
        producer.init_transactions(30.0)
    except KafkaException as refused:
        error: KafkaError = refused.args[0]
        return error
    return None


def _make(settings: KafkaSettings, name: str) -> KafkaError | None:
    admin = AdminClient(client_config(settings, "access"))
    (made,) = admin.create_topics([NewTopic(name, 1, 1)]).values()
    try:
        made.result(PATIENCE)
    except KafkaException as refused:
        error: KafkaError = refused.args[0]
        return error
    return None


LEASE = "kasugai:{kasugai}:lease:host/cmp1"
CLAIM, VIEW, TOLD = "{kasugai}:claim:x", "{kasugai}:view:x", "{kasugai}:told:chat:x"

AT_REDIS: dict[str, tuple[list[str], list[str]]] = {
    "kasugai-worker": (
        [f"HSET {LEASE} owner me", "INFO replication", f"SMEMBERS {LEASE}s"],
        [f"SET {CLAIM} x", f"GET {VIEW}", "FLUSHALL", "CONFIG GET *", "KEYS *", "SET other x"],
    ),
    "kasugai-api": (
        [f"SET {CLAIM} x", f"GET {VIEW}", "INFO memory"],
        [f"HSET {LEASE} owner me", f"DEL {LEASE}", "FLUSHALL", "ACL LIST", "PUBLISH x y"],
    ),
    "kasugai-project": (
        [f"SET {VIEW} x", f"GET {CLAIM}"],
        [f"HGETALL {LEASE}", "CONFIG SET maxmemory 1", "SHUTDOWN", "REPLICAOF NO ONE"],
    ),
    "kasugai-announce": (
        [f"SET {TOLD} x", f"GET {TOLD}", f"DEL {TOLD}"],
        [f"GET {VIEW}", f"SET {CLAIM} x", f"HGETALL {LEASE}", "FLUSHALL", "SET other x"],
    ),
    "kasugai-cli": (
        [f"DEL {LEASE}", "SCAN 0", f"UNLINK {VIEW}"],
        ["FLUSHDB", "CONFIG GET *", "SET other x", "REPLICAOF NO ONE"],
    ),
}


@pytest.fixture(scope="module")
def guarded() -> Iterator[RedisServer]:
    """A Redis with the manual's users."""
    server = RedisServer().start()
    with Redis.from_url(server.url) as admin:
        for user in USERS:
            admin.execute_command(*acl_line(user, "secret").split())
    yield server
    server.stop()


@pytest.mark.parametrize("login", AT_REDIS)
def test_a_user_of_redis_reaches_its_own_keys_and_nothing_else(guarded: RedisServer, login: str) -> None:
    assert set(AT_REDIS) == {user.login for user in USERS}
    may, may_not = AT_REDIS[login]
    url = guarded.url.replace("//", f"//{login}:secret@")
    with Redis.from_url(url) as redis:
        assert [line for line in may if _is_denied(redis, line)] == []
        assert [line for line in may_not if not _is_denied(redis, line)] == []


def _is_denied(redis: Any, line: str) -> bool:
    try:
        redis.execute_command(*line.split())
    except NoPermissionError:
        return True
    return False


def test_a_script_reaches_no_further_than_its_user(guarded: RedisServer) -> None:
    url = guarded.url.replace("//", "//kasugai-api:secret@")
    with Redis.from_url(url) as redis, pytest.raises(Exception, match="permission"):
        redis.eval("return redis.call('HSET', KEYS[1], 'owner', 'me')", 1, LEASE)
