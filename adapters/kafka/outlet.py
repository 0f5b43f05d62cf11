"""Publishes without waiting, for a loop that must not stand still: delivery reports come when it is served.

What is sent is sent until a broker has it, or refuses it for good; a pulse is sent once.
"""

import logging
from collections.abc import Callable
from typing import Any

import confluent_kafka
from confluent_kafka import KafkaError, Message

from kasugai.adapters.kafka.client import producer_config
from kasugai.adapters.kafka.errors import is_too_much
from kasugai.adapters.kafka.records import Outgoing
from kasugai.adapters.settings.values import KafkaSettings

log = logging.getLogger(__name__)

Report = Callable[[KafkaError | None, Message], None]


class Outlet:
    """One idempotent producer, of one thread."""

    def __init__(self, kafka: KafkaSettings, name: str) -> None:
        """Connect in the background; `name` is shown at the broker and in logs."""
        self._producer = confluent_kafka.Producer(producer_config(kafka, name))
        self.owed = 0
        """How many records were to be published and are not known to be."""

    def send(self, record: Outgoing) -> None:
        """Publish, as often as it takes. What no broker will ever take is told in the log."""
        self.owed += 1

        def report(error: KafkaError | None, _: Message) -> None:
            if error is not None and not is_too_much(error):
                log.warning("%s: %s: sending it again", record.topic, error.str())
                self._hand_over(record, report)
                return
            if error is not None:
                log.error("%s does not take a record: %s", record.topic, error.str())
            self.owed -= 1

        self._hand_over(record, report)

    def pulse(self, record: Outgoing, done: Callable[[], None]) -> None:
        """Publish once; `done` is called when it is known what became of it."""
        self._hand_over(record, lambda _, __: done())

    def serve(self) -> None:
        """Take the reports that have come."""
        self._producer.poll(0)

    def close(self, patience: float = 5.0) -> None:
        """Wait for what is under way, so many seconds."""
        self._producer.flush(patience)

    def _hand_over(self, record: Outgoing, report: Report) -> None:
        while True:
            try:
                place: dict[str, Any] = {} if record.partition is None else {"partition": record.partition}
                self._producer.produce(
                    record.topic,
                    value=record.value,
                    key=record.key,
                    headers=list(record.headers),
                    on_delivery=report,
                    **place,
                )
                return
            except BufferError:
                self._producer.poll(0.1)
