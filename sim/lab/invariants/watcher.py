"""What a watcher is, and what it may see: what stands in the log, what reached Nova, what the ledger took, the end.

They watch the simulated cloud, the broker and the ledger from outside and never look into a handler.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from kasugai.core.deciding.rows import Row
from kasugai.core.recovering.ledger import Entry
from kasugai.core.words.facts import Fact
from kasugai.core.words.incident import Order
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.signals import Command, Fault
from kasugai.core.words.silences import Silence
from kasugai.core.words.timing import BrokerTime
from kasugai.core.words.verdicts import Verdict
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.diary import Entry as DiaryEntry
from kasugai.sim.cloud.wire import READS, Request

EFFECTS = ("fence", "close-storage", "force-down", "evacuate")
"""What is done to a host and its guests because the host is held to be dead."""
OBEDIENCE = 10_000
"""Milliseconds until a Stop has reached whoever works on the host, also when correlate has just died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One of EFFECTS has left its sender."""

    action: str
    host: str
    guest: str = ""
    """The uuid, for an evacuation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Nova took an evacuation."""

    guest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call of ours about a guest or a service: it has left its sender, or it has arrived and Nova has answered."""

    request: Request

    @property
    def action(self) -> str:
        """What was called."""
        return self.request.action

    @property
    def subject(self) -> str:
        """The guest's uuid, or the host's name."""
        return self.request.subject

    @property
    def is_sent(self) -> bool:
        """Whether it has just left."""
        return self.request.arrived is None

    @property
    def was_taken(self) -> bool:
        """Whether it has just arrived and Nova took it."""
        return self.request.arrived is not None and self.request.status == 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The ledger is about to hold an entry."""

    entry: Entry
    epoch: int
    """Its writer's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The run is over."""

    rows: tuple[Row, ...]
    """Of correlate's table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """A fault that its topic may not carry."""

    fault: Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Buried:
    """A fault has become a dead letter."""

    fault: Fault


Sight = (
    Fault
    | Lie
    | Buried
    | Command
    | Silence
    | HostRecord
    | SegmentRecord
    | Verdict
    | Order
    | Fact
    | DiaryEntry
    | Sent
    | Accepted
    | Asked
    | Kept
    | Ended
)
"""What there is to see: records of the log, and what happened beside it."""


def is_a_call(request: Request) -> bool:
    """Whether a request of ours may change something."""
    return request.sender != "" and request.action not in READS


class Watcher(ABC):
    """One invariant: its docstring says it in a sentence, its state is its own."""

    sees: ClassVar[tuple[type, ...]]
    """What it is told of."""

    def __init__(self, cloud: SimCloud) -> None:
        """Have seen nothing; `cloud` is the world as it really is."""
        self.cloud = cloud

    @abstractmethod
    def saw(self, what: Sight, at: BrokerTime) -> Iterator[str]:
        """Take in what happened at the broker's time `at`; yield a sentence for each way in which it breaks the
        invariant."""
