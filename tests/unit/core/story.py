"""Feeds a mailbox to the fold of the core, with a table and a log of publications that live in memory.

A `Post` is what survives a crash (table, what was published); a `Story` writes a mailbox with ticks in between, in
seconds since its beginning.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from kasugai.core.deciding.mailbox import Decided, Mailbox
from kasugai.core.deciding.rows import ClockRow, IncidentRow, Row, SubjectRow, Tombstone
from kasugai.core.deciding.steady import TICK_NEAR
from kasugai.core.telling.narrate import narrate_verdict
from kasugai.core.words.facts import Fact, FactKind
from kasugai.core.words.incident import Open, Order
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import (
    Command,
    Instruction,
    InventoryChange,
    Letter,
    Outcome,
    Signal,
    Stamp,
    Tick,
)
from kasugai.core.words.timing import PRODUCTION, BrokerTime, Millis, Timing
from kasugai.core.words.verdicts import Verdict
from tests.support.subjects import about
from tests.unit.core.makers import SEGMENT, S, host, segment, uuid_of

START = 1_000_000 * S
"""Broker time of a story's second 0."""

Mail = tuple[Letter, Stamp]


class Crash(Exception):
    """The process ends here."""


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

    def publish(self, decided: Decided) -> int:
        """Hand a batch over, which is sent when somebody waits for it or for a later one, or when `send` is called;
        return how many records were handed over until then."""
        batch = (*decided.verdicts, *decided.orders)
        self.under_way.extend(batch)
        self.handed_over += len(batch)
        return self.handed_over

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

    def finish(self, decided: Decided, until: int) -> None:
        """Have the batch sent, then write its rows."""
        self.send(until)
        for row in decided.rows:
            self._effect()
            if isinstance(row, Tombstone):
                self.table.pop(row.key, None)
            else:
                self.table[row.key] = row

    def _effect(self) -> None:
        if self.crash_after is not None and self.effects >= self.crash_after:
            raise Crash
        self.effects += 1


def serve(
    post: Post, mail: Sequence[Mail], *, timing: Timing = PRODUCTION, ahead: int = 0, early: int = 0
) -> None:
    """Start a process on what `post` holds and let it read `mail`; Crash when it is told to end on the way.

    Up to `ahead` records are decided before the effects of the oldest of them; `early` of what is handed over reach the
    broker by themselves after each decision. `post.read` counts what is finished.
    """
    mailbox = Mailbox.restore(0, post.table.values(), timing)
    begun: deque[tuple[Stamp, Decided, int]] = deque()
    for letter, stamp in mail:
        decided = mailbox.take(letter, stamp)
        begun.append((stamp, decided, post.publish(decided)))
        for _ in range(early):
            post.send()
        while len(begun) > ahead:
            _finish(post, *begun.popleft())
    while begun:
        _finish(post, *begun.popleft())


def _finish(post: Post, stamp: Stamp, decided: Decided, until: int) -> None:
    post.finish(decided, until)
    post.read = max(post.read, stamp.offset + 1)


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
        self.mailbox = Mailbox.restore(0, timing=timing)
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
        """Append a worker's outcome, behind the `adopted` without which nobody would obey it."""
        row = self.post.table.get(f"{SEGMENT}/subject/{fact.subject.name}")
        incident = row.incident if isinstance(row, SubjectRow) else None
        is_open = incident is not None and incident.order.incident == fact.incident
        if (
            incident is not None
            and is_open
            and fact.kind is not FactKind.QUEUED
            and fact.epoch > incident.epoch
        ):
            adopted = replace(fact, kind=FactKind.ADOPTED, effects=False, result=None, black_holes=())
            self.write(Outcome(fact=adopted), at=at)
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

    def pass_days(self, days: float) -> None:
        """Let days pass with a tick every twelve hours, each of which was announced."""
        until, half_a_day = self.seconds + days * 86_400, Millis(43_200 * S)
        while self.seconds < until:
            self.seconds = min(until, self.seconds + half_a_day / S)
            self._append(Letter(segment="", signal=Tick(period=half_a_day)))

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
        stamp = Stamp(partition=0, offset=len(self.mail), at=BrokerTime(START + round(self.seconds * S)))
        self.mail.append((letter, stamp))
        decided = self.mailbox.take(letter, stamp)
        self.post.finish(decided, self.post.publish(decided))
        return [narrate_verdict(verdict) for verdict in self.post.verdicts[before:]]


def answer(fact: Fact, story: Story) -> Fact:
    """Return a fact as a worker says it about the story's open incident."""
    order = story.incident.order
    return replace(fact, incident=order.incident, n=order.n, attempt=order.attempt)


def bid(order: Instruction, number: int = 1, **given: Any) -> Command:
    """Return a command of ann's."""
    facts: dict[str, Any] = {"segment": "s1", "author": "ann", "reason": "why not", **about(given)}
    return Command(command_id=uuid_of(number), order=order, **facts)
