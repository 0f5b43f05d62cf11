"""What a segment's mailbox holds: everything that a decision may depend on, as values.

A signal carries no time of its own that decisions rely on: the broker's timestamp of its record does (`Stamp`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from kasugai.core.words.facts import Fact
from kasugai.core.words.identity import event_id
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.timing import Instant, Millis

UNKNOWN_SEGMENT = "unknown"
"""The pseudo-segment of subjects that the inventory does not know."""

LONGEST = 255
"""Characters of a name that a fault may bear, as in Nova and in Masakari's API. Rows, verdicts and orders repeat the
names of all witnesses, and what no broker takes any more would end correlate, again and again."""


class Kind(StrEnum):
    """What kind of thing an incident is about."""

    HOST = "host"
    PROCESS = "process"
    INSTANCE = "instance"


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

    @property
    def repeats(self) -> bool:
        """Whether observers of this kind repeat a standing condition every 30 s; a report is told once."""
        return self is not Source.REPORTED


class Symptom(StrEnum):
    """What an observer says about a subject."""

    DOWN = "down"
    """It does not do its job."""
    OFF = "off"
    """Its power was read as off: a proof, not a testimony."""
    ALIVE = "alive"
    """A sign of life: contradicts everything older but OFF."""
    CLEAR = "clear"
    """The observer takes back its own condition and vouches for nothing."""


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
class Fault:
    """One observation of one subject by one observer."""

    event_id: UUID
    """Derived by `identity.event_id`: a re-send has the same id."""
    kind: Kind
    host: str
    """Nova's service host, byte for byte."""
    host_uuid: str = ""
    """The inventory's uuid of the host; empty when the observer does not know it (route fills it in)."""
    detail: str = ""
    """The instance's uuid or the process's name; empty for a host."""
    observer: str
    """Who says so: `api`, `cli`, `host/cmp2`."""
    source: Source
    symptom: Symptom
    asserted: bool = False
    """Whether the observer vouches that the host has been fenced (only from `faults.reported`)."""
    boot_id: str = ""
    episode: str = ""
    """What tells this occurrence from the next one of the same symptom."""
    observed_at: Instant = 0
    """By the observer's clock: told, and used to tell a stale report; never for deadlines."""
    inventory_offset: int = -1
    """Route waits until it has read the inventory up to this offset; -1 when unknown."""
    notification: Notification | None = None
    """What was posted, where the fault came as a notification over REST."""

    @property
    def subject(self) -> str:
        """The subject's name: `host/cmp1`, `instance/UUID`, `process/cmp1/nova-compute`."""
        return subject_of(self.kind, self.host, self.detail)


def subject_of(kind: Kind, host: str, detail: str = "") -> str:
    """Return the name of a subject, unique within its segment."""
    match kind:
        case Kind.HOST:
            return host_subject(host)
        case Kind.INSTANCE:
            return f"instance/{detail}"
        case Kind.PROCESS:
            return f"process/{host}/{detail}"
        case _:
            assert_never(kind)


def host_subject(host: str) -> str:
    """Return the name of a host as a subject."""
    return f"host/{host}"


def fault(
    *,
    kind: Kind = Kind.HOST,
    host: str,
    observer: str,
    source: Source,
    symptom: Symptom = Symptom.DOWN,
    episode: str,
    host_uuid: str = "",
    detail: str = "",
    asserted: bool = False,
    boot_id: str = "",
    observed_at: Instant = 0,
    inventory_offset: int = -1,
    notification: Notification | None = None,
) -> Fault:
    """Return a fault with its derived id."""
    subject = subject_of(kind, host, detail)
    return Fault(
        event_id=event_id(observer, subject, symptom, boot_id, episode),
        kind=kind,
        host=host,
        host_uuid=host_uuid,
        detail=detail,
        observer=observer,
        source=source,
        symptom=symptom,
        asserted=asserted,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Route's statement up to which broker time it has drained a fault partition (the rule comes with the agents)."""

    topic: str
    partition: int
    at: Instant


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


class Limit(StrEnum):
    """What an approval may pass; it passes none that it does not name."""

    STORM = "storm"
    """So many hosts are unhealthy that the cause may be elsewhere."""
    HOLD = "hold"
    """A person's hold or cancel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A person's word, with its reason, through the mailbox and no other way."""

    command_id: UUID
    order: Instruction
    segment: str
    host: str = ""
    """Nova's service host, for a command about one host; empty when the incident or the segment says it."""
    incident: UUID | None = None
    limit: Limit | None = None
    """What an approval passes."""
    up_to: int = 0
    """A storm's approval holds for at most so many unhealthy hosts. 0: for one host as many as there are when it is
    read; for a segment it is refused, since whoever approves hosts without naming them must say how many were seen."""
    author: str
    reason: str
    said_at: Instant = 0
    """Kafka's timestamp of the record that route read; 0 when nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A worker's fact that matters to an incident's life, copied into the mailbox by route."""

    fact: Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryChange:
    """One description, forwarded into the mailbox of the segment that it concerns."""

    record: SegmentRecord | HostRecord


Signal = Fault | Tick | Reached | Outcome | Command | InventoryChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Where a record stands in its topic, and when the broker took it."""

    partition: int
    offset: int
    at: Instant


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A signal in a segment's mailbox."""

    segment: str
    """Empty for a tick or a `Reached`, which concern the whole partition."""
    signal: Signal
    trace: dict[str, str] = field(default_factory=dict, compare=False)
    """W3C trace context of the cause, carried in the record's headers."""
