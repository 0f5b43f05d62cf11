"""A reserve's compute service is enabled, so that Nova sends guests there."""

from kasugai.core.recovering.calls import Enable
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Move, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import as_a_client, note, planned_anew
from kasugai.core.recovering.steps.reserves import RESERVE, call
from kasugai.core.recovering.targets import is_living
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.verdicts import Reason


def enabled(reserve: str, needs: tuple[str, ...]) -> Step:
    """Return the step."""
    return Step(
        action=Action.ENABLE,
        subject=reserve,
        needs=needs,
        name=reserve,
        params=FrozenMap({RESERVE: reserve}),
    )


def assess(s: Situation, step: Step) -> Move:
    """Nova shows the service as enabled; one that is not up is of no use."""
    if s.look.at < s.intent_at(step.key) or step.subject not in s.look.others:
        return Pending(hosts=(step.subject,))
    view = s.look.others[step.subject]
    if not is_living(view):
        return note(s, step, FactKind.FAILED, Reason.RESERVE_DOWN)
    assert view is not None
    if view.is_enabled:
        record = s.record(step)
        return note(s, step, FactKind.DONE, "" if record is not None and record.tries else "already")
    return call(s, step)


def _effect(order: Open, begin: Begin, look: Look) -> Enable:
    reserve = look.others[begin.step.subject]
    return Enable(service_id=reserve.service_id if reserve else "")


ENABLE = StepKind(
    words=WORDINGS[Action.ENABLE],
    assess=assess,
    effect=_effect,
    limit=as_a_client,
    look_after=LookAfter.NOW,
    needs_silence=True,
    ends_what_was_begun=False,
    takes_room=False,
    rank=0,
    landing=None,
    carry_on=planned_anew,
    together=None,
)
