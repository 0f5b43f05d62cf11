"""Feeds a mailbox to the production handler of correlate, with a table and a publisher that live in memory.

A `Post` is what survives a crash (table, what was published); a `Story` writes a mailbox with ticks in between, in
seconds since its beginning.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast
from uuid import UUID

from kasugai.core.facts import Fact
from kasugai.core.incident import Open, Order
from kasugai.core.inventory import HostRecord, SegmentRecord
from kasugai.core.narrate import narrate_verdict
from kasugai.core.policy import Policy
from kasugai.core.rows import ClockRow, IncidentRow, Row, SubjectRow
from kasugai.core.signals import InventoryChange, Letter, Outcome, Signal, Stamp, Tick
from kasugai.core.steady import TICK_NEAR
from kasugai.core.timing import PRODUCTION, Timing
from kasugai.core.verdicts import Verdict
from kasugai.streams.correlate import Correlate
from tests.unit.core.makers import SEGMENT, S, host, segment

T = TypeVar("T")

START = 1_000_000 * S
"""Broker time of a story's second 0."""

Mail = tuple[Letter, Stamp]


class Crash(Exception):
    """The process ends here."""


class _Standstill:
    """The loop of a process in which no time passes."""

    def time(self) -> float:
        """Return the beginning."""
        return 0.0


def run(coroutine: Coroutine[object, object, T]) -> T:
    """Return what a coroutine that never waits returns; it may ask its loop for the time."""
    before = asyncio._get_running_loop()
    asyncio._set_running_loop(_STANDSTILL)
    try:
        coroutine.send(None)
    except StopIteration as stop:
        value: T = stop.value
        return value
    finally:
        asyncio._set_running_loop(before)
    raise RuntimeError("the coroutine waits for something")


_STANDSTILL = cast(asyncio.AbstractEventLoop, _Standstill())


@dataclass(slots=True)
class Post:
    """What outlives a process: the rows, and what was published, in order; effects can be made to fail."""

    table: dict[str, Row] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    effects: int = 0
    """How many publications and row writes there were."""
    crash_after: int | None = None
    """So many effects come to pass before the crash."""

    async def publish(self, verdicts: Sequence[Verdict], orders: Sequence[Order], cause: Letter) -> None:
        """Publish; a crash may cut the batch in two, as it does on a real broker."""
        for verdict in verdicts:
            self._effect()
            self.verdicts.append(verdict)
        for order in orders:
            self._effect()
            self.orders.append(order)

    async def write(self, row: Row) -> None:
        """Write one row."""
        self._effect()
        self.table[row.key] = row

    def _effect(self) -> None:
        if self.crash_after is not None and self.effects >= self.crash_after:
            raise Crash
        self.effects += 1


def serve(post: Post, mail: Sequence[Mail], *, timing: Timing = PRODUCTION) -> None:
    """Start a process on what `post` holds and let it read `mail`; Crash when it is told to end on the way."""
    correlate = Correlate(post, timing)
    correlate.restore(0, post.table.values())
    for letter, stamp in mail:
        run(correlate.handle(letter, stamp, post.write))


class Story:
    """One partition with one segment of hosts, told record by record."""

    def __init__(
        self,
        *,
        policy: Policy | None = None,
        armed: bool = True,
        hosts: Sequence[str] = ("cmp1", "cmp2", "cmp3"),
        timing: Timing = PRODUCTION,
    ) -> None:
        """Describe the segment and its hosts, and strike the first tick."""
        self.post = Post()
        self.mail: list[Mail] = []
        self.seconds = 0.0
        self.correlate = Correlate(self.post, timing)
        self.correlate.restore(0, ())
        self.describe(segment(policy=policy or Policy(), armed=armed))
        for name in hosts:
            self.describe(host(name))
        self.tick()

    def write(self, signal: Signal, *, at: float | None = None, to: str = SEGMENT) -> list[str]:
        """Append a record at a second (default: now) and return the sentences of its verdicts."""
        self.wait(self.seconds if at is None else at)
        return self._append(Letter(segment=to, signal=signal))

    def describe(self, record: SegmentRecord | HostRecord) -> list[str]:
        """Append a description."""
        return self._append(Letter(segment=record.segment_id, signal=InventoryChange(record=record)))

    def hear(self, fact: Fact, *, at: float | None = None) -> list[str]:
        """Append a worker's outcome."""
        return self.write(Outcome(fact=fact), at=at)

    def wait(self, until: float) -> list[str]:
        """Let time pass with a tick every half second; return the sentences of their verdicts."""
        said = []
        while self.seconds < until:
            self.seconds = min(until, self.seconds + 0.5)
            said += self.tick()
        return said

    def tick(self) -> list[str]:
        """Strike now; return the sentences of the verdicts."""
        return self._append(Letter(segment="", signal=Tick(period=TICK_NEAR)))

    def sleep(self, until: float) -> None:
        """Let time pass without anybody there to tick."""
        self.seconds = until

    def row(self, subject: str = "host/cmp1") -> SubjectRow:
        """Return a subject's row."""
        found = self.post.table[f"{SEGMENT}/subject/{subject}"]
        assert isinstance(found, SubjectRow)
        return found

    @property
    def incident(self) -> IncidentRow:
        """The open incident of cmp1."""
        found = self.row().incident
        assert found is not None
        return found

    @property
    def clock(self) -> ClockRow:
        """The partition's time."""
        found = self.post.table["~clock"]
        assert isinstance(found, ClockRow)
        return found

    @property
    def opens(self) -> list[Open]:
        """The publications of incidents so far."""
        return [order for order in self.post.orders if isinstance(order, Open)]

    @property
    def opened(self) -> UUID:
        """The open incident's id."""
        return self.incident.order.incident

    def _append(self, letter: Letter) -> list[str]:
        before = len(self.post.verdicts)
        stamp = Stamp(partition=0, offset=len(self.mail), at=START + round(self.seconds * S))
        self.mail.append((letter, stamp))
        run(self.correlate.handle(letter, stamp, self.post.write))
        return [narrate_verdict(verdict) for verdict in self.post.verdicts[before:]]


def answer(fact: Fact, story: Story) -> Fact:
    """Return a fact as a worker says it about the story's open incident."""
    order = story.incident.order
    return replace(fact, incident=order.incident, n=order.n, attempt=order.attempt)
