"""Correlate's memory: one row per subject, per description, and per partition for its time.

A row is written only when it changes and carries the offset of the record that changed it, so that a successor can
tell what is already done (architecture.md 4, Rows). Counts are derived from rows, never stored.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from kasugai.core.deciding.counted import NOBODY, Callers, Others
from kasugai.core.deciding.together import Blast
from kasugai.core.words.epochs import Owners
from kasugai.core.words.incident import Open, OutOfService, Phase
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Fault, Source, Symptom
from kasugai.core.words.silences import Silence
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
    observed: BrokerTime = BrokerTime(0)
    """Of what is told once: when its observer saw it by its own clock, if that is earlier than it was said; else 0. For
    nothing but the question whether what was done to the subject since has answered it."""
    vouched_at: BrokerTime = BrokerTime(0)
    """For an assertion: when it was made at the latest, by the broker's clock."""
    doubt: Reason | None = None
    """Why an assertion counts as one witness and no more; None: it is believed, or it is no assertion."""
    explained: bool = False
    """Whether it stood when the last incident closed: that one explains it until it ends."""
    useless: str = ""
    """Against a host: the process without which it is useless, and which has failed (`condemning`); what is said about
    the host itself neither makes nor ends such a condition."""
    late: Millis = Millis(0)
    """How long after its record it was last heard, if it was late: what speaks against it may be as late."""

    @property
    def said(self) -> BrokerTime:
        """When it was last said, by the broker; of what is repeated when it was first said: repeating is no news."""
        return self.since.at if self.source.repeats else self.seen.at


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentRow:
    """A subject's open incident."""

    order: Open
    """As last published; the next publication differs in n, decided_at and what has changed."""
    phase: Phase
    epoch: int = 0
    """The highest that a worker has adopted it under."""
    owners: Owners = ()
    """Who did."""
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
    attempted: int = 0
    """The highest of its attempts that its subject's budget has paid for."""
    paid: int = 0
    """So many of the subject's `restarts` are its own."""
    disabled: str = ""
    """Why an operator had disabled the host in Nova before, as a worker has told; empty: nobody had."""

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
    returned_at: BrokerTime = BrokerTime(0)
    """Of a host that was brought back, or re-admitted: when it came back, up to which what was said of its guests and
    processes is over; 0 before: up to the incident's end."""
    last: IncidentRow | None = None
    """A failed one as it was, so that a person can retry it."""
    shut: UUID | None = None
    """The incident by which the host gets no new guests, as far as is known: it is undone when its subject is well, or
    back. None: nothing is to be undone."""
    service: OutOfService | None = None
    """Of a host: how our force-down left its compute service; None: it was not ours."""
    waiting: tuple[str, ...] = ()
    """Of a host: uuids of guests that were left on it for their disks."""
    missed: bool = False
    """Of a host: whether it was told that it does not come back."""


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
    """Sorted by observer; at most so many as `keeping` says."""
    others: tuple[Others, ...] = ()
    """What was said besides, by kinds of which somebody is kept."""
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
    begun: SteadyTime | None = None
    """Of a host: steady time at which its last recovery was opened."""
    touched: SteadyTime = SteadyTime(0)
    """Steady time at which the row was last changed."""
    hold: Word | None = None
    """A person's hold."""
    approval: Word | None = None
    """A person's word that it may be acted upon in a storm."""
    vouch: Word | None = None
    """A person's word that it is off, until something alive or its recovery ends it."""
    epoch: int = 0
    """The highest under which any incident of it was adopted."""
    incident: IncidentRow | None = None
    closed: Closed | None = None
    spent: tuple[Spent, ...] = ()
    """The reserves that its incidents put to use, by name."""
    restarts: tuple[SteadyTime, ...] = ()
    """Steady times of the attempts at restarting it that count against its budget, oldest first."""
    relocated: SteadyTime | None = None
    """Steady time at which an incident was last opened beyond the budget, to move the guest elsewhere."""
    booted: Moment | None = None
    """Of a host: when its boot id last changed; None while nobody has seen that."""
    last_boot: str = ""
    """Of a host: the boot id that its heartbeat last said, also while it is out."""
    warned: Moment | None = None
    """Of a host: when it was last told that many of its guests fail at once."""
    condemned: Moment | None = None
    """Of a process: since when its host is useless because of it."""
    failed: BrokerTime | None = None
    """Of what is undone when it is well again: when somebody last said that it had failed."""
    well: bool = False
    """Of the same: whether the last word is that it is well."""
    failures: tuple[SteadyTime, ...] = ()
    """Of a host: steady times at which its recoveries ended, of the last day, oldest first."""
    quarantined: Moment | None = None
    """Of a host: since when it has failed too often to come back by itself."""
    retired: Word | None = None
    """Of a host: a person's word that it never comes back."""
    gone: Moment | None = None
    """Of a host: when it was last said to be down while a planned stop lasted."""
    undecidable: bool = False
    """Whether the answer to the last record about it was larger than any record may be: it is left alone until somebody
    speaks of it again."""
    callers: Callers = NOBODY
    """Of a host: who has failed there. Nobody decides by them; they are told of (`gray`)."""
    verb: Verb | None = None
    """What was last told about it."""
    reason: Reason | None = None

    @property
    def key(self) -> str:
        """The row's key within its partition."""
        return key_of(self.segment, self.subject)

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


def key_of(segment: str, subject: Subject) -> str:
    """Return the key of a subject's row within its partition."""
    return f"{segment}/subject/{subject.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when something lasted, by the broker."""

    begin: BrokerTime
    """When it began."""
    end: BrokerTime
    """When it was over."""


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
    stop: Word | None = None
    """A person's word that it is switched off on purpose, while that lasts."""
    stop_ends: bool = False
    """Whether that is over as soon as nothing stands against any host; else once every host has gone and is back."""
    stopped: Span | None = None
    """When the last one lasted that is over."""
    blasts: tuple[Blast, ...] = ()
    """Which hosts failed together and have not all come back; sorted by domain."""

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
    silence: Silence | None = None
    """What was last said about whom people work on, also when it is over; None: nothing yet."""

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
    topic: str = ""
    """The id of the topic in which all offsets here are; empty where the broker does not say one."""

    @property
    def key(self) -> str:
        """The row's key within its partition; sorts behind every segment's."""
        return "~clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """In the place of a subject's row that has ended: there is none any more."""

    segment: str
    subject: Subject
    offset: int
    """Of the record that ended it."""

    @property
    def key(self) -> str:
        """The key of the row that it ends."""
        return key_of(self.segment, self.subject)


Row = SubjectRow | SegmentRow | HostRow | ClockRow

OfSegment = SubjectRow | SegmentRow | HostRow | Tombstone
"""What is written about a segment."""
Written = Row | Tombstone
"""What is written to correlate's table."""


def evidence_of(source: Fault | Condition) -> Evidence:
    """Return the fault key that a verdict lists."""
    return Evidence(
        event_id=source.event_id,
        observer=source.observer,
        symptom=source.symptom,
        episode=source.episode,
    )
