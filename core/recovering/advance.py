"""advance(situation): what a recovery does next. Pure: the same order, ledger, look and memory give the same answer.

It picks the procedure by the kind of the subject, from the one table, and lets the engine go through the steps.
"""

from collections.abc import Mapping
from types import MappingProxyType

from kasugai.core.recovering.draining import DRAINING, is_drain
from kasugai.core.recovering.engine import proceed
from kasugai.core.recovering.host import HOST
from kasugai.core.recovering.instance import INSTANCE
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Next
from kasugai.core.recovering.procedure import Procedure
from kasugai.core.recovering.process import PROCESS
from kasugai.core.recovering.returning import RETURNING
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.custom_step import with_custom
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan
from kasugai.core.words.subject import Kind

PROCEDURES: Mapping[Kind, Procedure] = MappingProxyType(
    {Kind.HOST: HOST, Kind.INSTANCE: INSTANCE, Kind.PROCESS: PROCESS}
)
"""By the kind of subject."""
RETURNS: Mapping[Kind, Procedure] = MappingProxyType({Kind.HOST: RETURNING})
"""By the kind of subject: how one is brought back that has a procedure of its own for that."""


class NoProcedure(LookupError):
    """An incident of a kind that no worker of this version recovers."""


def procedure_of(order: Open) -> Procedure:
    """Return how an order is carried out. NoProcedure when this version does not know its kind of subject."""
    returning = RETURNS.get(order.kind) if order.undoes is not None else None
    if is_drain(order):
        return DRAINING
    procedure = returning or PROCEDURES.get(order.kind)
    if procedure is None:
        raise NoProcedure(f"no worker of this version recovers a subject of the kind {order.kind}")
    return procedure


def plan_of(order: Open, look: Look, entry: Entry, epoch: int) -> Plan:
    """Return the attempt's plan, with the operator's own steps. NoProcedure as `procedure_of`."""
    procedure = procedure_of(order)
    return with_custom(procedure.plan(order, look, entry, epoch), procedure.around(order.policy))


def advance(s: Situation) -> Next:
    """Return what to do next. NoProcedure for a kind of subject that this version does not know."""
    return proceed(procedure_of(s.order), s)
