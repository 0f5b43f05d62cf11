"""The doctor's clocks on a real Kafka: the broker's by its newest stamp, agents' by their beats."""

from pathlib import Path

import pytest
from confluent_kafka import Producer

from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.newest import newest
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings import load
from kasugai.cli.checking.clocks import clocks
from kasugai.cli.checking.finding import Word
from kasugai.cli.clock import now
from kasugai.core.words.heartbeats import Beat
from kasugai.core.words.timing import Millis
from kasugai.schemas.codec import encode
from kasugai.schemas.topics import HEARTBEATS
from tests.support.kafka import KafkaServer
from tests.support.settings_file import settings_for

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]


def test_a_brokers_clock_is_known_once_somebody_writes_and_an_agents_by_its_beat(
    own_kafka: KafkaServer, tmp_path: Path
) -> None:
    file = tmp_path / "kasugai.conf"
    file.write_text(settings_for(kafka=own_kafka.conf))
    settings = load([str(file)])
    Topics(settings).apply(wanted(settings))
    assert newest(settings.kafka, [HEARTBEATS, "no-such-topic"]) is None
    assert [each.word for each in clocks(settings)] == [Word.UNASKED, Word.UNASKED]
    producer = Producer({"bootstrap.servers": own_kafka.bootstrap})
    for host, off in (("cmp1", 0), ("cmp2", -60_000)):
        beat = Beat(
            host=host, boot_id="b", uptime=Millis(1), every=Millis(1000), late=Millis(0), sent_at=now() + off
        )
        producer.produce(HEARTBEATS, encode(beat), key=host.encode())
    assert producer.flush(10) == 0
    stamp = newest(settings.kafka, [HEARTBEATS])
    assert stamp is not None
    ours, agents = clocks(settings)
    assert ours.word is Word.OK, ours.text
    assert agents.word is Word.NO and "1 of 2 agents are off: cmp2 (-60 s)" in agents.text
