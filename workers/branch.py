"""What a worker process does for one kind of subject: its pool, the way there, and its place in the kind's group."""

from kasugai.adapters.kafka.poll_loop import Membership, PollLoop
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import Millis
from kasugai.schemas.topics import INCIDENTS
from kasugai.workers.intake import Intake
from kasugai.workers.pool import Pool
from kasugai.workers.starting import Ready, Worker

SESSION: dict[str, Millis] = {"production": Millis(10_000), "test": Millis(6_000)}
"""How long after its death a worker's partitions go to others, by profile."""


class Branch:
    """One kind's part of a worker."""

    def __init__(self, worker: Worker, kind: Kind, start: Ready) -> None:
        """Take nothing yet."""
        settings, doors = worker.settings, start.doors[kind]
        self.kind = kind
        self.pool = Pool(doors, settings.worker.lanes_of(kind))
        self._intake = Intake(self.pool, kind, start.dead, doors.outages)
        member = Membership(
            topic=INCIDENTS[kind],
            group=worker.group_of(kind),
            instance=settings.stream.instance,
            session=SESSION[settings.worker.profile],
        )
        lags = worker.vitals.lags if worker.vitals.is_served else None
        self.member = PollLoop(
            settings.kafka, member, take=self._intake.take, give=self._intake.give, lags=lags
        )

    def unready(self) -> str:
        """Return what it waits for; empty when it is at work."""
        return "" if self.member.has_joined else f"{self.kind}: waiting for the group"

    def commit(self) -> None:
        """Have committed what is done."""
        self.member.commit(self._intake.done())

    def failed(self) -> BaseException | None:
        """Return the bug after which the process should not go on."""
        return self._intake.failed()

    async def close(self) -> None:
        """Leave the group, and give back what is left."""
        try:
            await self.member.close()
        finally:
            await self.pool.close()
