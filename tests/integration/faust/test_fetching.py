"""Remedy 1 on aiokafka's own fetcher and a real broker: what an empty set of partitions does to the position."""

import asyncio
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.types import TP

from kasugai.adapters.faust.consuming import CarefulThread
from tests.support.kafka import KafkaServer
from tests.support.records import produce

pytestmark = pytest.mark.integration


async def ask(kafka: KafkaServer, topic: str, method: Any) -> tuple[int, int | None]:
    """Ask for the records of no partition; return how many came, and the position after it."""
    place = TP(topic, 0)
    consumer = import_module("aiokafka").AIOKafkaConsumer(
        bootstrap_servers=kafka.bootstrap, auto_offset_reset="earliest"
    )
    consumer.assign([import_module("aiokafka").TopicPartition(*place)])
    await consumer.start()
    try:
        while not consumer._fetcher._records:  # noqa: ASYNC110 - aiokafka tells nobody
            await asyncio.sleep(0.05)
        thread = object.__new__(CarefulThread)
        thread.consumer = SimpleNamespace(flow_active=True)  # type: ignore[assignment]
        found = await method(thread, consumer, set(), timeout=1.0)
        return sum(map(len, found.values())), await consumer.position(place)
    finally:
        await consumer.stop()


def test_asking_for_no_partition_moves_no_position(kafka: KafkaServer) -> None:
    kafka.create_topics({"fetching": 1})
    produce(kafka.bootstrap, "fetching", ["a", "b", "c"])
    assert asyncio.run(ask(kafka, "fetching", CarefulThread._fetch_records)) == (0, 0)
    stock = asyncio.run(ask(kafka, "fetching", AIOKafkaConsumerThread._fetch_records))
    assert stock == (3, 3), (
        "aiokafka takes an empty set for all partitions, and what Faust then drops is gone"
    )
