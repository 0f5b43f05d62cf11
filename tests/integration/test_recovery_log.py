"""What only a real broker does to a log: retention, topics made anew, foreign bytes, newer versions, absence."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from kasugai.adapters.kafka import decoding, scanner
from kasugai.adapters.kafka.client import partition_of
from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.recovery_log import RecoveryLog
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings import KafkaSettings
from kasugai.core.recovering.doors import LogAway, LogUnreadable
from kasugai.core.words.subject import Kind, host_subject
from kasugai.schemas.codec import decode, encode
from kasugai.schemas.registry import LAST_ID
from kasugai.schemas.topics import RECOVERY
from tests.support.kafka import KafkaServer
from tests.support.logs import fact, stop
from tests.support.streams import settings_for

pytestmark = pytest.mark.integration

Test = Callable[..., Coroutine[Any, Any, None]]


def on_topics(test: Test) -> Callable[[KafkaServer], None]:
    """Run a coroutine test with a host, a producer and a log, on topics of four partitions."""

    @wraps(test)
    def run(kafka: KafkaServer) -> None:
        asyncio.run(asyncio.wait_for(play(kafka), 200))

    async def play(kafka: KafkaServer) -> None:
        settings = settings_for(kafka.bootstrap)
        Topics(settings).apply(wanted(settings))
        async with (
            Producer(settings.kafka, "test") as producer,
            RecoveryLog(settings.kafka, producer, "test", kinds=[Kind.HOST]) as log,
        ):
            await log.warm()
            await test(kafka, f"{uuid4().hex[:8]}.cmp1", producer, log)

    del run.__wrapped__  # pytest would take the inner test's arguments for fixtures
    return run


@on_topics
async def test_a_fold_from_before_the_retention_begins_where_the_log_does(
    kafka: KafkaServer, host: str, producer: Producer, log: RecoveryLog
) -> None:
    first = await log.publish(fact(host, 1))
    second = await log.publish(fact(host, 2))
    place = TopicPartition(RECOVERY, partition_of(host, 4), second.offset)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for deleted in admin.delete_records([place]).values():
        await asyncio.to_thread(deleted.result)
    for since in (0, first.offset, second.offset):
        known = {f"{RECOVERY}/{place.partition}": since}
        facts, end = await log.facts(host_subject(host), known)
        assert ([logged.stamp for logged in facts], [*end.values()]) == ([second], [second.offset + 1])


@on_topics
async def test_a_log_that_is_shorter_than_known_is_read_from_its_beginning(
    kafka: KafkaServer, host: str, producer: Producer, log: RecoveryLog
) -> None:
    """Somebody has made the topic anew: what the ledger knows of it means nothing."""
    stamp = await log.publish(fact(host))
    facts, end = await log.facts(
        host_subject(host), {f"{RECOVERY}/{stamp.partition}": stamp.offset + 1_000_000}
    )
    assert ([logged.stamp for logged in facts], [*end.values()]) == ([stamp], [stamp.offset + 1])


@on_topics
async def test_what_cannot_be_decoded_is_told_and_passed_over(
    kafka: KafkaServer, host: str, producer: Producer, log: RecoveryLog
) -> None:
    told: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("kasugai.adapters.kafka.decoding").addHandler(handler)
    for value in (b"", b"rubbish", encode(fact(host))[:-3], encode(stop(host, uuid4()))):
        await producer.publish(RECOVERY, host, value)
    stamp = await log.publish(fact(host))
    facts, end = await log.facts(host_subject(host), {})
    assert ([logged.stamp for logged in facts], [*end.values()]) == ([stamp], [stamp.offset + 1])
    assert len(told) == 3


@on_topics
async def test_what_a_newer_version_wrote_about_a_host_is_unreadable_and_what_is_nobody_s_is_passed_over(
    kafka: KafkaServer, host: str, producer: Producer, log: RecoveryLog
) -> None:
    """It may be the intent of a call: whoever cannot read it may not act on the rest. Other hosts go on."""
    await producer.publish(RECOVERY, host, b"\0\0\0\xff\xff" + b"of another's registry")
    assert (await log.facts(host_subject(host), {}))[0] == []
    await producer.publish(RECOVERY, host, b"\0\0\0" + LAST_ID.to_bytes(2, "big") + b"of the future")
    with pytest.raises(LogUnreadable, match=r"written by a newer Kasugai"):
        await log.facts(host_subject(host), {})
    neighbour = next(
        name for n in range(99) if partition_of(name := f"{host}{n}", 4) == partition_of(host, 4)
    )
    stamp = await log.publish(fact(neighbour))
    facts, _ = await log.facts(host_subject(neighbour), {})
    assert [logged.stamp for logged in facts] == [stamp]


@on_topics
async def test_many_records_of_others_are_no_burden(
    kafka: KafkaServer, host: str, producer: Producer, log: RecoveryLog
) -> None:
    value = encode(fact("other"))
    partition = partition_of(host, 4)
    await asyncio.gather(
        *(producer.publish(RECOVERY, "other", value, partition=partition) for _ in range(20_000))
    )
    stamp = await log.publish(fact(host))
    with patch.object(decoding, "decode", wraps=decode) as decoded:
        facts, end = await log.facts(host_subject(host), {})
    assert ([logged.stamp for logged in facts], [*end.values()]) == ([stamp], [stamp.offset + 1])
    assert decoded.call_count == 1, "only the host's own records are decoded"


def test_a_broker_that_is_not_there_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanner, "PATIENCE", 1.0)

    async def ask() -> None:
        nowhere = KafkaSettings(bootstrap_servers="127.0.0.1:1", replication=1, min_insync=1)
        async with (
            Producer(nowhere, "test") as producer,
            RecoveryLog(nowhere, producer, "test", kinds=[Kind.HOST]) as log,
        ):
            with pytest.raises(LogAway):
                await log.facts(host_subject("cmp1"), {})

    asyncio.run(asyncio.wait_for(ask(), 200))
