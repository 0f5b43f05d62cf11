"""The log has the reason before anybody can see that a process is not ready."""

import logging

import pytest

from kasugai.adapters.kafka.topic_watch import TopicWatch
from kasugai.adapters.kafka.topics import Topics
from kasugai.adapters.settings import KafkaSettings, Settings
from kasugai.schemas.topics import SIGNALS


def test_the_reason_is_logged_before_readiness_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = TopicWatch(Settings(kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1")))
    seen: list[tuple[str, str]] = []

    class Reader(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append((record.getMessage(), watch.why))

    def present(_: Topics) -> dict[str, tuple[int, int]]:
        return {SIGNALS: (6, 1)}

    monkeypatch.setattr(Topics, "present", present)
    monkeypatch.setattr(Topics, "_settings", lambda *_, **__: None)
    log, reader = logging.getLogger("kasugai.adapters.kafka.topic_watch"), Reader()
    log.addHandler(reader)
    try:
        watch.look()
    finally:
        log.removeHandler(reader)
    assert seen == [(watch.why, "")] and "kasugai.signals differs" in watch.why


@pytest.mark.parametrize(
    ("seen", "ended"),
    [
        ([{SIGNALS: "one"}, {SIGNALS: "one"}], False),
        ([{SIGNALS: "one"}, {}, {SIGNALS: "one"}], False),
        ([{SIGNALS: "one"}, {}, {SIGNALS: "another"}], True),
        ([{}, {SIGNALS: "another"}], False),
    ],
)
def test_a_topic_that_was_made_anew_ends_the_process(
    monkeypatch: pytest.MonkeyPatch, seen: list[dict[str, str]], ended: bool
) -> None:
    """Its clients stand where the old one was."""
    watch = TopicWatch(Settings(kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1")))
    said: list[str] = []
    monkeypatch.setattr("kasugai.adapters.kafka.topic_watch.ENDS", [said.append])
    monkeypatch.setattr(Topics, "present", lambda _: {SIGNALS: (12, 3)})
    for ids in seen:
        monkeypatch.setattr(Topics, "ids", lambda _, names, ids=ids: ids)
        watch.look()
    assert said == [f"{SIGNALS} was made anew while this process ran: starting over"] * ended


def test_a_setting_that_was_changed_is_told_by_every_process_that_may_see_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = TopicWatch(Settings(kafka=KafkaSettings(bootstrap_servers="127.0.0.1:1")))
    kept = dict(next(topic.settings for topic in watch._wanted if topic.name == SIGNALS))
    monkeypatch.setattr(Topics, "present", lambda _: {SIGNALS: (12, 3), "kasugai.verdicts": (12, 3)})
    monkeypatch.setattr(Topics, "_settings", lambda *_, **__: {SIGNALS: kept})
    watch.look()
    assert watch.why == "", "and where it may not ask, it says nothing"
    kept["compression.type"] = "zstd"
    watch.look()
    assert watch.why == (
        "kasugai.signals differs: compression.type is zstd, not uncompressed: "
        "type kasugai topics check, then kasugai topics apply"
    )
