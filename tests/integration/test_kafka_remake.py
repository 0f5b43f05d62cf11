"""Numbers of partitions that are not those of birth: told at the start and while running, and the way back works."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewPartitions
from redis import Redis

from kasugai.adapters.inventory import Inventory
from kasugai.adapters.kafka.inventory_reader import InventoryReader
from kasugai.adapters.kafka.inventory_writer import InventoryWriter
from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.topic_watch import topics_watched
from kasugai.adapters.kafka.topics import Topics, TopicsUnfit, require
from kasugai.adapters.settings import Settings, load
from kasugai.adapters.telemetry.vitals import Vitals
from kasugai.cli.exits import Exit
from kasugai.cli.main import main
from kasugai.core.words.inventory import SegmentRecord
from kasugai.core.words.subject import Kind
from kasugai.schemas.topics import INCIDENTS, SIGNALS
from tests.support.incidents import opened
from tests.support.kafka import KafkaServer
from tests.support.redis import RedisServer
from tests.support.settings_file import settings_for
from tests.support.workers import eventually

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]
GROUP = "kasugai-route"
REMAKE = "kasugai topics remake"


class Site:
    """A deployment of its own: its servers, its configuration, its topics."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        kafka, redis = KafkaServer().start(), RedisServer().start()
        stack.callback(kafka.stop)
        stack.callback(redis.stop)
        self.file = folder / "kasugai.conf"
        self.file.write_text(settings_for(kafka=kafka.conf, redis=redis.url))
        self.settings: Settings = load([str(self.file)])
        self.kafka, self.redis = kafka, Redis.from_url(redis.url, decode_responses=True)
        stack.callback(self.redis.close)
        Topics(self.settings).apply(wanted(self.settings))

    def type(self, *words: str) -> int:
        return main(["topics", *words, "--config-file", str(self.file)])

    def enlarge(self, topic: str, partitions: int) -> None:
        admin = AdminClient({"bootstrap.servers": self.kafka.bootstrap})
        admin.create_partitions([NewPartitions(topic, partitions)])[topic].result()
        eventually(lambda: len(admin.list_topics(topic, timeout=10).topics[topic].partitions) == partitions)

    def describe(self) -> None:
        async def write() -> None:
            writer = InventoryWriter(self.settings.kafka, "test")
            await writer.edit(lambda _: [SegmentRecord(segment_id="s1", name="rack1", version=1)])
            await writer.close()

        asyncio.run(write())

    def inventory(self) -> Inventory:
        async def read() -> Inventory:
            async with InventoryReader(self.settings.kafka, "test") as reader:
                return reader.inventory

        return asyncio.run(read())

    def open_incident(self) -> None:
        async def send() -> None:
            async with Producer(self.settings.kafka, "test") as producer:
                await producer.send(INCIDENTS[Kind.HOST], opened())

        asyncio.run(send())

    def member(self) -> Consumer:
        consumer = Consumer({"bootstrap.servers": self.kafka.bootstrap, "group.id": GROUP, "log_level": 0})
        consumer.subscribe([SIGNALS])
        until = time.monotonic() + 30
        while not consumer.assignment():
            assert time.monotonic() < until
            consumer.poll(0.2)
        return consumer


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(tmp_path, stack)


def test_a_number_that_changed_is_told_and_the_way_back_that_is_named_works(
    site: Site, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    site.describe()
    vitals = Vitals()
    vitals.expect(str)
    require(site.settings, [SIGNALS])
    with topics_watched(site.settings, vitals, every=0.2):
        site.enlarge(SIGNALS, 6)
        eventually(lambda: any(REMAKE in why for why in vitals.unready()))
    assert any("kasugai.signals differs: partitions is 6, not 4" in line for line in caplog.messages)
    with pytest.raises(TopicsUnfit, match=REMAKE):
        require(site.settings, [SIGNALS])

    consumer = site.member()
    assert site.type("remake", "--forget-history") == Exit.NO
    assert GROUP in capsys.readouterr().err
    consumer.close()
    site.redis.set("kasugai:{kasugai}:subject:x", "old")
    site.redis.set("{kasugai}:view:x", "old")
    site.redis.set("another:x", "theirs")
    assert site.type("remake") == Exit.NO and "--forget-history" in capsys.readouterr().err
    assert site.redis.dbsize() == 3
    assert site.type("remake", "--forget-history") == Exit.OK

    require(site.settings, [SIGNALS])
    assert site.redis.keys() == ["another:x"]
    assert [segment.name for segment in site.inventory().segments()] == ["rack1"]
    groups = AdminClient({"bootstrap.servers": site.kafka.bootstrap}).list_consumer_groups().result().valid
    assert [group.group_id for group in groups if group.group_id.startswith("kasugai")] == []
    assert site.type("remake", "--forget-history") == Exit.OK, "it may be said twice"


def test_an_open_incident_is_not_forgotten(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.open_incident()
    assert site.type("remake", "--forget-history") == Exit.NO
    assert "cmp1 (7f3ca1b2)" in capsys.readouterr().err
    assert site.type("remake", "--forget-history", "--forget-open") == Exit.OK, "who cannot wait says so"


def test_another_number_in_the_file_is_told_with_the_one_of_birth(site: Site) -> None:
    other = replace(site.settings, stream=replace(site.settings.stream, partitions=9))
    with pytest.raises(TopicsUnfit, match=r"write partitions = 4 into \[stream\]"):
        require(other, [SIGNALS])
