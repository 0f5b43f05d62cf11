"""Nova knows no compute service of the host any more: a person has given the host up. Nova deletes with it what the
host held in Placement, and refuses while it has guests there."""

from kasugai.core.recovering.calls import DeleteService
from kasugai.core.recovering.look import Look, PowerState, list_is_believed
from kasugai.core.recovering.moves import Begin, Blocked, Move, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.departures import unfinished
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import NO_TRACE, as_a_client, is_open, note, planned_anew
from kasugai.core.recovering.steps.services import call, may_arrive
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.verdicts import Reason


def assess(s: Situation, step: Step) -> Move:
    """Two looks in a row show no such service."""
    if s.seen_at(step) < s.intent_at(step.key) or may_arrive(s, step):
        return Pending()
    if s.look.service is None:
        before = s.memory.before
        twice = before is not None and before.service is None
        return note(s, step, FactKind.DONE) if twice else Pending()
    if is_open(s, step):
        return note(s, step, FactKind.ABSOLVED, NO_TRACE)
    return _hindered(s) or unfinished(s) or call(s, step, "delete the service of")


def _hindered(s: Situation) -> Move | None:
    if s.look.power is PowerState.ON:
        return Blocked(reason=Reason.POWER_ON, detail="its power reads on: what is on may come back")
    if not list_is_believed(s.look, s.memory.before):
        return Pending()
    if s.look.guests:
        names = ", ".join(sorted(guest.name or guest.uuid for guest in s.look.guests.values()))
        return Blocked(reason=Reason.GUESTS_LEFT, detail=f"Nova still has guests there: {names}"[:500])
    return None


def _effect(order: Open, begin: Begin, look: Look) -> DeleteService:
    return DeleteService(service_id=look.service.service_id if look.service else "")


RETIRE = StepKind(
    words=WORDINGS[Action.RETIRE],
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
