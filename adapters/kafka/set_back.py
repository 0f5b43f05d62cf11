"""Ends a process whose machine's clock is set back.

librdkafka (2.16 at least; confluentinc/librdkafka#2145) waits until moments of the wall clock. Where that is set back
by an hour, what waits just then goes on an hour later: a connection that was lost is not made anew, a group hears no
heartbeat, a time-out does not come, and nothing tells. A new client is well, and so is a process that is started again.
"""

import os
import threading
import time
from collections.abc import Callable
from typing import NoReturn

from kasugai.adapters.faust.exits import Exit, leave

EVERY = 1.0
"""Seconds between two looks at the clock."""
HARMLESS = 2.0
"""Seconds by which a clock may be set back: what waits, waits so much longer."""


class Clocks:
    """The wall clock, held against one that nobody sets."""

    def __init__(
        self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic
    ) -> None:
        """Both in seconds."""
        self._wall, self._steady = wall, steady
        self._least = self._look()[0]

    def set_back(self) -> float:
        """Return by how many seconds at least the wall clock was set back since the last call; 0: not at all."""
        before = self._least
        self._least, most = self._look()
        return max(0.0, before - most)

    def _look(self) -> tuple[float, float]:
        """Return how far the wall clock is ahead of the steady one, at least and at most: whoever asks may stand still
        between two readings."""
        first = self._steady()
        wall = self._wall()
        return wall - self._steady(), wall - first


def end_when_set_back() -> None:
    """Let this process, and those that it forks, end (exit code 75) soon after its clock is set back."""
    _watch()
    os.register_at_fork(after_in_child=_watch)


def _watch() -> None:
    threading.Thread(target=_look_at, args=(Clocks(),), name="clocks", daemon=True).start()


def _look_at(clocks: Clocks) -> NoReturn:
    while True:
        time.sleep(EVERY)
        if (back := clocks.set_back()) > HARMLESS:
            leave(
                Exit.STUCK,
                f"this machine's clock was set back by {back:.0f} s, and Kafka's client waits by it: a new one is made",
            )
