"""The compute service that our force-down took out of service is as it was before. What shows anything else than that
force-down wrote is left: somebody has decided since.

It waits for a host that was surely restarted, that reports to Nova, and that has cleaned up after its guests.
"""

from kasugai.core.recovering.calls import Reenable
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Blocked, Move, Pending
from kasugai.core.recovering.nova_views import ServiceView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.departures import uncleaned
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import (
    NO_TRACE,
    as_a_client,
    is_open,
    note,
    planned_anew,
    seen_done,
)
from kasugai.core.recovering.steps.services import LONGEST, call, may_arrive, service_of
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind
from kasugai.core.words.identity import step_key
from kasugai.core.words.incident import Open, OutOfService
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import between
from kasugai.core.words.verdicts import Reason


def assess(s: Situation, step: Step) -> Move:
    """Nova shows it as it was before, or as somebody else wants it, and no call of ours can come after that."""
    service = service_of(s)
    if not isinstance(service, ServiceView):
        return service
    if s.seen_at(step) < s.intent_at(step.key) or may_arrive(s, step):
        return Pending()
    if is_open(s, step):  # what has become of a call waits for nothing else
        return _settled(s, step, service)
    return _not_ready(s, service) or _reenabled(s, step, service)


def _settled(s: Situation, step: Step, service: ServiceView) -> Move:
    if _is_as_before(service, s.order.service):
        return note(s, step, FactKind.DONE)
    return note(s, step, FactKind.ABSOLVED, NO_TRACE)


def _not_ready(s: Situation, service: ServiceView) -> Move | None:
    if not was_restarted(s):
        return Blocked(
            reason=Reason.HOST_AWAY, detail=f"nothing was heard of {s.order.host} since its restart"
        )
    if not _reports(s, service):
        return _await(s, Reason.HOST_AWAY, "it is on, and its nova-compute does not report to Nova")
    if left := uncleaned(s):
        told = f"its nova-compute has not cleaned up after {len(left)} evacuations: restart it ({', '.join(left)})"
        return _await(s, Reason.EVACUATION_OPEN, told)
    return None


def was_restarted(s: Situation) -> bool:
    """Whether somebody has seen it live under another boot, or this incident has switched it on: a fenced host that
    answers without having been restarted is not back, for whoever declared it dead was wrong."""
    switched = s.entry.steps.get(step_key(Action.POWER_ON, s.order.host))
    return s.order.back_at is not None or (
        switched is not None and switched.tries > 0 and s.is_done(switched.key)
    )


def _reports(s: Situation, service: ServiceView) -> bool:
    """Whether nova-compute lives: Nova says so, or its record moved while we looked and nothing else of it did. Of one
    that is forced down Nova never says so."""
    moves = service.is_up or s.memory.reports > 0
    return moves and service.age * 1000 < s.timing.stale_after


def _await(s: Situation, reason: Reason, told: str) -> Move:
    """It takes its time to start; then a person is told."""
    if between(s.memory.owner_since, s.now) <= s.timing.landing:
        return Pending()
    return Blocked(reason=reason, detail=told[:500])


def _reenabled(s: Situation, step: Step, service: ServiceView) -> Move:
    left = s.order.service
    if _is_as_before(service, left):
        return seen_done(s, step)
    if left is None or service.is_enabled or service.disabled_reason != left.wrote[:LONGEST]:
        return note(s, step, FactKind.DONE, Reason.SERVICE_ENABLED_BY_OTHERS)
    return call(s, step, "enable")


def _is_as_before(service: ServiceView, left: OutOfService | None) -> bool:
    if service.forced_down:
        return False
    if left is None or not left.before:
        return service.is_enabled
    return not service.is_enabled and service.disabled_reason == left.before[:LONGEST]


def _effect(order: Open, begin: Begin, look: Look) -> Reenable:
    service_id = look.service.service_id if look.service else ""
    return Reenable(service_id=service_id, reason=order.service.before if order.service is not None else "")


REENABLE = StepKind(
    words=WORDINGS[Action.REENABLE],
    assess=assess,
    effect=_effect,
    limit=as_a_client,
    look_after=LookAfter.NOW,
    needs_silence=False,
    ends_what_was_begun=False,
    takes_room=False,
    rank=0,
    landing=None,
    carry_on=planned_anew,
    together=None,
)
