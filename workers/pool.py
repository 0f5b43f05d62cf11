"""The recovery pool of one process: takes orders without ever blocking, a lane per subject, offsets when they are done.

It knows orders and lanes. Who feeds it (a Kafka poll loop, the simulator) calls `take` and commits what `committable`
says.
"""

import asyncio
from dataclasses import replace
from typing import assert_never

from opentelemetry.context import Context

from kasugai.core.recovering.ledger import Flag, flag_of
from kasugai.core.words.facts import Fact, FactKind, make_fact
from kasugai.core.words.incident import Open, Order, Resume, Stop
from kasugai.core.words.sighting import Sighting
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import Subject, host_subject
from kasugai.core.words.timing import BrokerTime
from kasugai.workers.background import Background
from kasugai.workers.clock import monotonic_ms
from kasugai.workers.ending import end
from kasugai.workers.journal import NIL
from kasugai.workers.lane import Doors, Lane
from kasugai.workers.observers import Sights
from kasugai.workers.offsets import Offsets
from kasugai.workers.outages import REFUSES
from kasugai.workers.ports import LedgerAway, LedgerUnreadable, LogAway
from kasugai.workers.shared_reads import SharedReads

_Key = tuple[int, Subject]
"""A partition and the whole subject: its name alone leaves out the host that an instance runs on, and a lane looks at
that host and writes facts under it. That one name has one owner at a time is the lease's business."""


