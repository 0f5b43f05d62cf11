"""What a recording says was decided and done: looked up while its letters are decided again."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median_low
from uuid import UUID

from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.facts import Fact, FactKind, Result
from kasugai.core.words.incident import Open, Resume, Stop
from kasugai.core.words.signals import Stamp
from kasugai.core.words.subject import Kind, Subject
from kasugai.core.words.timing import BrokerTime, Millis
from kasugai.core.words.verdicts import Verdict

USUAL: Millis = Millis(120_000)
"""How long a recovery takes where none is recorded whose length could be asked."""
SAME_OUTAGE: Millis = Millis(3_600_000)
"""A recorded incident of the same subject stands in for one that opens within this of it."""

Publication = tuple[UUID, int, int, BrokerTime]
"""An incident's attempt, number and date: what tells one publication from all others."""


def publication(order: Open) -> Publication:
    """Return what tells an order from all others."""
    return order.incident, order.attempt, order.n, order.decided_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How a recorded incident went."""

    incident: UUID
    opened_at: BrokerTime
    undoes: bool
    took: Millis
    """From its opening to its last answer."""
    end: Fact
    """That answer: the end of an attempt."""


@dataclass(slots=True)
class Past:
    """All that was decided and done, by the recording."""

    seen: list[Seen] = field(default_factory=list)
    published: set[Publication] = field(default_factory=set)
    opened: set[UUID] = field(default_factory=set)
    epochs: dict[Subject, int] = field(default_factory=dict)
    """By subject: the highest epoch under which a worker spoke."""
    _first: dict[UUID, Open] = field(default_factory=dict)
    _ends: dict[UUID, Seen] = field(default_factory=dict)
    _known: "Courses | None" = None

    def add(self, value: object, stamp: Stamp) -> None:
        """Take a record of what was decided or done; what is neither is passed over."""
        match value:
            case Open():
                self.published.add(publication(value))
                self.opened.add(value.incident)
                if value.n == 1:
                    self._first.setdefault(value.incident, value)
            case Fact():
                self.epochs[value.subject] = max(self.epochs.get(value.subject, 0), value.epoch)
                if value.kind is FactKind.FINISHED:
                    self._ends[value.incident] = Seen(stamp.at, stamp.offset, value)
                    self._known = None
            case Stop() | Resume() | Verdict():
                pass
            case _:
                return
        self.seen.append(Seen(stamp.at, stamp.offset, value))

    def courses(self) -> "Courses":
        """Return how the incidents went whose end is known so far."""
        if self._known is None:
            self._known = Courses(list(self._courses()))
        return self._known

    def _courses(self) -> Iterable[Course]:
        for incident, first in self._first.items():
            end = self._ends.get(incident)
            if end is None or not isinstance(end.value, Fact):
                continue
            yield Course(
                incident=incident,
                opened_at=first.decided_at,
                undoes=first.undoes is not None,
                took=Millis(max(0, end.at - first.decided_at)),
                end=end.value,
            )


class Courses:
    """How recorded incidents went, to be asked how another one would have."""

    def __init__(self, courses: Sequence[Course]) -> None:
        """Sort them."""
        self._of: dict[Subject, list[Course]] = defaultdict(list)
        lengths: dict[tuple[Kind, bool], list[Millis]] = defaultdict(list)
        for course in courses:
            self._of[course.end.subject].append(course)
            if course.end.result is Result.RECOVERED:
                lengths[course.end.subject.kind, course.undoes].append(course.took)
        self._usual: Mapping[tuple[Kind, bool], Millis] = {
            kind: median_low(found) for kind, found in lengths.items()
        }

    def like(self, order: Open) -> Course | None:
        """Return the recorded incident that is most like one that opens now: the nearest one about the same subject."""
        undoes = order.undoes is not None
        near = [
            course
            for course in self._of.get(order.subject, ())
            if course.undoes is undoes and abs(course.opened_at - order.decided_at) <= SAME_OUTAGE
        ]
        return min(
            near, key=lambda c: (abs(c.opened_at - order.decided_at), c.opened_at, c.incident), default=None
        )

    def usual(self, order: Open) -> Millis:
        """Return how long such a recovery usually took: the median of the recording."""
        return self._usual.get((order.subject.kind, order.undoes is not None), USUAL)
