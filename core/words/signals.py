"""What a segment's mailbox holds: everything that a decision may depend on, as values.

A signal carries no time of its own that decisions rely on: the broker's timestamp of its record does (`Stamp`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from kasugai.core.words.facts import Fact
from kasugai.core.words.identity import event_id
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.silences import Silence
from kasugai.core.words.subject import Kind, OfSubject, Subject, host_subject
from kasugai.core.words.timing import BrokerTime, Instant, Millis

UNKNOWN_SEGMENT = "unknown"
"""The pseudo-segment of subjects that the inventory does not know."""

REPORT_LASTS: Millis = Millis(600_000)
"""What is said about a subject is said about now: a record that is decided later than this, by its own broker stamp,
is no evidence any more (a route that lost its place reads 30 days again), nor does a one-off report agree with what is
said later than this."""

ASSERT_RULE = "kasugai:notification:assert"
"""The rule of oslo.policy by which a sender's "it has been fenced" is an assertion; nobody's, unless it says so."""


class Source(StrEnum):
    """The kind of a witness; two witnesses count as two only when their kinds differ."""

    REPORTED = "reported"
    """A notification over REST, the bridge or a person at the CLI: a one-off report."""
    HEARTBEAT = "heartbeat"
    """The host's own heartbeat, or its absence."""
    PEER = "peer"
    """Another host that cannot reach this one."""
    CLUSTER = "cluster"
    """A cluster stack's membership."""
    NOVA = "nova"
    """Nova's service record, aged by Nova's own clock."""
    POWER = "power"
    """The power state read from a BMC."""
    METRICS = "metrics"
    """What monitoring measures: Prometheus' queries and Alertmanager's alerts, together one kind of witness."""

    @property
    def repeats(self) -> bool:
        """Whether observers of this kind repeat a standing condition every 30 s; a report is told once."""
        return self is not Source.REPORTED


