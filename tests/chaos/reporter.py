"""Publishes faults for as long as it takes, from a thread of its own, and remembers which ones Kafka has taken.

A fault that was not acknowledged is sent again under the same id, as an outbox does.
"""

import asyncio
import threading
from collections.abc import Mapping
from uuid import UUID

from kasugai.adapters.kafka.inventory_reader import InventoryReader
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.settings import KafkaSettings
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.signals import Fault
from kasugai.schemas.topics import REPORTED

AGAIN = 0.5


class Reporter:
    """Everybody who has something to say about a host."""

    def __init__(self, kafka: KafkaSettings) -> None:
        """Nothing is said yet."""
        self.taken: dict[UUID, Fault] = {}
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
        self.waiting += 1
        asyncio.run_coroutine_threadsafe(self._say(fault), self._loop)

    async def _begin(self, hosts: int) -> Mapping[str, str]:
        """A transaction that was committed may be seen a little later."""
        uuids: dict[str, str] = {}
        async with InventoryReader(self._kafka, "chaos-inventory") as reader:
            while len(uuids) < hosts:
                await reader.load()
                uuids = {host.name: host.host_uuid for host in reader.inventory.hosts()}
        self._producer = Producer(self._kafka, "chaos")
        return uuids

    async def _replace(self, producer: Producer) -> None:
        """Go on with a new client: one that has seen a partition without a leader may be stuck for good."""
        if self._producer is producer:
            self._producer = Producer(self._kafka, "chaos")
            await producer.close(0.0)

    async def _say(self, fault: Fault) -> None:
        while True:
            producer = self._producer
            assert producer is not None
            try:
                await producer.send(REPORTED, fault)
                break
            except LogAway:
                await asyncio.sleep(AGAIN)
                await self._replace(producer)
        self.taken[fault.event_id] = fault
        self.waiting -= 1