class Pool:
    """All lanes of a process."""

    def __init__(self, doors: Doors, slots: int) -> None:
        """Serve at most `slots` subjects at a time; others are told to be queued."""
        self._doors = doors
        self._sights = Sights(
            cloud=doors.cloud,
            power=doors.power,
            storage=doors.storage,
            timing=doors.timing,
            shared=SharedReads(doors.cloud),
            leased=doors.ledger.leased,
        )
        self._free = asyncio.Semaphore(slots)
        self._lanes: dict[_Key, Lane] = {}
        self._tasks: dict[_Key, asyncio.Task[None]] = {}
        self._waiting = 0
        """How many subjects wait for a place."""
        self._flags = Background()
        self.offsets = Offsets()

    def take(self, order: Order, stamp: Stamp, cause: Context | None = None) -> None:
        """Take one message, written in the trace context `cause`; never blocks."""
        self.offsets.take(stamp.partition, stamp.offset)
        match order:
            case Open():
                self._lane(order.subject, stamp).open(order, stamp, cause)
                self._run(order.subject, stamp)
            case Stop() | Resume():
                self._flag(order, flag_of(order, stamp.offset), stamp)
            case _:
                assert_never(order)

    def see(self, sighting: Sighting) -> None:
        """Wake whoever waits for the landing that a bystander tells of; what is true a look will tell."""
        left = host_subject(sighting.host)
        for (_, subject), lane in self._lanes.items():
            if subject == left:
                lane.see(sighting.guest, monotonic_ms())

    async def revoke(self, partitions: set[int]) -> dict[int, int]:
        """Give partitions back: begin nothing more, let calls in flight end for up to 5 s, release, forget. Return
        what may be committed of them."""
        await self._flags.drop(partitions)
        keys = [key for key in self._lanes if key[0] in partitions]
        for key in keys:
            self._lanes[key].retire()
        tasks = [self._tasks[key] for key in keys if key in self._tasks]
        if tasks:
            await asyncio.wait(tasks, timeout=5)
        await end(tasks)
        for key in keys:
            self._lanes.pop(key, None)
            self._tasks.pop(key, None)
        done = {number: offset for number, offset in self.offsets.all().items() if number in partitions}
        for partition in partitions:
            self.offsets.drop(partition)
        return done

    async def close(self) -> None:
        """Give everything back."""
        await self.revoke({partition for partition, _ in self._lanes} | set(self.offsets.partitions))

    def waiting(self) -> dict[int, BrokerTime]:
        """Return when the oldest order came, by the broker's clock, that no lane has begun, by partition."""
        stamps = [stamp for lane in self._lanes.values() for item in lane.items for stamp in item.stamps]
        oldest: dict[int, BrokerTime] = {}
        for stamp in stamps:
            oldest[stamp.partition] = min(stamp.at, oldest.get(stamp.partition, stamp.at))
        return oldest

    def lanes(self) -> dict[str, int]:
        """Return how many subjects are worked on, and how many wait for a place."""
        lanes = list(self._lanes.values())
        working = sum(lane.current is not None for lane in lanes)
        return {
            "working": working,
            "queued": sum(bool(lane.items) and lane.current is None for lane in lanes),
        }

    def failed(self) -> BaseException | None:
        """Return what ended a lane that should not have ended: a bug, after which the process should not go on."""
        for task in self._tasks.values():
            if task.done() and not task.cancelled() and task.exception() is not None:
                return task.exception()
        return self._flags.failed()

    def _lane(self, subject: Subject, stamp: Stamp) -> Lane:
        key = (stamp.partition, subject)
        if key not in self._lanes:
            self._lanes[key] = Lane(subject, self._doors, self._sights, self._finish, self._is_crowded)
        return self._lanes[key]

    def _finish(self, stamp: Stamp) -> None:
        self.offsets.finish(stamp.partition, stamp.offset)

    def _run(self, subject: Subject, stamp: Stamp) -> None:
        key = (stamp.partition, subject)
        task = self._tasks.get(key)
        if task is None or task.done():
            self._tasks[key] = asyncio.create_task(self._serve(key))

    async def _serve(self, key: _Key) -> None:
        """Wait for a free place, saying so, and work the lane off."""
        lane = self._lanes[key]
        if self._free.locked():
            await self._await_place(lane)
        else:
            await self._free.acquire()
        try:
            await lane.run()
        finally:
            self._free.release()

    async def _await_place(self, lane: Lane) -> None:
        queued = asyncio.create_task(self._say_queued(lane))
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
            queued.cancel()

    def _is_crowded(self) -> bool:
        return self._waiting > 0

    async def _say_queued(self, lane: Lane) -> None:
        """Tell correlate every so often that the incident waits for a place and is not forgotten; who has a place
        before anybody would miss him says nothing."""
        said = 0
        while True:
            await asyncio.sleep(self._doors.timing.working / 1000)
            for item in lane.items:
                if isinstance(item.order, Open) and item.assignment is not None:
                    said += 1
                    await self._publish_queued(item.assignment.order, said)

    async def _publish_queued(self, order: Open, said: int) -> None:
        fact = Fact(
            fact_id=NIL,
            kind=FactKind.QUEUED,
            incident=order.incident,
            segment=order.segment,
            subject=order.subject,
            attempt=order.attempt,
            epoch=0,
            author=self._doors.author,
            n=order.n,
            seq=said,
        )
        try:
            await self._doors.log.publish(make_fact(replace(fact)))
        except LogAway as away:
            self._doors.outages.tell("kafka", str(away))

    def _flag(self, order: Stop | Resume, flag: Flag, stamp: Stamp) -> None:
        """Keep the flag in the ledger at once, whoever owns the subject; a Stop then looks for its owner."""
        self._flags.start(stamp.partition, self._keep_flag(order, flag, stamp))

    async def _keep_flag(self, order: Stop | Resume, flag: Flag, stamp: Stamp) -> None:
        while True:
            try:
                await self._doors.ledger.flag(order.subject, order.incident, flag)
                break
            except LedgerAway as away:
                self._doors.outages.tell("redis", str(away))
            except LedgerUnreadable as unreadable:
                self._doors.outages.tell("redis", str(unreadable), REFUSES)
            await asyncio.sleep(self._doors.timing.renewal / 1000)
        if isinstance(order, Stop):
            self._lane(order.subject, stamp).stop(order, stamp, flag)
            self._run(order.subject, stamp)
        else:
            self._finish(stamp)
