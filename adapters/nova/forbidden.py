"""Reads that Nova has forbidden: they are made again after longer and longer, for only a person will change that.

Whoever asks in the meantime is told the same no, and nothing is sent.
"""

import time
from collections.abc import Callable

from kasugai.core.recovering.doors import CloudRefused

FIRST, LONGEST = 1.0, 30.0
"""Seconds before a read that was forbidden twice is made again, and at most."""


class Forbidden:
    """What is forbidden, by path, and until when it is not asked again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is forbidden."""
        self._clock = clock
        self._known: dict[str, tuple[float, float, CloudRefused]] = {}

    def require_due(self, path: str) -> None:
        """Raise the refusal once more while it is too early to ask again."""
        if path not in self._known:
            return
        due, _, no = self._known[path]
        if self._clock() < due:
            raise CloudRefused(no.status, no.message)

    def note(self, path: str, no: CloudRefused) -> None:
        """Remember a refusal: the first costs nothing, each further one a pause twice as long.

        What nobody has asked for since it was due is forgotten: each guest has a path of its own."""
        now, pause = self._clock(), 0.0
        if path in self._known:
            pause = min(LONGEST, 2 * self._known[path][1] or FIRST)
        self._known = {other: known for other, known in self._known.items() if known[0] + LONGEST > now}
        self._known[path] = now + pause, pause, no

    def __len__(self) -> int:
        """Return how many paths are remembered."""
        return len(self._known)

    def forget(self, path: str) -> None:
        """It is not forbidden any more."""
        self._known.pop(path, None)
