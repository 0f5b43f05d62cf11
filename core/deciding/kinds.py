"""The kinds of subjects: what stands before an incident of each, what proves it, what it counts for.

Nowhere else is a kind asked for by its name: what differs between kinds is an attribute here.
"""

from dataclasses import dataclass

from kasugai.core.deciding import evidence
from kasugai.core.deciding.gates import Gate
from kasugai.core.deciding.permits import ARMED, HELD, KNOWN, MAINTAINED, NO_POOL
from kasugai.core.deciding.proof import Weigh, proven_by
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
    """When what is held against one is proof: the measure of the gate of evidence among `gates`."""
    counts_in_storm: bool
    """Whether a sick one is one of the segment's unhealthy hosts."""
    goes_out: bool
    """Whether one is out of service after its incident, until it has been re-admitted."""

    def gate_of(self, reason: str | None) -> Gate | None:
        """Return the gate that gives this reason; None when it is no gate's."""
        return next((gate for gate in self.gates if reason in gate.reasons), None)


HOST = SubjectKind(
    name=Kind.HOST,
    gates=(KNOWN, MAINTAINED, proven_by(evidence.weigh), ARMED, HELD, CALM, RESERVE),
    proof=evidence.weigh,
    counts_in_storm=True,
    goes_out=True,
)

INSTANCE = SubjectKind(
    name=Kind.INSTANCE,
    gates=(KNOWN, NO_POOL, MAINTAINED, proven_by(evidence.weigh), ARMED, HELD),
    proof=evidence.weigh,
    counts_in_storm=False,
    goes_out=False,
)

PROCESS = SubjectKind(
    name=Kind.PROCESS,
    gates=(KNOWN, NO_POOL, MAINTAINED, proven_by(evidence.weigh), ARMED, HELD),
    proof=evidence.weigh,
    counts_in_storm=False,
    goes_out=False,
)

KINDS = {kind.name: kind for kind in (HOST, INSTANCE, PROCESS)}
"""By name; a test says that none is missing."""


def final_reasons() -> frozenset[Reason]:
    """Return the reasons after which nothing comes of a report until a person changes the inventory."""
    return frozenset(reason for kind in KINDS.values() for gate in kind.gates for reason in gate.final)
