"""Makes a reserve host ready for guests: it joins the source's aggregates if the policy says so, then it is enabled.

Both may be repeated safely, so an unknown call is looked at and not waited for. A reserve that is down, or whose calls
Nova refuses, is left out and the next target is tried. It knows no guest.
"""

from kasugai.core.recovering.host_steps import begin, note, tries_here
from kasugai.core.recovering.moves import Move, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.targets import is_living
from kasugai.core.words.facts import FactKind
from kasugai.core.words.plan import Action, Step
from kasugai.core.words.verdicts import Reason

TRIES = 5
"""How often one owner repeats a call that may be repeated safely."""


def reserve_steps(s: Situation, reserve: str) -> tuple[Step, ...] | None:
    """Return the steps that make `reserve` ready; None when the look has not read what they depend on."""
    if reserve not in s.look.others or (
        s.order.policy.add_reserve_to_aggregates and s.look.aggregates is None
    ):
        return None
    down = s.host_step(Action.FORCE_DOWN).key
    aggregates = (s.look.aggregates or ()) if s.order.policy.add_reserve_to_aggregates else ()
    joins = tuple(
        Step(
            action=Action.JOIN,
            subject=f"{reserve}/{aggregate.aggregate_id}",
            needs=(down,),
            name=f"{reserve} to {aggregate.name}",
        )
        for aggregate in aggregates
        if s.order.host in aggregate.hosts
    )
    needs = (down, *(join.key for join in joins))
    return (*joins, Step(action=Action.ENABLE, subject=reserve, needs=needs, name=reserve))


def reserve_of(step: Step) -> str:
    """Return the reserve that a step makes ready."""
    return step.subject.rpartition("/")[0] if step.action is Action.JOIN else step.subject


def aggregate_of(step: Step) -> int:
    """Return the aggregate that a step's reserve joins."""
    return int(step.subject.rpartition("/")[2])


def is_ready(s: Situation, reserve: str) -> bool:
    """Whether guests may be sent there."""
    return s.is_done(f"{Action.ENABLE}:{reserve}")


def is_unfit(s: Situation, reserve: str) -> bool:
    """Whether this attempt has found that it cannot be made ready."""
    own = [step for step in s.plan.steps if step.action in (Action.JOIN, Action.ENABLE)]
    return any(reserve_of(step) == reserve and s.is_final(step) and not s.is_done(step.key) for step in own)


def is_wanted(s: Situation, step: Step) -> bool:
    """Whether the step may still be taken: a reserve that this incident has no more is left alone, unless a call about
    it is under way (whose end is looked for)."""
    if step.action not in (Action.JOIN, Action.ENABLE) or reserve_of(step) in s.order.reserves:
        return True
    record = s.record(step)
    return record is not None and record.state.is_open


def assess_enable(s: Situation, step: Step) -> Move:
    """The reserve's compute service is enabled, so that Nova sends guests there."""
    if s.look.at < s.intent_at(step.key) or step.subject not in s.look.others:
        return Pending(hosts=(step.subject,))
    view = s.look.others[step.subject]
    if not is_living(view):
        return note(s, step, FactKind.FAILED, Reason.RESERVE_DOWN)
    assert view is not None
    if view.is_enabled:
        record = s.record(step)
        return note(s, step, FactKind.DONE, "" if record is not None and record.tries else "already")
    return _call(s, step)


def assess_join(s: Situation, step: Step) -> Move:
    """The reserve is in the aggregate; one that was deleted meanwhile needs nobody."""
    if s.look.at < s.intent_at(step.key) or s.look.aggregates is None:
        return Pending(hosts=(reserve_of(step),))
    aggregate = next((a for a in s.look.aggregates if a.aggregate_id == aggregate_of(step)), None)
    if aggregate is None or reserve_of(step) in aggregate.hosts:
        return note(s, step, FactKind.DONE)
    return _call(s, step)


def _call(s: Situation, step: Step) -> Move:
    record = s.record(step)
    if record is not None and record.state.is_open:
        return note(s, step, FactKind.ABSOLVED, "no trace")
    if not tries_here(s, step, TRIES):
        return note(s, step, FactKind.FAILED, Reason.REFUSED)
    return begin(s, step)
