"""Correlate's memory: one row per subject, per description, and per partition for its time.

A row is written only when it changes and carries the offset of the record that changed it, so that a successor can
tell what is already done (architecture.md 4, Rows). Counts are derived from rows, never stored.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from kasugai.core.words.incident import Open, Phase
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Fault, Source, Symptom
from kasugai.core.words.subject import OfKind, Subject
from kasugai.core.words.timing import BrokerTime, Millis, SteadyTime
from kasugai.core.words.verdicts import Evidence, Reason, Verb

RECENT_LIMIT = 64
"""How many fault ids a subject remembers, so that a re-send is no news."""
COMMANDS_LIMIT = 32
"""How many command ids a segment remembers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A point in time twice: by the broker, and on the steady clock that leaves out what correlate was blind for."""

    at: BrokerTime
    steady: SteadyTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A person's word that stands until another one lifts it."""

    command: UUID
    """The command's id."""
    author: str
    reason: str
    """Its first 200 characters; the verdict has all of it."""
    at: Moment
    up_to: int = 0
    """For a storm's approval: it holds while at most so many hosts are unhealthy."""


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
    vouched_at: BrokerTime = BrokerTime(0)
    """For an assertion: when it was made at the latest, by the broker's clock."""
    doubt: Reason | None = None
    """Why an assertion counts as one witness and no more; None: it is believed, or it is no assertion."""
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
    back_off: Millis = Millis(0)
    """The current pause after `held` or `vetoed`; 0 when neither."""
    due: SteadyTime | None = None
    """Steady time at which it is published again by itself."""
    reason: str = ""
    """Why it waits: the last word of a worker that held or vetoed it, or of a gate; "" while it is published."""
    stopped: bool = False
    """Whether a Stop was published and no Resume since."""
    effects: bool = False
    """Whether a worker said that an effect has begun."""
    barred: str = ""
    """The gate that stopped it, or what kept it from being published: it is looked at again as soon as that is over."""
    cancelled: bool = False
    """Whether a person gave it up."""
    black_holes: tuple[str, ...] = ()
    """Of which a verdict has told."""
    avoided: int = 0
    """What tells the set of hosts that the last publication named as no destinations from another; 0: none."""

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
    readmitted: bool = False
    """Whether the host has shown life for long enough since."""
    last: IncidentRow | None = None
    """A failed one as it was, so that a person can retry it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A reserve host that was put to use."""

    host: str
    version: int
    """Of its description then: a newer one says again what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectRow(OfKind):
    """All that is remembered of one subject."""

    segment: str
    subject: Subject
    host_uuid: str
    offset: int = -1
    conditions: tuple[Condition, ...] = ()
    """Sorted by observer."""
    recent: tuple[UUID, ...] = ()
    """Ids of the last faults and commands, oldest first."""
    alive: Moment | None = None
    """The last sign of life."""
    boot_id: str = ""
    """What its own heartbeat last said; kept as it was while the host is out."""
    returned: Moment | None = None
    """Since when a host that is out shows life again."""
    turned: SteadyTime = SteadyTime(0)
    """Steady time at which it last became unhealthy, or healthy."""
    hold: Word | None = None
    """A person's hold."""
    approval: Word | None = None
    """A person's word that it may be acted upon in a storm."""
    vouch: Word | None = None
    """A person's word that it is off, until something alive or its recovery ends it."""
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
        return f"{self.segment}/subject/{self.subject.name}"

    def remembers(self, name: UUID) -> bool:
        """Whether the fault or command of that id was heard lately. Ids are compared as the numbers that they are:
        asked of 64 uuids for each fault, their own comparison is a tenth of a decision."""
        return name.int in [each.int for each in self.recent]

    @property
    def name(self) -> str:
        """The subject's name: an instance is the same one on whichever host."""
        return self.subject.name

    @property
    def phase(self) -> Phase | None:
        """In which phase it is; None when its story is over, or has not begun."""
        if self.incident is not None:
            return self.incident.phase
        return Phase.SUSPECTED if any(not condition.explained for condition in self.conditions) else None

    @property
    def is_out(self) -> bool:
        """Whether its last incident took it out of service, and it has not been re-admitted."""
        closed = self.closed
        return (
            closed is not None and closed.phase in (Phase.RECOVERED, Phase.FAILED) and not closed.readmitted
        )

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
    disarmed: Word | None = None
    """A person's word that it may not act, whatever the description says."""
    approval: Word | None = None
    """A person's word that a storm may be acted upon, for all of its hosts."""
    recent: tuple[UUID, ...] = ()
    """Ids of the last commands, oldest first."""

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
    now: BrokerTime = BrokerTime(0)
    """The highest broker timestamp up to and including the last tick."""
    blind: Millis = Millis(0)
    """Time that passed unobserved, all told."""
    tick_at: BrokerTime = BrokerTime(0)
    """Broker time of the last tick; 0 before the first one."""
    period: Millis = Millis(0)
    """The period that the last tick announced."""

    @property
    def key(self) -> str:
        """The row's key within its partition; sorts behind every segment's."""
        return "~clock"

    def at_offset(self, offset: int) -> "ClockRow":
        """Return the row as written by the record at `offset`."""
        return replace(self, offset=offset)


Row = SubjectRow | SegmentRow | HostRow | ClockRow


def evidence_of(source: Fault | Condition) -> Evidence:
    """Return the fault key that a verdict lists."""
    return Evidence(
        event_id=source.event_id,
        observer=source.observer,
        symptom=source.symptom,
        episode=source.episode,
    )
