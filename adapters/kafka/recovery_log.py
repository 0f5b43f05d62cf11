"""The Log port on Kafka: publishes facts, and reads one host's facts and flags up to the end as of now.

What a newer Kasugai wrote about the host makes the log count as away for this worker (decoding.py).
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Self

from kasugai.adapters.kafka.decoding import decoded
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.scanner import Scanned, Scanner
from kasugai.adapters.settings.values import KafkaSettings
from kasugai.core.recovering.doors import Flagged, Logged, Offsets
from kasugai.core.recovering.ledger import flag_of
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Resume, Stop
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import Kind, Subject
from kasugai.schemas.topics import INCIDENTS, RECOVERY

READERS = 4
"""Scans at a time: two takeovers, each of which reads facts and flags. More wait."""


class RecoveryLog:
    """kasugai.recovery, and the flags in the incidents topic of one kind."""

    def __init__(self, kafka: KafkaSettings, producer: Producer, name: str, *, kind: Kind) -> None:
        """Publish through `producer`, which stays its owner's."""
        self._producer = producer
        self._incidents = INCIDENTS[kind]
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix=f"{name}-scan")
        self._scanners = [Scanner(kafka, f"{name}-scan-{number}") for number in range(READERS)]
        self._idle: SimpleQueue[Scanner] = SimpleQueue()
        for scanner in self._scanners:
            self._idle.put(scanner)

    async def __aenter__(self) -> Self:
        """Return the log."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""
        await self.close()

    async def warm(self) -> None:
        """Connect all readers, so that the first takeover need not; LogAway when Kafka is."""
        topics = (RECOVERY, self._incidents)
        loop = asyncio.get_running_loop()
        work = [
            loop.run_in_executor(self._threads, scanner.warm, topic)
            for topic in topics
            for scanner in self._scanners
        ]
        await asyncio.gather(*work)

    async def publish(self, fact: Fact) -> Stamp:
        """Publish and wait for the broker's acknowledgement; LogAway when it does not come."""
        return await self._producer.send(RECOVERY, fact)

    async def facts(self, subject: Subject, since: Offsets) -> tuple[Sequence[Logged], Offsets]:
        """Return the subject's facts from `since` to the end as of now, and the offset after the last record."""
        scanned = await self._scan(RECOVERY, subject.host, since)
        facts = [
            Logged(fact=value, stamp=record.stamp)
            for record, value in decoded(scanned.records)
            if isinstance(value, Fact) and value.subject.name == subject.name
        ]
        return facts, {scanned.place: scanned.next}

    async def flags(self, subject: Subject, since: Offsets) -> tuple[Sequence[Flagged], Offsets]:
        """Return the subject's Stops and Resumes in the incidents topic likewise."""
        scanned = await self._scan(self._incidents, subject.host, since)
        flags = [
            Flagged(incident=order.incident, flag=flag_of(order, record.offset))
            for record, order in decoded(scanned.records)
            if isinstance(order, Stop | Resume) and order.subject.name == subject.name
        ]
        return flags, {scanned.place: scanned.next}

    async def close(self) -> None:
        """Leave; waits for scans under way. The producer stays open."""
        await asyncio.to_thread(self._threads.shutdown)
        for scanner in self._scanners:
            await asyncio.to_thread(scanner.close)

    async def _scan(self, topic: str, host: str, since: Offsets) -> Scanned:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._scan_now, topic, host, since)

    def _scan_now(self, topic: str, host: str, since: Offsets) -> Scanned:
        """Scan on one of the threads: there are as many scanners, so one is idle."""
        scanner = self._idle.get()
        try:
            return scanner.scan(topic, host, since)
        finally:
            self._idle.put(scanner)
