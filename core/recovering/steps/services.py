"""What the steps about the compute service of a host with a failed process share: the reason that is written to Nova,
by which an incident of ours is known again, and whether a call of theirs may still arrive."""

import re
from uuid import UUID

from kasugai.core.recovering.moves import Blocked, Move
from kasugai.core.recovering.nova_views import ServiceView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.force_down import no_service
from kasugai.core.recovering.steps.records import begin, is_open, is_settled, settles_after, tries_here
from kasugai.core.recovering.steps.traces import is_answered
from kasugai.core.words.plan import Step
from kasugai.core.words.verdicts import Reason

LONGEST = 255
"""So many characters Nova takes for a reason (nova/api/openstack/compute/schemas/services.py)."""
REASON = "reason"
"""The parameter of a step that says which reason is written, or was."""
TRIES = 5
"""How often one owner makes a call that may be repeated safely once it is over."""
_OURS = re.compile(r"Kasugai: .* failed \([0-9a-f-]{36}\)", re.DOTALL)


def reason_of(process: str, incident: UUID) -> str:
    """Return why an incident disables the host of a process."""
    rest = f" failed ({incident})"
    return f"Kasugai: {process}"[: LONGEST - len(rest)] + rest


def is_ours(reason: str) -> bool:
    """Whether an incident about a process wrote that reason."""
    return _OURS.fullmatch(reason) is not None


def service_of(s: Situation) -> ServiceView | Move:
    """Return the host's compute service; what to do where Nova does not show it."""
    return s.look.service if s.look.service is not None else no_service(s)


def may_arrive(s: Situation, step: Step) -> bool:
    """Whether a call of the step may still reach Nova and change the service once more."""
    unknown = is_open(s, step) and not is_answered(s, step)
    return unknown and not is_settled(s, step, settles_after(s, step))


def call(s: Situation, step: Step, what: str) -> Move:
    """Call, unless this owner has in vain often enough."""
    if not tries_here(s, step, TRIES):
        return Blocked(reason=Reason.REFUSED, detail=f"Nova does not {what} {s.order.host}")
    return begin(s, step)
