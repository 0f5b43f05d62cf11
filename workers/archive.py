"""All that the log says about all subjects: the facts and flags of all partitions, folded as a takeover does.

It reads and folds, and knows no ledger. A host about which a newer Kasugai wrote is remembered as unreadable
(adapters/kafka/decoding.py): what else is known of it is not all.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from uuid import UUID

from kasugai.adapters.kafka.client import partition_of
from kasugai.adapters.kafka.decoding import decoded
from kasugai.adapters.kafka.reader import Reader
from kasugai.adapters.kafka.records import Incoming
from kasugai.adapters.kafka.topic_ids import TopicIds
from kasugai.core.recovering.doors import LogUnreadable, Offsets
from kasugai.core.recovering.ledger import Entry, Flag, apply, flag_of, newer
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.incident import Resume, Stop
from kasugai.core.words.subject import Subject
from kasugai.schemas.topics import INCIDENTS, RECOVERY

CHUNK = 5_000
"""Offsets that are read at a time: no more records than these are in memory at once."""

Place = tuple[str, int]


@dataclass(slots=True)
class Account:
    """What the log says about one subject."""

    subject: Subject

    epoch: int = 0
    entries: dict[UUID, Entry] = field(default_factory=dict)
    flags: dict[UUID, Flag] = field(default_factory=dict)


class Archive:
    """The accounts of all subjects by name, as far as the log has been read."""

    def __init__(self, reader: Reader, ids: TopicIds) -> None:
        """Nothing is read yet; places are called by the topics' `ids`, as a takeover calls them."""
        self.accounts: dict[str, Account] = {}
        self.unreadable: dict[str, str] = {}
        """Why a host's log cannot be read, by host."""
        self._reader = reader
        self._ids = ids
        self._next: dict[Place, int] = {}

    async def read(self) -> AsyncIterator[tuple[str, int, int]]:
        """Read everything to its end as of now, yielding the topic and how many of how many offsets are behind us."""
        await asyncio.to_thread(self._ids.learn, RECOVERY, *INCIDENTS.values())
        for topic in (RECOVERY, *INCIDENTS.values()):
            for partition in await self._reader.partitions(topic):
                low, high = await self._reader.bounds(topic, partition)
                self._next[topic, partition] = low
                while self._next[topic, partition] < high:
                    await self._read_chunk((topic, partition), high)
                    yield topic, self._next[topic, partition] - low, high - low

    async def read_on(self, subject: Subject) -> None:
        """Read on to the end as of now in the subject's partitions."""
        for topic in (RECOVERY, INCIDENTS[subject.kind]):
            place = (topic, self._partition(topic, subject.host))
            _, high = await self._reader.bounds(*place)
            while self._next[place] < high:
                await self._read_chunk(place, high)

    def offsets(self, subject: Subject) -> Offsets:
        """Return how far the partitions have been read in which the subject's records lie."""
        topics = (RECOVERY, INCIDENTS[subject.kind])
        places = [(topic, self._partition(topic, subject.host)) for topic in topics]
        return {self._ids.place(*place): self._next[place] for place in places}

    def _partition(self, topic: str, host: str) -> int:
        return partition_of(host, sum(1 for known, _ in self._next if known == topic))

    async def _read_chunk(self, place: Place, end: int) -> None:
        start = self._next[place]
        found = await self._reader.read_range(*place, start, min(start + CHUNK, end))
        for record in found.records:
            try:
                for _, value in decoded([record]):
                    self._take(record, value)
            except LogUnreadable as error:
                self.unreadable[(record.key or b"").decode(errors="replace")] = str(error)
        self._next[place] = max(found.next, start + 1)

    def _take(self, record: Incoming, value: object) -> None:
        match value:
            case Fact(kind=FactKind.QUEUED | FactKind.WORKING):
                pass  # signs of life, which change no record
            case Fact():
                account = self._account(value.subject)
                old = account.entries.get(value.incident) or Entry(incident=value.incident)
                entry = apply(old, value, account.epoch)
                if entry.epoch > 0:
                    account.entries[value.incident] = entry
                account.epoch = max(account.epoch, entry.epoch)
            case Stop() | Resume():
                flags = self._account(value.subject).flags
                flags[value.incident] = newer(flags.get(value.incident), flag_of(value, record.offset))
            case _:
                pass  # an Open is no knowledge of the ledger's

    def _account(self, subject: Subject) -> Account:
        return self.accounts.setdefault(subject.name, Account(subject))
