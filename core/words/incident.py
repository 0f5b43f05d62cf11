"""An incident's life: its phases with the one table of transitions, and the orders that go to the workers."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from kasugai.core.words.policy import Policy
from kasugai.core.words.subject import OfKind, Subject
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Evidence


class Phase(StrEnum):
    """Where an incident stands. Correlate owns it; only an outcome closes it."""

    SUSPECTED = "suspected"
    """A fault is known, nothing is decided."""
    OPENED = "opened"
    """Published for a worker."""
    HELD = "held"
    """Cannot go on, with a reason."""
    RECOVERING = "recovering"
    """A worker owns an attempt."""
    RECOVERED = "recovered"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    """Over before any effect."""
    IGNORED = "ignored"
    """Never acted upon."""

    @property
    def is_final(self) -> bool:
        """Whether the incident is closed; a failed one can be retried by a person."""
        return self in (Phase.RECOVERED, Phase.FAILED, Phase.WITHDRAWN, Phase.IGNORED)


TRANSITIONS: dict[Phase, frozenset[Phase]] = {
    Phase.SUSPECTED: frozenset({Phase.OPENED, Phase.WITHDRAWN, Phase.IGNORED, Phase.HELD}),
    Phase.OPENED: frozenset(
        {Phase.OPENED, Phase.RECOVERING, Phase.HELD, Phase.RECOVERED, Phase.FAILED, Phase.WITHDRAWN}
    ),
    Phase.HELD: frozenset(
        {Phase.HELD, Phase.OPENED, Phase.RECOVERING, Phase.RECOVERED, Phase.FAILED, Phase.WITHDRAWN}
    ),
    Phase.RECOVERING: frozenset(
        {Phase.RECOVERING, Phase.OPENED, Phase.HELD, Phase.RECOVERED, Phase.FAILED, Phase.WITHDRAWN}
    ),
    Phase.RECOVERED: frozenset(),
    Phase.FAILED: frozenset({Phase.OPENED}),
    Phase.WITHDRAWN: frozenset(),
    Phase.IGNORED: frozenset(),
}
"""From which phase to which others. A worker's answer may overtake its `adopted`, so OPENED reaches every end."""


def move(old: Phase, new: Phase) -> Phase:
    """Return `new`; raise ValueError when the table does not allow the transition."""
    if new not in TRANSITIONS[old]:
        raise ValueError(f"incident phase {old} cannot become {new}")
    return new


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfService:
    """How an incident of ours left a host's compute service, and its storage."""

    wrote: str
    """The reason that its force-down wrote into Nova: what shows another one is not ours to lift."""
    before: str = ""
    """Why an operator had disabled it before; empty: nobody had."""
    closed: tuple[str, ...] = ()
    """Addresses of the host to which our fence closed its storage: no others are ours to let in again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Open(OfKind):
    """Work on this incident. Published with n = 1, 2, ... until an outcome closes it."""

    incident: UUID
    subject: Subject
    n: int
    attempt: int
    segment: str
    host_uuid: str
    decided_at: BrokerTime
    """`now` of the record that decided this publication."""
    opened_at: BrokerTime
    """`decided_at` of the first one; after a sign of life that of the next one: another outage."""
    asserted_at: BrokerTime | None
    """Broker time at which the youngest trusted assertion among the evidence was made, at the latest, or a person
    vouched: it counts as fenced unless the world contradicts it."""
    confirmed_at: BrokerTime | None = None
    """Broker time since which enough witnesses agree; None while they do not."""
    reset_at: BrokerTime | None = None
    """Broker time since which it is proven that the host's own watchdog has reset it; None: it is not."""
    vouched_by: str = ""
    """The person who vouches that the host is off; empty for nobody."""
    policy: Policy
    reserves: tuple[str, ...] = ()
    """Reserve hosts given to it by correlate, in order."""
    avoid: tuple[str, ...] = ()
    """Other hosts of the segment that are suspected or out of service, by name: no guest is sent there."""
    evidence: tuple[Evidence, ...] = ()
    previous: UUID | None = None
    """The subject's incident before this one."""
    seen_at: BrokerTime | None = None
    """Broker time at which the youngest sign against the subject was said: what was done to it after that has answered
    the sign; None where nobody says."""
    relocates: bool = False
    """Whether a guest that has used up its budget of restarts is to be moved to another host."""
    condemned: str = ""
    """Of a host that lives and is useless: the process that failed. It is recovered by a power device or not at all."""
    undoes: UUID | None = None
    """The incident whose effects are to be undone, because what it was about is well again; None: it recovers."""

    service: OutOfService | None = None
    """Of a host that is brought back: what of its service is ours to undo; None: nothing."""
    back_at: BrokerTime | None = None
    """Of a host that is brought back: since when it shows life after a restart, by the broker; None: not yet."""
    waiting: tuple[str, ...] = ()
    """Of a host that is brought back: uuids of the guests that were left on it for their disks."""
    retired_by: str = ""
    """The person who gave the host up: it is not brought back, its service is deleted; empty for nobody."""

    @property
    def knows_the_future(self) -> bool:
        """Whether it stands on something said after it was decided, which correlate cannot have written."""
        told = (self.asserted_at, self.confirmed_at, self.reset_at, self.opened_at)
        return any(at is not None and at > self.decided_at for at in told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(OfKind):
    """Begin no further effect of this incident."""

    incident: UUID
    subject: Subject
    n: int
    attempt: int
    segment: str
    decided_at: BrokerTime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(OfKind):
    """The Stop is over; an Open follows."""

    incident: UUID
    subject: Subject
    segment: str
    decided_at: BrokerTime
    reason: str


Order = Open | Stop | Resume
"""What goes to kasugai.incidents.*, keyed by host."""
