"""Reads again what was written to some partitions of a topic lately, once, on the caller's thread: how a new owner
learns what its predecessor last said.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from kasugai.adapters.kafka.client import consumer_config
from kasugai.adapters.kafka.records import Incoming, incoming
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import LogAway

PATIENCE = 10.0
"""Seconds without an answer of the broker after which it is given up."""
BATCH = 2_000


def written_since(
    kafka: KafkaSettings, name: str, topic: str, numbers: Sequence[int], since: int
) -> list[Incoming]:
    """Return the records of these partitions whose timestamp is `since` (ms) or later, each partition's in order.
    LogAway when the broker does not answer."""
    consumer = confluent_kafka.Consumer(consumer_config(kafka, name, name) | {"enable.partition.eof": True})
    try:
        wanted = [TopicPartition(topic, number, since) for number in numbers]
        found = consumer.offsets_for_times(wanted, PATIENCE) if wanted else []
        places = [place for place in found if place.error is None and place.offset >= 0]
        consumer.assign(places)
        return list(_read(consumer, topic, len(places)))
    except KafkaException as error:
        raise LogAway(f"{topic}: {error.args[0].str()}") from error
    finally:
        consumer.close()


def _read(consumer: confluent_kafka.Consumer, topic: str, left: int) -> Iterator[Incoming]:
    """Yield what is there until each of so many partitions has been read to its end."""
    heard = time.monotonic()
    while left:
        for message in consumer.consume(BATCH, 0.05):
            heard = time.monotonic()
            error: Any = message.error()
            if error is None:
                yield incoming(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                left -= 1
            else:
                raise LogAway(f"{topic}: {error.name()}: {error.str()}")
        if time.monotonic() - heard > PATIENCE:
            raise LogAway(f"{topic}: no answer within {PATIENCE:.0f} s")
