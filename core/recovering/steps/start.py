"""The guest that was off runs, by Nova's word."""

from kasugai.core.recovering.calls import StartGuest
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Move, Pending
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.guests import call
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import as_a_client, is_open, note, planned_anew
from kasugai.core.recovering.steps.traces import guest_at_rest, in_vain, seen
from kasugai.core.recovering.wishes import START as NOVAS_START
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step


def assess(s: Situation, step: Step) -> Move:
    """Nova shows it as active and without a task, and no start of ours can come after that. That its user does not wish
    otherwise is the procedure's business, which looks at it before this."""
    guest = guest_at_rest(s, step, NOVAS_START)
    if not isinstance(guest, GuestView):
        return guest
    if guest.vm_state == "active":
        return note(s, step, FactKind.DONE)
    if is_open(s, step):
        return in_vain(s, step, NOVAS_START)
    if guest.vm_state != "stopped":
        return note(s, step, FactKind.FAILED, f"{guest.vm_state}, which Nova does not start")
    if s.look.actions is None:
        return Pending(reads=(step.subject,))
    return call(s, step, seen(s))


def _effect(order: Open, begin: Begin, look: Look) -> StartGuest:
    return StartGuest(guest=begin.step.subject)


START = StepKind(
    words=WORDINGS[Action.START],
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
