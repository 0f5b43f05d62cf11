"""What tells the recovery of one kind of subject from another's: how its plan is made, what goes before the plan's
other steps, what guards a begin, and when it is over.

The engine goes through the steps; a procedure is the value by which it knows what they are for.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Blocked, Next, Pending, Wait
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.custom_step import Around
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan, Step
from kasugai.core.words.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """The recovery of a kind of subject."""

    can_plan: Callable[[Look, Look | None], bool]
    """Whether a plan may stand on a look, given the look before."""
    plan: Callable[[Open, Look, Entry, int], Plan]
    """The attempt's plan under an epoch, with what earlier attempts have left to do."""
    mark: Callable[[Entry, Open], str]
    """The updated_at that Nova's record of the source should have kept; "" for none."""
    around: Callable[[Policy], Around]
    """The operator's own steps around it."""
    guard: Callable[[Situation], Next | None]
    """What ends or delays the attempt before anything is done at all; None when nothing does."""
    doubt: Callable[[Situation, Begin], Next | None]
    """What keeps the first effect from beginning: the last look at the decision; None when nothing does."""
    stale: Callable[[Situation], bool]
    """Whether the decision is too old to begin anything by it."""
    first: Callable[[Situation], Next | None]
    """What to do before all other steps but the operator's own; None when that is behind."""
    wants: Callable[[Situation, Step], bool]
    """Whether a step may still be taken."""
    with_hosts: Callable[[Situation, Iterable[str]], Plan | None]
    """The plan with steps for other hosts that are waited for; None when there is nothing to add yet."""
    silence: Callable[[Situation], Blocked | Pending | None]
    """What keeps effects that need a silent source from beginning; None when nothing does."""
    last: Callable[[Situation], Next]
    """What to do when no step is left to be taken."""
    asks: Callable[[Situation, Wait], Wait]
    """The same wait, with what the next look at such a subject has to show besides."""


def unmarked(entry: Entry, order: Open) -> str:
    """Return "": it stands on no silence of its source."""
    return ""


def nothing(s: Situation, *about: object) -> None:
    """Return None: nothing goes before, speaks against it, is added, or keeps it waiting."""


def every(s: Situation, step: Step) -> bool:
    """Return True: every step of its plan is to be taken."""
    return True


def unchanged(s: Situation, wait: Wait) -> Wait:
    """Return the wait as it is: a look at its subject shows all that it needs."""
    return wait
