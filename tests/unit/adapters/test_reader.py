"""A reader and a partition that has no leader at the moment."""

import asyncio
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from kasugai.adapters.kafka import reader
from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import LogAway


class Consumer:
    """Answers with errors first."""

    def __init__(self, *errors: int) -> None:
        self.errors, self.asked = list(errors), 0

    def __call__(self, _config: object) -> "Consumer":
        return self

    def get_watermark_offsets(self, _where: object, _patience: float) -> tuple[int, int]:
        self.asked += 1
        if self.errors:
            raise KafkaException(KafkaError(self.errors.pop(0)))
        return 3, 7

    def assignment(self) -> list[object]:
        return [self]

    def close(self) -> None:
        pass


def bounds(monkeypatch: pytest.MonkeyPatch, consumer: Any) -> tuple[int, int]:
    monkeypatch.setattr("confluent_kafka.Consumer", consumer)
    monkeypatch.setattr(reader, "PAUSE", 0.001)

    async def ask() -> tuple[int, int]:
        async with Reader(KafkaSettings(bootstrap_servers="-"), "test") as asked:
            return await asked.bounds("topic", 0)

    return asyncio.run(ask())


def test_a_partition_that_was_just_made_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = Consumer(KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE)
    assert bounds(monkeypatch, consumer) == (3, 7)
    assert consumer.asked == 3


def test_one_that_never_gets_a_leader_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "PATIENCE", 0.02)
    with pytest.raises(LogAway, match="Not leader"):
        bounds(monkeypatch, Consumer(*[KafkaError.NOT_LEADER_FOR_PARTITION] * 1000))


def test_any_other_error_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = Consumer(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    with pytest.raises(LogAway, match="Topic authorization failed"):
        bounds(monkeypatch, consumer)
    assert consumer.asked == 1
