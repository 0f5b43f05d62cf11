"""A mailbox partition as a fold: a letter and its stamp in, rows, verdicts and orders out.

All that a decision depends on comes in by `restore`, `take` and nothing else; the same letters give the same decisions,
whoever feeds them. Whoever does publishes verdicts and orders in the order of the letters, and writes a letter's rows
once its publications are acknowledged and the rows of all letters before it are written.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never

from kasugai.core.deciding.decide import decide
from kasugai.core.deciding.rows import (
    ClockRow,
    HostRow,
    OfSegment,
    Row,
    SegmentRow,
    SubjectRow,
    Tombstone,
    Written,
)
from kasugai.core.deciding.segments import Misfits, Segment, nothing_misfits
from kasugai.core.deciding.steady import Times, advance_clock, period_for, strike, times
from kasugai.core.deciding.view import Change
from kasugai.core.words.incident import Order, Phase
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import UNKNOWN_SEGMENT, Fault, InventoryChange, Letter, Stamp, Tick
from kasugai.core.words.silences import Silence
from kasugai.core.words.subject import Kind
from kasugai.core.words.timing import PRODUCTION, Millis, SteadyTime, Timing, later
from kasugai.core.words.verdicts import Verdict


class Misfit(Exception):
    """What was decided is larger than a record may be."""


class MadeAnew(Exception):
    """The rows are about another topic of the same name: by their offsets, what stands in this one would be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What follows from one letter."""

    rows: tuple[Written, ...] = ()
    """In the order in which they are written."""
    verdicts: tuple[Verdict, ...] = ()
    orders: tuple[Order, ...] = ()
    errors: tuple[Exception, ...] = ()
    """The bugs that it met: the segments that they struck are disarmed. And what no record can carry (`Misfit`): whom
    that was about is left alone."""
    unkept: int = 0
    """How many subjects that nobody knows it told of without keeping a row of them."""

    @property
    def trouble(self) -> str | None:
        """Why the letter is undecidable; None when all is well."""
        return _trouble(self.errors[-1]) if self.errors else None


@dataclass(slots=True)
class Mailbox:
    """A partition's rows and clock."""

    clock: ClockRow
    timing: Timing = PRODUCTION
    misfit: Misfits = nothing_misfits
    _head: int = -1
    """The highest offset in any row: what lies below it is done."""
    _segments: dict[str, Segment] = field(default_factory=dict)
    _announced: Millis = Millis(0)
    """The period that the last tick announced: the next one keeps it, or what exceeds it would count as time spent
    blind."""

    @classmethod
    def restore(
        cls,
        partition: int,
        rows: Iterable[Row] = (),
        timing: Timing = PRODUCTION,
        misfit: Misfits = nothing_misfits,
        topic: str = "",
    ) -> "Mailbox":
        """Return the mailbox whose rows these are; `misfit` says what no record can carry, `topic` is the id of the
        topic that it is a partition of, as far as it is known. MadeAnew when the rows are another one's."""
        mailbox = cls(ClockRow(partition=partition, topic=topic), timing, misfit)
        for row in rows:
            mailbox._head = max(mailbox._head, row.offset)
            if isinstance(row, ClockRow):
                mailbox.clock = _of_topic(row, topic)
            else:
                mailbox._put(row)
        for segment in mailbox._segments.values():
            segment.look_ahead(times(mailbox.clock))
        return mailbox

    def take(self, letter: Letter, stamp: Stamp) -> Decided:
        """Decide one letter; nothing for one that is done already."""
        before, self.clock = self.clock, self._clock_after(letter, stamp)
        if stamp.offset < self._head:
            return Decided()
        now = times(self.clock, before)
        if self.clock.blind > before.blind:
            self._look_ahead(now.of_tick_before)
        clock = (self.clock,) if isinstance(letter.signal, Tick) else ()
        concerned = self._concerned(letter, now)
        if not concerned:
            return Decided(rows=clock)
        changes, errors = self._decide(concerned, letter, now, stamp.offset)
        rows = [change.row for change in changes if change.row is not None]
        self._take_over(concerned, letter, rows, now)
        return Decided(
            rows=(*rows, *clock),
            verdicts=tuple(verdict for change in changes for verdict in change.verdicts),
            orders=tuple(order for change in changes for order in change.orders),
            errors=errors,
            unkept=sum(_is_unkept(letter, change) for change in changes),
        )

    def tick(self, quiet: Millis, since: Millis | None) -> Tick | None:
        """Return the tick to write into the partition now, if it is time. `quiet`: time since the last letter (in a
        quiet partition deadlines come nearer without one), 0 before the first; `since`: since the last tick that this
        returned, None before the first."""
        period = period_for(self.nearest, later(times(self.clock).moment.steady, quiet))
        if since is not None and since < min(period, self._announced):
            return None
        self._announced = period
        return Tick(period=period)

    def rows(self) -> tuple[Row, ...]:
        """Return all rows as they stand: a mailbox that is restored from them goes on as this one."""
        rows = (row for segment in self._segments.values() for row in segment.rows())
        return (*rows, self.clock)

    @property
    def nearest(self) -> SteadyTime | None:
        """The nearest deadline on the steady clock."""
        deadline, segments = times(self.clock).deadline, self._segments.values()
        told = (at for segment in segments if (at := segment.to_tell_at(deadline)) is not None)
        return min(
            (*(due for segment in segments for due in segment.waits.dues.values()), *told), default=None
        )

    def phases(self) -> Counter[tuple[Kind, Phase]]:
        """Return how many subjects are in which phase now; those whose story is over are not counted. May be called
        from another thread."""
        rows = (row for segment in list(self._segments.values()) for row in list(segment.subjects.values()))
        return Counter((row.kind, phase) for row in rows if (phase := row.phase) is not None)

    def policies(self) -> list[Policy]:
        """Return the policies of the described segments. May be called from another thread."""
        described = (segment.view().described for segment in list(self._segments.values()))
        return [row.record.policy for row in described if row is not None]

    def _segment(self, segment_id: str) -> Segment:
        """Return a segment; one without rows is forgotten again (whoever makes names up makes no memory)."""
        return self._segments.get(segment_id) or Segment(segment_id, self.timing)

    def _put(self, row: OfSegment) -> Segment:
        segment = self._segment(_segment_of(row))
        segment.put(row)
        if segment.is_empty:
            self._segments.pop(segment.segment_id, None)
        else:
            self._segments[segment.segment_id] = segment
        return segment

    def _clock_after(self, letter: Letter, stamp: Stamp) -> ClockRow:
        if isinstance(letter.signal, Tick) and self.clock.offset < stamp.offset:
            return strike(self.clock, letter.signal, stamp.at, stamp.offset)
        return advance_clock(self.clock, stamp.at)

    def _decide(
        self, concerned: Iterable[Segment], letter: Letter, now: Times, offset: int
    ) -> tuple[list[Change], tuple[Exception, ...]]:
        """Decide for every segment that the letter concerns; a bug disarms the segment that it struck."""
        changes: list[Change] = []
        errors: list[Exception] = []
        for segment in concerned:
            try:
                decided = decide(segment.view(), letter.signal, now, offset, self.timing)
            except Exception as error:
                if isinstance(letter.signal, Tick) and segment.is_undecidable:
                    continue  # told already, and a tick is nothing to look at
                errors.append(error)
                changes += segment.disarm(now, offset, _trouble(error))
            else:
                for change in decided:
                    changes += self._fitting(segment, change, now, errors)
        return changes, tuple(errors)

    def _fitting(
        self, segment: Segment, change: Change, now: Times, errors: list[Exception]
    ) -> tuple[Change, ...]:
        """Return a change as it is, or what is done in its place when a record cannot carry all of it."""
        values = (*change.verdicts, *change.orders, *((change.row,) if change.row is not None else ()))
        trouble = next((trouble for value in values if (trouble := self.misfit(value))), "")
        if not trouble:
            return (change,)
        errors.append(Misfit(trouble))
        match change.row:
            case SubjectRow():
                return (segment.leave_alone(change, now, trouble, self.misfit),)
            case SegmentRow(offset=offset) | HostRow(offset=offset):
                return segment.disarm(now, offset, trouble)
            case _:
                return ()

    def _concerned(self, letter: Letter, now: Times) -> list[Segment]:
        if letter.segment:
            return [self._segment(letter.segment)]
        segments = self._segments.values()
        due = [each for each in segments if _is_due(each, now)]
        return sorted(due, key=lambda segment: segment.segment_id)

    def _take_over(
        self, concerned: Iterable[Segment], letter: Letter, rows: Collection[OfSegment], now: Times
    ) -> None:
        """Take the rows over, and look ahead for those that have changed and those who wait on them, for all that a
        description is about, and for those that were due."""
        for row in rows:
            self._put(row)
        for row in rows:
            if isinstance(row, SubjectRow):
                segment = self._segment(row.segment)
                segment.look_ahead(now, [row.name, *segment.waits.on((row.name,))])
        if isinstance(letter.signal, InventoryChange) or (isinstance(letter.signal, Silence) and rows):
            self._segment(letter.segment).look_ahead(now)
        if isinstance(letter.signal, Tick):
            for segment in concerned:
                segment.look_ahead(now, segment.waits.due(now.deadline))

    def _look_ahead(self, now: Times) -> None:
        for segment in self._segments.values():
            segment.look_ahead(now)


def _is_due(segment: Segment, now: Times) -> bool:
    if segment.waits.due(now.deadline) or segment.is_in_planned_stop:
        return True
    told = segment.to_tell_at(now.before)
    return told is not None and told <= now.deadline


def _of_topic(row: ClockRow, topic: str) -> ClockRow:
    if topic and row.topic and row.topic != topic:
        raise MadeAnew(f"the rows are of topic {row.topic}, the mailbox is {topic}")
    return replace(row, topic=topic or row.topic)


def _trouble(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _is_unkept(letter: Letter, change: Change) -> bool:
    return letter.segment == UNKNOWN_SEGMENT and isinstance(letter.signal, Fault) and change.row is None


def _segment_of(row: OfSegment) -> str:
    match row:
        case SubjectRow(segment=segment) | Tombstone(segment=segment):
            return segment
        case SegmentRow(record=record):
            return record.segment_id
        case HostRow(record=host):
            return host.segment_id
        case _:
            assert_never(row)
