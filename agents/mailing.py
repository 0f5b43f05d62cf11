"""The agent's one way to Kafka, made anew when the client behind it has failed for good."""

import logging
from collections.abc import Callable, Sequence

from kasugai.adapters.kafka.post import Post, Report

log = logging.getLogger(__name__)


class Mailer:
    """A `sending.Mail` that outlives its clients."""

    def __init__(self, made: Callable[[], Post]) -> None:
        """`made` makes a client."""
        self._made = made
        self._post = made()

    @property
    def under_way(self) -> int:
        """How many records have no report."""
        return self._post.under_way

    def send(
        self, topic: str, key: str, value: bytes, headers: Sequence[tuple[str, bytes]], report: Report
    ) -> None:
        """Hand a record over; raise LogRefused or PostFull."""
        self._post.send(topic, key, value, headers, report)

    def send_to(
        self,
        partition: int,
        topic: str,
        key: str,
        value: bytes,
        headers: Sequence[tuple[str, bytes]],
        report: Report,
    ) -> None:
        """Hand a record over into that partition; raise LogRefused or PostFull."""
        self._post.send_to(partition, topic, key, value, headers, report)

    def serve(self) -> None:
        """Let reports be told; a client that has failed for good gives up what it has, and another one follows."""
        self._post.serve()
        if why := self._post.broken:
            log.error("the Kafka client has failed for good (%s): another one is made", why)
            self._post.close()
            self._post = self._made()

    def flush(self, seconds: float) -> None:
        """Wait for what is under way, but no longer: blocks."""
        self._post.flush(seconds)
