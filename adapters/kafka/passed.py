"""What has been seen of a partition by those who have read it: at which offset each key, and each subject of a key,
comes first. A subject that is new there then costs the partition's tail, and not the whole of it.

It says nothing of what stands there, and is right for as long as the partition only grows: whoever meets one that has
been cut or made anew forgets it. What it holds is bounded; where it has forgotten, more is read. From any thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

N = TypeVar("N", bytes, str)

MOST_KEYS = 4_096
"""Keys of one partition; of one with more, only subjects are known. 10,000 hosts in 12 partitions are 834 a piece."""
MOST_SUBJECTS = 20_000
"""Subjects of all keys and partitions (some 200 bytes each): those of the key that was read first are forgotten first.
"""


@dataclass(slots=True)
class _Seen(Generic[N]):
    """Everything from the beginning up to `next` has been seen."""

    next: int = 0
    firsts: dict[N, int] = field(default_factory=dict)
    """By name: the first offset."""


class Passed:
    """All partitions, by place."""

    def __init__(self, most_keys: int = MOST_KEYS, most_subjects: int = MOST_SUBJECTS) -> None:
        """Nothing has been seen."""
        self._most_keys, self._most_subjects = most_keys, most_subjects
        self._keys: dict[str, _Seen[bytes]] = {}
        self._crowded: set[str] = set()
        """Places with too many keys to know them all."""
        self._subjects: dict[tuple[str, bytes], _Seen[str]] = {}
        """By place and key, in the order in which they were first read."""
        self._turn = Lock()

    def start(self, place: str, key: bytes, subject: str) -> int:
        """Return the offset before which there is no record of the subject under its key; 0 where nobody knows."""
        with self._turn:
            seen = self._subjects.get((place, key))
            return self._first_of(place, key) if seen is None else seen.firsts.get(subject, seen.next)

    def saw_keys(self, place: str, start: int, end: int, firsts: Mapping[bytes, int], *, low: int) -> None:
        """Remember at which offset each key came first between `start` and `end`; the partition begins at `low`."""
        with self._turn:
            seen = self._keys.setdefault(place, _Seen(low))
            if start > max(seen.next, low) or place in self._crowded:
                return  # what lies between is not known
            _merge(seen, end, firsts)
            if len(seen.firsts) > self._most_keys:
                self._crowded.add(place)
                seen.firsts.clear()

    def saw_subjects(
        self, place: str, key: bytes, start: int, end: int, firsts: Mapping[str, int], *, low: int
    ) -> None:
        """Remember at which offset each subject came first among a key's records between `start` and `end`, every one
        of which could be read."""
        with self._turn:
            seen = self._subjects.get((place, key))
            if seen is None:
                if start > max(self._first_of(place, key), low):
                    return
                seen = self._subjects[place, key] = _Seen(start)
            if start > max(seen.next, low):
                return
            _merge(seen, end, firsts)
            self._trim()

    def ends_behind(self, place: str, end: int) -> bool:
        """Whether more has been seen of the partition than it has."""
        with self._turn:
            about = [seen.next for known, seen in self._subjects.items() if known[0] == place]
            known = self._keys.get(place)
            return max([0 if known is None else known.next, *about]) > end

    def forget(self, place: str) -> None:
        """It has been cut, or made anew."""
        with self._turn:
            self._keys.pop(place, None)
            self._crowded.discard(place)
            for known in [known for known in self._subjects if known[0] == place]:
                del self._subjects[known]

    def _first_of(self, place: str, key: bytes) -> int:
        """Return an offset before which the key has no record; 0 where nobody knows."""
        seen = self._keys.get(place)
        return 0 if seen is None or place in self._crowded else seen.firsts.get(key, seen.next)

    def _trim(self) -> None:
        count = sum(len(seen.firsts) for seen in self._subjects.values())
        while count > self._most_subjects and self._subjects:
            count -= len(self._subjects.pop(next(iter(self._subjects))).firsts)


def _merge(seen: _Seen[N], end: int, firsts: Mapping[N, int]) -> None:
    for name, offset in firsts.items():
        seen.firsts[name] = min(offset, seen.firsts.get(name, offset))
    seen.next = max(seen.next, end)
