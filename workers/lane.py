"""One subject's lane: its orders one after another, each from the lease to the answer.

An Open for the incident at hand only refreshes it; a Stop is a flag at once and, where nobody owns the incident, an
attempt of its own. A lane survives the loss of a lease: it comes back as a new owner. What cannot be read about its
subject holds that subject and no other.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from types import MappingProxyType

from opentelemetry.context import Context

from kasugai.adapters.telemetry.about import about
from kasugai.adapters.telemetry.meters import Reading, observe, watched
from kasugai.adapters.telemetry.worker_metrics import EVACUATIONS, TAKEOVER, WINDOW
from kasugai.core.recovering.ledger import Entry, Flag, newer
from kasugai.core.words.actions import Meaning
from kasugai.core.words.facts import FactKind
from kasugai.core.words.incident import Open, Stop
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import MonoTime, Timing
from kasugai.core.words.verdicts import Reason
from kasugai.workers import spans
from kasugai.workers.answering import answer_poison, answer_stop, is_answered, other_of, reason_of
from kasugai.workers.calling import NO_STORAGE
from kasugai.workers.effects import Tools
from kasugai.workers.ending import end
from kasugai.workers.journal import Journal
from kasugai.workers.observers import Sights, observer_of
from kasugai.workers.outages import Outages
from kasugai.workers.ownership import Assignment, Ownership, Retired, nobody_waits
from kasugai.workers.ports import (
    Cloud,
    CustomSteps,
    Folded,
    Lease,
    LeaseLost,
    Ledger,
    LedgerAway,
    LedgerUnreadable,
    Log,
    LogAway,
    LogRefused,
    LogUnreadable,
    Power,
    Storage,
)
from kasugai.workers.takeover import fold_log, highest_epoch

LOG = logging.getLogger(__name__)

OFTEN = "Redis holds what is not Kasugai's, although it was written anew"
UNREADABLE_OFTEN = 3
"""So often a ledger that was written anew cannot be read before its subject is held."""

Done = Callable[[Stamp], None]
"""Called once a message needs no worker any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The pool's ports and what all its lanes share."""

    log: Log
    ledger: Ledger
    cloud: Cloud
    power: Power
    timing: Timing
    outages: Outages
    author: str
    """This process's incarnation."""
    custom: CustomSteps = field(default_factory=lambda: MappingProxyType({}))
    """What the operator has added for steps of other makers."""
    storage: Storage = NO_STORAGE


@dataclass(slots=True, kw_only=True)
class Queued:
    """An order that waits in a lane, with the messages that it stands for."""

    assignment: Assignment | None
    """None for a Stop without an owner."""
    order: Open | Stop
    stamps: list[Stamp] = field(default_factory=list)
    cause: Context | None = None
    """The trace context that the order came in."""

    @property
    def newest(self) -> Open | Stop:
        """The order as it was published last."""
        return self.order if self.assignment is None else self.assignment.order


