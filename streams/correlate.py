"""Correlate: folds a mailbox partition through `core.decide`, publishes what was decided, then writes the rows.

It knows the order of effects (publish, await, write) and what a successor may skip; it refuses to know Faust, Avro
and the wall clock. The Faust shell (`correlate_app`) and the simulator both run exactly this.

Deciding runs ahead of the effects (ADR 11): a record is decided on what the records before it left in memory, while
their publications are still on their way. What is published goes out in the order of the decisions, and a record's rows
are written once its publications are acknowledged and the rows of all records before it are written.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from kasugai.core.deciding.decide import decide, due_of
from kasugai.core.deciding.rows import ClockRow, HostRow, Row, SegmentRow, SubjectRow
from kasugai.core.deciding.steady import Times, advance_clock, period_for, strike, times
from kasugai.core.deciding.storm import Tally
from kasugai.core.deciding.view import Change, SegmentView
from kasugai.core.words.identity import verdict_id
from kasugai.core.words.incident import Order, Phase
from kasugai.core.words.signals import InventoryChange, Letter, Stamp, Tick
from kasugai.core.words.subject import Kind, segment_subject
from kasugai.core.words.timing import PRODUCTION, Instant, Millis, Timing
from kasugai.core.words.verdicts import Reason, Verb, Verdict

LOG = logging.getLogger(__name__)

WriteRow = Callable[[Row], Awaitable[None]]
"""Writes one row; returns when its changelog write is on its way (the shell awaits the acknowledgement)."""


class Publishing(Protocol):
    """Publications that have begun. An asyncio.Task is one."""

    def __await__(self) -> Generator[Any, None, None]:
        """Return when the broker has acknowledged all; raise when it does not, which ends the process."""
        ...

    def cancel(self) -> object:
        """Hand over nothing more."""
        ...


class Publisher(Protocol):
    """Where decisions go."""

    def publish(self, verdicts: Sequence[Verdict], orders: Sequence[Order], cause: Letter) -> Publishing:
        """Begin to publish all, in this order and behind all that was begun before."""
        ...


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left to do about a record that has been decided: its effects."""

    rows: tuple[Row, ...] = ()
    """In the order in which they are written."""
    publishing: Publishing | None = None
    trouble: str | None = None
    """Why the record is undecidable; None when all is well."""

    async def finish(self, write: WriteRow) -> None:
        """Await the publications, then write the rows; to be called when all earlier records are finished."""
        if self.publishing is not None:
            await self.publishing
        for row in self.rows:
            await write(row)

    def drop(self) -> None:
        """Do nothing more: the partition is somebody else's, who decides the record again."""
        if self.publishing is not None:
            self.publishing.cancel()


@dataclass(slots=True)
class _Segment:
    """The rows of a segment, by name."""

    segment_id: str
    timing: Timing
    about: SegmentRow | None = None
    hosts: dict[str, HostRow] = field(default_factory=dict)
    subjects: dict[str, SubjectRow] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    dues: dict[str, Instant] = field(default_factory=dict)
    ends: dict[str, Instant] = field(default_factory=dict)
    """By host: the broker time at which its maintenance ends by itself."""

    def view(self) -> SegmentView:
        """Return what `decide` sees."""
        return SegmentView(
            segment_id=self.segment_id,
            segment=self.about,
            hosts=self.hosts,
            subjects=self.subjects,
            tally=self.tally,
        )

    def put(self, row: Row, deadline: Instant) -> None:
        """Take over a row."""
        match row:
            case SubjectRow():
                self.subjects[row.name] = row
                self.tally.put(row)
                self.index(row, deadline)
            case SegmentRow():
                self.about = row
            case HostRow():
                self.hosts[row.record.name] = row
                self.tally.describe(row)
                self._note_end(row)
            case ClockRow():
                raise ValueError("a partition's clock belongs to no segment")

    def _note_end(self, row: HostRow) -> None:
        if row.record.on_maintenance and row.record.maintenance_until:
            self.ends[row.record.name] = row.record.maintenance_until
        else:
            self.ends.pop(row.record.name, None)

    @property
    def is_undecidable(self) -> bool:
        """Whether a bug has disarmed it."""
        return self.about is not None and self.about.undecidable

    def is_due(self, now: Times) -> bool:
        """Whether a tick must touch any of its rows."""
        return any(due <= now.deadline for due in self.dues.values()) or any(
            now.struck_before < end <= now.struck for end in self.ends.values()
        )

    def index(self, row: SubjectRow, deadline: Instant) -> None:
        """Remember when a tick must touch the row."""
        due = due_of(self.view(), row, deadline, self.timing)
        if due is None:
            self.dues.pop(row.name, None)
        else:
            self.dues[row.name] = due

    def index_all(self, deadline: Instant) -> None:
        """Do so for all rows (the policy may have changed)."""
        for row in self.subjects.values():
            self.index(row, deadline)


