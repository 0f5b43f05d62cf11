"""How far a process is behind in each of its partitions, and how old the oldest record is that it has not processed.

It is told the ends and what is in hand by whoever consumes. A record that has not been read yet has no known time: then
the age is how long the partition has been behind.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

Place = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """One partition's."""

    topic: str
    partition: int
    records: int
    age: float
    """Seconds."""


class Lags:
    """All partitions that are ours. Written by the consumer, read by the server's thread."""

    def __init__(
        self, wall: Callable[[], float] = time.time, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Own nothing."""
        self._wall = wall
        self._clock = clock
        self._behind: dict[object, dict[Place, int]] = {}
        """By who tells it."""
        self._since: dict[Place, float] = {}
        self._in_hand: dict[Place, int] = {}
        self.taken: Counter[str] = Counter()
        """Records taken, by topic: a plain number, because a metric's own `add` costs microseconds per record."""

    def set(self, behind: Mapping[Place, int], teller: object = None) -> None:
        """Take over how many records are not done in each of one consumer's partitions; others are not its own (any
        more)."""
        now = self._clock()
        self._behind[teller] = dict(behind)
        late = [place for told in self._behind.values() for place, count in told.items() if count]
        self._since = {place: self._since.get(place, now) for place in late}

    def took(self, place: Place, at: int) -> None:
        """A record with the timestamp `at` (ms) is being processed, and none older."""
        self._in_hand[place] = at

    def done(self, place: Place) -> None:
        """Nothing of the partition is in hand."""
        self._in_hand.pop(place, None)
        self._since.pop(place, None)

    def waiting(self, oldest: Mapping[Place, int]) -> None:
        """Take over the oldest timestamp that waits in each partition; in the others nothing does."""
        self._in_hand = dict(oldest)

    def read(self) -> list[Lag]:
        """Return them all."""
        return [
            Lag(topic=place[0], partition=place[1], records=count, age=self._age(place, count))
            for told in list(self._behind.values())
            for place, count in list(told.items())
        ]

    def _age(self, place: Place, count: int) -> float:
        at = self._in_hand.get(place)
        if at is not None:
            return max(0.0, self._wall() - at / 1000)
        since = self._since.get(place)
        return self._clock() - since if count and since is not None else 0.0
