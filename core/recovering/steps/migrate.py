"""The guest is on another host of Nova's choice, which waits for a confirmation. Nova takes a second call once the
first has ended, and moves the guest on: it is called only after a look at Nova's own account of the guest, and what
that shows of ours is never called again."""

from kasugai.core.recovering.calls import Migrate
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Move, Pending
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.guests import MOVED, call, done
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
from kasugai.core.recovering.wishes import MIGRATE as NOVAS_MIGRATE
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.verdicts import Reason


def assess(s: Situation, step: Step) -> Move:
    """Nova shows it on another host, without a task, and no call of ours can come after that."""
    guest = guest_at_rest(s, step, NOVAS_MIGRATE)
    if not isinstance(guest, GuestView):
        return guest
    if s.look.actions is None:
        return Pending(reads=(step.subject,))
    if is_open(s, step):
        return _ended(s, step, guest)
    if guest.host != s.order.host:
        return done(s, step, MOVED, guest.host)
    if guest.vm_state != "stopped":
        return note(s, step, FactKind.FAILED, f"{guest.vm_state}, which is not moved")
    return call(s, step, seen(s))


def _ended(s: Situation, step: Step, guest: GuestView) -> Move:
    """It was called, and the guest has no task."""
    if guest.host != s.order.host and guest.vm_state != "error":
        return done(s, step, "", guest.host)
    ours = trace(s, step, NOVAS_MIGRATE)
    if ours is None and not is_answered(s, step):
        return note(s, step, FactKind.ABSOLVED, NO_TRACE)
    if ours is not None and ours.has_failed and is_traced_twice(s, step, NOVAS_MIGRATE):
        is_where_it_was = guest.host == s.order.host and guest.vm_state == "stopped"
        why = Reason.NO_VALID_HOST if is_where_it_was else Reason.DESTINATION_FAILED
        return note(s, step, FactKind.FAILED, why)
    return unresolved(s, step, "its migration")


def _effect(order: Open, begin: Begin, look: Look) -> Migrate:
    return Migrate(guest=begin.step.subject)


MIGRATE = StepKind(
    words=WORDINGS[Action.MIGRATE],
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
