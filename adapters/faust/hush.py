"""Keeps the logs of Faust, mode and aiokafka readable: warnings and worse, and each kind of line once a minute.

A broker that is away makes aiokafka log an error per attempt, hundreds a minute. What matters is said by the
processor itself in one line.
"""

import logging
import time
from collections.abc import Callable

FOREIGN = ("faust", "mode", "aiokafka")
SERVICE_LOG = logging.getLogger("faust.careful")
"""What our own subclasses of Faust's services say; mode would name a logger after their module."""
EVERY = 60.0


class OncePerMinute(logging.Filter):
    """Lets a record pass unless one of the same logger and text was let pass within the last minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin with nothing said."""
        super().__init__()
        self._clock = clock
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is news."""
        key, now = (record.name, str(record.msg)[:80]), self._clock()
        if now - self._said.get(key, float("-inf")) < EVERY:
            return False
        self._said[key] = now
        return True


class _ToRoot(logging.Handler):
    """Hands records on to whatever handlers the process has set up."""

    def emit(self, record: logging.LogRecord) -> None:
        """Let the root logger's handlers have it."""
        logging.getLogger().handle(record)


def hush() -> None:
    """Put the filter between the foreign loggers and the root; harmless when done twice."""
    for name in FOREIGN:
        logger = logging.getLogger(name)
        if any(isinstance(handler, _ToRoot) for handler in logger.handlers):
            continue
        handler = _ToRoot(logging.WARNING)
        handler.addFilter(OncePerMinute())
        logger.addHandler(handler)
        logger.setLevel(logging.WARNING)
        logger.propagate = False
