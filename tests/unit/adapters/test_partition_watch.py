"""The log has the reason before anybody can see that a process is not ready."""

import logging

import pytest

from kasugai.adapters.kafka.partition_watch import PartitionWatch
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings import KafkaSettings, Settings
from kasugai.schemas.topics import SIGNALS


def test_the_reason_is_logged_before_readiness_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = PartitionWatch(Settings(kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1")))
    seen: list[tuple[str, str]] = []

    class Reader(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append((record.getMessage(), watch.why))

    def present(_: Topics) -> dict[str, tuple[int, int]]:
        return {SIGNALS: (6, 1)}

    monkeypatch.setattr(Topics, "present", present)
    log, reader = logging.getLogger("kasugai.adapters.kafka.partition_watch"), Reader()
    log.addHandler(reader)
    try:
        watch.look()
    finally:
        log.removeHandler(reader)
    assert seen == [(watch.why, "")] and "kasugai.signals differs" in watch.why
