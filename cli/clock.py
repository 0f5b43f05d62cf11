"""The wall clock, for ages that people read and for when something was observed: nothing is decided by it."""

import time

from kasugai.core.words.timing import Instant


def now() -> Instant:
    """Return the time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000  # noqa: TID251 - shown to people, or told as the observer's own clock
