"""The policies that a replay puts in the place of recorded ones: of a file, as `kasugai segment apply` reads it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace

from kasugai.cli.segment_file import WantedSegment
from kasugai.core.deciding.rows import Row, SegmentRow
from kasugai.core.words.inventory import SegmentRecord
from kasugai.core.words.policy import Policy
from kasugai.core.words.signals import InventoryChange, Letter
from kasugai.core.words.timing import Millis


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Changed:
    """One word of a segment's policy that is another one."""

    segment: str
    word: str
    was: str
    would: str


@dataclass(slots=True)
class Policies:
    """New policies by segment; none: all stay as they were."""

    wanted: Sequence[WantedSegment] = ()
    changed: set[Changed] = field(default_factory=set)
    """What has turned out to be another word, of all descriptions that were replaced."""
    found: set[str] = field(default_factory=set)
    """The names of the wanted segments that were met."""

    @property
    def replaces(self) -> bool:
        """Whether there is any."""
        return bool(self.wanted)

    @property
    def missing(self) -> list[str]:
        """Return the wanted segments that the recording has not."""
        return [segment.name for segment in self.wanted if segment.name not in self.found]

    def letter(self, letter: Letter) -> Letter:
        """Return a letter as it would have been."""
        signal = letter.signal
        if not self.wanted or not isinstance(signal, InventoryChange):
            return letter
        if not isinstance(signal.record, SegmentRecord):
            return letter
        return replace(letter, signal=InventoryChange(record=self._record(signal.record)))

    def row(self, row: Row) -> Row:
        """Return a row as it would have been when the recording begins. An open incident keeps its own policy."""
        if not self.wanted or not isinstance(row, SegmentRow):
            return row
        return replace(row, record=self._record(row.record))

    def _record(self, record: SegmentRecord) -> SegmentRecord:
        for segment in self.wanted:
            if segment.id == record.segment_id or (segment.id is None and segment.name == record.name):
                self.found.add(segment.name)
                self._note(record.name, record.policy, segment.policy)
                return replace(record, policy=segment.policy)
        return record

    def _note(self, segment: str, was: Policy, would: Policy) -> None:
        for each in fields(Policy):
            old, new = getattr(was, each.name), getattr(would, each.name)
            if old != new:
                word = each.name.replace("_", "-")
                is_time = each.type is Millis
                self.changed.add(
                    Changed(segment=segment, word=word, was=_text(old, is_time), would=_text(new, is_time))
                )


def _text(value: object, is_time: bool) -> str:
    """As a segment file says it."""
    match value:
        case int() if is_time:
            return f"{value}ms" if value % 1000 else f"{value // 1000}s"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return f"[{', '.join(map(str, value))}]"
        case _:
            return str(value)
