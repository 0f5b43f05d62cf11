"""Kafka in memory, as far as the handlers can tell: partitioned logs with broker timestamps, kept for ever.

Records are bytes for whoever reads them through a shell, and values for whoever watches (`records`). In `twice` every
record is appended two times, as an at-least-once producer may; `away` refuses, as a broker that is not there does.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable

from kasugai.adapters.kafka.records import Headers
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas import topics
from kasugai.sim.cloud.world import NEW_YEAR
from kasugai.sim.lab.records import Record

FAULTS = topics.FAULTS[Kind.HOST]
NOVA = topics.NOVA
SERVICES = topics.SERVICES
POWER = topics.POWER
METRICS = topics.METRICS
SIGHTINGS = topics.SIGHTINGS
SILENCES = topics.SILENCES
PEERS = topics.PEERS
REPORTED = topics.REPORTED
INVENTORY = topics.INVENTORY
COMMANDS = topics.COMMANDS
SIGNALS = topics.SIGNALS
VERDICTS = topics.VERDICTS
INCIDENTS = topics.INCIDENTS[Kind.HOST]
ORDERS = topics.INCIDENTS
"""Where the orders about each kind of subject stand."""
RECOVERY = topics.RECOVERY

LATENCY = 0.002
"""Seconds from a publish to its acknowledgement, half of them to the log (streaming.md 2.4: 1-2 ms)."""


class Away(Exception):
    """The broker does not answer."""


class Broker:
    """All topics."""

    def __init__(self, partitions: int = 3, *, twice: bool = False) -> None:
        """Give every topic but the inventory `partitions` partitions."""
        self.partitions = partitions
        self.is_away = False
        self.watchers: list[Callable[[str, Record], None]] = []
        self._twice = twice
        self._logs: dict[tuple[str, int], list[Record]] = defaultdict(list)
        self._grown: dict[tuple[str, int], asyncio.Event] = defaultdict(asyncio.Event)

    def partitions_of(self, topic: str) -> int:
        """Return how many partitions a topic has. The mailbox has one: a scenario's segments would only share its
        ticks, while what flows into it keeps several."""
        return 1 if topic in (SIGNALS, INVENTORY) else self.partitions

    def partition_of(self, key: str, topic: str = "") -> int:
        """Return a key's partition: stable in every process."""
        return sum(key.encode()) % self.partitions_of(topic)

    def now(self) -> int:
        """Return the broker's clock in milliseconds."""
        return math.floor((NEW_YEAR + asyncio.get_running_loop().time()) * 1000)

    def append(
        self, topic: str, key: str, value: object, partition: int | None = None, headers: Headers = ()
    ) -> Stamp:
        """Put a record into the log at this instant; `value` is a core value, or bytes."""
        number = self.partition_of(key, topic) if partition is None else partition
        stamp = self._put(topic, number, key, value, headers)
        if self._twice:
            self._put(topic, number, key, value, headers)
        return stamp

    def _put(self, topic: str, number: int, key: str, value: object, headers: Headers) -> Stamp:
        log = self._logs[topic, number]
        stamp = Stamp(partition=number, offset=len(log), at=BrokerTime(self.now()))
        record = Record(stamp, key, value, headers)
        log.append(record)
        for watcher in self.watchers:
            watcher(topic, record)
        grown = self._grown.pop((topic, number), None)
        if grown is not None:
            grown.set()
        return stamp

    async def publish(
        self, topic: str, key: str, value: object, partition: int | None = None, headers: Headers = ()
    ) -> Stamp:
        """Append and be acknowledged; Away when the broker is not there."""
        await asyncio.sleep(LATENCY / 2)
        if self.is_away:
            raise Away(topic)
        stamp = self.append(topic, key, value, partition, headers)
        await asyncio.sleep(LATENCY / 2)
        return stamp

    async def deliver(self, topic: str, key: str, value: object, headers: Headers = ()) -> Stamp:
        """Publish, as often as it takes."""
        while True:
            try:
                return await self.publish(topic, key, value, headers=headers)
            except Away:
                await asyncio.sleep(0.5)

    def log(self, topic: str, partition: int, since: int = 0) -> list[Record]:
        """Return a partition's records from an offset on."""
        return self._logs[topic, partition][since:]

    def all(self, topic: str) -> list[Record]:
        """Return a topic's records by time."""
        records = [r for (name, _), log in self._logs.items() if name == topic for r in log]
        return sorted(records, key=lambda r: (r.stamp.at, r.stamp.partition, r.stamp.offset))

    async def read(self, topic: str, partition: int, offset: int) -> Record:
        """Return the record at `offset`, waiting for it."""
        while len(self._logs[topic, partition]) <= offset or self.is_away:
            if self.is_away:
                await asyncio.sleep(0.5)
            else:
                await self._grown[topic, partition].wait()
        return self._logs[topic, partition][offset]
