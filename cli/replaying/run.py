"""A whole recording through today's rules: entry by entry, one partition of the mailbox after the other."""

from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from kasugai.adapters.faust.port import Poison
from kasugai.cli.exits import Misused
from kasugai.cli.replaying.fold import Rerun
from kasugai.cli.replaying.past import Past
from kasugai.cli.replaying.policies import Changed, Policies
from kasugai.core.deciding.rows import Row, SegmentRow
from kasugai.core.telling.comparing import Comparison, Window, compare
from kasugai.core.telling.incident_views import Seen
from kasugai.core.words.facts import Fact
from kasugai.core.words.inventory import SegmentRecord
from kasugai.core.words.signals import InventoryChange, Letter, Tick
from kasugai.core.words.timing import BrokerTime
from kasugai.schemas.codec import Undecodable, decode
from kasugai.schemas.recordings import ROWS, About, BadRecording, Entry, Recording, opened
from kasugai.schemas.topics import SIGNALS
from kasugai.streams.correlate_shell import letter_in, row_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What came of it."""

    about: About
    window: Window
    comparison: Comparison
    segments: dict[str, str]
    """Names by id."""
    partitions: int
    letters: int
    unreadable: int
    """Records that cannot be understood: dead letters then and now."""
    assumed: int
    """Incidents in which workers were stood in for."""
    changed: tuple[Changed, ...]


@dataclass(slots=True)
class _Replay:
    policies: Policies
    about: About
    past: Past = field(default_factory=Past)
    segments: dict[str, str] = field(default_factory=dict)
    told: list[Seen] = field(default_factory=list)
    assumed: dict[UUID, UUID | None] = field(default_factory=dict)
    partitions: int = 0
    letters: int = 0
    unreadable: int = 0
    _rows: list[Row] = field(default_factory=list)
    _rerun: Rerun | None = None
    _ticks: dict[bytes, Letter] = field(default_factory=dict)

    def take(self, entry: Entry) -> None:
        if entry.topic == SIGNALS:
            self._letter(entry)
        elif entry.topic == ROWS:
            self._row(entry)
        else:
            try:
                self.past.add(decode(entry.frame), entry.stamp)
            except Undecodable:
                self.unreadable += 1

    def _row(self, entry: Entry) -> None:
        try:
            row = row_of(entry.frame)
        except Undecodable as error:
            raise BadRecording(f"a row cannot be read: {error}") from error
        if isinstance(row, SegmentRow):
            self.segments[row.record.segment_id] = row.record.name
        self._rows.append(row)

    def _letter(self, entry: Entry) -> None:
        rerun = self._rerun_of(entry.partition)
        letter = self._ticks.get(entry.frame)
        if letter is None:
            try:
                letter = letter_in(entry.frame)
            except Poison:
                self.unreadable += 1
                return
            self._note(entry.frame, letter)
        self.letters += 1
        rerun.take(letter, entry.offset, BrokerTime(entry.at))

    def _note(self, frame: bytes, letter: Letter) -> None:
        """Remember ticks, of which there are few different ones, and segments' names."""
        match letter.signal:
            case Tick():
                self._ticks[frame] = letter
            case InventoryChange(record=SegmentRecord() as record):
                self.segments[record.segment_id] = record.name
            case _:
                pass

    def _rerun_of(self, partition: int) -> Rerun:
        if self._rerun is None or self._rerun.partition != partition:
            self.end_partition()
            self._rerun = Rerun(partition, self.about.timing, self.past, self.policies, self._rows)
            self._rows = []
            self.partitions += 1
        return self._rerun

    def end_partition(self) -> None:
        if self._rerun is not None:
            self.told += self._rerun.told
            self.assumed |= self._rerun.assumed
        self._rerun = None

    def end(self) -> Replayed:
        self.end_partition()
        window = Window(begin=self.about.begin, end=self.about.end)
        comparison = compare(self.past.seen, [*self.told, *self._done()], window, self.assumed)
        return Replayed(
            about=self.about,
            window=window,
            comparison=comparison,
            segments=self.segments,
            partitions=self.partitions,
            letters=self.letters,
            unreadable=self.unreadable,
            assumed=len(self.assumed),
            changed=tuple(sorted(self.policies.changed)),
        )

    def _done(self) -> list[Seen]:
        """What workers really did in the incidents that would be as they were."""
        opened = {seen.value.incident for seen in self.told if not isinstance(seen.value, Fact)}
        return [
            seen
            for seen in self.past.seen
            if isinstance(seen.value, Fact)
            and seen.value.incident in opened
            and seen.value.incident not in self.assumed
        ]


def replay(path: Path, policies: Policies | None = None) -> Replayed:
    """Replay a recording; raise BadRecording for what is none, and Misused where it has not the segments that
    `policies` names. The same file and policies give the same answer."""
    policies = policies or Policies()
    with opened(path) as recording:
        replayed = run(recording, policies)
    if missing := policies.missing:
        known = ", ".join(sorted(replayed.segments.values())[:5]) or "none"
        raise Misused(f"{path} has no segment {missing[0]}; it has: {known}")
    return replayed


def run(recording: Recording, policies: Policies) -> Replayed:
    """Replay entries as they come."""
    going = _Replay(policies, recording.about)
    for entry in recording.entries:
        going.take(entry)
    return going.end()
