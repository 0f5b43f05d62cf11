"""In which order the subjects that a record is about are decided, each seeing what those before it left."""

from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush

from kasugai.core.deciding.destinations import HEALTH
from kasugai.core.deciding.rows import SubjectRow, Tombstone
from kasugai.core.deciding.view import Change, SegmentView


@dataclass(slots=True, kw_only=True)
class Pending:
    """Who is still to be decided in this record: in key order, but what waits comes behind what it waits on."""

    view: SegmentView
    """As what is decided has left it so far."""
    heap: list[str]
    _open: set[str] = field(default_factory=set)
    _done: set[str] = field(default_factory=set)
    _changed: set[str] = field(default_factory=set)
    _is_own: bool = False
    """Whether the view's mapping and tally are this decision's own."""

    def __post_init__(self) -> None:
        self._open.update(self.heap)
        if len(self.heap) > 1:
            heapify(self.heap)

    def take(self) -> str | None:
        """Return the next one; None when there is none."""
        if not self._open:
            return None
        while self.heap[0] not in self._open:
            heappop(self.heap)
        subject = self.heap[0]
        if len(self._open) > 1:
            subject = self.view.waits.first_of(self._first(subject), self._open)
        self._open.remove(subject)
        self._done.add(subject)
        return subject

    def _first(self, subject: str) -> str:
        """Return `subject`, or the first that does not wait on the health of hosts, which any of them may change."""
        if HEALTH not in self.view.waits.names(subject):
            return subject
        return min(
            (name for name in self._open if HEALTH not in self.view.waits.names(name)), default=subject
        )

    def add(self, subject: str) -> None:
        """Have a subject decided in this record too, also once more; not if the record has changed it already."""
        if subject not in self._open and subject not in self._changed:
            self._open.add(subject)
            heappush(self.heap, subject)

    def has_changed(self, subject: str, change: Change | None, names: frozenset[str]) -> None:
        """Let all others see a change, and add those who wait on it or on what else it changes (`names`)."""
        self._changed.add(subject)
        for waiting in self.view.waits.on((subject, *names)) - self._done - self._open:
            self._open.add(waiting)
            heappush(self.heap, waiting)
        if self._open and change is not None and isinstance(change.row, SubjectRow | Tombstone):
            self._show(change.row)

    def _show(self, row: SubjectRow | Tombstone) -> None:
        if not self._is_own:
            self.view = replace(self.view, subjects=dict(self.view.subjects), tally=self.view.tally.copy())
            self._is_own = True
        assert isinstance(self.view.subjects, dict)
        if isinstance(row, SubjectRow):
            self.view.subjects[row.name] = row
            self.view.tally.put(row)
        else:
            del self.view.subjects[row.subject.name]
            self.view.tally.forget(row.subject)
