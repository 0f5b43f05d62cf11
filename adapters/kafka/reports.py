"""Publishes faults and commands for callers that block: each call returns when Kafka has acknowledged."""

from kasugai.adapters.background import Background
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.signals import Command, Fault, Stamp
from kasugai.core.words.timing import Millis
from kasugai.schemas.topics import COMMANDS, REPORTED

DELIVERY = 5_000
"""Milliseconds after which a fault is given up, so that a client that was told no may send it again."""
PATIENCE = 10.0
"""Seconds that a caller waits at most."""


class KafkaReports:
    """The api room's Reports and Orders ports, on kasugai.faults.reported and kasugai.commands."""

    def __init__(self, background: Background, kafka: KafkaSettings, name: str) -> None:
        """Connect in the background."""
        self._background = background
        self._producer = background.ask(self._open(kafka, name), PATIENCE)

    def report(self, fault: Fault) -> Stamp:
        """Publish; LogAway when Kafka has not acknowledged in time (it may still come to have it)."""
        return self._send(REPORTED, fault)

    def order(self, command: Command) -> Stamp:
        """The same for a command."""
        return self._send(COMMANDS, command)

    def _send(self, topic: str, value: Fault | Command) -> Stamp:
        try:
            return self._background.ask(self._producer.send(topic, value), PATIENCE)
        except TimeoutError:
            raise LogAway(f"{topic}: no acknowledgement within {PATIENCE:.0f} s") from None

    def close(self) -> None:
        """Wait for what is under way."""
        self._background.ask(self._producer.close(), 30)

    @staticmethod
    async def _open(kafka: KafkaSettings, name: str) -> Producer:
        return Producer(kafka, name, Millis(DELIVERY))
