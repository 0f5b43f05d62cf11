"""Liveness in the laboratory: the real `Liveness` on a simulated consumer and producer.

Played is the member of the group (adapters/kafka/beat_source is librdkafka on the process's own thread): it owns all
partitions, reads of each again what the former life has left it, and hands over what has come four times a second.
"""

import asyncio
from collections.abc import Callable, Iterator

from confluent_kafka import Message

from kasugai.adapters.kafka.beat_source import since_when
from kasugai.adapters.kafka.records import Outgoing
from kasugai.adapters.proving.checker import Checker
from kasugai.adapters.proving.masters import Masters
from kasugai.core.watching.host import Held
from kasugai.core.watching.lifelines import OBSERVER as DOG
from kasugai.core.watching.rules import Rules
from kasugai.core.words.signals import Fault, Symptom
from kasugai.schemas.topics import HEARTBEATS
from kasugai.sim.lab.broker import FAULTS, Broker
from kasugai.sim.lab.producers import key_of
from kasugai.sim.lab.proving import MASTER
from kasugai.sim.lab.records import Record
from kasugai.streams.liveness import Liveness, Stood, stood_of
from kasugai.streams.liveness_app import STANDS

POLL = 0.25
"""Seconds between two looks at what has come."""
CREATE_TIME = 2
"""How confluent-kafka calls the broker's own timestamps (TIMESTAMP_LOG_APPEND_TIME)."""


class Outbox:
    """The Out port: acknowledged at once, or kept while the broker is not there."""

    def __init__(self, broker: Broker) -> None:
        """Publish to `broker`."""
        self._broker = broker
        self._waiting: list[Outgoing] = []

    def send(self, record: Outgoing) -> None:
        """See the port."""
        self._waiting.append(record)
        self.serve()

    def pulse(self, record: Outgoing, done: Callable[[], None]) -> None:
        """See the port: what does not reach the broker is lost."""
        if not self._broker.is_away:
            self._append(record)
        done()

    @property
    def owed(self) -> int:
        """See the port."""
        return len(self._waiting)

    def serve(self) -> None:
        """Publish what waits."""
        while self._waiting and not self._broker.is_away:
            self._append(self._waiting.pop(0))

    def _append(self, record: Outgoing) -> None:
        self._broker.append(record.topic, key_of(record), record.value, record.partition, record.headers)


class LivenessActor:
    """The one liveness process. Nothing of it outlives it."""

    def __init__(self, broker: Broker, rules: Rules) -> None:
        """Put the parts together; nothing runs yet."""
        self._broker = broker
        self._rules = rules
        self._lives = 0
        self._task: asyncio.Task[None] | None = None
        self._stands_still = 0.0
        self._left: dict[int, int] = {}
        """Since when a new life is to read each partition again, by the word of the former one."""
        self.now: Liveness | None = None
        """The life that runs; None while nobody does."""

    def start(self) -> None:
        """Start a new life."""
        loop = asyncio.get_running_loop()
        self._lives += 1
        out = Outbox(self._broker)
        self.now = Liveness(
            rules=self._rules,
            proofs=Checker(Masters(current=MASTER, keys={MASTER.id: MASTER}), clock=loop.time),
            out=out,
            author=f"liveness-{self._lives}",
            clock=loop.time,
        )
        self._task = loop.create_task(self._run(self.now, out))

    def die(self) -> None:
        """Be killed."""
        if self._task is not None:
            self._task.cancel()
        self._task = self.now = None

    def stall(self, seconds: float) -> None:
        """Stand still as a whole for so long."""
        self._stands_still = asyncio.get_running_loop().time() + seconds

    async def _run(self, liveness: Liveness, out: Outbox) -> None:
        loop = asyncio.get_running_loop()
        places = dict.fromkeys(range(self._broker.partitions_of(HEARTBEATS)), 0)
        for number in places:
            now = self._broker.now()
            since = since_when(self._left, now, self._rules.memory)(number)
            places[number] = self._first(HEARTBEATS, number, now - since)
            liveness.begin(number, "1", list(self._stood(number)))
        while True:
            liveness.pulse()
            out.serve()
            await asyncio.sleep(max(POLL, self._stands_still - loop.time()))
            if self._broker.is_away:
                continue
            for number, place in places.items():
                records = self._broker.log(HEARTBEATS, number, place)
                liveness.take([_message(record) for record in records])
                places[number] += len(records)
            self._left |= {number: kept.since for number, kept in liveness.kept().items()}

    def _first(self, topic: str, number: int, memory: int) -> int:
        """Return the first offset that is not older than that."""
        since = self._broker.now() - memory
        log = self._broker.log(topic, number)
        return next((record.stamp.offset for record in log if record.stamp.at >= since), len(log))

    def _stood(self, number: int) -> Iterator[Stood]:
        """Yield what a former life last said of each host."""
        last: dict[str, Stood] = {}
        for record in self._broker.log(FAULTS, number, self._first(FAULTS, number, STANDS)):
            stood = stood_of(record.incoming(FAULTS), record.value)
            if stood is not None:
                last[stood.said.fault.host] = stood
        yield from last.values()


def _message(record: Record) -> Message:
    stamp = record.stamp
    return Message(
        topic=HEARTBEATS,
        partition=stamp.partition,
        offset=stamp.offset,
        key=record.key.encode() or None,
        value=record.raw,
        headers=list(record.headers),
        timestamp=(CREATE_TIME, stamp.at),
    )


def seen(fault: Fault) -> str:
    """Return what liveness says of a host."""
    word = fault.episode.partition("-")[2]
    match fault.symptom:
        case Symptom.DOWN:
            return (
                f"{fault.host} is isolated"
                if word == Held.ISOLATED
                else f"{fault.host} is silent" + (f" ({word})" if word else "")
            )
        case Symptom.ALIVE:
            return f"{fault.host} beats again"
        case Symptom.OFF:
            return f"the watchdog of {fault.host} has run out"
        case Symptom.CLEAR if fault.observer == DOG:
            return f"there is a newer word of the watchdog of {fault.host}"
        case _:
            return f"{fault.host} is isolated no more"
