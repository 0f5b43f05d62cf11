"""The host that was recovered is on. It stays off while a nova-compute that starts would destroy a guest."""

from kasugai.core.recovering.calls import PowerOn
from kasugai.core.recovering.look import Look, PowerState
from kasugai.core.recovering.moves import Begin, Blocked, Move, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.departures import unfinished
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import (
    begin,
    is_open,
    planned_anew,
    seen_done,
    tries_here,
    unseen,
)
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import Millis, Timing
from kasugai.core.words.verdicts import Reason

TRIES = 2
"""How often one owner switches a host on before it holds the incident."""


def assess(s: Situation, step: Step) -> Move:
    """Its device reads on."""
    is_read = s.look.power_at is not None and s.look.power_at >= s.intent_at(step.key)
    if is_read and s.look.power is PowerState.ON:
        return seen_done(s, step)
    if is_open(s, step):  # what has become of a call waits for nothing else
        return unseen(s, step, s.timing.fence_settle)
    if not s.has_device:
        return _away("it has no power device that could switch it on")
    if not is_read:
        return Pending()
    if not s.power_is_off():
        return _away("its power device does not answer")
    if not tries_here(s, step, TRIES):
        return _away(f"it cannot be switched on; {s.memory.refusal}")
    return unfinished(s) or begin(s, step)


def _away(detail: str) -> Blocked:
    return Blocked(reason=Reason.HOST_AWAY, detail=detail[:500])


def _effect(order: Open, begin: Begin, look: Look) -> PowerOn:
    return PowerOn(host=begin.step.subject)


def _limit(timing: Timing) -> Millis:
    return timing.fence


POWER_ON = StepKind(
    words=WORDINGS[Action.POWER_ON],
    assess=assess,
    effect=_effect,
    limit=_limit,
    look_after=LookAfter.POWER,
    needs_silence=False,
    ends_what_was_begun=False,
    takes_room=False,
    rank=0,
    landing=None,
    carry_on=planned_anew,
    together=None,
)
