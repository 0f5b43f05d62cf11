"""The return of a host that was recovered: it is switched on if the policy says so, its compute service is taken back
into service once it lives and has cleaned up, and guests that waited for it are started. Or, where a person has given
it up, its service is deleted.
"""

from collections.abc import Iterator

from kasugai.core.recovering.engine import called_off, failed, result
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Finish, Next
from kasugai.core.recovering.planning import projects_of
from kasugai.core.recovering.procedure import Procedure, every, nothing, unchanged, unmarked
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.custom_step import Around
from kasugai.core.recovering.waiting import last_change, wait
from kasugai.core.words.actions import Action
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.policy import HostReturn
from kasugai.core.words.timing import between
from kasugai.core.words.verdicts import Reason


def _can_plan(look: Look, before: Look | None) -> bool:
    """The plan stands on no look."""
    return True


def _plan(order: Open, look: Look, entry: Entry, epoch: int) -> Plan:
    return Plan(
        incident=order.incident,
        attempt=order.attempt,
        epoch=epoch,
        host=order.host,
        window=order.policy.window,
        steps=tuple(_retiring(order) if order.retired_by else _returning(order, look)),
        projects=projects_of(look.guests[guest] for guest in order.waiting if guest in look.guests),
    )


def _retiring(order: Open) -> Iterator[Step]:
    retire = Step(action=Action.RETIRE, subject=order.host, name=order.host)
    yield retire
    yield Step(action=Action.CONFIRM, subject=order.host, needs=(retire.key,), name=order.host)


def _returning(order: Open, look: Look) -> Iterator[Step]:
    needs: tuple[str, ...] = ()
    if order.policy.host_return is HostReturn.POWER_ON and order.back_at is None:
        switch = Step(action=Action.POWER_ON, subject=order.host, name=order.host)
        needs = (switch.key,)
        yield switch
    if look.storage is not None or (order.service is not None and order.service.closed):
        let_in = Step(action=Action.OPEN_STORAGE, subject=order.host, needs=needs, name=order.host)
        needs = (let_in.key,)
        yield let_in
    enable = Step(action=Action.REENABLE, subject=order.host, needs=needs, name=order.host)
    yield enable
    for guest in order.waiting:
        name = look.guests[guest].name if guest in look.guests else ""
        yield Step(action=Action.START_AGAIN, subject=guest, needs=(enable.key,), name=name)
    yield Step(action=Action.CONFIRM, subject=order.host, needs=(enable.key,), name=order.host)


def _was_stale(s: Situation) -> bool:
    """Whether the decision was too old when this owner took it over. A host takes minutes to boot, and what is done
    then stands on a look that shows that it lives."""
    taken_at = s.broker_now - between(s.memory.owner_since, s.now)
    return taken_at - s.order.decided_at > s.timing.decision_ttl


def _confirm(s: Situation) -> Next:
    """Look once more after the last call, and say what was left to others."""
    if s.look.at < last_change(s):
        return wait(s, ())
    if failed(s):
        return result(s)
    records = [s.record(step) for step in s.plan.steps]
    by_others = Reason.SERVICE_ENABLED_BY_OTHERS
    left = any(record is not None and record.reason == by_others for record in records)
    reason = Reason.COMMAND if s.order.retired_by else by_others if left else Reason.HOST_BACK
    return Finish(kind=FactKind.FINISHED, reason=reason, result=Result.RECOVERED, detail=_told(s, left=left))


def _told(s: Situation, *, left: bool) -> str:
    """Say what a person should know of how the service is now."""
    if s.order.retired_by:
        return f"given up by {s.order.retired_by}: delete it from the inventory"
    service = s.look.service
    if service is None or (service.is_enabled and not service.forced_down):
        return "enabled by somebody else" if left else ""
    state = "forced down" if service.forced_down else "disabled"
    return f"left as it is: {state}, {service.disabled_reason or 'without a reason'}"


RETURNING = Procedure(
    can_plan=_can_plan,
    plan=_plan,
    mark=unmarked,
    around=lambda policy: Around((), ()),
    guard=called_off,
    doubt=nothing,  # no step of the operator's own goes before
    stale=_was_stale,
    first=nothing,
    wants=every,
    with_hosts=nothing,
    silence=nothing,
    last=_confirm,
    asks=unchanged,
)
