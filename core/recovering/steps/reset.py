"""The guest's vm_state is one that Nova evacuates."""

from kasugai.core.recovering.calls import ResetState
from kasugai.core.recovering.cutoff import held_back
from kasugai.core.recovering.disks import waits_for_its_host
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Blocked, Move, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.states import treatment
from kasugai.core.recovering.steps.guests import absent, call, done
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import (
    as_a_client,
    is_open,
    note,
    settles_after,
    unseen,
)
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind, StepRecord
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.verdicts import Reason

EVACUABLE = ("active", "stopped", "error")
"""vm_states that Nova's evacuate takes (nova.md: measured)."""


def assess(s: Situation, step: Step) -> Move:
    """Nova shows such a state, or the guest has left the source."""
    if s.look.at < s.intent_at(step.key):
        return Pending()
    guest = s.look.sees_on_source(step.subject, s.order.host)
    if guest is None:
        return absent(s, step, done)
    if guest.vm_state in EVACUABLE:
        return note(s, step, FactKind.DONE)
    if guest.in_migration:
        return Blocked(reason=Reason.IN_MIGRATION, detail=f"{guest.name} may already run elsewhere")
    if is_open(s, step):
        return unseen(s, step, settles_after(s, step))
    if why := treatment(guest.vm_state, guest.task_state).why:
        return done(s, step, why)
    return held_back(s, step) or waits_for_its_host(s, step) or call(s, step)


def _effect(order: Open, begin: Begin, look: Look) -> ResetState:
    return ResetState(guest=begin.step.subject)


def _carry_on(entry: Entry, record: StepRecord) -> tuple[Step, ...]:
    """A call that may be under way is never forgotten."""
    if not record.state.is_open:
        return ()
    return (Step(action=Action.RESET, subject=record.subject, prior=entry.priors.get(record.subject)),)


RESET = StepKind(
    words=WORDINGS[Action.RESET],
    assess=assess,
    effect=_effect,
    limit=as_a_client,
    look_after=LookAfter.IN_TURN,
    needs_silence=True,
    ends_what_was_begun=False,
    takes_room=True,
    rank=1,
    landing=None,
    carry_on=_carry_on,
    together=None,
)