@dataclass(slots=True)
class _Partition:
    """A partition's rows and clock."""

    number: int
    clock: ClockRow
    timing: Timing
    head: int = -1
    """The highest offset in any row: what lies below it is done."""
    segments: dict[str, _Segment] = field(default_factory=dict)
    ticked: float | None = None
    """Process time in seconds of the last tick that this process sent."""
    announced: Millis = 0
    """The period that it announced: the next one keeps it, or what exceeds it would count as time spent blind."""
    heard: float = 0.0
    """Process time of the last record: in a quiet partition deadlines come nearer without one."""

    def segment(self, segment_id: str) -> _Segment:
        """Return the segment's rows, empty ones for a new segment."""
        if segment_id not in self.segments:
            self.segments[segment_id] = _Segment(segment_id, self.timing)
        return self.segments[segment_id]

    def put(self, row: Row) -> None:
        """Take over a row that was written."""
        if isinstance(row, ClockRow):
            self.clock = row
        else:
            self.segment(_segment_of(row)).put(row, self.clock.tick_at - self.clock.blind)

    def nearest(self) -> Instant | None:
        """Return the nearest deadline on the steady clock."""
        clock = self.clock
        dues = (due for s in self.segments.values() for due in s.dues.values())
        ends = (end for s in self.segments.values() for end in s.ends.values() if end > clock.tick_at)
        return min((*dues, *(end - clock.blind for end in ends)), default=None)


def _segment_of(row: SubjectRow | SegmentRow | HostRow) -> str:
    match row:
        case SubjectRow(segment=segment):
            return segment
        case SegmentRow(record=record):
            return record.segment_id
        case HostRow(record=host):
            return host.segment_id


