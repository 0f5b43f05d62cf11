"""The kinds of subjects: what stands before an incident of each, what proves it, what it counts for.

Nowhere else is a kind asked for by its name: what differs between kinds is an attribute here.
"""

from dataclasses import dataclass

from kasugai.core.deciding import evidence
from kasugai.core.deciding.budget import BUDGET
from kasugai.core.deciding.crowds import CROWD
from kasugai.core.deciding.domainstorm import DOMAIN_CALM, DOMAIN_PACED
from kasugai.core.deciding.draining import CALM_FIRST, LIMITED
from kasugai.core.deciding.dumps import DUMPED
from kasugai.core.deciding.gates import Gate
from kasugai.core.deciding.hostfirst import HOST_FIRST
from kasugai.core.deciding.permits import ARMED, HELD, KNOWN, MAINTAINED, SILENCED
from kasugai.core.deciding.plannedstop import ANNOUNCED
from kasugai.core.deciding.processgates import ALONE, BOOTED, NOTED
from kasugai.core.deciding.proof import Weigh, proven_by
from kasugai.core.deciding.quarantine import TRUSTED_TO_STAY
from kasugai.core.deciding.reserves import RESERVE
from kasugai.core.deciding.storm import CALM
from kasugai.core.words.subject import Kind
from kasugai.core.words.verdicts import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectKind:
    """What is particular to a kind of subject."""

    name: Kind
    gates: tuple[Gate, ...]
    """In the order in which they are reported."""
    proof: Weigh
    """When what is held against one is proof. Where that may take time, a gate among `gates` asks the same."""
    counts_in_storm: bool = False
    """Whether a sick one is one of the segment's unhealthy hosts."""
    goes_out: bool = False
    """Whether one is out of service after its incident, until it has been re-admitted."""
    has_guests: bool = False
    """Whether others run on it, who may have it told of, and condemn it."""
    occurs: bool = False
    """Whether what is said of one is an occurrence: an incident answers what was said before it, and nothing later."""
    looked_at: bool = False
    """Whether nothing but a worker's look ends its open incident: a sign of life may be our own doing."""
    has_budget: bool = False
    """Whether its attempts are counted."""
    makes_crowds: bool = False
    """Whether many that fail at once speak for a cause in their host."""
    is_undone: bool = False
    """Whether what an incident of it did is undone when it is well again."""
    returns: bool = False
    """Whether it is brought back into service by an incident that undoes the one before."""
    condemns: bool = False
    """Whether a policy may have its host recovered because of it."""

    def gate_of(self, reason: str | None) -> Gate | None:
        """Return the gate that gives this reason; None when it is no gate's."""
        return next((gate for gate in self.gates if reason in gate.reasons), None)


HOST = SubjectKind(
    name=Kind.HOST,
    gates=(
        KNOWN,
        MAINTAINED,
        ANNOUNCED,
        proven_by(evidence.weigh),
        DUMPED,
        SILENCED,
        ARMED,
        HELD,
        CALM,
        DOMAIN_CALM,
        RESERVE,
        TRUSTED_TO_STAY,
        DOMAIN_PACED,
    ),
    proof=evidence.weigh,
    counts_in_storm=True,
    goes_out=True,
    has_guests=True,
    returns=True,
)

INSTANCE = SubjectKind(
    name=Kind.INSTANCE,
    gates=(KNOWN, MAINTAINED, ANNOUNCED, SILENCED, ARMED, HELD, HOST_FIRST, BUDGET, CROWD),
    proof=evidence.observed,
    occurs=True,
    looked_at=True,
    has_budget=True,
    makes_crowds=True,
)

PROCESS = SubjectKind(
    name=Kind.PROCESS,
    gates=(
        KNOWN,
        NOTED,
        MAINTAINED,
        ANNOUNCED,
        SILENCED,
        BOOTED,
        ARMED,
        HELD,
        HOST_FIRST,
        CALM_FIRST,
        LIMITED,
        ALONE,
    ),
    proof=evidence.observed,
    occurs=True,
    is_undone=True,
    condemns=True,
)

KINDS = {kind.name: kind for kind in (HOST, INSTANCE, PROCESS)}
"""By name; a test says that none is missing."""


def final_reasons() -> frozenset[Reason]:
    """Return the reasons after which nothing comes of a report until a person changes the inventory."""
    return frozenset(reason for kind in KINDS.values() for gate in kind.gates for reason in gate.final)
