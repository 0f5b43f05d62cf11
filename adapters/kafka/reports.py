"""Publishes faults for callers that block: each call returns when Kafka has acknowledged."""

from kasugai.adapters.background import Background
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.doors import LogAway
from kasugai.core.signals import Fault, Stamp
from kasugai.schemas.topics import REPORTED

PATIENCE = 10.0
"""Seconds that a caller waits for the acknowledgement."""


class KafkaReports:
    """The api room's Reports port on kasugai.faults.reported."""

    def __init__(self, background: Background, kafka: KafkaSettings, name: str) -> None:
        """Connect in the background."""
        self._background = background
        self._producer = background.ask(self._open(kafka, name), PATIENCE)

    def report(self, fault: Fault) -> Stamp:
        """Publish; LogAway when Kafka has not acknowledged in time (it may still come to have it)."""
        try:
            return self._background.ask(self._producer.send(REPORTED, fault), PATIENCE)
        except TimeoutError:
            raise LogAway(f"{REPORTED}: no acknowledgement within {PATIENCE:.0f} s") from None

    def close(self) -> None:
        """Wait for what is under way."""
        self._background.ask(self._producer.close(), 30)

    @staticmethod
    async def _open(kafka: KafkaSettings, name: str) -> Producer:
        return Producer(kafka, name)
