"""Which topic it is: Kafka gives each a new id when it is made, so one that was made anew under the same name is told.

An offset means nothing in another topic: a consumer that runs on would skip as many records as it had read of the old
one, in silence (measured). So the id is committed with each offset, kept with each place in the ledger, and looked at
while a process runs (topic_watch.py). A broker that does not say (the demo's mock cluster) has topics without ids.
"""

import logging
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any

import confluent_kafka
from confluent_kafka import OFFSET_BEGINNING, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from kasugai.adapters.kafka.client import client_config
from kasugai.adapters.settings.values import KafkaSettings

PATIENCE = 1.0
"""Seconds that a broker gets to tell ids; a mock cluster never does."""

log = logging.getLogger(__name__)


def ids_of(admin: AdminClient, topics: Iterable[str], patience: float = PATIENCE) -> dict[str, str]:
    """Return the topics' ids as far as the broker tells them in time."""
    asked = admin.describe_topics(TopicCollection(list(topics)), request_timeout=patience)
    found = {}
    for topic, answer in asked.items():
        try:
            found[topic] = str(answer.result().topic_id)
        except KafkaException as error:
            log.debug("%s has no id: %s", topic, error)
    return found


class TopicIds:
    """The ids of a process's topics as they were when it first asked. From any thread; asking blocks."""

    def __init__(self, kafka: KafkaSettings, name: str) -> None:
        """Connect when first asked."""
        self._kafka, self._name = kafka, name
        self._known: dict[str, str] = {}
        self._turn = Lock()

    def learn(self, *topics: str) -> None:
        """Ask for those that were not asked for."""
        with self._turn:
            if unknown := set(topics) - self._known.keys():
                admin = AdminClient(client_config(self._kafka, f"{self._name}-topic-ids"))
                self._known |= dict.fromkeys(unknown, "") | ids_of(admin, unknown)

    def known(self, topic: str) -> str:
        """Return a topic's id; empty when it is not known."""
        return self._known.get(topic, "")

    def place(self, topic: str, partition: int) -> str:
        """Return what a partition is called where its offsets are kept."""
        suffix = f"@{self.known(topic)}" if self.known(topic) else ""
        return f"{topic}/{partition}{suffix}"

    def offset(self, topic: str, partition: int, offset: int) -> TopicPartition:
        """Return an offset to be committed, with the topic's id."""
        return TopicPartition(topic, partition, offset, self.known(topic))

    def begin(self, consumer: "confluent_kafka.Consumer", partitions: Sequence[TopicPartition]) -> None:
        """Begin with partitions that were just assigned; those whose offset was committed for another topic of the same
        name, at their beginning."""
        self.learn(*(place.topic for place in partitions))
        try:
            committed: list[Any] = consumer.committed(list(partitions), 5.0) if partitions else []
        except KafkaException as error:
            log.warning("whether topics were made anew is not known: %s", error)
            return
        other = {
            (place.topic, place.partition)
            for place in committed
            if place.metadata and self.known(place.topic) not in ("", place.metadata)
        }
        if not other:
            return
        log.warning("made anew since they were read: %s: reading from their beginning", sorted(other))
        for place in partitions:
            if (place.topic, place.partition) in other:
                place.offset = OFFSET_BEGINNING
        consumer.assign(list(partitions))
