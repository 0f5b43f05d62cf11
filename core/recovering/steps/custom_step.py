"""A step of the operator's own: its wished-for state holds, by its own word. Its subject is the step's name.

What it looks at and does is behind a door (`kasugai.steps`); here is only when it is asked and what is made of the
answer. One that cannot be done holds the attempt, and whoever comes next tries it once more.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import assert_never

from kasugai.core.recovering.calls import Custom
from kasugai.core.recovering.look import CustomState, Look
from kasugai.core.recovering.moves import Begin, Blocked, Move, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import (
    as_a_client,
    begin,
    is_open,
    note,
    planned_anew,
    settles_after,
    tries_here,
    unseen,
)
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.identity import step_key
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.timing import between
from kasugai.core.words.verdicts import Reason

LATE = "it has not come about in time"
TRIES = 3
"""How often an owner lets it act: each time a look has said that its state is absent."""


WHEN, BEFORE, AFTER = "when", "before", "after"


@dataclass(frozen=True, slots=True)
class Around:
    """The names of such steps."""

    before: tuple[str, ...]
    after: tuple[str, ...]


def with_custom(plan: Plan, around: Around) -> Plan:
    """Return the plan with them, before its last look. A name that stands in both places is done once, before."""
    after = tuple(name for name in around.after if name not in around.before)
    steps = (*_chain(around.before, BEFORE), *plan.steps[:-1], *_chain(after, AFTER), plan.steps[-1])
    return replace(plan, steps=steps)


def _chain(names: tuple[str, ...], when: str) -> Iterator[Step]:
    needs: tuple[str, ...] = ()
    for name in dict.fromkeys(names):
        yield Step(
            action=Action.CUSTOM_STEP, subject=name, name=name, needs=needs, params=FrozenMap({WHEN: when})
        )
        needs = (key_of(name),)


def key_of(name: str) -> str:
    """Return the key of the step of that name."""
    return step_key(Action.CUSTOM_STEP, name)


def is_before(step: Step) -> bool:
    """Whether it goes before all others."""
    return step.params.get(WHEN) == BEFORE


def is_after(step: Step) -> bool:
    """Whether it goes after all others."""
    return step.params.get(WHEN) == AFTER


def assess(s: Situation, step: Step) -> Move:
    """The step itself says that its state holds, after whatever was done before."""
    view = s.look.custom.get(step.key)
    if view is None or view.at < s.intent_at(step.key):
        return Pending(custom=(step.key,))
    match view.state:
        case CustomState.HOLDS:
            return note(s, step, FactKind.DONE)
        case CustomState.IMPOSSIBLE:
            return _blocked(step, view.detail)
        case CustomState.PENDING:
            late = between(s.intent_at(step.key), s.now) > s.timing.landing
            return _blocked(step, view.detail or LATE) if late else Pending(custom=(step.key,))
        case CustomState.ABSENT:
            return _bring_about(s, step)
        case _:
            assert_never(view.state)


def _bring_about(s: Situation, step: Step) -> Move:
    """Not while a call may be under way, and not again right after it has failed."""
    if is_open(s, step):
        return unseen(s, step, settles_after(s, step), waits=Pending(custom=(step.key,)))
    return begin(s, step) if _may_try(s, step) else _blocked(step, _last_word(s, step))


def _may_try(s: Situation, step: Step) -> bool:
    """Whether it may act once more under this owner: not when it has just failed in doing so."""
    record = s.record(step)
    if record is None or record.epoch != s.memory.epoch:
        return True
    return record.reason != Reason.CUSTOM_STEP and tries_here(s, step, TRIES)


def _last_word(s: Situation, step: Step) -> str:
    return s.memory.said.get(step.key, "") or "it acts, and its state does not come about"


def _blocked(step: Step, detail: str) -> Blocked:
    return Blocked(reason=Reason.CUSTOM_STEP, detail=f"{step.subject}: {detail}"[:500])


def _effect(order: Open, begin: Begin, look: Look) -> Custom:
    return Custom(door=begin.step.subject, payload=about(order))


def about(order: Open) -> FrozenMap[str]:
    """Return what a step of the operator's own is told: enough to find whom the recovery is about."""
    subject = order.subject
    return FrozenMap(
        {
            "incident": str(order.incident),
            "attempt": str(order.attempt),
            "segment": order.segment,
            "kind": str(subject.kind),
            "host": subject.host,
            "detail": subject.detail,
            "opened_at": datetime.fromtimestamp(order.opened_at / 1000, UTC).isoformat(
                timespec="milliseconds"
            ),
        }
    )


CUSTOM_STEP = StepKind(
    words=WORDINGS[Action.CUSTOM_STEP],
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
"""One kind for all of them: a plan names one by its subject."""
