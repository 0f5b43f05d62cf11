"""What the bridge tells of landings reaches a worker through a real Kafka, from when it listens on."""

import asyncio
import logging
from uuid import uuid4

import pytest

from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings import Settings
from kasugai.core.words.sighting import Sighting
from kasugai.schemas.topics import SIGHTINGS
from kasugai.workers import sightings
from kasugai.workers.sightings import listen
from tests.support.clouds import until
from tests.support.kafka import KafkaServer
from tests.support.streams import settings_for

pytestmark = pytest.mark.integration


def landed(host: str, guest: str) -> Sighting:
    return Sighting(host=host, guest=guest, destination="cmp2", observer="bridge")


def test_a_worker_hears_what_is_told_from_now_on(kafka: KafkaServer) -> None:
    settings = settings_for(kafka.bootstrap)
    Topics(settings).apply(wanted(settings))
    asyncio.run(asyncio.wait_for(_play(settings), 200))


async def _play(settings: Settings) -> None:
    host, heard = f"{uuid4().hex[:8]}.cmp1", list[Sighting]()
    async with Producer(settings.kafka, "test") as producer:
        await producer.send(SIGHTINGS, landed(host, "before"))
        ear = asyncio.create_task(listen(settings.kafka, "test", heard.append))
        number = 0
        while not any(each.host == host for each in heard):  # it finds the end of the topic in its own time
            number += 1
            await producer.send(SIGHTINGS, landed(host, f"g{number}"))
            await asyncio.sleep(0.1)
        await producer.publish(SIGHTINGS, host, b"rubbish")
        await producer.send(SIGHTINGS, landed(host, "last"))
        await until(lambda: heard[-1].guest == "last", 90)
        ear.cancel()
    assert "before" not in {each.guest for each in heard if each.host == host}


def test_without_kafka_it_is_said_once_and_the_worker_lives(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sightings, "AGAIN", 0.05)
    settings = settings_for("127.0.0.1:1")

    async def play() -> None:
        ear = asyncio.create_task(listen(settings.kafka, "test", lambda _: None))
        await until(lambda: "without what the bridge tells" in caplog.text, 90)
        await asyncio.sleep(0.3)
        assert not ear.done()
        ear.cancel()

    with caplog.at_level(logging.WARNING, "kasugai.workers.sightings"):
        asyncio.run(asyncio.wait_for(play(), 200))
    assert caplog.text.count("without what the bridge tells") == 1
