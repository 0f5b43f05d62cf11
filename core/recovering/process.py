"""The recovery of a host of which a process has failed: its compute service is disabled, and enabled again once the
process is back, if nobody else has spoken since."""

from kasugai.core.recovering.engine import called_off, failed, result
from kasugai.core.recovering.lastlook import decision_is_stale
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Finish, Next
from kasugai.core.recovering.nova_views import ServiceView
from kasugai.core.recovering.procedure import Procedure, every, nothing, unchanged, unmarked
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.custom_step import Around
from kasugai.core.recovering.steps.services import REASON, reason_of
from kasugai.core.recovering.waiting import last_change, wait
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.verdicts import Reason


def _can_plan(look: Look, before: Look | None) -> bool:
    """The plan stands on no look."""
    return True


def _plan(order: Open, look: Look, entry: Entry, epoch: int) -> Plan:
    """Disable, with a reason that names this incident; or enable, if Nova shows the reason of the incident that is
    undone. Then the last look."""
    action = Action.DISABLE if order.undoes is None else Action.ENABLE_AGAIN
    reason = reason_of(order.subject.detail, order.undoes or order.incident)
    step = Step(
        action=action,
        subject=order.host,
        name=order.host,
        params=FrozenMap({REASON: reason}),
    )
    confirm = Step(action=Action.CONFIRM, subject=order.host, needs=(step.key,), name=order.host)
    return Plan(
        incident=order.incident,
        attempt=order.attempt,
        epoch=epoch,
        host=order.host,
        window=order.policy.window,
        steps=(step, confirm),
    )


def _guard(s: Situation) -> Next | None:
    """One that is told to stop, and of which nothing has come, is over: there is nothing that anybody would have to go
    on with."""
    step = next(step for step in s.plan.steps if step.is_about_subject)
    return None if s.is_final(step) else called_off(s)


def _confirm(s: Situation) -> Next:
    """Look once more after the last call, and say what was left to others."""
    if s.look.at < last_change(s):
        return wait(s, ())
    records = [s.record(step) for step in s.plan.steps]
    by_others = Reason.SERVICE_ENABLED_BY_OTHERS
    if failed(s) or not any(record is not None and record.reason == by_others for record in records):
        return result(s)
    return Finish(
        kind=FactKind.FINISHED, reason=by_others, result=Result.RECOVERED, detail=_told(s.look.service)
    )


def _told(service: ServiceView | None) -> str:
    """Say how Nova shows the service that was left."""
    if service is None or service.is_enabled:
        return "enabled by somebody else"
    state = "forced down" if service.forced_down else "disabled"
    return f"left as it is: {state}, {service.disabled_reason or 'without a reason'}"


PROCESS = Procedure(
    can_plan=_can_plan,
    plan=_plan,
    mark=unmarked,
    around=lambda policy: Around(policy.process_before, policy.process_after),
    guard=_guard,
    doubt=nothing,  # correlate has decided, and the step looks at the service
    stale=decision_is_stale,
    first=nothing,
    wants=every,
    with_hosts=nothing,
    silence=nothing,
    last=_confirm,
    asks=unchanged,
)
