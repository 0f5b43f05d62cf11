"""Keeps the last few thousand of something by name: what is old by Nova's own time ends, and what is too much."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")

MOST = 10_000
"""So many guests, and so many requests, are remembered."""
LASTS = timedelta(hours=6)
"""And for so long after they were last heard of, by the time of what is heard: what overtakes by more is read by
itself."""


class Memory(Generic[T]):
    """Values by name, the least recently heard first. Without a clock: time is what the notifications say."""

    def __init__(self, make: Callable[[], T], most: int = MOST) -> None:
        """Begin empty. `make`: what there is of a name that was not heard before."""
        self._make = make
        self._most = most
        self._kept: OrderedDict[str, tuple[datetime, T]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._kept)

    def of(self, name: str, at: datetime) -> T:
        """Return what is kept of that name, which is heard of now; `at`: by Nova's time."""
        known = self._kept.pop(name, None)
        value = self._make() if known is None else known[1]
        self._kept[name] = (at if known is None else max(at, known[0]), value)
        self._end(at)
        return value

    def _end(self, at: datetime) -> None:
        while len(self._kept) > self._most or self._is_over(at):
            self._kept.popitem(last=False)

    def _is_over(self, at: datetime) -> bool:
        first, _ = next(iter(self._kept.values()))
        return at - first > LASTS
