"""Lines for whoever waits: what has been reached, and after how many seconds. And waiting itself, with a sentence."""

import sys
import time
from collections.abc import Callable

_BEGAN = time.monotonic()


def say(line: str) -> None:
    """Tell one line on stderr, with the seconds since the program began."""
    sys.stderr.write(f"acceptance: {time.monotonic() - _BEGAN:6.1f} s  {line}\n")
    sys.stderr.flush()


def wait_for(so: Callable[[], bool], what: str, within: float, every: float = 0.25) -> float:
    """Wait until it is so and return the seconds that it took; TimeoutError says what did not come."""
    began = time.monotonic()
    while not so():
        if time.monotonic() - began > within:
            raise TimeoutError(f"not within {within:.0f} s: {what}")
        time.sleep(every)
    return time.monotonic() - began
