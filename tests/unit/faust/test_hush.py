"""Foreign loggers are kept readable: warnings and worse, and each kind of line once a minute."""

import logging
from collections.abc import Iterator

import pytest

from kasugai.adapters.faust.hush import FOREIGN, OncePerMinute, hush
from tests.support.shell import Hands


@pytest.fixture
def as_before() -> Iterator[None]:
    """Put the loggers back."""
    loggers = [logging.getLogger(name) for name in FOREIGN]
    kept = [(logger, list(logger.handlers), logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, handlers, level, propagate in kept:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def record(text: str, name: str = "aiokafka.conn") -> logging.LogRecord:
    """A line of a log."""
    return logging.LogRecord(name, logging.ERROR, "", 0, text, (), None)


def test_a_line_passes_once_a_minute(clock: Hands) -> None:
    sieve = OncePerMinute(clock)
    passed = []
    for _ in range(121):
        passed.append(sieve.filter(record("Unable to connect to %s")))
        clock.at += 1.0
    assert passed.count(True) == 3


def test_another_line_and_another_logger_pass(clock: Hands) -> None:
    sieve = OncePerMinute(clock)
    lines = [record("one"), record("two"), record("one", "faust.app")]
    assert all(sieve.filter(line) for line in lines)


def test_what_matters_reaches_the_root(as_before: None, caplog: pytest.LogCaptureFixture) -> None:
    for name in FOREIGN:
        logging.getLogger(name).propagate = True
    hush()
    hush()
    for text in ("joined a group", "joined a group"):
        logging.getLogger("aiokafka.consumer").info(text)
        logging.getLogger("aiokafka.consumer").error("hush test: %s", text)
    assert caplog.messages == ["hush test: joined a group"]
