"""What comes from an incidents topic: orders go to the pool, what is no order goes to the dead letters.

It never waits: a dead letter is published beside, and its record counts as done only when the broker has the letter.
"""

import asyncio
import logging

from kasugai.adapters.kafka.dead import DeadLetters
from kasugai.adapters.kafka.records import Incoming, context_of
from kasugai.adapters.telemetry.about import about
from kasugai.core.recovering.doors import LogAway
from kasugai.core.words.incident import Open, Order, Resume, Stop
from kasugai.core.words.subject import Kind
from kasugai.schemas.codec import Undecodable, decode
from kasugai.workers.background import Background
from kasugai.workers.outages import Outages
from kasugai.workers.pool import Pool

LOG = logging.getLogger(__name__)

AGAIN = 1.0
"""Seconds between two attempts to publish a dead letter."""


class Intake:
    """The way from the poll loop to one kind's pool."""

    def __init__(self, pool: Pool, kind: Kind, dead: DeadLetters, outages: Outages) -> None:
        """Take orders of `kind` only."""
        self._pool = pool
        self._kind = kind
        self._dead = dead
        self._outages = outages
        self._burials = Background()

    def take(self, record: Incoming) -> None:
        """Take one record; never blocks."""
        try:
            order = _order(record, self._kind)
        except Undecodable as error:
            place = f"{record.topic}/{record.partition} at {record.offset}"
            with about(host=(record.key or b"").decode(errors="replace")):
                LOG.warning("%s goes to the dead letters: %s", place, error)
            self._bury(record, error)
        else:
            self._pool.take(order, record.stamp, context_of(record.headers))

    async def give(self, partitions: set[int]) -> dict[int, int]:
        """Let go of partitions and return what may be committed of them."""
        await self._burials.drop(partitions)
        return await self._pool.revoke(partitions)

    def done(self) -> dict[int, int]:
        """Return what may be committed."""
        return self._pool.offsets.all()

    def failed(self) -> BaseException | None:
        """Return the bug after which the process should not go on."""
        return self._pool.failed() or self._burials.failed()

    def _bury(self, record: Incoming, error: Undecodable) -> None:
        self._pool.offsets.take(record.partition, record.offset)
        self._burials.start(record.partition, self._publish(record, error))

    async def _publish(self, record: Incoming, error: Undecodable) -> None:
        attempt = 1
        while True:
            try:
                await self._dead.bury(record, error, attempt)
            except LogAway as away:
                self._outages.tell("kafka", str(away))
                attempt += 1
                await asyncio.sleep(AGAIN)
            else:
                self._pool.offsets.finish(record.partition, record.offset)
                return


def _order(record: Incoming, kind: Kind) -> Order:
    order = decode(record.value or b"")
    if not isinstance(order, Open | Stop | Resume):
        raise Undecodable(f"a {type(order).__name__} is no order")
    if order.kind is not kind or record.key != order.host.encode():
        raise Undecodable(f"an order about {order.kind} {order.host} does not belong here")
    if isinstance(order, Open) and order.knows_the_future:
        raise Undecodable(f"an order about {order.host} that stands on what was said after it was decided")
    return order
