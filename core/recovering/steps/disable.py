"""The compute service of the host whose process failed is disabled, so that Nova sends no guests there. One that is
disabled already stays as it is, for whatever reason, and one that somebody enables in the very second stays enabled."""

from kasugai.core.recovering.calls import Disable
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Move, Pending
from kasugai.core.recovering.nova_views import ServiceView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import (
    ALREADY,
    NO_TRACE,
    as_a_client,
    is_open,
    note,
    planned_anew,
    seen_done,
)
from kasugai.core.recovering.steps.services import REASON, call, may_arrive, service_of
from kasugai.core.recovering.steps.traces import is_answered
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.verdicts import Reason


def assess(s: Situation, step: Step) -> Move:
    """Nova shows it as disabled, and no call of ours can come after that: it would disable what was enabled since."""
    service = service_of(s)
    if not isinstance(service, ServiceView):
        return service
    if s.look.at < s.intent_at(step.key):
        return Pending()
    is_ours = service.disabled_reason == step.params[REASON]
    if may_arrive(s, step) and (service.is_enabled or not is_ours):
        return Pending()
    if not service.is_enabled:
        return seen_done(s, step) if is_ours else note(s, step, FactKind.DONE, ALREADY)
    if is_answered(s, step):
        return note(s, step, FactKind.DONE, Reason.SERVICE_ENABLED_BY_OTHERS)
    return note(s, step, FactKind.ABSOLVED, NO_TRACE) if is_open(s, step) else call(s, step, "disable")


def _effect(order: Open, begin: Begin, look: Look) -> Disable:
    service_id = look.service.service_id if look.service else ""
    return Disable(service_id=service_id, reason=begin.step.params[REASON])


DISABLE = StepKind(
    words=WORDINGS[Action.DISABLE],
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
