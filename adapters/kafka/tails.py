"""The last records about a host, with their values: whoever asks again is given what has come since, and no more is
read or decoded for it.

Whoever works on many subjects of one host asks about that host's records for each of them: 500 instances that died
together had 3,900 records read 196,000 times (bench/guests.py). A tail is right for as long as its partition only
grows, as what passed.py says is; whoever meets one that has been cut or made anew forgets it. Bounded: what has been
dropped is read. From any thread; one at a time extends a host's tail (recovery_log.py).
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from threading import Lock

from kasugai.adapters.kafka.records import Incoming
from kasugai.core.recovering.doors import LogUnreadable
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Resume, Stop

Told = tuple[Incoming, Fact | Stop | Resume]
"""A record with its value."""
Unread = tuple[int, LogUnreadable]
"""An offset, and why nobody can read of this version what stands there."""

MOST = 4_096
"""Records of all hosts together: of the host that was asked about last the newest."""
MOST_BYTES = 4 * 1024 * 1024
"""And what they hold as they stand in Kafka, which is a quarter of what they take here: one plan of a big host is as
large as hundreds of other facts."""


class Tail:
    """All records of one key from one offset up to another. Not for two threads at once."""

    def __init__(self, start: int) -> None:
        """Empty."""
        self.start = self.next = start
        self._by_subject: dict[str, list[Told]] = {}
        self._order: deque[tuple[str, int, int]] = deque()
        """Subject, offset and bytes of each, oldest first."""
        self.size = 0
        """Bytes of all."""
        self.unread: list[Unread] = []

    def __len__(self) -> int:
        """How many records are kept."""
        return len(self._order)

    def of(self, subject: str) -> Sequence[Told]:
        """Return what is about the subject, as of now."""
        return tuple(self._by_subject.get(subject, ()))

    def covers(self, offset: int) -> bool:
        """Whether everything from the offset up to the tail's end is here."""
        return self.start <= offset <= self.next

    def extend(self, end: int, told: Iterable[Told], unread: Iterable[Unread]) -> None:
        """Add what was found between the tail's end and `end`."""
        for record, value in told:
            self._by_subject.setdefault(value.subject.name, []).append((record, value))
            self._order.append((value.subject.name, record.offset, len(record.value or b"")))
            self.size += self._order[-1][2]
        self.unread.extend(unread)
        self.next = end

    def trim(self, most: int, most_bytes: int) -> None:
        """Drop the oldest records beyond `most`, or that hold more than so many bytes together."""
        while len(self._order) > most or self.size > most_bytes:
            subject, offset, size = self._order.popleft()
            self.size -= size
            about = self._by_subject[subject]
            del about[0]
            if not about:
                del self._by_subject[subject]
            self.start = offset + 1
        self.unread = [(offset, error) for offset, error in self.unread if offset >= self.start]


class Tails:
    """Those of all hosts, by place and key."""

    def __init__(self, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        """Nothing is kept yet."""
        self._most, self._most_bytes = most, most_bytes
        self._tails: OrderedDict[tuple[str, bytes], Tail] = OrderedDict()
        self._turn = Lock()

    def known(self, place: str, key: bytes) -> Tail | None:
        """Return the key's tail."""
        with self._turn:
            return self._tails.get((place, key))

    def keep(self, place: str, key: bytes, tail: Tail) -> None:
        """Keep the tail, as the one that was asked for last."""
        with self._turn:
            self._tails[place, key] = tail
            self._tails.move_to_end((place, key))
            count, size = sum(map(len, self._tails.values())), sum(each.size for each in self._tails.values())
            while (count > self._most or size > self._most_bytes) and len(self._tails) > 1:
                _, oldest = self._tails.popitem(last=False)
                count, size = count - len(oldest), size - oldest.size
            tail.trim(self._most, self._most_bytes)

    def ends_behind(self, place: str, end: int) -> bool:
        """Whether more has been read of the partition than it has."""
        with self._turn:
            return any(tail.next > end for known, tail in self._tails.items() if known[0] == place)

    def forget(self, place: str) -> None:
        """It has been cut, or made anew."""
        with self._turn:
            for known in [known for known in self._tails if known[0] == place]:
                del self._tails[known]
