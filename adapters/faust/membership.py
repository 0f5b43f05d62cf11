"""Whether the partitions are still ours: the broker's own word, and how old it is (architecture.md 4, Zombies).

A process that was stopped (SIGSTOP, a paused VM) wakes up believing that it owns what others have long taken over.
Before each publish and each row write `prove` wants a heartbeat that the broker confirmed, sent less than half a
session time-out ago; an older one is waited for, up to another half, and then the process ends.
"""

import asyncio
import time
from collections.abc import Callable

from kasugai.adapters.faust import exits
from kasugai.adapters.faust.exits import Exit

PAUSE = 0.05
"""Between two looks while a heartbeat is waited for."""


def steady() -> float:
    """Return seconds of a clock that also runs while the machine sleeps (CLOCK_MONOTONIC does not)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Membership:
    """What the consumer's thread hears from the group coordinator, for the handler's loop to ask about."""

    def __init__(self, session: float, clock: Callable[[], float] = steady) -> None:
        """Take the session time-out in seconds; a new member has proved nothing."""
        self._half = session / 2
        self._clock = clock
        self._confirmed = float("-inf")
        self._lost = False

    def now(self) -> float:
        """Return the clock's time, to be handed to `confirmed` later."""
        return self._clock()

    def confirmed(self, sent: float) -> None:
        """Note that the broker confirmed a heartbeat sent at `sent` (before it: the reply may have been slow)."""
        self._confirmed = max(self._confirmed, sent)
        self._lost = False

    def lost(self) -> None:
        """Note that the broker does not know us as a member of our generation any more."""
        self._confirmed = float("-inf")
        self._lost = True

    @property
    def age(self) -> float:
        """Seconds since the last confirmed heartbeat was sent."""
        return self._clock() - self._confirmed

    @property
    def is_fresh(self) -> bool:
        """Whether nobody else can own our partitions yet."""
        return self.age < self._half

    async def prove(self) -> None:
        """Return while we are certainly the owner; wait for a heartbeat when unsure; exit 74 when it does not come."""
        deadline = self._clock() + self._half
        while not self.is_fresh:
            if self._lost:
                exits.leave(Exit.ZOMBIE, "the group has gone on without us: our partitions have other owners")
            if self._clock() >= deadline:
                exits.leave(
                    Exit.ZOMBIE, f"no confirmed heartbeat for {self.age:.1f} s: others may own our partitions"
                )
            await asyncio.sleep(PAUSE)
