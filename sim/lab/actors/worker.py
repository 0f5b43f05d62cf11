"""A worker in the laboratory: the real `Intake` and `Pool` of each kind with all their lanes, on simulated doors.

Played is the member of the group (adapters/kafka/poll_loop polls librdkafka on a thread): it hands over every record as
it comes and never waits for what becomes of it, and it commits what the intake says is done. On Kafka that happens
once a second; here with each record, so that silence costs nothing.
"""

import asyncio
from collections.abc import Callable

from kasugai.adapters.kafka.dead import DeadLetters
from kasugai.core.recovering.ledger import Entry
from kasugai.core.words.subject import INCIDENT_KINDS, Kind
from kasugai.core.words.timing import Timing
from kasugai.sim.cloud import SimCloud
from kasugai.sim.door import CloudDoor
from kasugai.sim.lab.broker import ORDERS, SIGHTINGS, Broker
from kasugai.sim.lab.doors import SimCustomStep, SimLedger, SimLog, SimNova, SimPower, SimStorage
from kasugai.sim.lab.mortal import Process
from kasugai.sim.lab.producers import MortalSink
from kasugai.sim.ledger import MemoryLedger
from kasugai.sim.power_door import PowerDoor
from kasugai.sim.storage_door import StorageDoor
from kasugai.workers.custom import NO_STEPS
from kasugai.workers.intake import Intake
from kasugai.workers.lane import Doors
from kasugai.workers.outages import Outages
from kasugai.workers.pool import Pool
from kasugai.workers.ports import CustomSteps, Ledger, LedgerAway
from kasugai.workers.sightings import hand_on
from kasugai.workers.starting import AGAIN

Commits = dict[tuple[Kind, int], int]
"""By kind and partition: the offset from which on nothing is done yet."""


class WorkerActor:
    """One worker process. What it has committed outlives it."""

    def __init__(
        self,
        broker: Broker,
        cloud: SimCloud,
        ledger: MemoryLedger,
        timing: Timing,
        committed: Commits,
        watch: Callable[[Entry, int], None],
        *,
        custom_steps: CustomSteps = NO_STEPS,
    ) -> None:
        """Begin where its predecessor's commits ended. `watch` sees each entry that the ledger took, with its epoch."""
        self._watch = watch
        self._custom_steps = custom_steps
        self._broker = broker
        self._cloud = cloud
        self._ledger = ledger
        self._timing = timing
        self._committed = committed

    async def main(self, process: Process, slots: int, former: str) -> None:
        """Run until killed."""
        doors = self._doors(process)
        if former:
            await _release_all(doors.ledger, former)
        dead = DeadLetters(MortalSink(self._broker, process), process.name)
        pools = {kind: Pool(doors, slots) for kind in INCIDENT_KINDS}
        intakes = {kind: Intake(pool, kind, dead, doors.outages) for kind, pool in pools.items()}
        places = [(kind, number) for kind in intakes for number in range(self._broker.partitions)]
        pool = pools[Kind.HOST]
        await asyncio.gather(
            *(self._consume(intakes[place[0]], process, *place) for place in places),
            *(self._listen(pool, number) for number in range(self._broker.partitions)),
        )

    async def _listen(self, pool: Pool, partition: int) -> None:
        """Hear what is told from now on (workers/sightings.py)."""
        offset = len(self._broker.log(SIGHTINGS, partition))
        while True:
            record = await self._broker.read(SIGHTINGS, partition, offset)
            hand_on([record.incoming(SIGHTINGS)], pool.see)
            offset += 1

    def _doors(self, process: Process) -> Doors:
        timing = self._timing
        client = CloudDoor(self._cloud, client=timing.client / 1000, sender=process.name)
        power = PowerDoor(self._cloud, fence=timing.fence / 1000, sender=process.name)
        storage = StorageDoor(self._cloud, fence=timing.fence / 1000, sender=process.name)
        return Doors(
            log=SimLog(self._broker, process),
            ledger=SimLedger(self._ledger, process, self._watch),
            cloud=SimNova(client, process),
            power=SimPower(power, process),
            storage=SimStorage(storage, process),
            timing=timing,
            outages=Outages(),
            author=process.name,
            custom={name: SimCustomStep(step, process) for name, step in self._custom_steps.items()},
        )

    async def _consume(self, intake: Intake, process: Process, kind: Kind, partition: int) -> None:
        topic = ORDERS[kind]
        offset = self._committed.get((kind, partition), 0)
        while True:
            record = await self._broker.read(topic, partition, offset)
            await process.alive("take")
            self._committed |= {(kind, number): done for number, done in intake.done().items()}
            intake.take(record.incoming(topic))
            offset += 1
            bug = intake.failed()
            if bug is not None:
                raise bug


async def _release_all(ledger: Ledger, former: str) -> None:
    """Give back what a dead worker held, as soon as the ledger is there."""
    while True:
        try:
            await ledger.release_all(f"{former}/")
        except LedgerAway:
            await asyncio.sleep(AGAIN)
        else:
            return
