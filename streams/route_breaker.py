"""Lets a topic rest that buries too much: a bad deployment must not send a whole topic to the dead letters unseen.

A topic that rests has one kind of writer, so that nobody else's word waits for its rubbish: liveness, the bridge, a
reader of evidence, or agents about their own hosts. No single key can make one rest: one host's bad text is one host's
trouble. Commands, reports, what agents say of others, silences, outcomes and the inventory are never held up.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence

from kasugai.schemas.topics import FAULTS, METRICS, NOVA, POWER, SERVICES

MAY_REST = (*FAULTS.values(), NOVA, SERVICES, POWER, METRICS)

CONSECUTIVE = 50
"""So many dead letters in a row."""
SHARE = 0.1
"""Or this share of the last minute's records, if they are more than `CONSECUTIVE`."""
OF_ONE_KEY = 10
"""Of one key's, so many count in a minute."""
KEYS = 1_000
"""So many keys are told apart in a minute; all others count as one."""
WINDOW = 60.0
"""Seconds that are looked back on; also how long a topic then rests."""

Key = bytes | None


class Breaker:
    """Counts what was carried and what was buried of one topic; time is handed in, in seconds."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self._row = 0
        self._past: deque[tuple[float, int, int]] = deque()
        self._keys: Counter[int] = Counter()
        self._keys_since = 0.0

    def count(self, now: float, carried: int, buried: Sequence[Key]) -> None:
        """Count a batch: how many were carried, and the keys of those that were not."""
        if now - self._keys_since > WINDOW:
            self._keys.clear()
            self._keys_since = now
        counted = sum(map(self._counts, buried))
        self._row = 0 if carried else self._row + counted
        self._past.append((now, carried, counted))
        while self._past[0][0] < now - WINDOW:
            self._past.popleft()

    def _counts(self, key: Key) -> bool:
        """Count one of a key's, by its hash: it may be long."""
        of_key = hash(key) if len(self._keys) < KEYS else 0
        self._keys[of_key] += 1
        return self._keys[of_key] <= OF_ONE_KEY

    @property
    def is_tripped(self) -> bool:
        """Whether too much was buried."""
        carried = sum(batch[1] for batch in self._past)
        buried = sum(batch[2] for batch in self._past)
        much = buried > CONSECUTIVE and buried > SHARE * (carried + buried)
        return self._row > CONSECUTIVE or much


class Rests:
    """Which topics rest, and until when."""

    def __init__(self) -> None:
        """None does."""
        self._breakers = {topic: Breaker() for topic in MAY_REST}
        self._until: dict[str, float] = {}

    def count(self, now: float, carried: Mapping[str, int], buried: Mapping[str, Sequence[Key]]) -> list[str]:
        """Count a batch by topic, and return the topics that rest from now on."""
        for topic in (carried.keys() | buried.keys()) & self._breakers.keys():
            self._breakers[topic].count(now, carried.get(topic, 0), buried.get(topic, ()))
        tripped = [topic for topic, breaker in self._breakers.items() if breaker.is_tripped]
        for topic in tripped:
            self._until[topic] = now + WINDOW
            self._breakers[topic] = Breaker()
        return tripped

    def resting(self, now: float) -> frozenset[str]:
        """Return the topics that rest."""
        return frozenset(topic for topic, until in self._until.items() if now < until)
