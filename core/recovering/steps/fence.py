"""The host is off: by its device's word, or by a trusted assertion where no device is configured."""

from kasugai.core.recovering.calls import Fence
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Blocked, Move, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import (
    NO_TRACE,
    begin,
    is_open,
    is_settled,
    note,
    planned_anew,
    tries_here,
)
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import Millis, Timing
from kasugai.core.words.verdicts import Reason

TRIES = 2
"""How often one owner switches a host off before it holds the incident."""


def assess(s: Situation, step: Step) -> Move:
    """The power is read as off, or somebody vouches for it."""
    if not s.has_device:
        if s.order.asserted_at is not None:
            return note(s, step, FactKind.DONE, Reason.ASSERTED)
        return Blocked(reason=Reason.NO_FENCE_DEVICE, detail="no power device for this host and no assertion")
    if s.power_is_off():
        return note(s, step, FactKind.DONE, Reason.POWER_OFF)
    if s.look.power_at is None:
        return Pending()
    if is_open(s, step):
        settled = is_settled(s, step, s.timing.fence_settle)
        return note(s, step, FactKind.ABSOLVED, NO_TRACE) if settled else Pending()
    if not tries_here(s, step, TRIES):
        return Blocked(reason=Reason.FENCE_REFUSED, detail=s.memory.refusal)
    return begin(s, step)


def _effect(order: Open, begin: Begin, look: Look) -> Fence:
    return Fence(host=begin.step.subject)


def _limit(timing: Timing) -> Millis:
    return timing.fence


FENCE = StepKind(
    words=WORDINGS[Action.FENCE],
    assess=assess,
    effect=_effect,
    limit=_limit,
    look_after=LookAfter.POWER,
    needs_silence=False,
    takes_room=False,
    rank=0,
    landing=None,
    carry_on=planned_anew,
)
