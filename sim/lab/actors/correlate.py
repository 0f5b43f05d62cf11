"""Correlate in the laboratory: the real `Correlate`, `CorrelateShell`, `Decisions` and `Taking`, on a simulated broker.

A record comes as bytes, is decided, published, awaited, written and counted as done by the code that does it on Kafka,
decisions running ahead of their effects (ADR 11). Played is what is Faust's own (adapters/faust: the consumer, the
table with its changelog, rebalances, the watchdog): the table is a dict, a row's changelog write is acknowledged as
it is made, and membership is proven for ever, for nobody else is in the group. Played is also the timer: the shell
asks several times a second whether a tick is due, here it is asked when one may be, without an event per question.
"""

import asyncio
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, partial
from typing import NoReturn

from kasugai.adapters.faust.care import Care
from kasugai.adapters.faust.exits import Exit
from kasugai.adapters.faust.membership import Membership
from kasugai.adapters.faust.port import Ended, Record, Rest, Write
from kasugai.adapters.faust.progress import Pending, Progress
from kasugai.adapters.faust.settings import ProcessorSettings
from kasugai.adapters.faust.taking import Taking
from kasugai.core.deciding.steady import TICK_FAR, TICK_NEAR
from kasugai.core.words.signals import Letter, Tick
from kasugai.core.words.timing import Millis, Timing
from kasugai.schemas.codec import decode
from kasugai.schemas.topics import CORRELATE_APP
from kasugai.sim.lab.broker import SIGNALS, Broker
from kasugai.sim.lab.mortal import Process
from kasugai.sim.lab.producers import PatientSink
from kasugai.sim.lab.records import Record as Logged
from kasugai.streams.correlate import Correlate
from kasugai.streams.correlate_shell import CorrelateShell, burying
from kasugai.streams.decisions import Decisions
from kasugai.streams.frames import Frames

Table = dict[tuple[int, str], bytes]
"""Rows by partition and key."""

SETTINGS = ProcessorSettings(app_id=CORRELATE_APP, bootstrap="", topic=SIGNALS, instance_id="correlate")


class Left(Exception):
    """Correlate ended itself: on Kafka its supervisor would start it again."""


class CorrelateActor:
    """One correlate process with all partitions of the mailbox. Its table and its offsets outlive it."""

    def __init__(self, broker: Broker, timing: Timing, table: Table) -> None:
        """Start from `table`, as restored from the changelog."""
        self.left: list[str] = []
        """How it ended itself, which it never should here."""
        self._broker = broker
        self._timing = timing
        self._table = table
        self._progress = Progress()
        """Of the incarnation that runs or was the last: what may be committed is, at once."""
        self.now: Correlate | None = None
        """The incarnation that runs or was the last."""

    async def main(self, process: Process, phase: float) -> None:
        """Run until killed. `phase`: seconds by which its timer is off the full second."""
        sink, membership = PatientSink(self._broker, process), _proven()
        frames = Frames()
        decisions = Decisions(sink, membership, frames=frames)
        self.now = Correlate(decisions, self._timing, frames.misfit)
        shell = CorrelateShell(self.now, frames=frames)
        decided = asyncio.Event()
        care = Care(settings=SETTINGS, handler=_Watched(shell, decided), membership=membership)
        put, leave = _Changelog(self._table, process), partial(self._leave, process)
        taking = Taking(care, bury=burying(sink), put=put, leave=leave)
        partitions = range(self._broker.partitions_of(SIGNALS))
        for partition in partitions:
            shell.restore(partition, self._rows(partition))
            care.progress.begin(partition, self._progress.committable(partition) or 0)
        self._progress = care.progress
        readers = [self._consume(taking, p) for p in partitions]
        await asyncio.gather(self._tick(shell, decided, process, phase), *readers)

    def _rows(self, partition: int) -> list[tuple[str, bytes]]:
        return [(key, row) for (number, key), row in self._table.items() if number == partition]

    def _leave(self, process: Process, code: Exit, why: str) -> NoReturn:
        self.left.append(f"correlate left ({code.name.lower()}): {why}")
        process.kill(bury=False)
        raise Left(why)

    async def _consume(self, taking: Taking, partition: int) -> None:
        offset = self._progress.expected(partition)
        while True:
            record = await self._broker.read(SIGNALS, partition, offset)
            await taking.take(_as_faust_does(record))
            offset += 1

    async def _tick(
        self, shell: CorrelateShell, decided: asyncio.Event, process: Process, phase: float
    ) -> None:
        """Offer ticks whenever something was decided, and at least as often as they can be due."""
        await asyncio.sleep(phase)
        loop, period = asyncio.get_running_loop(), TICK_NEAR
        while True:
            decided.clear()
            for partition in range(self._broker.partitions_of(SIGNALS)):
                tick = shell.tick(partition)
                if tick is not None and not self._broker.is_away:
                    period = _period(tick[1])
                    await process.alive("tick")
                    await self._broker.publish(SIGNALS, "", tick[1], partition)
            due = loop.call_later((period if period <= TICK_NEAR else TICK_FAR) / 1000, decided.set)
            await decided.wait()
            due.cancel()
            await asyncio.sleep(0.1)


@dataclass(frozen=True, slots=True)
class _Changelog:
    """The table's port: each row is an effect of the process, and acknowledged when it is done."""

    table: Table
    process: Process

    async def __call__(self, partition: int, key: str, value: bytes | Ended) -> Pending | None:
        """See the port."""
        if self.table.get((partition, key)) == value:
            return None

        async def put() -> None:
            if isinstance(value, Ended):
                self.table.pop((partition, key), None)
            else:
                self.table[partition, key] = value

        await self.process.effect(f"row {key}", put)
        written: Pending = asyncio.get_running_loop().create_future()
        written.set_result(None)
        return written


@dataclass(frozen=True, slots=True)
class _Watched:
    """The shell, and a word to the timer when a record that is no tick was finished."""

    shell: CorrelateShell
    decided: asyncio.Event

    def restore(self, partition: int, rows: Iterable[tuple[str, bytes]]) -> None:
        """See the port."""
        self.shell.restore(partition, rows)

    def revoke(self, partition: int) -> None:
        """See the port."""
        self.shell.revoke(partition)

    def begin(self, record: Record) -> Rest:
        """See the port."""
        rest = self.shell.begin(record)
        return _Told(rest, self.decided) if record.key else rest

    def tick(self, partition: int) -> tuple[bytes | None, bytes] | None:
        """See the port."""
        return self.shell.tick(partition)


@dataclass(frozen=True, slots=True)
class _Told:
    """A rest that says when it was finished."""

    rest: Rest
    decided: asyncio.Event

    async def finish(self, write: Write) -> None:
        """See the port."""
        try:
            await self.rest.finish(write)
        finally:
            self.decided.set()

    def drop(self) -> None:
        """See the port."""
        self.rest.drop()


def _proven() -> Membership:
    """Return the membership of somebody who is alone in the group."""
    membership = Membership(math.inf, asyncio.get_running_loop().time)
    membership.confirmed(membership.now())
    return membership


def _as_faust_does(record: Logged) -> Record:
    """Return a record of the mailbox as the consumer hands it over."""
    stamp = record.stamp
    return Record(
        partition=stamp.partition,
        offset=stamp.offset,
        at=stamp.at,
        key=record.key.encode(),
        value=record.raw,
        headers=record.headers,
    )


@cache
def _period(raw: bytes) -> Millis:
    """Return the period that a tick announces."""
    letter = decode(raw)
    assert isinstance(letter, Letter) and isinstance(letter.signal, Tick)
    return letter.signal.period
