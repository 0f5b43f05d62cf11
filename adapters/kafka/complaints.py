"""Turns librdkafka's hundreds of lines about one absent broker into one clear line a minute.

What it says about connections through its log comes through its error callback too; its log keeps the rest.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError

PAUSE = 60.0
"""Seconds between two lines about the same kind of trouble."""

ABSENT = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE)

log = logging.getLogger("kasugai.kafka")


@dataclass(slots=True)
class Pace:
    """Which kinds of trouble were told when; one for the whole process, whatever the number of its clients."""

    clock: Callable[[], float] = time.monotonic
    told: dict[str, float] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)

    def due(self, kind: str) -> bool:
        """Return whether `kind` may be told now; count it when not."""
        now = self.clock()
        if now - self.told.get(kind, -PAUSE) < PAUSE:
            self.kept[kind] = self.kept.get(kind, 0) + 1
            return False
        self.told[kind] = now
        return True


SHARED = Pace()


class Complaints:
    """One client's troubles."""

    def __init__(self, client: str, pace: Pace = SHARED) -> None:
        """Name the client in every line."""
        self.logger = logging.getLogger(f"kasugai.kafka.librdkafka.{client}")
        """To be given to librdkafka."""
        self.logger.addFilter(is_no_repetition)
        self._client = client
        self._pace = pace

    def hear(self, error: Any) -> None:
        """Log an error of librdkafka's, unless one of its kind was told within the last minute."""
        kind = _kind(error)
        if self._pace.due(kind):
            kept = self._pace.kept.pop(kind, 0)
            more = f" ({kept} more like it since the last such line)" if kept else ""
            log.error("%s (%s): %s%s", kind, self._client, " ".join(error.str().split()), more)


def is_no_repetition(record: logging.LogRecord) -> bool:
    """Whether a line of librdkafka's log says what the error callback does not say, and is worth saying.

    GETPID: a broker that has just started lets the first idempotent producer ask again.
    """
    text = record.getMessage()
    return not text.startswith(("FAIL ", "ERROR ")) and not (
        text.startswith("GETPID ") and "retrying" in text
    )


def _kind(error: KafkaError) -> str:
    if error.fatal():
        return "Kafka client has failed for good"
    return "Kafka does not answer" if error.code() in ABSENT else f"Kafka says {error.name()}"
