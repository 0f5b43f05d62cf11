"""The compute service that an incident of ours disabled is enabled. It is left where Nova shows anything else than that
incident wrote: somebody has decided since."""

from kasugai.core.recovering.calls import Enable
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Move, Pending
from kasugai.core.recovering.nova_views import ServiceView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import NO_TRACE, as_a_client, is_open, note, planned_anew
from kasugai.core.recovering.steps.services import REASON, call, may_arrive, service_of
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.verdicts import Reason


def assess(s: Situation, step: Step) -> Move:
    """Nova shows it as enabled, or for another reason disabled, and no call of ours can come after that: it would
    enable what somebody disabled since."""
    service = service_of(s)
    if not isinstance(service, ServiceView):
        return service
    if s.look.at < s.intent_at(step.key) or may_arrive(s, step):
        return Pending()
    if service.is_enabled:
        record = s.record(step)
        return note(s, step, FactKind.DONE, "" if record is not None and record.tries else "already")
    if service.forced_down or service.disabled_reason != step.params[REASON]:
        return note(s, step, FactKind.DONE, Reason.SERVICE_ENABLED_BY_OTHERS)
    return note(s, step, FactKind.ABSOLVED, NO_TRACE) if is_open(s, step) else call(s, step, "enable")


def _effect(order: Open, begin: Begin, look: Look) -> Enable:
    return Enable(service_id=look.service.service_id if look.service else "")


ENABLE_AGAIN = StepKind(
    words=WORDINGS[Action.ENABLE_AGAIN],
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
