"""A reserve is in one of the source's aggregates; one that was deleted meanwhile needs nobody."""

from kasugai.core.recovering.calls import AddToAggregate
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Move, Pending
from kasugai.core.recovering.nova_views import AggregateView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import as_a_client, note, planned_anew
from kasugai.core.recovering.steps.reserves import RESERVE, call, reserve_of
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step

_AGGREGATE = "aggregate"


def joined(reserve: str, aggregate: AggregateView, needs: tuple[str, ...]) -> Step:
    """Return the step that brings `reserve` into `aggregate`."""
    return Step(
        action=Action.JOIN,
        subject=f"{reserve}/{aggregate.aggregate_id}",
        needs=needs,
        name=f"{reserve} to {aggregate.name}",
        params=FrozenMap({RESERVE: reserve, _AGGREGATE: str(aggregate.aggregate_id)}),
    )


def aggregate_of(step: Step) -> int:
    """Return the id of the aggregate that a step's reserve joins."""
    return int(step.params[_AGGREGATE])


def assess(s: Situation, step: Step) -> Move:
    """Nova shows the reserve in the aggregate."""
    if s.look.at < s.intent_at(step.key) or s.look.aggregates is None:
        return Pending(hosts=(reserve_of(step),))
    aggregate = next((a for a in s.look.aggregates if a.aggregate_id == aggregate_of(step)), None)
    if aggregate is None or reserve_of(step) in aggregate.hosts:
        return note(s, step, FactKind.DONE)
    return call(s, step)


def _effect(order: Open, begin: Begin, look: Look) -> AddToAggregate:
    return AddToAggregate(aggregate_id=aggregate_of(begin.step), host=reserve_of(begin.step))


JOIN = StepKind(
    words=WORDINGS[Action.JOIN],
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
