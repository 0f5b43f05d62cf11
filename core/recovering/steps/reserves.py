"""What the steps about a reserve share: whose they are, when it is ready or unfit, and how their calls are repeated.

Both may be repeated safely, so an unknown call is looked at and not waited for.
"""

from kasugai.core.recovering.moves import Move
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.records import NO_TRACE, begin, is_open, note, tries_here
from kasugai.core.words.actions import About, Meaning
from kasugai.core.words.facts import FactKind
from kasugai.core.words.plan import Step
from kasugai.core.words.verdicts import Reason

TRIES = 5
"""How often one owner repeats a call that may be repeated safely."""
RESERVE = "reserve"
"""The parameter of a step about a reserve that names it."""


def reserve_of(step: Step) -> str:
    """Return the reserve that a step makes ready."""
    return step.params[RESERVE]


def is_ready(s: Situation, reserve: str) -> bool:
    """Whether guests may be sent there."""
    last = (step for step in s.plan.steps if step.words.meaning is Meaning.IN_USE)
    return any(reserve_of(step) == reserve and s.is_done(step.key) for step in last)


def is_unfit(s: Situation, reserve: str) -> bool:
    """Whether this attempt has found that it cannot be made ready."""
    own = [step for step in s.plan.steps if step.words.about is About.RESERVE]
    return any(reserve_of(step) == reserve and s.is_final(step) and not s.is_done(step.key) for step in own)


def is_wanted(s: Situation, step: Step) -> bool:
    """Whether the step may still be taken: a reserve that this incident has no more is left alone, unless a call about
    it is under way (whose end is looked for)."""
    if step.words.about is not About.RESERVE or reserve_of(step) in s.order.reserves:
        return True
    return is_open(s, step)


def call(s: Situation, step: Step) -> Move:
    """Call, or call again what left no trace, as often as one owner may."""
    if is_open(s, step):
        return note(s, step, FactKind.ABSOLVED, NO_TRACE)
    if not tries_here(s, step, TRIES):
        return note(s, step, FactKind.FAILED, Reason.REFUSED)
    return begin(s, step)
