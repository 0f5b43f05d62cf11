"""Nova holds the host's compute service for down and disabled. A PUT may be repeated, so an unknown one is not waited
for; somebody else's force-down is left as it is.

Every PUT moves Nova's updated_at, ours too: the value that it left is the mark. While it stands still, the host is
silent.
"""

from kasugai.core.recovering.calls import ForceDown
from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Blocked, Move, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import (
    NO_TRACE,
    as_a_client,
    begin,
    is_open,
    note,
    planned_anew,
    tries_here,
)
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import FactKind, StepState
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.identity import step_key
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import BrokerTime, Millis, MonoTime, between, later
from kasugai.core.words.verdicts import Reason

TRIES = 5
"""How often one owner repeats the force-down, which may be repeated safely."""
_MARK = "mark"
_BEGUN = "begun"
"""The note of an intent that says when it was begun, by the broker: a successor reckons how late it may have landed."""


def assess(s: Situation, step: Step) -> Move:
    """Nova's record says forced down."""
    service = s.look.service
    if service is None:
        return no_service(s)
    if s.seen_at(step) < s.intent_at(step.key):
        return Pending()
    if service.forced_down:
        record = s.record(step)
        ours = record is not None and record.tries > 0
        return note(s, step, FactKind.DONE, "" if ours else "already", marked(service.updated_at))
    if is_open(s, step):
        return note(s, step, FactKind.ABSOLVED, NO_TRACE)
    if not tries_here(s, step, TRIES):
        return Blocked(reason=Reason.REFUSED, detail="Nova does not take the force-down")
    return begin(s, step, FrozenMap({_BEGUN: str(s.broker_now)}))


def no_service(s: Situation) -> Move:
    """One look without the host's row may be a silent cell; two in a row are told."""
    if s.memory.before is not None and s.memory.before.service is None:
        return Blocked(
            reason=Reason.NO_SERVICE, detail=f"Nova shows no nova-compute service of {s.order.host}"
        )
    return Pending()


def marked(updated_at: str) -> FrozenMap[str]:
    """Return the notes of a force-down after which Nova's record said `updated_at`."""
    return FrozenMap({_MARK: updated_at})


def mark_of(entry: Entry, host: str) -> str:
    """Return Nova's updated_at after the host's force-down; "" before one was seen done: of a call that may still move
    the record nobody knows what it will say."""
    record = entry.steps.get(step_key(Action.FORCE_DOWN, host))
    return record.notes.get(_MARK, "") if record is not None and record.state is StepState.DONE else ""


def is_answered(s: Situation, step: Step) -> bool:
    """Whether this owner had the answer of its own call, and looked at once: nobody else has moved the record since."""
    answered = s.memory.begun.get(step.key)
    if answered is None or step.key not in s.memory.accepted:
        return False
    return between(answered, s.look.host_at) <= s.timing.assertion_slack


def lands_until(s: Situation, step: Step) -> MonoTime:
    """Until when an open force-down may have moved Nova's record, on this owner's clock."""
    record, wire = s.record(step), Millis(s.timing.client + s.timing.wire)
    begun = BrokerTime(int(record.notes.get(_BEGUN, 0))) if record is not None else BrokerTime(0)
    return later(MonoTime(s.now - between(begun, s.broker_now)), wire)


def _effect(order: Open, begin: Begin, look: Look) -> ForceDown:
    service_id = look.service.service_id if look.service else ""
    return ForceDown(service_id=service_id, reason=order.policy.disable_reason)


FORCE_DOWN = StepKind(
    words=WORDINGS[Action.FORCE_DOWN],
    assess=assess,
    effect=_effect,
    limit=as_a_client,
    look_after=LookAfter.HOST,
    needs_silence=False,
    ends_what_was_begun=False,
    takes_room=False,
    rank=0,
    landing=None,
    carry_on=planned_anew,
    together=None,
)
