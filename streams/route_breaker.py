"""Stops route when it buries too much: a bad deployment must not send a whole topic to the dead letters unseen."""

from collections import deque

CONSECUTIVE = 50
"""So many dead letters in a row."""
SHARE = 0.1
"""Or this share of the last minute's records, if they are more than `CONSECUTIVE`."""
WINDOW = 60.0
"""Seconds that are looked back on; also how long route then rests."""


class Breaker:
    """Counts what was carried and what was buried; time is handed in, in seconds."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self._row = 0
        self._past: deque[tuple[float, int, int]] = deque()

    def count(self, now: float, carried: int, buried: int) -> None:
        """Count a batch."""
        self._row = 0 if carried else self._row + buried
        self._past.append((now, carried, buried))
        while self._past[0][0] < now - WINDOW:
            self._past.popleft()

    @property
    def is_tripped(self) -> bool:
        """Whether too much was buried."""
        carried = sum(batch[1] for batch in self._past)
        buried = sum(batch[2] for batch in self._past)
        much = buried > CONSECUTIVE and buried > SHARE * (carried + buried)
        return self._row > CONSECUTIVE or much

    def reset(self) -> None:
        """Begin again after a rest."""
        self._row = 0
        self._past.clear()
