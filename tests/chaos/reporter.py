"""Publishes faults, and what a bad neighbour writes, for as long as it takes, from a thread of its own, and remembers
what Kafka has taken.

What was not acknowledged is sent again, faults under the same id, as an outbox does.
"""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from uuid import UUID

from kasugai.adapters.kafka.inventory_reader import InventoryReader
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.records import Outgoing, outgoing
from kasugai.adapters.settings import KafkaSettings
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.signals import Fault, Stamp
from kasugai.schemas.topics import REPORTED
from tests.chaos.judge import Spot
from tests.chaos.spoiled import Shot
from tests.support.agents import signed

AGAIN = 0.5


class Reporter:
    """Everybody who has something to say about a host."""

    def __init__(self, kafka: KafkaSettings) -> None:
        """Nothing is said yet."""
        self.taken: dict[UUID, Fault] = {}
        self.doomed: dict[Spot, str] = {}
        """Every record that must become a dead letter, and why."""
        self.segments: dict[str, str] = {}
        """The segment's id of each host."""
        self.waiting = 0
        self._kafka = kafka
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="reporter", daemon=True)
        self._producer: Producer | None = None

    def start(self, hosts: int) -> Mapping[str, str]:
        """Begin, and return the uuids of all hosts by their names, once the inventory shows so many."""
        self._thread.start()
        return asyncio.run_coroutine_threadsafe(self._begin(hosts), self._loop).result(60)

    def stop(self) -> None:
        """Say no more."""
        if self._producer is not None:
            asyncio.run_coroutine_threadsafe(self._producer.close(1.0), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()

    def say(self, fault: Fault) -> None:
        """Publish it, sooner or later."""
        self.shoot([report(fault)])

    def shoot(self, shots: Sequence[Shot]) -> None:
        """Publish all in one go, sooner or later."""
        self.waiting += 1
        asyncio.run_coroutine_threadsafe(self._shoot(shots), self._loop)

    async def _begin(self, hosts: int) -> Mapping[str, str]:
        """A transaction that was committed may be seen a little later."""
        uuids: dict[str, str] = {}
        async with InventoryReader(self._kafka, "chaos-inventory") as reader:
            while len(uuids) < hosts:
                await reader.load()
                uuids = {host.name: host.host_uuid for host in reader.inventory.hosts()}
                self.segments = {host.name: host.segment_id for host in reader.inventory.hosts()}
        self._producer = Producer(self._kafka, "chaos")
        return uuids

    async def _replace(self, producer: Producer) -> None:
        """Go on with a new client: one that has seen a partition without a leader may be stuck for good."""
        if self._producer is producer:
            self._producer = Producer(self._kafka, "chaos")
            await producer.close(0.0)

    async def _shoot(self, shots: Sequence[Shot]) -> None:
        for shot, stamp in zip(shots, await self._publish(shots), strict=True):
            self._took(shot, stamp)
        self.waiting -= 1

    async def _publish(self, shots: Sequence[Shot]) -> Sequence[Stamp]:
        while True:
            producer = self._producer
            assert producer is not None
            try:
                return await producer.publish_all(_signed(shots))
            except LogAway:
                await asyncio.sleep(AGAIN)
                await self._replace(producer)

    def _took(self, shot: Shot, stamp: Stamp) -> None:
        if shot.fault is not None:
            self.taken[shot.fault.event_id] = shot.fault
        if shot.doomed:
            self.doomed[shot.record.topic, stamp.partition, stamp.offset] = shot.doomed


def _signed(shots: Sequence[Shot]) -> list[Outgoing]:
    """Return the records as they are sent now: who sends again signs again, but for whom it is that the proof is an
    old one."""
    records: list[Outgoing] = []
    for shot in shots:
        if shot.again:
            records.append(records[-1])
        else:
            records.append(signed(shot.record, shot.signer) if shot.signer else shot.record)
    return records


def report(fault: Fault) -> Shot:
    """Return a report as its sender publishes it."""
    return Shot(outgoing(REPORTED, fault), fault=fault)
