"""The guest is in the power state that it had, or that its user wished for while it waited: only a guest that was
stopped is ever stopped, and only one whose user asked for it is started. It is what an evacuation of one leaves to do.
One that somebody has started since it was evacuated runs on: that is the newer word.
"""

from kasugai.core.recovering.calls import StartGuest, StopGuest
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Move, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.evacuations import WISH, wish_of
from kasugai.core.recovering.steps.guests import GONE, MOVED, call
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import (
    as_a_client,
    is_open,
    note,
    planned_anew,
    settles_after,
    unseen,
)
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind, StepState
from kasugai.core.words.frozen import NO_TEXTS, FrozenMap
from kasugai.core.words.identity import step_key
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Prior, Step
from kasugai.core.words.timing import between
from kasugai.core.words.verdicts import Reason

STARTED_SINCE = "started-since"
"""Reason of one that is done although the guest runs."""


def after(move: Step) -> tuple[Step, ...]:
    """Return what brings the guest of `move` into its state once it has moved; nothing for one that was active."""
    if move.prior is not Prior.STOPPED:
        return ()
    return (
        Step(
            action=Action.RESTORE,
            subject=move.subject,
            needs=(move.key,),
            name=move.name,
            prior=move.prior,
        ),
    )


def left_over(entry: Entry, guest: str) -> tuple[Step, ...]:
    """Return what brings a guest into its state that an earlier attempt has moved; nothing where it is so."""
    record = entry.steps.get(step_key(Action.RESTORE, guest))
    is_done = record is not None and record.state is StepState.DONE
    if is_done or entry.priors.get(guest) is not Prior.STOPPED:
        return ()
    return (Step(action=Action.RESTORE, subject=guest, prior=Prior.STOPPED),)


def assess(s: Situation, step: Step) -> Move:
    """Nova, asked by id, shows it in that state and at rest."""
    moved = s.entry.steps.get(step_key(Action.EVACUATE, step.subject))
    if moved is not None and moved.reason in (GONE, MOVED):
        return note(s, step, FactKind.DONE, moved.reason)
    if step.subject not in s.look.read or s.look.at < s.intent_at(step.key):
        return Pending(reads=(step.subject,))
    guest = s.look.read[step.subject]
    if guest is None or guest.deleted:
        return note(s, step, FactKind.DONE, GONE)
    if guest.vm_state == _wished(s, step):
        return note(s, step, FactKind.DONE)
    if guest.task_state is not None:
        return _await_task(s, step)
    if is_open(s, step):
        return unseen(s, step, settles_after(s, step), waits=Pending(reads=(step.subject,)))
    if _wished(s, step) == Prior.ACTIVE:
        return call(s, step, FrozenMap({WISH: str(Prior.ACTIVE)}))
    return _stop(s, step)


def _stop(s: Situation, step: Step) -> Move:
    """Nova's account is read with the guest, or the word that has started it might be missing there."""
    if step.subject not in s.look.evacuations:
        return Pending(reads=(step.subject,), evacuations=(step.subject,))
    account = s.look.evacuations[step.subject]
    if account is not None and account.started_since:
        return note(s, step, FactKind.DONE, STARTED_SINCE)
    return call(s, step, NO_TEXTS)


def _wished(s: Situation, step: Step) -> str:
    return wish_of(s.entry.steps.get(step_key(Action.EVACUATE, step.subject))) or Prior.STOPPED


def _await_task(s: Situation, step: Step) -> Move:
    """Nova is at it; what it has not brought to an end in the time of a landing has failed (its host died as well)."""
    if between(s.intent_at(step.key), s.now) > s.timing.landing:
        return note(s, step, FactKind.FAILED, Reason.DESTINATION_FAILED)
    return Pending(reads=(step.subject,))


def _effect(order: Open, begin: Begin, look: Look) -> StopGuest | StartGuest:
    starts = begin.record.notes.get(WISH) == Prior.ACTIVE
    return StartGuest(guest=begin.step.subject) if starts else StopGuest(guest=begin.step.subject)


RESTORE = StepKind(
    words=WORDINGS[Action.RESTORE],
    assess=assess,
    effect=_effect,
    limit=as_a_client,
    look_after=LookAfter.IN_TURN,
    needs_silence=False,
    ends_what_was_begun=False,
    takes_room=True,
    rank=0,
    landing=None,
    carry_on=planned_anew,
    together=None,
)
"""It is carried on by the evacuation that made it necessary, whether it was begun or not."""