class Symptom(StrEnum):
    """What an observer says about a subject."""

    DOWN = "down"
    """It does not do its job."""
    DUMPING = "dumping"
    """Its crashed kernel writes its memory to disk: `down`, and its power is worth something until then."""
    OFF = "off"
    """It was read as off, or its watchdog has run out: a proof, not a testimony."""
    ALIVE = "alive"
    """A sign of life: contradicts everything older but OFF."""
    CLEAR = "clear"
    """The observer takes back its own condition and vouches for nothing."""
    FAILING = "failing"
    """A caller of the host's has failed there: counted per caller, told when they are many, and no witness."""

    @property
    def blames(self) -> bool:
        """Whether it speaks against its subject."""
        return self in (Symptom.DOWN, Symptom.DUMPING, Symptom.OFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A notification of Masakari's API as its client posted it: kept to be shown again, never to decide on."""

    notification_uuid: str
    """Drawn when it was accepted; the fault's episode."""
    notification_type: str
    """COMPUTE_HOST, VM or PROCESS."""
    generated_time: str
    """By the client's clock, UTC, `YYYY-MM-DDTHH:MM:SS.ffffff`: sorts as text."""
    payload: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Masakari's words, unchanged."""
    segment_id: str = ""
    """The host's segment when it was accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(OfSubject):
    """One observation of one subject by one observer."""

    event_id: UUID
    """Derived by `identity.event_id`: a re-send has the same id."""
    subject: Subject
    host_uuid: str = ""
    """The inventory's uuid of the host; empty when the observer does not know it (route fills it in)."""
    observer: str
    """Who says so: `api`, `cli`, `host/cmp2`."""
    source: Source
    symptom: Symptom
    asserted: bool = False
    """Whether the observer says that the host has been fenced (only from `faults.reported`)."""
    trusted: bool = True
    """Whether the door that took an assertion lets its sender make one; of others it is one witness."""
    boot_id: str = ""
    episode: str = ""
    """What tells this occurrence from the next one of the same symptom."""
    observed_at: Instant = 0
    """By the observer's clock, of a repetition when it was observed last: told, and used to tell a stale report; never
    for deadlines."""
    inventory_offset: int = -1
    """Route waits until it has read the inventory up to this offset; -1 when unknown."""
    said_at: BrokerTime = BrokerTime(0)
    """Kafka's timestamp of the record that route read: it was said then at the latest; 0 before that."""
    notification: Notification | None = None
    """What was posted, where the fault came as a notification over REST."""


def fault(
    *,
    host: str,
    observer: str,
    source: Source,
    symptom: Symptom = Symptom.DOWN,
    episode: str,
    host_uuid: str = "",
    kind: Kind | None = None,
    detail: str = "",
    asserted: bool = False,
    trusted: bool = True,
    boot_id: str = "",
    observed_at: Instant = 0,
    inventory_offset: int = -1,
    notification: Notification | None = None,
) -> Fault:
    """Return a fault with its derived id; about the host itself where no `kind` is said."""
    subject = host_subject(host) if kind is None else Subject(kind=kind, host=host, detail=detail)
    return Fault(
        event_id=event_id(observer, subject.name, symptom, boot_id, episode),
        subject=subject,
        host_uuid=host_uuid,
        observer=observer,
        source=source,
        symptom=symptom,
        asserted=asserted,
        trusted=trusted,
        boot_id=boot_id,
        episode=episode,
        observed_at=observed_at,
        inventory_offset=inventory_offset,
        notification=notification,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time as a record: correlate writes it into its own partitions."""

    period: Millis
    """The next tick is announced for so much later."""


class Instruction(StrEnum):
    """What a person can tell a segment, a host or an incident to do."""

    ARM = "arm"
    """The segment may act again."""
    DISARM = "disarm"
    """The segment may not act: what is under way begins nothing further."""
    HOLD = "hold"
    """Nothing is done about this host until the hold is approved."""
    APPROVE = "approve"
    """What stands at the named limit may pass it."""
    CANCEL = "cancel"
    """Give the incident up: withdrawn before any effect, held after one."""
    RETRY = "retry"
    """Try a failed or held incident again now."""
    RETIRE = "retire"
    """The host never comes back: its compute service is deleted, with what it holds in Placement."""
    BEGIN_STOP = "begin-stop"
    """The segment is going to be switched off on purpose: nothing is done until it is back."""
    END_STOP = "end-stop"
    """The planned stop ends as soon as all hosts are ready; with `at_once` whatever they are."""


class Limit(StrEnum):
    """What an approval may pass; it passes none that it does not name."""

    STORM = "storm"
    """So many hosts are unhealthy that the cause may be elsewhere."""
    HOLD = "hold"
    """A person's hold or cancel."""
    FENCE = "fence"
    """Nothing proves that the host is off: whoever approves vouches that it is, and is named in the ledger."""
    QUARANTINE = "quarantine"
    """The host has failed too often to come back by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A person's word, with its reason, through the mailbox and no other way."""

    command_id: UUID
    order: Instruction
    segment: str
    subject: Subject | None = None
    """Whom it is about, where it names one; None when the incident or the segment says it."""
    incident: UUID | None = None
    limit: Limit | None = None
    """What an approval passes."""
    up_to: int = 0
    """A storm's approval holds for at most so many unhealthy hosts. 0: for one host as many as there are when it is
    read; for a segment it is refused, since whoever approves hosts without naming them must say how many were seen."""
    at_once: bool = False
    """Of the end of a planned stop: whether it ends although not all hosts are ready."""
    author: str
    reason: str
    said_at: BrokerTime = BrokerTime(0)
    """Kafka's timestamp of the record that route read; 0 when nobody knows."""

    @property
    def host(self) -> str:
        """The host of whom it names; empty when it names nobody."""
        return self.subject.host if self.subject is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A worker's fact that matters to an incident's life, copied into the mailbox by route."""

    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryChange:
    """One description, forwarded into the mailbox of the segment that it concerns."""

    record: SegmentRecord | HostRecord


Signal = Fault | Tick | Outcome | Command | InventoryChange | Silence


def subject_of(signal: Signal) -> Subject | None:
    """Return whom a signal is about; None for one that names nobody."""
    match signal:
        case Fault(subject=subject) | Command(subject=subject):
            return subject
        case Outcome(fact=fact):
            return fact.subject
        case _:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Where a record stands in its topic, and when the broker took it."""

    partition: int
    offset: int
    at: BrokerTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A signal in a segment's mailbox."""

    segment: str
    """Empty for a tick, which concerns the whole partition."""
    signal: Signal
    trace: dict[str, str] = field(default_factory=dict, compare=False)
    """W3C trace context of the cause, carried in the record's headers."""
