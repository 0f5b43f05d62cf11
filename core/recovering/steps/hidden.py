"""A guest that Nova shows as being rebuilt on the source, and no record that says by whom.

Nova's API writes an evacuation line by line, each in a transaction of its own: the guest's task, its action, its
record; then it asks the conductor (nova 34, compute/api.py, `evacuate`). An API that dies on the way, or whose database
does, leaves what it has written for ever, and where there is no record nobody was asked. But one that is not shown may
be there: lists leave silent cells out. Nova's account of the guest does not: its own cell gives it, or nobody.
"""

from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Blocked, Pending
from kasugai.core.recovering.nova_views import ActionView, GuestView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.records import is_settled, settles_after
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import NOVA_SKEW, between
from kasugai.core.words.verdicts import Reason

EVACUATE, REBUILD = "evacuate", "rebuild"
"""Nova's names for what sets the task `rebuilding`: the second is its user's doing."""


def await_hidden(s: Situation, step: Step, guest: GuestView) -> Pending | Blocked | None:
    """Return what to wait for; None where no evacuation is hidden: nobody rebuilds it, or nobody was ever asked to."""
    if not guest.in_evacuation or s.look.evacuations_of(guest.uuid):
        return None
    asks = guest.is_asked_for and _has_stood(s, step)
    if asks and _was_never_sent(s, guest):
        return None
    since = max(s.intent_at(step.key), s.memory.rebuilt.get(guest.uuid, s.look.at))
    if between(since, s.now) > s.timing.landing:
        return Blocked(
            reason=Reason.EVACUATION_UNRESOLVED, detail=f"{step.name}: Nova shows no record of its rebuild"
        )
    return Pending(histories=(guest.uuid,) if asks else ())


def _has_stood(s: Situation, step: Step) -> bool:
    """Whether whoever set the task had the time to write the next line: this owner's own call cannot arrive any more,
    so a report interval of looks is enough; anybody else's may have begun when it was first seen."""
    since = s.memory.rebuilt.get(step.subject, s.look.at)
    lasts = s.timing.report_interval if step.key in s.memory.begun else s.timing.settle
    return is_settled(s, step, settles_after(s, step)) and between(since, s.look.at) >= lasts


def _was_never_sent(s: Situation, guest: GuestView) -> bool:
    """Whether Nova's account lacks an evacuation from this host; or has one whose record is missing where those of
    other guests of the same cell are shown."""
    account = s.look.histories.get(guest.uuid)
    if not account:
        return False  # not read, not shown, or cleared away
    lately = {action.action for action in account if _is_of_this_stay(action, guest)}
    if REBUILD in lately:
        return False
    return EVACUATE not in lately or (_tells_of_others(s, s.look) and _tells_of_others(s, s.memory.before))


def _is_of_this_stay(action: ActionView, guest: GuestView) -> bool:
    """Whether it may have been asked since the guest was built here: an evacuation that has brought it here was not."""
    return guest.launched_at is None or between(guest.launched_at, action.began_at) >= -NOVA_SKEW


def _tells_of_others(s: Situation, look: Look | None) -> bool:
    """Whether the records were read in the cell of the source's guests: a page of the list that one cell gave is whole
    (nova, compute/multi_cell_list.py), the newest first."""
    return look is not None and any(look.evacuations_of(each.subject) for each in s.plan.guests)
