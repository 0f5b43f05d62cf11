"""The guest that waited for its host runs there, if its user still wishes it. Nova itself has stopped it as soon as
nova-compute saw that it is off; one that its host has started by itself runs already."""

from kasugai.core.recovering.calls import StartGuest
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Move, Pending
from kasugai.core.recovering.nova_views import GuestView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.guests import GONE, MOVED, call, done
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import (
    NO_TRACE,
    as_a_client,
    is_open,
    is_settled,
    note,
    planned_anew,
    settles_after,
)
from kasugai.core.recovering.steps.traces import is_answered
from kasugai.core.recovering.wishes import Wish, wish
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import between
from kasugai.core.words.verdicts import Reason

SHUT_DOWN = 4
"""Nova's power_state of a guest that is off."""


def assess(s: Situation, step: Step) -> Move:
    """Nova, asked by id, shows it running and at rest, or not to be started; and no start of ours can come after that:
    it would start what its user has stopped since."""
    if step.subject not in s.look.seen or s.look.at < s.intent_at(step.key):
        return Pending(reads=(step.subject,))
    guest = s.look.seen[step.subject]
    if guest is None or guest.deleted:
        return done(s, step, GONE)
    if guest.host != s.order.host:
        return done(s, step, MOVED, guest.host)
    if guest.task_state is not None or _may_arrive(s, step):
        return _await(s, step)
    match guest.vm_state:
        case "active":
            return _await(s, step) if guest.power_state == SHUT_DOWN else done(s, step)
        case "stopped":
            return _start(s, step, guest)
        case _:
            return done(s, step, guest.vm_state)


def _may_arrive(s: Situation, step: Step) -> bool:
    unknown = is_open(s, step) and not is_answered(s, step)
    return unknown and not is_settled(s, step, settles_after(s, step))


def _await(s: Situation, step: Step) -> Move:
    """Nova is at it, or about to be: look again; what does not end in the time of a landing has failed."""
    if between(s.intent_at(step.key), s.now) > s.timing.landing:
        return note(s, step, FactKind.FAILED, Reason.GUEST_BUSY)
    return Pending(reads=(step.subject,))


def _start(s: Situation, step: Step, guest: GuestView) -> Move:
    if is_open(s, step):
        return note(s, step, FactKind.ABSOLVED, NO_TRACE)
    asked = s.look.histories.get(step.subject)
    if asked is None:
        return Pending(reads=(step.subject,), histories=(step.subject,))
    if wish(asked, guest) is Wish.OFF:
        return done(s, step, Reason.USERS_WISH)
    return call(s, step)


def _effect(order: Open, begin: Begin, look: Look) -> StartGuest:
    return StartGuest(guest=begin.step.subject)


START_AGAIN = StepKind(
    words=WORDINGS[Action.START_AGAIN],
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