class Lane:
    """The orders about one subject."""

    def __init__(
        self,
        subject: Subject,
        doors: Doors,
        sights: Sights,
        done: Done,
        is_crowded: Callable[[], bool] = nobody_waits,
    ) -> None:
        """Begin empty. `is_crowded`: whether other subjects wait for a place in the pool."""
        self._is_crowded = is_crowded
        self.subject = subject
        self._sights = sights
        self.items: deque[Queued] = deque()
        self.current: Queued | None = None
        self._doors = doors
        self._done = done
        self._owners = 0
        self._unreadable = 0
        """How often the ledger could not be read for the order at hand."""

    def open(self, order: Open, stamp: Stamp, cause: Context | None = None) -> None:
        """Queue an Open, or refresh the one that is queued or at work for the same incident and attempt."""
        item = self._find(order)
        if (
            item is not None
            and item.assignment is not None
            and order.attempt == item.assignment.order.attempt
        ):
            if order.n > item.assignment.order.n:
                item.assignment.order = order
            item.stamps.append(stamp)
            return
        self.items.append(
            Queued(assignment=Assignment(order=order), order=order, stamps=[stamp], cause=cause)
        )

    def stop(self, order: Stop, stamp: Stamp, flag: Flag) -> None:
        """Let the owner of the incident know, and queue the stop for the case that there is none."""
        self.flag(order, flag)
        self.items.append(Queued(assignment=None, order=order, stamps=[stamp]))

    def flag(self, order: Open | Stop, flag: Flag | None) -> None:
        """Give the flag to whoever works on the incident."""
        item = self._find(order)
        if item is not None and item.assignment is not None:
            item.assignment.flag = _newer_flag(item.assignment.flag, flag)
            item.assignment.stir.set()

    def see(self, guest: str, at: MonoTime) -> None:
        """Let whoever works here know that a bystander has told that the guest has landed."""
        if self.current is not None and self.current.assignment is not None:
            self.current.assignment.see(guest, at)

    def retire(self) -> None:
        """Begin nothing more."""
        for item in self._all():
            if item.assignment is not None:
                item.assignment.retiring = True
                item.assignment.stir.set()

    def _all(self) -> list[Queued]:
        return [item for item in (self.current, *self.items) if item is not None]

    def _find(self, order: Open | Stop) -> Queued | None:
        """Return the newest item of the order's incident that is still to be answered."""
        found = (
            item
            for item in reversed(self._all())
            if item.assignment is not None
            and not item.assignment.answered
            and item.order.incident == order.incident
        )
        return next(found, None)

    async def run(self) -> None:
        """Work the queue off; return when it is empty."""
        while self.items:
            self.current = self.items.popleft()
            try:
                with about(incident=self.current.order.incident, host=self.subject.host):
                    await self._serve(self.current)
            except Retired:
                return
            for stamp in self.current.stamps:
                self._done(stamp)
            self.current = None

    async def _serve(self, item: Queued) -> None:
        """Become the owner as often as it takes to answer the item."""
        self._unreadable = 0
        while True:
            if item.assignment is not None and item.assignment.retiring:
                raise Retired
            try:
                if await self._try(item):
                    return
            except LedgerUnreadable as unreadable:
                self._unreadable += 1
                LOG.warning("%s: coming back as a new owner, whose fold writes it anew", unreadable)
            except LeaseLost as lost:
                LOG.warning(
                    "the lease on %s was lost (%s): coming back as a new owner", self.subject.title, lost
                )
            except (LedgerAway, LogAway) as away:
                self._doors.outages.tell("redis" if isinstance(away, LedgerAway) else "kafka", str(away))
            except LogRefused as refused:
                # Correlate hears nothing of it, publishes the incident again, and tells of a stall.
                LOG.warning("an order about %s cannot be answered: %s", self.subject.title, refused)
                return
            await asyncio.sleep(self._doors.timing.renewal / 3000)

    async def _try(self, item: Queued) -> bool:
        """Return whether the item is answered; False while another owner holds the subject."""
        self._owners += 1
        lease = await self._doors.ledger.acquire(
            self.subject, f"{self._doors.author}/{self.subject.title}/{self._owners}"
        )
        self._doors.outages.over("redis")
        if lease is None:
            return False
        with spans.attempt(item.order, item.cause):
            return await self._hold(item, lease)

    async def _hold(self, item: Queued, lease: Lease) -> bool:
        """Work under the lease for as long as it is renewed, then give it back."""
        work = asyncio.create_task(self._own(item, lease))
        renewal = asyncio.create_task(self._renew(lease))
        try:
            await asyncio.wait({work, renewal}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                renewal.result()
            return await work
        finally:
            lease.until = 0.0  # whoever does not hear that it is over writes nothing and calls nobody
            await end([work, renewal])
            with suppress(LedgerAway, LedgerUnreadable):
                await self._doors.ledger.release(lease)

    async def _renew(self, lease: Lease) -> None:
        """Keep the lease; return by LeaseLost when it is gone, also when the ledger stays away for too long."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._doors.timing.renewal / 1000)
            try:
                await self._doors.ledger.renew(lease)
            except LedgerAway as away:
                self._doors.outages.tell("redis", str(away))
                if loop.time() >= lease.until:
                    raise LeaseLost("it ended while the ledger was away") from away
            else:
                self._doors.outages.over("redis")

    async def _own(self, item: Queued, lease: Lease) -> bool:
        """Answer the item, if only by a hold: what concerns one subject ends no process."""
        try:
            if self._unreadable >= UNREADABLE_OFTEN:
                await self._hold_aside(item, lease, Reason.LEDGER_UNREADABLE, OFTEN)
                return True
            return await self._take_over(item, lease)
        except LogUnreadable as newer:
            await self._hold_aside(item, lease, Reason.LOG_UNREADABLE, str(newer))
        except (LeaseLost, LedgerAway, LogAway, LogRefused, Retired):
            raise
        except Exception as bug:
            LOG.exception("a bug ended a takeover: it is told as poison")
            await self._hold_aside(item, lease, Reason.POISON, f"{type(bug).__name__}: {bug}")
        return True

    async def _hold_aside(self, item: Queued, lease: Lease, reason: Reason, detail: str) -> None:
        """Answer without acting, and without a word in the ledger."""
        doors, order = self._doors, item.newest
        _mark_answered(item)
        entry = Entry(incident=order.incident, subject=self.subject)
        journal = Journal(doors.log, doors.ledger, lease, entry, order.segment)
        await journal.hold_aside(
            order, await highest_epoch(doors.log, doors.ledger, self.subject) + 1, reason, detail
        )

    async def _take_over(self, item: Queued, lease: Lease) -> bool:
        doors, loop = self._doors, asyncio.get_running_loop()
        began = loop.time()
        folded = await fold_log(doors.log, doors.ledger, lease)
        order = item.newest
        entry = folded.entries.get(order.incident) or Entry(incident=order.incident, subject=self.subject)
        if is_answered(entry, order):
            _mark_answered(item)
            return True
        journal = Journal(doors.log, doors.ledger, lease, entry, order.segment)
        await journal.adopt(order, folded.epoch + 1)
        doors.outages.over("kafka")
        observe(TAKEOVER, loop.time() - began, kind=order.kind)
        if entry.result is not None and entry.attempt >= order.attempt:
            _mark_answered(item)
            await journal.answer(order, FactKind.FINISHED, reason_of(entry), entry.result)
        elif other_of(folded, order) is not None:
            _mark_answered(item)
            await journal.answer(
                order, FactKind.HELD, Reason.OTHER_INCIDENT, detail=str(other_of(folded, order))
            )
        elif item.assignment is None or isinstance(order, Stop):
            await answer_stop(journal, order)
        else:
            await self._serve_open(item.assignment, folded, journal, lease)
        return True

    async def _serve_open(
        self, assignment: Assignment, folded: Folded, journal: Journal, lease: Lease
    ) -> None:
        """Recover, unless the order was stopped before anything was done."""
        assignment.flag = _newer_flag(assignment.flag, folded.flags.get(assignment.order.incident))
        if assignment.flag is not None and assignment.flag.stop and not journal.entry.effects:
            assignment.answered = True
            await answer_stop(journal, assignment.order)
        else:
            await self._recover(assignment, journal, lease)

    async def _recover(self, assignment: Assignment, journal: Journal, lease: Lease) -> None:
        doors = self._doors
        tools = Tools(
            cloud=doors.cloud,
            power=doors.power,
            ledger=doors.ledger,
            lease=lease,
            journal=journal,
            timing=doors.timing,
            custom=doors.custom,
            storage=doors.storage,
        )
        observer = observer_of(self.subject, self._sights)
        talk = asyncio.create_task(self._say_working(journal, assignment))
        try:
            shown = _shown(self.subject.host, journal) if observer.paced else nullcontext()
            with shown, about(epoch=lease.epoch):
                await Ownership(assignment, tools, observer, doors.outages, self._is_crowded).run()
        except (LeaseLost, LedgerAway, LogAway, Retired):
            raise
        except Exception as bug:
            LOG.exception("a bug ended an attempt: it is told as poison")
            assignment.answered = True
            await answer_poison(journal, assignment.order, f"{type(bug).__name__}: {bug}")
        finally:
            await end([talk])

    async def _say_working(self, journal: Journal, assignment: Assignment) -> None:
        while True:
            await asyncio.sleep(self._doors.timing.working / 1000)
            try:
                await journal.working(assignment.order)
            except LogAway as away:
                self._doors.outages.tell("kafka", str(away))
            else:
                self._doors.outages.over("kafka")


@contextmanager
def _shown(host: str, journal: Journal) -> Iterator[None]:
    """Show the host's evacuations in progress and its window while it is worked on, and no longer."""

    def in_progress() -> list[Reading]:
        steps = list(journal.entry.steps.values())
        moving = [each for each in steps if each.state.is_open and each.words.meaning is Meaning.MOVED]
        return [(len(moving), {"hostname": host})]

    def window() -> list[Reading]:
        return [(journal.window, {"hostname": host})]

    with watched(EVACUATIONS, in_progress), watched(WINDOW, window):
        yield


def _mark_answered(item: Queued) -> None:
    """From here on a newer publication is an item of its own."""
    if item.assignment is not None:
        item.assignment.answered = True


def _newer_flag(one: Flag | None, other: Flag | None) -> Flag | None:
    return one if other is None else newer(one, other)
