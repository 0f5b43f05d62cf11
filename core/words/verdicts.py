"""Every decision as a value, also "no": a verb, a closed reason, and the evidence that it stands on."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from kasugai.core.words.spoken import Spoken
from kasugai.core.words.subject import Subject
from kasugai.core.words.timing import BrokerTime

EVIDENCE_LIMIT = 64
"""How many fault keys one verdict lists; what does not fit makes a second verdict."""


class Verb(StrEnum):
    """What correlate did about a subject."""

    SUSPECT = "suspect"
    """Something is said against it; not enough yet."""
    OPEN = "open"
    """An incident was opened."""
    REOPEN = "reopen"
    """An open incident was published again, with the next number."""
    EXPLAIN = "explain"
    """New evidence belongs to an incident that exists."""
    HOLD = "hold"
    """Nothing is done for now, for a reason that a person can change."""
    VETO = "veto"
    """A worker's last look contradicted the decision: it is taken anew."""
    STOP = "stop"
    """The owner of an open incident was told to stop."""
    WITHDRAW = "withdraw"
    """The suspicion is over and nothing was done."""
    IGNORE = "ignore"
    """The fault changes nothing."""
    DISREGARD = "disregard"
    """A worker's outcome is told, not obeyed."""
    RETRY = "retry"
    """Another attempt follows a failed one."""
    ALERT = "alert"
    """A person should look."""
    CLOSE = "close"
    """An outcome closed the incident."""
    WATCH = "watch"
    """A host that was out shows life: it is on probation."""
    READMIT = "readmit"
    """A host that was out counts as healthy again."""
    ARM = "arm"
    """The segment may act again."""
    DISARM = "disarm"
    """The segment may not act."""
    APPROVE = "approve"
    """What stood at a limit may pass it."""
    CANCEL = "cancel"
    """The incident is given up."""
    REFUSE = "refuse"
    """A person's command does not fit: nothing was done about it."""


