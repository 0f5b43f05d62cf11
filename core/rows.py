"""Correlate's memory: one row per subject, per description, and per partition for its time.

A row is written only when it changes and carries the offset of the record that changed it, so that a successor can
tell what is already done (architecture.md 4, Rows). Counts are derived from rows, never stored.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from kasugai.core.incident import Open, Phase
from kasugai.core.inventory import HostRecord, SegmentRecord
from kasugai.core.signals import Fault, Kind, Source, Symptom
from kasugai.core.timing import Instant, Millis
from kasugai.core.verdicts import Evidence, Reason, Verb

RECENT_LIMIT = 64
"""How many fault ids a subject remembers, so that a re-send is no news."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A point in time twice: by the broker, and on the steady clock that leaves out what correlate was blind for."""

    at: Instant
    steady: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What one observer holds against a subject, for as long as it holds it."""

    observer: str
    source: Source
    symptom: Symptom
    event_id: UUID
    episode: str
    asserted: bool
    since: Moment
    """When it was first heard of."""
    seen: Moment
    """When it was last repeated (kept to 5 s)."""
    vouched_at: Instant = 0
    """For an assertion: when it was made, by the earlier of the broker's and the observer's clock."""
    explained: bool = False
    """Whether it stood when the last incident closed: that one explains it until it ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """A subject's open incident."""

    order: Open
    """As last published; the next publication differs in n, decided_at and what has changed."""
    phase: Phase
    epoch: int = 0
    """The highest that a worker has spoken under."""
    heard: Moment
    """When a worker last said something, or when the incident was first published."""
    published: Moment
    """When it was last published."""
    unanswered: int = 0
    """Publications since a worker was last heard."""
    back_off: Millis = 0
    """The current pause after `held` or `vetoed`; 0 when neither."""
    due: Instant | None = None
    """Steady time at which it is published again by itself."""
    reason: str = ""
    """Why it waits: the last word of a worker that held or vetoed it, or of a gate; "" while it is published."""
    stopped: bool = False
    """Whether a Stop was published and no Resume since."""
    effects: bool = False
    """Whether a worker said that an effect has begun."""

    @property
    def is_waiting(self) -> bool:
        """Whether nobody works on it, and it says why."""
        return bool(self.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A subject's last incident."""

    incident: UUID
    phase: Phase
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A reserve host that was put to use."""

    host: str
    version: int
    """Of its description then: a newer one says again what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRow:
    """All that is remembered of one subject."""

    segment: str
    subject: str
    kind: Kind
    host: str
    host_uuid: str
    offset: int = -1
    conditions: tuple[Condition, ...] = ()
    """Sorted by observer."""
    recent: tuple[UUID, ...] = ()
    """Ids of the last faults, oldest first."""
    alive: Moment | None = None
    """The last sign of life."""
    incident: IncidentRow | None = None
    closed: Closed | None = None
    spent: tuple[Spent, ...] = ()
    """The reserves that its incidents put to use, by name."""
    verb: Verb | None = None
    """What was last told about it."""
    reason: Reason | None = None

    @property
    def key(self) -> str:
        """The row's key within its partition."""
        return f"{self.segment}/subject/{self.subject}"

    def at_offset(self, offset: int) -> "SubjectRow":
        """Return the row as written by the record at `offset`."""
        return replace(self, offset=offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRow:
    """A segment's description as the mailbox last brought it."""

    record: SegmentRecord
    offset: int = -1
    undecidable: bool = False
    """Whether a bug disarmed the segment: nothing is decided here until a person arms it."""

    @property
    def key(self) -> str:
        """The row's key within its partition."""
        return f"{self.record.segment_id}/about"

    def at_offset(self, offset: int) -> "SegmentRow":
        """Return the row as written by the record at `offset`."""
        return replace(self, offset=offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRow:
    """A host's description as the mailbox last brought it."""

    record: HostRecord
    offset: int = -1

    @property
    def key(self) -> str:
        """The row's key within its partition."""
        return f"{self.record.segment_id}/host/{self.record.name}"

    def at_offset(self, offset: int) -> "HostRow":
        """Return the row as written by the record at `offset`."""
        return replace(self, offset=offset)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRow:
    """A partition's time, written at each tick."""

    partition: int
    offset: int = -1
    now: Instant = 0
    """The highest broker timestamp up to and including the last tick."""
    blind: Millis = 0
    """Time that passed unobserved, all told."""
    tick_at: Instant = 0
    """Broker time of the last tick; 0 before the first one."""
    period: Millis = 0
    """The period that the last tick announced."""

    @property
    def key(self) -> str:
        """The row's key within its partition; sorts behind every segment's."""
        return "~clock"

    def at_offset(self, offset: int) -> "ClockRow":
        """Return the row as written by the record at `offset`."""
        return replace(self, offset=offset)


Row = SubjectRow | SegmentRow | HostRow | ClockRow


def evidence_of(source: Fault | Condition, subject: str) -> Evidence:
    """Return the fault key that a verdict lists."""
    return Evidence(
        event_id=source.event_id,
        observer=source.observer,
        subject=subject,
        symptom=source.symptom,
        episode=source.episode,
    )
