"""What tells the recovery of one kind of subject from another's: how its plan is made, what goes before the plan's
other steps, what guards a begin, and when it is over.

The engine goes through the steps; a procedure is the value by which it knows what they are for.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Blocked, Next, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Plan, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """The recovery of a kind of subject."""

    can_plan: Callable[[Look, Look | None], bool]
    """Whether a plan may stand on a look, given the look before."""
    plan: Callable[[Open, Look, Entry, int], Plan]
    """The attempt's plan under an epoch, with what earlier attempts have left to do."""
    mark: Callable[[Entry, Open], str]
    """The updated_at that Nova's record of the source should have kept; "" for none."""
    first: Callable[[Situation], Next | None]
    """What to do before all other steps; None when that is behind."""
    wants: Callable[[Situation, Step], bool]
    """Whether a step may still be taken."""
    with_hosts: Callable[[Situation, Iterable[str]], Plan | None]
    """The plan with steps for other hosts that are waited for; None when there is nothing to add yet."""
    silence: Callable[[Situation], Blocked | Pending | None]
    """What keeps effects that need a silent source from beginning; None when nothing does."""
    last: Callable[[Situation], Next]
    """What to do when no step is left to be taken."""