class Correlate:
    """The handler of the mailbox, for any number of partitions."""

    def __init__(self, publisher: Publisher, timing: Timing = PRODUCTION) -> None:
        """Start without partitions."""
        self._publisher = publisher
        self._timing = timing
        self._partitions: dict[int, _Partition] = {}

    def restore(self, partition: int, rows: Iterable[Row]) -> None:
        """Take over a partition with all of its rows, after an assignment."""
        state = _Partition(partition, ClockRow(partition=partition), self._timing)
        known = list(rows)
        for row in sorted(known, key=lambda row: not isinstance(row, ClockRow)):
            state.put(row)
        for segment in state.segments.values():
            segment.index_all(state.clock.tick_at - state.clock.blind)
        state.head = max((row.offset for row in known), default=-1)
        self._partitions[partition] = state

    def revoke(self, partition: int) -> None:
        """Forget a partition."""
        self._partitions.pop(partition, None)

    def phases(self) -> Counter[tuple[Kind, Phase]]:
        """Return how many subjects are in which phase now; those whose story is over are not counted."""
        segments = [
            segment for state in list(self._partitions.values()) for segment in list(state.segments.values())
        ]
        rows = (row for segment in segments for row in list(segment.subjects.values()))
        return Counter((row.kind, phase) for row in rows if (phase := _phase(row)) is not None)

    def tick(self, partition: int, now: float) -> Tick | None:
        """Return the tick to write into the partition now, if it is time; `now` is the time of
        the running event loop in seconds."""
        state = self._partitions.get(partition)
        if state is None:
            return None
        passed = round((now - state.heard) * 1000) if state.heard else 0
        period = period_for(state.nearest(), times(state.clock).moment.steady + passed)
        if state.ticked is not None and (now - state.ticked) * 1000 < min(period, state.announced):
            return None
        state.ticked, state.announced = now, period
        return Tick(period=period)

    def begin(self, letter: Letter, stamp: Stamp) -> Rest:
        """Decide one record, and begin to publish what was decided."""
        state = self._partitions[stamp.partition]
        state.heard = asyncio.get_running_loop().time()
        before, state.clock = state.clock, self._clock_after(state, letter, stamp)
        if stamp.offset < state.head:
            return Rest()
        now = times(state.clock, before)
        changes, trouble = self._decide(state, letter, now, stamp.offset)
        publishing = self._publish(changes, letter)
        rows = [change.row for change in changes if change.row is not None]
        for row in rows:
            state.put(row)
        if isinstance(letter.signal, InventoryChange):
            state.segment(letter.segment).index_all(now.deadline)
        if isinstance(letter.signal, Tick):
            rows.append(self._strike(state, stamp.offset, now))
        return Rest(tuple(rows), publishing, trouble)

    def _publish(self, changes: Sequence[Change], cause: Letter) -> Publishing | None:
        verdicts = [verdict for change in changes for verdict in change.verdicts]
        orders = [order for change in changes for order in change.orders]
        return self._publisher.publish(verdicts, orders, cause) if verdicts or orders else None

    def _clock_after(self, state: _Partition, letter: Letter, stamp: Stamp) -> ClockRow:
        if isinstance(letter.signal, Tick) and state.clock.offset < stamp.offset:
            return strike(state.clock, letter.signal, stamp.at)
        return advance_clock(state.clock, stamp.at)

    def _decide(
        self, state: _Partition, letter: Letter, now: Times, offset: int
    ) -> tuple[list[Change], str | None]:
        """Decide for every segment that the record concerns; a bug disarms the segment that it struck."""
        changes: list[Change] = []
        trouble = None
        for segment in self._concerned(state, letter, now):
            try:
                changes += decide(segment.view(), letter.signal, now, offset, self._timing)
            except Exception as error:
                if isinstance(letter.signal, Tick) and segment.is_undecidable:
                    continue  # told already, and a tick is nothing to look at
                LOG.exception("a record cannot be decided; its segment is disarmed")
                trouble = f"{type(error).__name__}: {error}"
                changes += _disarm(segment, now, offset, trouble)
        return changes, trouble

    def _concerned(self, state: _Partition, letter: Letter, now: Times) -> list[_Segment]:
        if letter.segment:
            return [state.segment(letter.segment)]
        due = [s for s in state.segments.values() if s.is_due(now)]
        return sorted(due, key=lambda segment: segment.segment_id)

    def _strike(self, state: _Partition, offset: int, now: Times) -> ClockRow:
        """Return the partition's time, to be written last, and look ahead again for what was due."""
        state.clock = state.clock.at_offset(offset)
        for segment in state.segments.values():
            for subject in [s for s, due in segment.dues.items() if due <= now.deadline]:
                segment.index(segment.subjects[subject], now.deadline)
        return state.clock


def _phase(row: SubjectRow) -> Phase | None:
    if row.incident is not None:
        return row.incident.phase
    return Phase.SUSPECTED if any(not condition.explained for condition in row.conditions) else None


def _disarm(segment: _Segment, now: Times, offset: int, trouble: str) -> list[Change]:
    if segment.about is None or segment.about.offset >= offset:
        return []
    subject = segment_subject(segment.about.record.name)
    verdict = Verdict(
        verdict_id=verdict_id(segment.segment_id, subject.name, offset, 0),
        verb=Verb.ALERT,
        subject=subject,
        segment=segment.segment_id,
        reason=Reason.UNDECIDABLE,
        evidence=(),
        count=0,
        at=now.moment.at,
        detail=trouble,
    )
    return [Change(row=replace(segment.about, undecidable=True, offset=offset), verdicts=(verdict,))]
