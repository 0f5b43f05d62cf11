"""What `decide` sees of a segment, and what it answers: rows in, changes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.rows import HostRow, OfSegment, SegmentRow, SubjectRow
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.tally import Tally
from kasugai.core.deciding.waits import Waits
from kasugai.core.words.incident import Order
from kasugai.core.words.timing import PRODUCTION, Timing
from kasugai.core.words.verdicts import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentView:
    """The rows of one segment."""

    segment_id: str
    segment: SegmentRow | None = None
    hosts: Mapping[str, HostRow]
    """By name."""
    subjects: Mapping[str, SubjectRow]
    """By subject."""
    tally: Tally = field(default_factory=Tally)
    """Of these rows; whoever holds the rows keeps it with them."""
    waits: Waits = field(default_factory=Waits)
    """Of these rows as well."""

    @property
    def described(self) -> SegmentRow | None:
        """The segment's row, unless it has been deleted."""
        return None if self.segment is None or self.segment.record.deleted else self.segment

    def host(self, name: str) -> HostRow | None:
        """Return a host's row, unless it has been deleted."""
        row = self.hosts.get(name)
        return None if row is None or row.record.deleted else row

    def asked(self, row: SubjectRow, times: Times, timing: Timing = PRODUCTION) -> Asked:
        """Return what the gates are asked about a subject."""
        return Asked(
            row=row,
            segment=self.described,
            host=self.host(row.host),
            tally=self.tally,
            deadline=times.deadline,
            struck=times.struck,
            blind=times.blind,
            cooldown=timing.cooldown,
            hosts=self.hosts,
            subjects=self.subjects,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a record does to one row: publish, await, then write."""

    row: OfSegment | None
    """The row as it should be now; None: nothing to write."""
    verdicts: tuple[Verdict, ...] = ()
    orders: tuple[Order, ...] = ()


Decision = tuple[Change, ...]
"""In the order in which the rows are written."""
