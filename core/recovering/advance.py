"""advance(situation): what a recovery does next. Pure: the same order, ledger, look and memory give the same answer.

It picks the procedure by the kind of the subject, from the one table, and lets the engine go through the steps.
"""

from collections.abc import Mapping
from types import MappingProxyType

from kasugai.core.recovering.engine import proceed
from kasugai.core.recovering.host import HOST
from kasugai.core.recovering.moves import Next
from kasugai.core.recovering.procedure import Procedure
from kasugai.core.recovering.situation import Situation
from kasugai.core.words.subject import Kind

PROCEDURES: Mapping[Kind, Procedure] = MappingProxyType({Kind.HOST: HOST})
"""By the kind of subject. Correlate opens no incident of a kind that has none here (`no-pool`)."""


class NoProcedure(LookupError):
    """An incident of a kind that no worker of this version recovers."""


def procedure_of(kind: Kind) -> Procedure:
    """Return how subjects of that kind are recovered. NoProcedure when this version does not know."""
    procedure = PROCEDURES.get(kind)
    if procedure is None:
        raise NoProcedure(f"no worker of this version recovers a subject of the kind {kind}")
    return procedure


def advance(s: Situation) -> Next:
    """Return what to do next. NoProcedure for a kind of subject that this version does not know."""
    return proceed(procedure_of(s.order.kind), s)
