"""What the API shows, as values.

The projector computes them from the topics; nobody else writes them, but for a notification that has just been
accepted. Times are milliseconds since the epoch; Masakari's words (notification, vmove, status) are used from here on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from kasugai.core.words.timing import Instant


class Status(StrEnum):
    """Where a notification stands, in Masakari's words (architecture.md 9)."""

    NEW = "new"
    RUNNING = "running"
    ERROR = "error"
    """An attempt failed and another one follows."""
    FAILED = "failed"
    IGNORED = "ignored"
    FINISHED = "finished"

    @property
    def is_unfinished(self) -> bool:
        """Whether more may come of it."""
        return self in (Status.NEW, Status.RUNNING, Status.ERROR)


class MoveStatus(StrEnum):
    """Where one instance's move stands, in Masakari's words."""

    PENDING = "pending"
    ONGOING = "ongoing"
    IGNORED = "ignored"
    FAILED = "failed"
    SUCCEEDED = "succeeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationView:
    """A notification as `GET /notifications/{uuid}` shows it, without the progress details."""

    number: int
    """Masakari's integer id: `numbers.notification_number` of its place on kasugai.faults.reported."""
    notification_uuid: str
    type: str
    generated_time: str
    """As the fault's record has it."""
    source_host_uuid: str
    payload: Mapping[str, str]
    status: Status = Status.NEW
    failover_segment_uuid: str = ""
    message: str = ""
    """Why it stands where it stands; empty is Masakari's null."""
    created_at: Instant
    """The timestamp of the fault's record."""
    updated_at: Instant | None = None
    """When anything last changed it."""
    incident: str = ""
    """The incident that it became evidence of, or that its suspicion ended in; empty for none."""

    @property
    def is_busy(self) -> bool:
        """Whether its host is under recovery: nobody has looked at it yet, or its incident goes on. What is only
        suspected or held is not: it may stand for days, and the operator's word would be refused for as long."""
        return self.status is Status.NEW or (bool(self.incident) and self.status.is_unfinished)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressDetail:
    """One sentence of a task."""

    at: Instant
    message: str
    percent: int
    """Masakari's `progress`, times 100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowDetail:
    """One task of a notification's recovery, by the name that Masakari's clients know."""

    name: str
    percent: int
    state: str
    """Taskflow's word: PENDING, RUNNING, SUCCESS, FAILURE."""
    progress: tuple[ProgressDetail, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VMoveView:
    """One instance's move, as one notification shows it."""

    number: int
    """Masakari's integer id: derived from `uuid`."""
    uuid: str
    notification_uuid: str
    instance_uuid: str
    instance_name: str
    source_host: str
    dest_host: str = ""
    """Empty is Masakari's null: it has not landed."""
    start_time: Instant | None = None
    end_time: Instant | None = None
    type: str = "evacuation"
    status: MoveStatus
    message: str = ""
    created_at: Instant
    """When it was planned."""
    updated_at: Instant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step of an incident's plan."""

    step: str
    """`action:subject`."""
    action: str
    subject: str
    name: str
    state: str
    """waiting, started, unsure, done, failed or absolved."""
    tries: int = 0
    reason: str = ""
    destination: str = ""
    """Where an evacuated instance landed."""
    disks: str = ""
    """On what an instance's data lies; empty for other steps."""
    began_at: Instant | None = None
    ended_at: Instant | None = None
    needs: tuple[str, ...] = ()
    """Steps that must be done first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftView:
    """An instance that a plan leaves where it is."""

    instance: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """One incident with its plan and where each step stands."""

    incident: str
    kind: str
    subject: str
    host: str
    detail: str
    """The instance's uuid or the process's name; empty for a host."""
    name: str = ""
    """What the instance is called; empty while that is not known, and of what is none."""
    host_uuid: str
    segment: str
    """The segment's id."""
    phase: str
    why: str
    opened_at: Instant
    closed_at: Instant | None = None
    updated_at: Instant
    """When anything last moved it."""
    is_retried: bool = False
    """Whether an attempt has failed and another one is waited for."""
    attempt: int = 1
    epoch: int = 0
    """The newest owner's number, which counts all owners that its subject ever had."""
    is_open: bool
    """Whether correlate has not closed it; a worker's answer alone closes nothing."""
    steps: tuple[StepView, ...] = ()
    instances: int = 0
    instances_done: int = 0
    left: tuple[LeftView, ...] = ()
    notifications: tuple[str, ...] = ()
    """The notifications that became evidence of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutView:
    """A recovery has taken a host out of service, and nobody has let it in again. A host may have several."""

    segment: str
    """The segment's id."""
    host: str
    process: str = ""
    """For whose failure its compute service is disabled; empty where the host itself was recovered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineLine:
    """One sentence of an incident's story, by the narrator."""

    at: Instant
    actor: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """One fault that a verdict stands on."""

    event_id: str
    observer: str
    symptom: str
    episode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictView:
    """One decision about a subject: why, or why not."""

    verdict_id: str
    at: Instant
    subject: str
    segment: str
    verb: str
    reason: str
    meaning: str
    """The reason's sentence for people."""
    also: tuple[str, ...] = ()
    detail: str = ""
    incident: str = ""
    evidence: tuple[EvidenceView, ...] = ()
    count: int = 0
    hosts: tuple[str, ...] = ()
    """Of what joins several hosts: their names."""
