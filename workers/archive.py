"""All that the log says about all hosts: the facts and flags of every partition, folded as a takeover folds one host's.

It reads and folds, and knows no ledger. What a newer Kasugai wrote ends it: LogAway (adapters/kafka/decoding.py).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

from kasugai.adapters.kafka.client import partition_of
from kasugai.adapters.kafka.decoding import decoded
from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.kafka.records import Incoming
from kasugai.core.recovering.ledger import Entry, Flag, apply, flag_of, newer
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.incident import Resume, Stop
from kasugai.schemas.topics import INCIDENTS, RECOVERY

CHUNK = 5_000
"""Offsets that are read at a time: no more records than these are in memory at once."""

Place = tuple[str, int]


@dataclass(slots=True)
class Account:
    """What the log says about one host."""

    epoch: int = 0
    entries: dict[UUID, Entry] = field(default_factory=dict)
    flags: dict[UUID, Flag] = field(default_factory=dict)


class Archive:
    """The accounts of all hosts, as far as the log has been read."""

    def __init__(self, reader: Reader) -> None:
        """Nothing is read yet."""
        self.hosts: dict[str, Account] = {}
        self._reader = reader
        self._next: dict[Place, int] = {}

    async def read(self) -> AsyncIterator[tuple[str, int, int]]:
        """Read everything to its end as of now, yielding the topic and how many of how many offsets are behind us."""
        for topic in (RECOVERY, *INCIDENTS.values()):
            for partition in await self._reader.partitions(topic):
                low, high = await self._reader.bounds(topic, partition)
                self._next[topic, partition] = low
                while self._next[topic, partition] < high:
                    await self._read_chunk((topic, partition), high)
                    yield topic, self._next[topic, partition] - low, high - low

    async def read_on(self, host: str) -> None:
        """Read on to the end as of now in the host's partitions."""
        for topic in (RECOVERY, *INCIDENTS.values()):
            place = (topic, self._partition(topic, host))
            _, high = await self._reader.bounds(*place)
            while self._next[place] < high:
                await self._read_chunk(place, high)

    def next(self, topic: str, host: str) -> int:
        """Return the offset up to which the host's partition has been read."""
        return self._next[topic, self._partition(topic, host)]

    def _partition(self, topic: str, host: str) -> int:
        return partition_of(host, sum(1 for known, _ in self._next if known == topic))

    async def _read_chunk(self, place: Place, end: int) -> None:
        start = self._next[place]
        found = await self._reader.read_range(*place, start, min(start + CHUNK, end))
        for record, value in decoded(found.records):
            self._take(record, value)
        self._next[place] = max(found.next, start + 1)

    def _take(self, record: Incoming, value: object) -> None:
        match value:
            case Fact(kind=FactKind.QUEUED | FactKind.WORKING):
                pass  # signs of life, which change no record
            case Fact():
                account = self._account(value.host)
                old = account.entries.get(value.incident) or Entry(incident=value.incident)
                account.entries[value.incident] = apply(old, value)
                account.epoch = max(account.epoch, value.epoch)
            case Stop() | Resume():
                flags = self._account(value.host).flags
                flags[value.incident] = newer(flags.get(value.incident), flag_of(value, record.offset))
            case _:
                pass  # an Open is no knowledge of the ledger's

    def _account(self, host: str) -> Account:
        return self.hosts.setdefault(host, Account())
