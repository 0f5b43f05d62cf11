"""The rows of one segment, with what follows from them: the count of its unhealthy hosts, and who waits for what."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import assert_never

from kasugai.core.deciding import blasts, waking
from kasugai.core.deciding.rows import HostRow, OfSegment, SegmentRow, SubjectRow, Tombstone
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.tally import Tally
from kasugai.core.deciding.view import Change, SegmentView
from kasugai.core.deciding.waits import NOBODY, Waits
from kasugai.core.words.bounds import cut
from kasugai.core.words.identity import verdict_id
from kasugai.core.words.incident import Stop
from kasugai.core.words.subject import Subject, segment_subject
from kasugai.core.words.timing import SteadyTime, Timing
from kasugai.core.words.verdicts import Reason, Verb, Verdict

Misfits = Callable[[object], str]
"""Says why no record can carry a verdict, an order or a row; empty when one can."""


def nothing_misfits(_: object) -> str:
    """Return that a record can carry it: where nobody asks how large it is."""
    return ""


@dataclass(slots=True)
class Segment:
    """A segment as the records so far have left it."""

    segment_id: str
    timing: Timing
    about: SegmentRow | None = None
    hosts: dict[str, HostRow] = field(default_factory=dict)
    subjects: dict[str, SubjectRow] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    waits: Waits = field(default_factory=Waits)

    def view(self) -> SegmentView:
        """Return what `decide` sees."""
        return SegmentView(
            segment_id=self.segment_id,
            segment=self.about,
            hosts=self.hosts,
            subjects=self.subjects,
            tally=self.tally,
            waits=self.waits,
        )

    def rows(self) -> Iterator[SubjectRow | SegmentRow | HostRow]:
        """Yield its rows."""
        if self.about is not None:
            yield self.about
        yield from self.hosts.values()
        yield from self.subjects.values()

    def put(self, row: OfSegment) -> None:
        """Take over a row; `look_ahead` is for the caller to call."""
        match row:
            case SubjectRow():
                self.subjects[row.name] = row
                self.tally.put(row)
            case Tombstone(subject=subject):
                self.subjects.pop(subject.name, None)
                self.tally.forget(subject)
                self.waits.put(subject.name, None, NOBODY)
            case SegmentRow():
                self.about = row
            case HostRow():
                self.hosts[row.record.name] = row
                self.tally.describe(row)
            case _:
                assert_never(row)

    def look_ahead(self, times: Times, subjects: list[str] | None = None) -> None:
        """Remember when ticks must touch these subjects (default: all), and on whom they wait."""
        view = self.view()
        for subject in list(self.subjects) if subjects is None else subjects:
            waking.index(view, self.subjects[subject], times, self.timing)

    @property
    def is_undecidable(self) -> bool:
        """Whether a bug has disarmed it."""
        return self.about is not None and self.about.undecidable

    @property
    def is_in_planned_stop(self) -> bool:
        """Whether each tick has to ask whether its planned stop is over."""
        return self.about is not None and self.about.stop is not None

    def to_tell_at(self, deadline: SteadyTime) -> SteadyTime | None:
        """Return when a tick has to tell of hosts that failed together; None where there is nothing to tell."""
        return blasts.due(self.view(), deadline)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept of it."""
        return self.about is None and not self.hosts and not self.subjects

    def leave_alone(self, change: Change, times: Times, trouble: str, misfit: Misfits) -> Change:
        """Return what is told and written in the place of a change that no record can carry: its subject stays as it
        was, is told once, and is left alone until somebody speaks of it again. A Stop goes out all the same."""
        assert isinstance(change.row, SubjectRow)
        after = change.row
        before = self.subjects.get(after.name) or SubjectRow(
            segment=self.segment_id, subject=after.subject, host_uuid=after.host_uuid
        )
        row = replace(
            before,
            verb=Verb.ALERT,
            reason=Reason.UNDECIDABLE,
            undecidable=True,
            offset=after.offset,
            touched=after.touched,
        )
        stops = tuple(order for order in change.orders if isinstance(order, Stop) and not misfit(order))
        alert = self._alert(after.subject, times, after.offset, trouble)
        return Change(
            row=None if misfit(row) else row,
            verdicts=() if before.undecidable or misfit(alert) else (alert,),
            orders=stops,
        )

    def disarm(self, times: Times, offset: int, trouble: str) -> tuple[Change, ...]:
        """Return what is told and written when a bug strikes it: it does nothing more until a person arms it."""
        if self.about is None or self.about.offset >= offset:
            return ()
        alert = self._alert(segment_subject(self.about.record.name), times, offset, trouble)
        row = replace(self.about, undecidable=True, offset=offset)
        return (Change(row=row, verdicts=(alert,)),)

    def _alert(self, subject: Subject, times: Times, offset: int, trouble: str) -> Verdict:
        return Verdict(
            verdict_id=verdict_id(self.segment_id, subject.name, offset, 0),
            verb=Verb.ALERT,
            subject=subject,
            segment=self.segment_id,
            reason=Reason.UNDECIDABLE,
            evidence=(),
            count=0,
            at=times.moment.at,
            detail=cut(trouble),
        )
