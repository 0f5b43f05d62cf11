"""The guest that failed is off, by Nova's word. Nova starts only what is stopped, and a guest that has died by itself
may still be active in its records."""

from kasugai.core.recovering.calls import StopGuest
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Move, Pending
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.guests import call
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import as_a_client, is_open, planned_anew, seen_done
from kasugai.core.recovering.steps.traces import guest_at_rest, in_vain, seen
from kasugai.core.recovering.wishes import STOP as NOVAS_STOP
from kasugai.core.recovering.wishes import restarted_by
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import StepState
from kasugai.core.words.identity import step_key
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step

OFF = ("stopped", "resized")
"""vm_states of a guest that is off; the second one only after a migration of ours."""


def assess(s: Situation, step: Step) -> Move:
    """Nova shows it as stopped and without a task, and no stop of ours can come after that; or as active, for an
    earlier attempt has restarted it."""
    guest = guest_at_rest(s, step, NOVAS_STOP)
    if not isinstance(guest, GuestView):
        return guest
    if guest.vm_state in OFF:
        return seen_done(s, step)
    if is_open(s, step):
        return in_vain(s, step, NOVAS_STOP)
    if s.look.actions is None:
        return Pending(reads=(step.subject,))
    return seen_done(s, step) if _is_restarted(s, step, guest) else call(s, step, seen(s))


def _is_restarted(s: Situation, step: Step, guest: GuestView) -> bool:
    """Whether an earlier attempt, that was cut short behind its start, has answered all that was said of the guest: it
    runs, and would be stopped for nothing."""
    start = s.entry.steps.get(step_key(Action.START, step.subject))
    if start is None or start.state is not StepState.DONE or guest.vm_state != "active":
        return False
    seen_at = s.order.opened_at if s.order.seen_at is None else s.order.seen_at
    return restarted_by(s.look.actions or (), seen_at) is not None


def _effect(order: Open, begin: Begin, look: Look) -> StopGuest:
    return StopGuest(guest=begin.step.subject)


STOP = StepKind(
    words=WORDINGS[Action.STOP],
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
