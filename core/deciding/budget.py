"""How often a guest is restarted: its row remembers when each attempt was published, and the gate is closed while as
many count as its segment's policy allows. An attempt that goes on with what a Stop has cut short is no other restart.
"""

from dataclasses import replace

from kasugai.core.deciding import evidence
from kasugai.core.deciding.asked import Asked
from kasugai.core.deciding.gates import Bars, Gate, Wait
from kasugai.core.deciding.rows import IncidentRow, SubjectRow
from kasugai.core.words.policy import Exhausted, Policy
from kasugai.core.words.timing import SteadyTime, later
from kasugai.core.words.verdicts import Reason

MOST = 256
"""So many attempts are kept: a larger budget is none."""


def _policy(asked: Asked) -> Policy:
    """An open incident goes on under the policy that it was opened with."""
    incident = asked.row.incident
    return asked.policy if incident is None else incident.order.policy


def _allowed(policy: Policy) -> int:
    return min(MOST, policy.restart_budget)


def _counted(row: SubjectRow, policy: Policy, deadline: SteadyTime) -> tuple[SteadyTime, ...]:
    return tuple(at for at in row.restarts if later(at, policy.restart_window) > deadline)


def is_spent(asked: Asked) -> bool:
    """Whether as many attempts count as the policy allows."""
    policy = _policy(asked)
    return len(_counted(asked.row, policy, asked.deadline)) >= _allowed(policy)


def relocates(asked: Asked) -> bool:
    """Whether the incident that is opened now is the one that is let through to move the guest elsewhere: none that was
    counts any more."""
    policy, last = asked.policy, asked.row.relocated
    wanted = policy.restart_then is Exhausted.RELOCATE and is_spent(asked)
    return wanted and (last is None or later(last, policy.restart_window) <= asked.deadline)


def next_attempt(incident: IncidentRow) -> int:
    """Return the attempt that the next publication belongs to: a stopped one is begun anew."""
    return incident.order.attempt + incident.stopped


def goes_on(row: SubjectRow) -> bool:
    """Whether the open incident's next attempt goes on with a restart that a Stop has cut short, and that has been paid
    for; a guest that was said to fail since is restarted anew."""
    incident = row.incident
    if incident is None or not (incident.stopped and incident.effects and incident.attempted):
        return False
    return not has_failed_anew(row, incident)


def has_failed_anew(row: SubjectRow, incident: IncidentRow) -> bool:
    """Whether the guest was said to fail after the open incident was last published."""
    return any(c.said > incident.published.at for c in evidence.standing(row.conditions))


def _used_up(asked: Asked) -> Reason | None:
    incident = asked.row.incident
    if incident is None:
        closed = is_spent(asked) and not relocates(asked)
    else:
        is_free = next_attempt(incident) <= incident.attempted or goes_on(asked.row)
        closed = not is_free and is_spent(asked)
    return Reason.RESTART_BUDGET if closed else None


def _until_it_grows(asked: Asked) -> Wait:
    """Until so many have left the window that one more is allowed; with a budget of none, never."""
    policy = _policy(asked)
    counted = _counted(asked.row, policy, asked.deadline)
    last = len(counted) - _allowed(policy)
    leaves = 0 <= last < len(counted)
    return Wait(
        until=later(counted[last], policy.restart_window) if leaves else None, on=frozenset({asked.row.name})
    )


def _told(asked: Asked, reason: Reason) -> str:
    policy = _policy(asked)
    counted = len(_counted(asked.row, policy, asked.deadline))
    within = f"within {policy.restart_window // 1000} s"
    return f"restarted {counted} times {within}; the segment allows {policy.restart_budget}"


BUDGET = Gate(
    reasons=frozenset({Reason.RESTART_BUDGET}),
    why=_used_up,
    wait=_until_it_grows,
    bars=Bars.BEGINNING,
    detail=_told,
)
"""The guest has not been restarted as often as its segment allows."""


def pay(row: SubjectRow, now: SteadyTime, deadline: SteadyTime) -> SubjectRow:
    """Return the row after its open incident's next attempt has been paid for, as it was if that was done before; what
    counts no more is forgotten."""
    incident = row.incident
    if incident is None or next_attempt(incident) <= incident.attempted:
        return row
    counted = _counted(row, incident.order.policy, deadline)
    paid = replace(incident, attempted=next_attempt(incident), paid=incident.paid + 1)
    return replace(
        row,
        restarts=(*counted, now)[-MOST:],
        relocated=now if incident.order.relocates and not incident.paid else row.relocated,
        incident=paid,
    )


def give_back(row: SubjectRow, incident: IncidentRow) -> SubjectRow:
    """Return the row after an incident that ended before any effect: nothing was restarted, so a user who stops his
    guest himself, or somebody who tells lies about it, uses up nothing."""
    left = row.restarts[: max(0, len(row.restarts) - incident.paid)]
    return replace(row, restarts=left, relocated=None if incident.order.relocates else row.relocated)
