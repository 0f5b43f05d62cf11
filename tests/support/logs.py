"""The two places where a Log keeps its records, so that one suite can play in both."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeVar
from uuid import UUID, uuid4

from kasugai.adapters.kafka.client import partition_of
from kasugai.adapters.kafka.layout import wanted
from kasugai.adapters.kafka.producer import Producer
from kasugai.adapters.kafka.recovery_log import RecoveryLog
from kasugai.adapters.kafka.topics import Topics
from kasugai.core.words.facts import Fact, FactKind, make_fact
from kasugai.core.words.incident import Order, Resume, Stop
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import Kind, Subject, host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.topics import INCIDENTS
from kasugai.sim import loop
from kasugai.sim.lab import broker
from kasugai.sim.lab.doors import SimLog
from kasugai.sim.lab.mortal import Counter, Process
from kasugai.workers.ports import Log
from tests.support.streams import settings_for

S = TypeVar("S")
P = TypeVar("P", bound="Place")
Story = Callable[[], Coroutine[Any, Any, None]]

NIL = UUID(int=0)


class Place(Protocol):
    """Where a log lives."""

    @property
    def log(self) -> Log:
        """The log of the story that is being played."""
        ...

    @property
    def hosts(self) -> tuple[str, str, str]:
        """Three hosts of this story alone: the first two share a partition, the third has another one."""
        ...

    def play(self, story: Story) -> None:
        """Run the story."""
        ...

    async def order(self, order: Order) -> Stamp:
        """Publish an order in the incidents topic."""
        ...


def story(
    told: Callable[[S, P], Coroutine[Any, Any, None]],
) -> Callable[[S, P], None]:
    """Make a test method out of a coroutine `(self, place)`: it is played in its place."""

    def test(self: S, place: P) -> None:
        place.play(lambda: told(self, place))

    test.__doc__ = told.__doc__
    return test


def three_hosts(partition: Callable[[str], int]) -> tuple[str, str, str]:
    """Return names that nobody has used: two of one partition, one of another."""
    names = [f"{uuid4().hex[:8]}.cmp{number}" for number in range(64)]
    first, *rest = names
    same = next(name for name in rest if partition(name) == partition(first))
    other = next(name for name in rest if partition(name) != partition(first))
    return first, same, other


class InMemory:
    """The simulator's log under virtual time."""

    log: SimLog
    hosts: tuple[str, str, str]

    def play(self, story: Story) -> None:
        """See Place."""
        loop.run(self._play(story))

    async def _play(self, story: Story) -> None:
        self._broker = broker.Broker(partitions=4)
        self.hosts = three_hosts(self._broker.partition_of)
        self.log = SimLog(self._broker, Process("test", Counter(), lambda _: None))
        await story()

    async def order(self, order: Order) -> Stamp:
        """See Place."""
        return await self._broker.publish(broker.INCIDENTS, order.host, order)


class OnKafka:
    """A real broker's topics."""

    log: RecoveryLog
    hosts: tuple[str, str, str]
    producer: Producer

    def __init__(self, bootstrap: str) -> None:
        """Create the topics."""
        self.settings = settings_for(bootstrap)
        Topics(self.settings).apply(wanted(self.settings))

    def play(self, story: Story) -> None:
        """See Place."""
        asyncio.run(asyncio.wait_for(self._play(story), 200))

    async def _play(self, story: Story) -> None:
        self.hosts = three_hosts(self.partition_of)
        kafka = self.settings.kafka
        async with (
            Producer(kafka, "log") as self.producer,
            RecoveryLog(kafka, self.producer, "log", kinds=[Kind.HOST]) as self.log,
        ):
            await story()

    def partition_of(self, host: str) -> int:
        """Return the partition of a host's records."""
        return partition_of(host, self.settings.stream.partitions)

    async def order(self, order: Order) -> Stamp:
        """See Place."""
        return await self.producer.send(INCIDENTS[Kind.HOST], order)


def guest_of(host: str, number: int) -> Subject:
    """Return an instance that is said to be on the host."""
    return Subject(kind=Kind.INSTANCE, host=host, detail=str(UUID(int=number)))


def fact(host: str, n: int = 1, *, incident: UUID | None = None, subject: Subject | None = None) -> Fact:
    """Return a fact about the host, or a subject on it; different `n`, different fact."""
    return make_fact(
        Fact(
            fact_id=NIL,
            kind=FactKind.WORKING,
            incident=incident or UUID(int=1),
            segment="s1",
            subject=subject or host_subject(host),
            attempt=1,
            epoch=1,
            author="w1",
            n=n,
            seq=n,
        )
    )


def stop(host: str, incident: UUID, reason: str = "withdrawn") -> Stop:
    """Return a Stop."""
    return Stop(
        incident=incident,
        n=1,
        attempt=1,
        segment="s1",
        subject=host_subject(host),
        decided_at=BrokerTime(1),
        reason=reason,
    )


def resume(host: str, incident: UUID) -> Resume:
    """Return a Resume."""
    return Resume(
        incident=incident, segment="s1", subject=host_subject(host), decided_at=BrokerTime(2), reason="back"
    )
