"""Turns librdkafka's hundreds of lines about one absent broker into one clear line a minute.

What it says about connections through its log comes through its error callback too; its log keeps the rest.
"""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError

from kasugai.adapters.kafka.stranded import notice

PAUSE = 60.0
"""Seconds between two lines about the same kind of trouble."""

REFUSING = (KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED, KafkaError._SSL)
"""How Kafka says that it does not let us in, or librdkafka that it does not believe who answers."""

STATE = re.compile(r" \(after \d+ms in state \w+\)")

FENCED = ("fenced by a newer instance", "attempted an operation with an old epoch")
"""What librdkafka calls fatal when two processes write the inventory in turn."""

REMEMBERED = 30.0
"""Seconds for which a refusal explains why nothing answers: longer than any client waits between two attempts."""

ABSENT = (KafkaError._TRANSPORT, KafkaError._ALL_BROKERS_DOWN, KafkaError._RESOLVE)

log = logging.getLogger("kasugai.kafka")


@dataclass(slots=True)
class Pace:
    """Which kinds of trouble were told when; one for the whole process, whatever the number of its clients."""

    clock: Callable[[], float] = time.monotonic
    told: dict[str, float] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    refusal: str = ""
    refused_at: float = -REMEMBERED
    listening: bool = False
    """Somebody asks for the reason and will tell it: nothing is logged meanwhile."""

    def refuse(self, why: str) -> None:
        """Remember that Kafka does not let us in, and why, without how long it took."""
        self.refusal = STATE.sub("", why)
        self.refused_at = self.clock()

    def refused(self) -> str:
        """Return why Kafka has not let us in of late, or nothing: all clients of a process go in as the same user."""
        return self.refusal if self.clock() - self.refused_at < REMEMBERED else ""

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
        self.logger.addFilter(notice)
        self.logger.addFilter(is_no_repetition)
        self._client = client
        self._pace = pace

    def hear(self, error: Any) -> None:
        """Log an error of librdkafka's, unless one of its kind was told within the last minute."""
        text = " ".join(error.str().split())
        if _is_refusal(error):
            self._pace.refuse(text)
        if self._pace.listening:
            return
        if not _is_refusal(error) and error.code() in ABSENT and self._pace.refused():
            return  # it follows from the refusal
        kind = _kind(error)
        if self._pace.due(kind):
            kept = self._pace.kept.pop(kind, 0)
            more = f" ({kept} more like it since the last such line)" if kept else ""
            log.error("%s (%s): %s%s", kind, self._client, text, more)


def reason(error: KafkaError, client: Any = None) -> str:
    """Return why a client could not do what was asked: Kafka's refusal, if there was one of late, else what it says.

    `client` is asked first for what it has to tell, which it does only when polled: one that has no records waiting.
    """
    if client is not None:
        SHARED.listening = True
        try:
            client.poll(0)
        finally:
            SHARED.listening = False
    if refusal := SHARED.refused():
        return f"Kafka does not let us in: {refusal}: see docs/operators/connections.md"
    if error.code() in (*ABSENT, KafkaError._TIMED_OUT):
        return f"Kafka does not answer: {error.str()}: see docs/operators/connections.md"
    return error.str()


def is_no_repetition(record: logging.LogRecord) -> bool:
    """Whether a line of librdkafka's log says what the error callback does not say, and is worth saying.

    GETPID: a broker that has just started lets the first idempotent producer ask again. Fenced: another writer took the
    inventory, as writers do; the one that lost it says that it starts again.
    """
    text = record.getMessage()
    if text.startswith(("FAIL ", "ERROR ")) or (text.startswith("GETPID ") and "retrying" in text):
        return False
    return not any(word in text for word in FENCED)


def _is_refusal(error: KafkaError) -> bool:
    """A broker that wants another certificate than ours, or any, says so by an alert and hangs up."""
    return error.code() in REFUSING or "SSL alert" in error.str()


def _kind(error: KafkaError) -> str:
    if error.fatal():
        return "Kafka client has failed for good"
    if _is_refusal(error):
        return "Kafka does not let us in"
    return "Kafka does not answer" if error.code() in ABSENT else f"Kafka says {error.name()}"
