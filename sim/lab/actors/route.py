"""Route in the laboratory: the real `RouteShell` on a simulated consumer, producer, grave and inventory.

There is one shell per source partition, as in a deployment with as many route processes as partitions: no two
partitions then have a common order. Played are the consumer (adapters/kafka/route_loop is librdkafka on a thread) and
the reader of the inventory; all shells share one, for all would read the same.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

from kasugai.adapters.inventory import Description
from kasugai.adapters.kafka.dead import DeadLetters
from kasugai.adapters.kafka.inventory_reader import follow
from kasugai.adapters.kafka.records import Incoming
from kasugai.core.words.signals import Stamp
from kasugai.sim.lab.broker import INVENTORY, Broker
from kasugai.sim.lab.producers import PlainSink
from kasugai.sim.lab.proving import speakers
from kasugai.streams.route import SOURCES, Route
from kasugai.streams.route_app import GROUP
from kasugai.streams.route_shell import RouteShell

BATCH = 500
"""Records of one batch at most, as the real consumer hands them over."""
QUIET = 3600.0
"""Seconds after which the quiet inventory gives an empty batch, upon which its shell looks whether a day is over. On
Kafka every partition does after 0.2; here the others wait for a record for ever, so that silence costs nothing."""

Delay = Callable[[], float]
"""Seconds that a source partition's next records wait: reordering across partitions."""


class Absence:
    """Until when no route process runs, by the running event loop."""

    def __init__(self) -> None:
        """All are there."""
        self._until = 0.0

    def begin(self, seconds: float) -> None:
        """Let all of them be away for so long."""
        self._until = asyncio.get_running_loop().time() + seconds

    async def over(self) -> None:
        """Return once they are there; one absence at a time."""
        left = self._until - asyncio.get_running_loop().time()
        if left > 0:
            await asyncio.sleep(left)


class Partition:
    """The Source port: one partition, read from its beginning. Nobody takes over, so no commit is kept."""

    def __init__(self, broker: Broker, topic: str, partition: int, delay: Delay, absence: Absence) -> None:
        """Own it from the start."""
        self._absence = absence
        self.owned = frozenset({(topic, partition)})
        self._broker = broker
        self._topic = topic
        self._partition = partition
        self._delay = delay
        self._next = 0
        self._rests = False

    async def next(self) -> Sequence[Incoming]:
        """See the port."""
        if self._rests:
            await asyncio.sleep(1.0)
            return []
        if not await self._has_come():
            return []
        records = self._broker.log(self._topic, self._partition, self._next)[:BATCH]
        self._next += len(records)
        return [record.incoming(self._topic) for record in records]

    async def _has_come(self) -> bool:
        """Wait for a record; False after a quiet while."""
        coming = self._broker.read(self._topic, self._partition, self._next)
        try:
            await (asyncio.wait_for(coming, QUIET) if self._topic == INVENTORY else coming)
        except TimeoutError:
            return False
        if delay := self._delay():
            await asyncio.sleep(delay)
        await self._absence.over()
        return True

    async def commit(self, records: Sequence[Incoming]) -> bool:
        """See the port."""
        return True

    async def rewind(self, records: Sequence[Incoming]) -> None:
        """See the port."""
        if records:
            self._next = records[0].offset

    async def rest(self, topics: frozenset[str]) -> None:
        """See the port."""
        self._rests = self._topic in topics


class InventoryFeed:
    """The Changes and the Learned port: the inventory topic from its beginning, and how far it was read."""

    def __init__(self, broker: Broker, delay: Delay) -> None:
        """Nothing is read."""
        self._broker = broker
        self._delay = delay
        self._offset = 0
        self._moved = asyncio.Condition()

    async def changes(self) -> AsyncIterator[tuple[Description, Stamp]]:
        """See the port: what cannot be read is passed over."""
        while True:
            await self._broker.read(INVENTORY, 0, self._offset)
            await asyncio.sleep(self._delay())
            for record in self._broker.log(INVENTORY, 0, self._offset):
                if isinstance(record.value, Description):
                    yield record.value, record.stamp
                async with self._moved:
                    self._offset += 1
                    self._moved.notify_all()

    async def reached(self, offset: int, patience: float) -> bool:
        """See the port."""
        try:
            async with asyncio.timeout(patience), self._moved:
                await self._moved.wait_for(lambda: self._offset > offset)
        except TimeoutError:
            return False
        return True

    async def end(self) -> int:
        """See the port."""
        return len(self._broker.log(INVENTORY, 0))


class RouteActor:
    """All route processes. They do not die: whatever they had not committed, their successors would read again. They
    may lose their places, as a group does whose offsets the broker has forgotten."""

    def __init__(self, broker: Broker, delay: Delay) -> None:
        """Put the parts together; nothing runs yet."""
        self._broker = broker
        self._delay = delay
        self._inventory = InventoryFeed(broker, delay)
        self._route = Route()
        self.absence = Absence()
        self._tasks: set[asyncio.Task[None]] = set()
        self._group: asyncio.TaskGroup | None = None
        self._shells: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Read the inventory to its end, and then every partition."""
        self._tasks.add(asyncio.get_running_loop().create_task(self._run()))

    async def _run(self) -> None:
        end = len(self._broker.log(INVENTORY, 0))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow(self._inventory, self._route.learn))
            await self._inventory.reached(end - 1, QUIET)
            self._group = tasks
            self._begin()

    def _begin(self) -> None:
        assert self._group is not None, "it has started"
        places = [(topic, number) for topic in SOURCES for number in range(self._broker.partitions_of(topic))]
        self._shells = [self._group.create_task(self._shell(*place).run()) for place in places]

    def lose_places(self) -> None:
        """Let all of them read from the beginning."""
        for shell in self._shells:
            shell.cancel()
        self._begin()

    def _shell(self, topic: str, partition: int) -> RouteShell:
        sink = PlainSink(self._broker)
        source = Partition(self._broker, topic, partition, self._delay, self.absence)
        grave = DeadLetters(sink, GROUP)
        return RouteShell(
            self._route,
            source=source,
            sink=sink,
            grave=grave,
            inventory=self._inventory,
            speakers=speakers(self._broker),
        )
