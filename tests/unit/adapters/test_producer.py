"""A producer that is closed leaves nobody waiting for ever."""

import asyncio

import pytest

from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import LogAway


def test_whoever_waits_for_an_acknowledgement_hears_of_the_end() -> None:
    async def wait() -> None:
        producer = Producer(KafkaSettings(bootstrap_servers="127.0.0.1:1"), "test")
        waiting = [asyncio.create_task(producer.publish("topic", "key", b"value")) for _ in range(3)]
        await asyncio.sleep(0)
        await producer.close(0.0)
        for each in waiting:
            with pytest.raises(LogAway):
                await asyncio.wait_for(each, 10)

    asyncio.run(wait())
