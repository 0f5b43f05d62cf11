"""The processes of the pipeline in the laboratory: route, correlate and workers, on the production handlers."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from kasugai.adapters.faust.lanes import Job, Lanes
from kasugai.core.deciding.rows import Row
from kasugai.core.deciding.steady import TICK_FAR, TICK_NEAR
from kasugai.core.recovering.ledger import Entry
from kasugai.core.words.incident import Order
from kasugai.core.words.signals import Letter, Tick
from kasugai.core.words.timing import Timing
from kasugai.core.words.verdicts import Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.door import CloudDoor
from kasugai.sim.lab.broker import INCIDENTS, INVENTORY, SIGNALS, VERDICTS, Broker, Record
from kasugai.sim.lab.doors import SimLedger, SimLog, SimNova, SimPower
from kasugai.sim.lab.mortal import Process
from kasugai.sim.ledger import MemoryLedger
from kasugai.sim.power_door import PowerDoor
from kasugai.streams.correlate import Correlate, Rest
from kasugai.streams.route import SOURCES, Route
from kasugai.streams.route_shell import INVENTORY_PATIENCE
from kasugai.workers.lane import Doors
from kasugai.workers.outages import Outages
from kasugai.workers.pool import Pool

WIRE = 0.002
"""Seconds from a decision to its publication: a row written without waiting for it would come first."""


class RouteActor:
    """Feeds the production route, one task per source partition."""

    def __init__(self, broker: Broker, delay: Callable[[], float]) -> None:
        """`delay`: seconds that a source partition's next records wait (reordering across partitions)."""
        self._broker = broker
        self._delay = delay
        self._route = Route()
        self._learned = -1
        self._learning = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Read every partition."""
        for topic in SOURCES:
            for partition in range(self._broker.partitions_of(topic)):
                self._keep(asyncio.get_running_loop().create_task(self._copy(topic, partition)))

    def _keep(self, task: "asyncio.Task[None]") -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _copy(self, topic: str, partition: int) -> None:
        """As the shell does: take what is there, produce all of it, then go on."""
        offset = 0
        while True:
            await self._broker.read(topic, partition, offset)
            await asyncio.sleep(self._delay())
            await self._broker.back()
            for record in self._broker.log(topic, partition, offset):
                await self._reach(self._route.wanted(topic, record.value))
                for letter in self._letters(topic, record):
                    self._broker.append(SIGNALS, letter.segment, letter)
                offset += 1

    async def _reach(self, offset: int) -> None:
        """Wait for the inventory that a report's sender had seen, as the shell does."""
        with suppress(TimeoutError):
            async with asyncio.timeout(INVENTORY_PATIENCE):
                while self._learned < offset:
                    self._learning.clear()
                    await self._learning.wait()

    def _letters(self, topic: str, record: Record) -> list[Letter]:
        if topic == INVENTORY:
            self._route.learn(record.value)
            self._learned = record.stamp.offset
            self._learning.set()
        return self._route.letters(topic, record.value)


