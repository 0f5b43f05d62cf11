"""Feeds a mailbox to the production handler of correlate, with a table and a publisher that live in memory.

A `Post` is what survives a crash (table, what was published); a `Story` writes a mailbox with ticks in between, in
seconds since its beginning.
"""

import asyncio
from collections import deque
from collections.abc import Coroutine, Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar, cast
from uuid import UUID

from kasugai.core.deciding.rows import ClockRow, IncidentRow, Row, SubjectRow
from kasugai.core.deciding.steady import TICK_NEAR
from kasugai.core.telling.narrate import narrate_verdict
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Open, Order
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import InventoryChange, Letter, Outcome, Signal, Stamp, Tick
from kasugai.core.words.timing import PRODUCTION, Timing
from kasugai.core.words.verdicts import Verdict
from kasugai.streams.correlate import Correlate, Rest
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
    under_way: deque[Verdict | Order] = field(default_factory=deque)
    """What was handed over and has not reached the broker."""
    handed_over: int = 0
    read: int = 0
    """The first offset that no process has finished."""

    def publish(self, verdicts: Sequence[Verdict], orders: Sequence[Order], cause: Letter) -> "Sending":
        """Hand a batch over; it is sent when somebody waits for it or for a later one, or when `send` is called."""
        self.under_way.extend((*verdicts, *orders))
        self.handed_over += len(verdicts) + len(orders)
        return Sending(self, self.handed_over)

    def send(self, until: int | None = None) -> None:
        """Let what was handed over reach the broker, in its order, up to the `until`th record of all (default: one
        more); a crash may cut a batch in two, as it does on a real broker."""
        sent = self.handed_over - len(self.under_way)
        for _ in range(min(1, len(self.under_way)) if until is None else until - sent):
            self._effect()
            value = self.under_way.popleft()
            if isinstance(value, Verdict):
                self.verdicts.append(value)
            else:
                self.orders.append(value)

    def forget(self) -> None:
        """The process is dead: what it had not sent never goes out."""
        self.under_way.clear()

    async def write(self, row: Row) -> None:
        """Write one row."""
        self._effect()
        self.table[row.key] = row

    def _effect(self) -> None:
        if self.crash_after is not None and self.effects >= self.crash_after:
            raise Crash
        self.effects += 1


@dataclass(frozen=True, slots=True)
class Sending:
    """A batch that is under way."""

    post: Post
    until: int

    def __await__(self) -> Generator[None, None, None]:
        """Have it sent."""
        yield from ()
        self.post.send(self.until)

    def cancel(self) -> None:
        """Have nothing to cancel: a test calls `forget`."""


def serve(
    post: Post, mail: Sequence[Mail], *, timing: Timing = PRODUCTION, ahead: int = 0, early: int = 0
) -> None:
    """Start a process on what `post` holds and let it read `mail`; Crash when it is told to end on the way.

    Up to `ahead` records are decided before the effects of the oldest of them; `early` of what is handed over reach the
    broker by themselves after each decision. `post.read` counts what is finished.
    """
    correlate = Correlate(post, timing)
    correlate.restore(0, post.table.values())
    run(_read(correlate, post, mail, ahead, early))


async def _read(correlate: Correlate, post: Post, mail: Sequence[Mail], ahead: int, early: int) -> None:
    begun: deque[tuple[Stamp, Rest]] = deque()
    for letter, stamp in mail:
        begun.append((stamp, correlate.begin(letter, stamp)))
        for _ in range(early):
            post.send()
        while len(begun) > ahead:
            await _finish(post, begun)
    while begun:
        await _finish(post, begun)


async def _finish(post: Post, begun: "deque[tuple[Stamp, Rest]]") -> None:
    stamp, rest = begun.popleft()
    await rest.finish(post.write)
    post.read = max(post.read, stamp.offset + 1)


async def handle(correlate: Correlate, letter: Letter, stamp: Stamp, post: Post) -> str | None:
    """Decide one record and carry all out before the next one; return why it is undecidable, if it is."""
    rest = correlate.begin(letter, stamp)
    await rest.finish(post.write)
    return rest.trouble


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
        run(handle(self.correlate, letter, stamp, self.post))
        return [narrate_verdict(verdict) for verdict in self.post.verdicts[before:]]


def answer(fact: Fact, story: Story) -> Fact:
    """Return a fact as a worker says it about the story's open incident."""
    order = story.incident.order
    return replace(fact, incident=order.incident, n=order.n, attempt=order.attempt)
