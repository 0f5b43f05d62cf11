"""What a scenario is made of: a segment as it was described, what was said around an incident, what workers found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from kasugai.adapters.faust.port import Poison
from kasugai.core.deciding.rows import HostRow, SegmentRow
from kasugai.core.telling.incident_views import IncidentView, Seen
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Open
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import InventoryChange, Letter, Tick
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import BrokerTime, Millis, between, later
from kasugai.schemas.codec import Undecodable, decode
from kasugai.schemas.recordings import ROWS, Entry
from kasugai.schemas.topics import SIGNALS
from kasugai.streams.correlate_shell import letter_in

BEFORE: Millis = Millis(900_000)
"""So long before it was opened something may have been said that it stands on."""
AFTER: Millis = Millis(60_000)
"""So long after it was closed the story goes on."""


@dataclass(frozen=True, slots=True)
class Word:
    """One letter to the segment, and when it came."""

    at: BrokerTime
    letter: Letter


@dataclass(slots=True)
class Material:
    """Of one incident and its segment."""

    view: IncidentView
    segment: SegmentRecord | None = None
    """As it was when the story begins."""
    hosts: dict[str, HostRecord] = field(default_factory=dict)
    words: list[Word] = field(default_factory=list)
    """From the first that was said of the segment's subjects on, in their order."""
    facts: list[Fact] = field(default_factory=list)
    """Of all incidents of the segment in that time."""
    times: dict[UUID, BrokerTime] = field(default_factory=dict)
    """By fact: when it was recorded."""
    subjects: dict[UUID, Subject] = field(default_factory=dict)
    """By incident."""

    @property
    def begin(self) -> BrokerTime:
        """When the first word was said."""
        return self.words[0].at if self.words else self.view.since

    @property
    def end(self) -> BrokerTime:
        """When the story is over."""
        last = self.view.until or max((seen.at for seen in self.view.records), default=self.view.since)
        return later(last, AFTER)


def gather(view: IncidentView, entries: Iterable[Entry], seen: Sequence[Seen]) -> Material:
    """Gather what belongs to an incident; `entries` are a recording's, in its order, `seen` its decisions and facts."""
    material = Material(view)
    first = later(view.since, Millis(-BEFORE))
    for entry in entries:
        if entry.topic == ROWS:
            _describe(material, _row(entry))
        elif entry.topic == SIGNALS:
            word = _word(entry)
            if word is not None and word.letter.segment == view.segment:
                _take(material, word, first)
    for each in seen:
        if each.value.segment == view.segment:
            _hear(material, each, first)
    return material


def _hear(material: Material, seen: Seen, first: BrokerTime) -> None:
    match seen.value:
        case Open(incident=incident, subject=subject):
            material.subjects[incident] = subject
        case Fact() as fact if first <= seen.at <= material.end:
            material.facts.append(fact)
            material.times[fact.fact_id] = seen.at


def _row(entry: Entry) -> SegmentRecord | HostRecord | None:
    try:
        row = decode(entry.frame)
    except Undecodable:
        return None
    return row.record if isinstance(row, SegmentRow | HostRow) else None


def _word(entry: Entry) -> Word | None:
    try:
        letter = letter_in(entry.frame)
    except Poison:
        return None
    return None if isinstance(letter.signal, Tick) else Word(BrokerTime(entry.at), letter)


def _take(material: Material, word: Word, first: BrokerTime) -> None:
    """A description before anything else was said is how it was; later ones are part of the story, unless they say
    again what is known."""
    signal = word.letter.signal
    if isinstance(signal, InventoryChange):
        if not material.words:
            _describe(material, signal.record)
            return
        if not _is_news(material, signal.record):
            return
    if first <= word.at <= material.end:
        material.words.append(word)


def _describe(material: Material, record: SegmentRecord | HostRecord | None) -> None:
    match record:
        case SegmentRecord(segment_id=segment) if segment == material.view.segment:
            material.segment = record
        case HostRecord(segment_id=segment, name=name) if segment == material.view.segment:
            if record.deleted:
                material.hosts.pop(name, None)
            else:
                material.hosts[name] = record


def _is_news(material: Material, record: SegmentRecord | HostRecord) -> bool:
    match record:
        case SegmentRecord():
            return material.segment is None or record.version > material.segment.version
        case HostRecord(name=name):
            known = material.hosts.get(name)
            return known is None or record.version > known.version


def since(material: Material, at: BrokerTime) -> float:
    """Return the second of the script at which something happens: what comes first is said after half a minute."""
    return LEAD + between(material.begin, at) / 1000


LEAD = 30.0
"""Seconds in which nothing happens: observers and the cloud come to rest."""
