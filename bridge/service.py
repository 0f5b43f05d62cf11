"""Carries Nova's notifications: read all, publish what follows, await it, acknowledge. What cannot be read is buried.

Nothing is acknowledged upstream before Kafka has it, so what is in hand when this process dies comes again and leads to
the same ids. It refuses to know a bus, and what a notification means.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator, Sequence

from kasugai.adapters.kafka.dead import dead_letter
from kasugai.adapters.kafka.records import Incoming, Outgoing, Sink, outgoing
from kasugai.adapters.telemetry.bridge_metrics import (
    BRIDGE_FAULTS,
    BRIDGE_LANDINGS,
    BRIDGE_NOTIFICATIONS,
    BRIDGE_STRANGERS,
    BRIDGE_UNREAD,
)
from kasugai.adapters.telemetry.meters import count
from kasugai.adapters.trouble import Trouble
from kasugai.bridge.advice import Growth, Silence, about_form, about_silence
from kasugai.bridge.envelope import Undecipherable, unwrap
from kasugai.bridge.events import Labels
from kasugai.bridge.notification import Notification
from kasugai.bridge.ports import Feed, Knows, Reads, Standing
from kasugai.bridge.reading.conclusions import Conclusion
from kasugai.core.recovering.doors import LogAway, LogRefused
from kasugai.schemas.topics import NOVA, SIGHTINGS

APP = "kasugai-bridge"
PAUSE = 1.0
"""Seconds before Kafka is tried again."""
LOOK_EVERY = 30.0
"""Seconds between two looks at how things stand on the bus."""

log = logging.getLogger(__name__)


class Bridge:
    """One process's way from Nova's bus to ours."""

    def __init__(self, *, feed: Feed, reader: Reads, sink: Sink, knows: Knows, silence: float) -> None:
        """Put the parts together. `knows`: of which hosts anything is published; `silence`: seconds after which it is
        told that Nova says nothing."""
        self._feed = feed
        self._reader = reader
        self._sink = sink
        self._knows = knows
        self._labels = Labels()
        self._growth = Growth()
        self._form_told = False
        self._failed: set[str] = set()
        """The event types at which our reader has failed: each is told once."""
        self._said: Counter[str] = Counter()
        self._strangers = 0
        self._landings = 0
        self.silence = Silence(silence, asyncio.get_running_loop().time())
        self.kafka = Trouble("what Nova said is not published yet", log)
        self.standing: Standing | None = None

    async def run(self) -> None:
        """Carry for ever."""
        while True:
            records = await self._feed.next()
            if records:
                await self.carry(records)

    async def carry(self, records: Sequence[Incoming]) -> None:
        """Publish what follows from these, and acknowledge them. Kafka is waited for as long as it takes."""
        self.silence.heard(asyncio.get_running_loop().time())
        batch = _Batch()
        for record in records:
            self._read(record, batch)
        await self._publish(batch.records)
        await self._feed.done(records)
        batch.count()
        self._count()

    async def watch(self) -> None:
        """Look at the bus for ever, and tell what an operator has to know."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            await self.look()

    async def look(self) -> None:
        """Look once."""
        now = asyncio.get_running_loop().time()
        found = await self._feed.standing()
        if found is not None:
            self.standing = found
            for line in self._growth.due(found.queues, now):
                log.warning("%s", line)
            self._tell_form(found)
        if self.silence.due(now):
            log.warning("%s", about_silence(self.silence.age(now), found))

    def publish(self, conclusion: Conclusion) -> Iterator[Outgoing]:
        """Yield the records of what follows from a notification; Unencodable where one has no form."""
        for fault in conclusion.faults:
            if self._knows(fault.subject.host):
                self._said[str(fault.symptom)] += 1
                yield outgoing(NOVA, fault)
            else:
                self._strangers += 1
        for landing in conclusion.landings:
            if self._knows(landing.source):
                self._landings += 1
                yield outgoing(SIGHTINGS, landing.sighting)

    def _count(self) -> None:
        for symptom, number in self._said.items():
            count(BRIDGE_FAULTS, number, symptom=symptom)
        self._said.clear()
        if self._strangers:
            count(BRIDGE_STRANGERS, self._strangers)
        if self._landings:
            count(BRIDGE_LANDINGS, self._landings)
        self._strangers = self._landings = 0

    def _tell_form(self, found: Standing) -> None:
        if not found.versioned and found.unversioned and not self._form_told:
            log.warning("%s", about_form(found))
        self._form_told = not found.versioned and found.unversioned

    def _read(self, record: Incoming, batch: "_Batch") -> None:
        try:
            notification = unwrap(record.value or b"")
            batch.events[self._labels.of(notification.event)] += 1
            batch.add(record, list(self.publish(self._concluded(notification))))
        except Undecipherable as error:
            batch.bury(record, error, str(error.why))
        except LogRefused as error:
            batch.bury(record, error, "unencodable")
        except Unread as error:
            batch.bury(record, error, "reader")

    def _concluded(self, notification: Notification) -> Conclusion:
        """A reader that fails at one notification is mended by us; the next one goes on."""
        try:
            return self._reader.read(notification)
        except Undecipherable:
            raise
        except Exception as error:
            event = self._labels.of(notification.event)
            if event not in self._failed:
                self._failed.add(event)
                log.exception("notifications of %s cannot be read: report this", event)
            raise Unread(f"{type(error).__name__} while it was read: report this") from error

    async def _publish(self, records: Sequence[tuple[Incoming, Outgoing]]) -> None:
        try:
            await self._until_taken([out for _, out in records])
        except LogRefused:
            for each in records:
                await self._publish_alone(*each)

    async def _publish_alone(self, record: Incoming, out: Outgoing) -> None:
        try:
            await self._until_taken([out])
        except LogRefused as error:
            log.warning("put aside: %s", error)
            count(BRIDGE_UNREAD, why="refused")
            await self._until_taken([dead_letter(record, error, app=APP, instead_of=NOVA)])

    async def _until_taken(self, records: Sequence[Outgoing]) -> None:
        while records:
            try:
                await self._sink.publish_all(records)
                break
            except LogAway as error:
                self.kafka.note(str(error))
                await asyncio.sleep(PAUSE)
        if self.kafka.text:
            self.kafka.over()


class Unread(Exception):
    """Our reader failed at a notification that is well-formed."""


class _Batch:
    """What a batch leads to."""

    def __init__(self) -> None:
        self.records: list[tuple[Incoming, Outgoing]] = []
        self.events: Counter[str] = Counter()
        self._unread: Counter[str] = Counter()

    def add(self, record: Incoming, out: Sequence[Outgoing]) -> None:
        self.records += [(record, each) for each in out]

    def bury(self, record: Incoming, error: Exception, why: str) -> None:
        self._unread[why] += 1
        self.records.append((record, dead_letter(record, error, app=APP, instead_of=NOVA)))

    def count(self) -> None:
        for event, number in self.events.items():
            count(BRIDGE_NOTIFICATIONS, number, type=event)
        for why, number in self._unread.items():
            count(BRIDGE_UNREAD, number, why=why)
