"""How the processes of the laboratory publish bytes: what adapters/kafka/producer is on Kafka.

A producer acknowledges all or says LogAway. Where a process can die, each record is an effect of its own: librdkafka
may have sent one and not the next.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from kasugai.adapters.kafka.records import Outgoing
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.signals import Stamp
from kasugai.sim.lab.broker import LATENCY, Away, Broker
from kasugai.sim.lab.mortal import Process

WIRE = 0.002
"""Seconds from a decision to its publication: a row written without waiting for it would come first."""


class PlainSink:
    """The producer of a process that does not die."""

    def __init__(self, broker: Broker) -> None:
        """Publish to `broker`."""
        self._broker = broker

    async def publish_all(self, records: Sequence[Outgoing]) -> list[Stamp]:
        """Publish all at one instant, wait for all; LogAway while the broker is not there."""
        if not records:
            return []
        await asyncio.sleep(LATENCY / 2)
        if self._broker.is_away:
            raise LogAway(records[0].topic)
        stamps = [self._broker.append(r.topic, key_of(r), r.value, r.partition, r.headers) for r in records]
        await asyncio.sleep(LATENCY / 2)
        return stamps


class MortalSink:
    """The producer of a process that may die before and behind each record."""

    def __init__(self, broker: Broker, process: Process) -> None:
        """Publish as `process`."""
        self._broker = broker
        self._process = process

    async def publish_all(self, records: Sequence[Outgoing]) -> list[Stamp]:
        """Publish one after another, wait for each; LogAway while the broker is not there."""
        return [await self._process.effect(name_of(r), partial(self._publish, r)) for r in records]

    async def _publish(self, record: Outgoing) -> Stamp:
        try:
            return await self._broker.publish(
                record.topic, key_of(record), record.value, record.partition, record.headers
            )
        except Away as away:
            raise LogAway(str(away)) from away


class PatientSink(MortalSink):
    """The producer of decisions: each batch a moment after it was decided, and as often as it takes."""

    async def publish_all(self, records: Sequence[Outgoing]) -> list[Stamp]:
        """Publish one after another, wait for each."""
        await asyncio.sleep(WIRE)
        return await super().publish_all(records)

    async def _publish(self, record: Outgoing) -> Stamp:
        return await self._broker.deliver(record.topic, key_of(record), record.value, record.headers)


def key_of(record: Outgoing) -> str:
    """Return a record's key as the log keeps it."""
    return (record.key or b"").decode()


def name_of(record: Outgoing) -> str:
    """Return what the publication is called among the effects of a process."""
    return f"publish {record.topic} {key_of(record)}"