class Reason(Spoken):
    """Why: the closed set; each word has a page for operators."""

    FIRST_SIGHTING = "first-sighting"
    """The first observer speaks against the host."""
    WAITING_FOR_WITNESSES = "waiting-for-witnesses"
    """Fewer kinds of witnesses than the policy asks for."""
    WAITING_TO_CONFIRM = "waiting-to-confirm"
    """Enough witnesses, not yet for `confirm-after`."""
    INSUFFICIENT_EVIDENCE = "insufficient-evidence"
    """Ten minutes with too few witnesses: one witness alone never fences."""
    EVIDENCE_EXPIRED = "evidence-expired"
    """Observers that should repeat themselves fell silent."""
    CONFIRMED = "confirmed"
    """Enough witnesses for long enough."""
    ASSERTED = "asserted"
    """A trusted report says that the host has been fenced."""
    POWER_OFF = "power-off"
    """The power was read as off."""
    SIGN_OF_LIFE = "sign-of-life"
    """Something alive is younger than the evidence."""
    CLEARED = "cleared"
    """The observers took their word back."""
    DISARMED = "disarmed"
    """The segment may not act: its description in the inventory says so."""
    DISARMED_BY_COMMAND = "disarmed-by-command"
    """The segment may not act: a person disarmed it, and nobody armed it since."""
    HELD_BY_COMMAND = "held-by-command"
    """A person held the host, or cancelled its incident: it waits for an approval that names `hold`."""
    STORM = "storm"
    """So many hosts are unhealthy that the cause may be elsewhere; looked at again when their number is steady."""
    APPROVAL_NEEDED = "approval-needed"
    """The number of unhealthy hosts is steady and too high: a person approves, or hosts return."""
    MAINTENANCE = "maintenance"
    """An operator set the host aside."""
    UNKNOWN_SUBJECT = "unknown-subject"
    """The inventory does not know the host."""
    NO_POOL = "no-pool"
    """No worker pool exists for this kind of fault yet."""
    PART_OF_INCIDENT = "part-of-incident"
    """An open incident, or the one that closed last, explains it."""
    STALE = "stale"
    """A one-off report that was evidence before or is older than the close; a command that came twice or a day late."""
    NO_FACT = "no-fact"
    """No worker said anything about the incident for too long."""
    CHANGED = "changed"
    """A condition of the subject changed: a held or vetoed incident is looked at again."""
    BACK_OFF_OVER = "back-off-over"
    """A held or vetoed incident is looked at again."""
    STALLED = "stalled"
    """Five publications without an answer: is any worker alive?"""
    NOVA_FRESH = "nova-fresh"
    """Nova's record is younger than the evidence."""
    DECISION_STALE = "decision-stale"
    """The decision was too old when a worker came to it."""
    POWER_ON = "power-on"
    """The power reads on, which contradicts the word that the host has been fenced."""
    SENDER_NOT_TRUSTED = "sender-not-trusted"
    """Its sender may not assert that a host has been fenced: it counts as one witness."""
    SEGMENT_TRUSTS_NOBODY = "segment-trusts-nobody"
    """The segment takes nobody's word that a host has been fenced: it counts as one witness."""
    NO_FENCE_DEVICE = "no-fence-device"
    """No power device and no assertion: nothing proves that the host is off."""
    VOUCHED = "vouched"
    """A person vouches that the host is off."""
    UNFENCED = "unfenced"
    """Silent for `unfenced-wait`, which is proof enough in a segment with `fence: none`."""
    UNFENCED_WAIT = "unfenced-wait"
    """Not yet silent for `unfenced-wait`, in a segment with `fence: none`."""
    FENCE_REFUSED = "fence-refused"
    """The power device did not switch the host off."""
    SOURCE_RETURNED = "source-returned"
    """The source showed life after it was forced down."""
    EVACUATION_UNRESOLVED = "evacuation-unresolved"
    """Nova has not ended an evacuation within its time; it is not called again."""
    IN_MIGRATION = "in-migration"
    """A guest was in another migration and may already run elsewhere."""
    STOPPED = "stopped"
    """The attempt was told to stop after an effect had begun."""
    OTHER_INCIDENT = "other-incident"
    """The host has another unfinished incident."""
    NO_SERVICE = "no-service"
    """Nova knows no nova-compute service of that host."""
    NO_CAPACITY = "no-capacity"
    """No host can take the guests (that are left): it is tried again when that may have changed."""
    NO_RESERVE = "no-reserve"
    """The policy wants a reserve host, and none is healthy and unused."""
    RESERVE_DOWN = "reserve-down"
    """The reserve's compute service is not up."""
    NO_VALID_HOST = "no-valid-host"
    """Nova found no place for a guest."""
    DESTINATION_FAILED = "destination-failed"
    """The destination could not start a guest."""
    REFUSED = "refused"
    """Nova refused a call for good."""
    POISON = "poison"
    """A bug or a record that cannot be understood ended the attempt."""
    PARTIAL = "partial-failure"
    """Some guests are not where they should be."""
    RECOVERED = "recovered"
    """All guests of the plan are where they should be."""
    NOTHING_DONE = "nothing-done"
    """It was stopped before any effect."""
    OLDER_EPOCH = "older-epoch"
    """A fenced owner speaks."""
    NOT_OPEN = "not-open"
    """The incident is not open any more."""
    ON_PROBATION = "on-probation"
    """A host that was out shows life, not yet for long enough."""
    PROBATION_OVER = "probation-over"
    """It has shown life for long enough."""
    COMMAND = "command"
    """A person said so; the detail says who and why."""
    NOT_WAITING = "not-waiting"
    """The incident is being worked on, so there is nothing to retry."""
    ALREADY_SO = "already-so"
    """It is as the command wants it."""
    NOTHING_TO_APPROVE = "nothing-to-approve"
    """Nothing stands at the limit that the approval names."""
    NO_LIMIT = "no-limit"
    """The approval names no limit, or no number of hosts for a segment's storm, so it passes none."""
    NO_EVIDENCE = "no-evidence"
    """Nothing stands against the host any more."""
    UNDECIDABLE = "undecidable"
    """A bug in the rules: the record is dead-lettered and the segment disarmed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One fault as a verdict about its subject names it."""

    event_id: UUID
    observer: str
    symptom: str
    episode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One decision about one subject."""

    verdict_id: UUID
    verb: Verb
    subject: Subject
    segment: str
    reason: Reason
    evidence: tuple[Evidence, ...]
    count: int
    """How many faults it stands on, also those in its other parts."""
    at: BrokerTime
    """`now` of the record that was decided."""
    incident: UUID | None = None
    also: tuple[Reason, ...] = ()
    """What other gates said."""
    detail: str = ""
