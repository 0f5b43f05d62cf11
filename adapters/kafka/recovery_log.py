"""The Log port on Kafka: publishes facts, and reads one subject's facts and flags up to the end as of now.

What a newer Kasugai wrote under a host's name makes the log of all that is on it unreadable to this one (decoding.py),
and nobody else's. Those who ask about one host at the same moment are served by one pass.
"""

import asyncio
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Self

from kasugai.adapters.coalescing import Coalescing
from kasugai.adapters.kafka.passes import Known, Pass, Wish, read_pass
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.scanner import Scanner
from kasugai.adapters.kafka.tails import Told
from kasugai.adapters.kafka.topic_ids import TopicIds
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import Flagged, Logged, Offsets
from kasugai.core.recovering.ledger import flag_of
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Resume, Stop
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import Kind, Subject
from kasugai.schemas.topics import INCIDENTS, RECOVERY

READERS = 4
"""Scans at a time: two hosts', of each facts and flags. More wait."""


class RecoveryLog:
    """kasugai.recovery, and the flags in the incidents topics of some kinds."""

    def __init__(self, kafka: KafkaSettings, producer: Producer, name: str, *, kinds: Iterable[Kind]) -> None:
        """Publish through `producer`, which stays its owner's."""
        self._producer = producer
        self._topics = (RECOVERY, *(INCIDENTS[kind] for kind in kinds))
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix=f"{name}-scan")
        ids = TopicIds(kafka, name)
        self._scanners = [Scanner(kafka, f"{name}-scan-{number}", ids) for number in range(READERS)]
        self._idle: SimpleQueue[Scanner] = SimpleQueue()
        for scanner in self._scanners:
            self._idle.put(scanner)
        self._known = Known()
        self._reading: Coalescing[tuple[str, str], Wish, Pass] = Coalescing(self._scan)

    async def __aenter__(self) -> Self:
        """Return the log."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    async def warm(self) -> None:
        """Connect all readers, so that the first takeover need not; LogAway when Kafka is."""
        loop = asyncio.get_running_loop()
        work = [
            loop.run_in_executor(self._threads, scanner.warm, topic)
            for topic in self._topics
            for scanner in self._scanners
        ]
        await asyncio.gather(*work)

    async def publish(self, fact: Fact) -> Stamp:
        """Publish and wait for the broker's acknowledgement; LogAway when it does not come."""
        return await self._producer.send(RECOVERY, fact)

    async def facts(self, subject: Subject, since: Offsets) -> tuple[Sequence[Logged], Offsets]:
        """Return the subject's facts from `since` to the end as of now, and the offset after the last record.
        LogUnreadable, LogAway."""
        records, ends = await self._read(RECOVERY, subject, since)
        facts = [
            Logged(fact=value, stamp=record.stamp) for record, value in records if isinstance(value, Fact)
        ]
        return facts, ends

    async def flags(self, subject: Subject, since: Offsets) -> tuple[Sequence[Flagged], Offsets]:
        """Return the subject's Stops and Resumes in the incidents topic of its kind likewise."""
        records, ends = await self._read(INCIDENTS[subject.kind], subject, since)
        flags = [
            Flagged(incident=order.incident, flag=flag_of(order, record.offset))
            for record, order in records
            if isinstance(order, Stop | Resume)
        ]
        return flags, ends

    async def close(self) -> None:
        """Leave; waits for scans under way. The producer stays open."""
        await asyncio.to_thread(self._threads.shutdown)
        for scanner in self._scanners:
            await asyncio.to_thread(scanner.close)

    async def _read(self, topic: str, subject: Subject, since: Offsets) -> tuple[list[Told], Offsets]:
        wish = Wish(subject.name, since)
        found = await self._reading.ask((topic, subject.host), wish)
        return found.of(wish), found.ends

    async def _scan(self, about: tuple[str, str], wishes: list[Wish]) -> Pass:
        return await asyncio.get_running_loop().run_in_executor(
            self._threads, self._scan_now, *about, tuple(wishes)
        )

    def _scan_now(self, topic: str, host: str, wishes: Sequence[Wish]) -> Pass:
        """Scan on one of the threads: there are as many scanners, so one is idle."""
        scanner = self._idle.get()
        try:
            return read_pass(scanner, self._known, topic, host, wishes)
        finally:
            self._idle.put(scanner)
