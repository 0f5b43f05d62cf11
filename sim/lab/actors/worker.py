"""A worker in the laboratory: the real `Intake` and `Pool`, with all lanes behind them, on simulated doors.

Played is the member of the group (adapters/kafka/poll_loop polls librdkafka on a thread): it hands over every record as
it comes and never waits for what becomes of it, and it commits what the intake says is done. On Kafka that happens
once a second; here with each record, so that silence costs nothing.
"""

import asyncio
from collections.abc import Callable

from kasugai.adapters.kafka.dead import DeadLetters
from kasugai.core.recovering.ledger import Entry
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import Timing
from kasugai.sim.cloud import SimCloud
from kasugai.sim.door import CloudDoor
from kasugai.sim.lab.broker import INCIDENTS, Broker
from kasugai.sim.lab.doors import SimLedger, SimLog, SimNova, SimPower
from kasugai.sim.lab.mortal import Process
from kasugai.sim.lab.producers import MortalSink
from kasugai.sim.ledger import MemoryLedger
from kasugai.sim.power_door import PowerDoor
from kasugai.workers.intake import Intake
from kasugai.workers.lane import Doors
from kasugai.workers.outages import Outages
from kasugai.workers.pool import Pool


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
        doors = self._doors(process)
        dead = DeadLetters(MortalSink(self._broker, process), process.name)
        intake = Intake(Pool(doors, slots), Kind.HOST, dead, doors.outages)
        await asyncio.gather(*(self._consume(intake, process, p) for p in range(self._broker.partitions)))

    def _doors(self, process: Process) -> Doors:
        timing = self._timing
        client = CloudDoor(self._cloud, client=timing.client / 1000, sender=process.name)
        power = PowerDoor(self._cloud, fence=timing.fence / 1000, sender=process.name)
        return Doors(
            log=SimLog(self._broker, process),
            ledger=SimLedger(self._ledger, process, self._watch),
            cloud=SimNova(client, process),
            power=SimPower(power, process),
            timing=timing,
            outages=Outages(),
            author=process.name,
        )

    async def _consume(self, intake: Intake, process: Process, partition: int) -> None:
        offset = self._committed.get(partition, 0)
        while True:
            record = await self._broker.read(INCIDENTS, partition, offset)
            await process.alive("take")
            self._committed |= intake.done()
            intake.take(record.incoming(INCIDENTS))
            offset += 1
            bug = intake.failed()
            if bug is not None:
                raise bug
