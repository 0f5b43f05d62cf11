"""The rows of one segment, with what follows from them: the count of its unhealthy hosts, and who waits for what."""

from dataclasses import dataclass, field, replace
from typing import assert_never

from kasugai.core.deciding import waking
from kasugai.core.deciding.rows import HostRow, SegmentRow, SubjectRow
from kasugai.core.deciding.steady import Times
from kasugai.core.deciding.tally import Tally
from kasugai.core.deciding.view import Change, SegmentView
from kasugai.core.deciding.waits import Waits
from kasugai.core.words.identity import verdict_id
from kasugai.core.words.subject import segment_subject
from kasugai.core.words.timing import Timing
from kasugai.core.words.verdicts import Reason, Verb, Verdict


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

    def put(self, row: SubjectRow | SegmentRow | HostRow) -> None:
        """Take over a row; `look_ahead` is for the caller to call."""
        match row:
            case SubjectRow():
                self.subjects[row.name] = row
                self.tally.put(row)
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

    def disarm(self, times: Times, offset: int, trouble: str) -> tuple[Change, ...]:
        """Return what is told and written when a bug strikes it: it does nothing more until a person arms it."""
        if self.about is None or self.about.offset >= offset:
            return ()
        subject = segment_subject(self.about.record.name)
        verdict = Verdict(
            verdict_id=verdict_id(self.segment_id, subject.name, offset, 0),
            verb=Verb.ALERT,
            subject=subject,
            segment=self.segment_id,
            reason=Reason.UNDECIDABLE,
            evidence=(),
            count=0,
            at=times.moment.at,
            detail=trouble,
        )
        row = replace(self.about, undecidable=True, offset=offset)
        return (Change(row=row, verdicts=(verdict,)),)