class CorrelateActor:
    """One correlate process with all partitions of the mailbox. Its table and its offsets outlive it."""

    def __init__(self, broker: Broker, timing: Timing, table: dict[tuple[int, str], Row]) -> None:
        """Start from `table`, as restored from the changelog."""
        self._broker = broker
        self._timing = timing
        self._table = table
        self._committed: dict[int, int] = {}
        self._decided = asyncio.Event()
        self.dead_letters: list[str] = []

    async def main(self, process: Process, phase: float) -> None:
        """Run until killed. `phase`: seconds by which its timer is off the full second."""
        handler, lanes = Correlate(_Publisher(self._broker, process), self._timing), Lanes()
        for partition in range(self._broker.partitions_of(SIGNALS)):
            rows = [row for (number, _), row in self._table.items() if number == partition]
            handler.restore(partition, rows)
        partitions = range(self._broker.partitions_of(SIGNALS))
        readers = [self._consume(handler, lanes, process, p) for p in partitions]
        await asyncio.gather(self._tick(handler, process, phase), *readers)

    async def _consume(self, handler: Correlate, lanes: Lanes, process: Process, partition: int) -> None:
        """As the shell does: begin what is there, and let the partition's lane finish it behind that."""
        offset = self._committed.get(partition, 0)
        while True:
            record = await self._broker.read(SIGNALS, partition, offset)
            rest = handler.begin(record.value, record.stamp)
            await lanes.put(partition, Job(partial(self._finish, process, record, rest), rest.drop))
            offset += 1

    async def _finish(self, process: Process, record: Record, rest: Rest) -> None:
        await rest.finish(partial(self._write, process, record.stamp.partition))
        if rest.trouble is not None:
            self.dead_letters.append(rest.trouble)
        self._committed[record.stamp.partition] = record.stamp.offset + 1
        if not isinstance(record.value.signal, Tick):
            self._decided.set()

    async def _write(self, process: Process, partition: int, row: Row) -> None:
        async def put() -> None:
            self._table[partition, row.key] = row

        await process.effect(f"row {row.key}", put)

    async def _tick(self, handler: Correlate, process: Process, phase: float) -> None:
        """Offer ticks whenever something was decided, and at least as often as they can be due: what the shell's timer
        does by asking several times a second, without an event per question."""
        await asyncio.sleep(phase)
        loop = asyncio.get_running_loop()
        period = TICK_NEAR
        while True:
            self._decided.clear()
            for partition in range(self._broker.partitions_of(SIGNALS)):
                tick = handler.tick(partition, loop.time())
                if tick is not None and not self._broker.is_away:
                    period = tick.period
                    await process.alive("tick")
                    await self._broker.publish(SIGNALS, "", Letter(segment="", signal=tick), partition)
            with suppress(TimeoutError):
                async with asyncio.timeout(period / 1000 if period <= TICK_NEAR else TICK_FAR / 1000):
                    await self._decided.wait()
            await asyncio.sleep(0.1)


class _Publisher:
    """Where decisions go: one after another, each a moment after it was made."""

    def __init__(self, broker: Broker, process: Process) -> None:
        self._broker = broker
        self._process = process
        self._turn = asyncio.Lock()

    def publish(
        self, verdicts: Sequence[Verdict], orders: Sequence[Order], cause: Letter
    ) -> "asyncio.Task[None]":
        """Begin to publish each as an effect of its own."""
        return asyncio.get_running_loop().create_task(self._publish(verdicts, orders))

    async def _publish(self, verdicts: Sequence[Verdict], orders: Sequence[Order]) -> None:
        async with self._turn:
            await asyncio.sleep(WIRE)
            for verdict in verdicts:
                await self._effect(VERDICTS, verdict.subject.name, verdict)
            for order in orders:
                await self._effect(INCIDENTS, order.host, order)

    async def _effect(self, topic: str, key: str, value: Verdict | Order) -> None:
        async def publish() -> None:
            await self._broker.deliver(topic, key, value)

        await self._process.effect(f"publish {topic} {key}", publish)


class WorkerActor:
    """One worker process. What it has committed outlives it."""

    def __init__(
        self,
        broker: Broker,
        cloud: SimCloud,
        ledger: MemoryLedger,
        timing: Timing,
        committed: dict[int, int],
        watch: Callable[[Entry, int], None],
    ) -> None:
        """Begin where its predecessor's commits ended. `watch` sees each entry that the ledger took, with its epoch."""
        self._watch = watch
        self._broker = broker
        self._cloud = cloud
        self._ledger = ledger
        self._timing = timing
        self._committed = committed

    async def main(self, process: Process, slots: int) -> None:
        """Run until killed."""
        timing = self._timing
        client = CloudDoor(self._cloud, client=timing.client / 1000, sender=process.name)
        power = PowerDoor(self._cloud, fence=timing.fence / 1000, sender=process.name)
        doors = Doors(
            log=SimLog(self._broker, process),
            ledger=SimLedger(self._ledger, process, self._watch),
            cloud=SimNova(client, process),
            power=SimPower(power, process),
            timing=timing,
            outages=Outages(),
            author=process.name,
        )
        pool = Pool(doors, slots)
        await asyncio.gather(*(self._consume(pool, process, p) for p in range(self._broker.partitions)))

    async def _consume(self, pool: Pool, process: Process, partition: int) -> None:
        offset = self._committed.get(partition, 0)
        while True:
            record = await self._broker.read(INCIDENTS, partition, offset)
            await process.alive("take")
            self._commit(pool, partition)
            pool.take(record.value, record.stamp)
            offset += 1
            bug = pool.failed()
            if bug is not None:
                raise bug

    def _commit(self, pool: Pool, partition: int) -> None:
        done = pool.offsets.committable(partition)
        if done is not None:
            self._committed[partition] = done
