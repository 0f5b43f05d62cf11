"""The guest's former host has let go of it: what was moved waits for that word, and starts only after it."""

from kasugai.core.recovering.calls import ConfirmMigration
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Move, Pending
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.guests import call
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import NO_TRACE, as_a_client, is_open, note, planned_anew
from kasugai.core.recovering.steps.traces import (
    guest_at_rest,
    is_answered,
    is_traced_twice,
    seen,
    trace,
    unresolved,
)
from kasugai.core.recovering.wishes import CONFIRM_RESIZE
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.verdicts import Reason


def assess(s: Situation, step: Step) -> Move:
    """Nova shows it in a vm_state that waits for nothing. While it confirms it sets no task: its account of the guest
    says that it is at it."""
    guest = guest_at_rest(s, step, CONFIRM_RESIZE)
    if not isinstance(guest, GuestView):
        return guest
    if s.look.actions is None:
        return Pending(reads=(step.subject,))
    if guest.vm_state != "resized":
        return note(s, step, FactKind.DONE)
    return _ended(s, step) if is_open(s, step) else call(s, step, seen(s))


def _ended(s: Situation, step: Step) -> Move:
    """It was called, and the guest waits still."""
    ours = trace(s, step, CONFIRM_RESIZE)
    if ours is None and not is_answered(s, step):
        return note(s, step, FactKind.ABSOLVED, NO_TRACE)
    if ours is not None and ours.has_failed and is_traced_twice(s, step, CONFIRM_RESIZE):
        return note(s, step, FactKind.FAILED, Reason.REFUSED)
    return unresolved(s, step, "the confirmation of its migration")


def _effect(order: Open, begin: Begin, look: Look) -> ConfirmMigration:
    return ConfirmMigration(guest=begin.step.subject)


CONFIRM_MIGRATION = StepKind(
    words=WORDINGS[Action.CONFIRM_MIGRATION],
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
