"""What became of a call about one guest, or about a service, whose effect is looked for: whether its answer is known,
whether Nova's account of the guest shows it, and whether it may still arrive.

A call that may still arrive is not repeated, and its wished-for state is not taken for its own work: a stop that comes
late would stop the guest that was started meanwhile.
"""

from collections.abc import Iterable

from kasugai.core.recovering.moves import Blocked, Move, Pending
from kasugai.core.recovering.nova_views import ActionView, By, GuestView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.records import NO_TRACE, is_open, is_settled, note, settles_after
from kasugai.core.words.facts import FactKind, StepState
from kasugai.core.words.frozen import NO_TEXTS, FrozenMap
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import between
from kasugai.core.words.verdicts import Reason

NO_EFFECT = "no effect"
"""Reason of an intent whose call Nova carried out, and the guest is not as it should be."""
_SEEN = "seen_action"
"""The note of an intent that says which request was the newest in Nova's account of the guest: newer ones of ours are
the call's."""


def seen(s: Situation) -> FrozenMap[str]:
    """Return the notes of an intent that stands on this look."""
    newest = next(iter(s.look.actions or ()), None)
    return FrozenMap({_SEEN: newest.request}) if newest is not None else NO_TEXTS


def is_answered(s: Situation, step: Step) -> bool:
    """Whether this owner had the answer of the call that the step's record is about, which Nova accepted: a lost answer
    makes the record unsure."""
    record = s.record(step)
    return record is not None and record.state is StepState.STARTED and step.key in s.memory.accepted


def trace(s: Situation, step: Step, action: str) -> ActionView | None:
    """Return what Nova's account says of the call, by its name for it; None for nothing, and where it was not read."""
    return next(iter(_ours(s, step, action, s.look.actions or ())), None)


def is_traced_twice(s: Situation, step: Step, action: str) -> bool:
    """Whether this look and the one before show the call in Nova's account. One look reads the account and the guest
    one after the other: only the next one surely shows the guest as the call has made it."""
    before = s.memory.before
    if before is None or before.actions is None or before.at < s.intent_at(step.key):
        return False
    return trace(s, step, action) is not None and bool(_ours(s, step, action, before.actions))


def _ours(s: Situation, step: Step, action: str, actions: Iterable[ActionView]) -> list[ActionView]:
    record, newer = s.record(step), []
    marker = record.notes.get(_SEEN, "") if record is not None else ""
    for each in actions:
        if marker and each.request == marker:
            break
        newer.append(each)
    return [each for each in newer if each.by is By.US and each.action == action]


def may_arrive(s: Situation, step: Step, action: str) -> bool:
    """Whether a call of the step may still reach Nova: its answer is not known, nothing shows it, and it has not had
    its time."""
    if not is_open(s, step) or is_answered(s, step) or trace(s, step, action) is not None:
        return False
    return not is_settled(s, step, settles_after(s, step))


def guest_at_rest(s: Situation, step: Step, action: str) -> GuestView | Move:
    """Return the step's guest as it was read by id after the step's last call, without a task, and with no call of the
    step that may still arrive; what to do where that is not so. One that is gone is the procedure's business."""
    guest = s.look.read.get(step.subject) if s.look.at >= s.intent_at(step.key) else None
    if guest is None:
        return Pending(reads=(step.subject,))
    if guest.task_state is not None:
        return _await_task(s, step, guest)
    return Pending(reads=(step.subject,)) if may_arrive(s, step, action) else guest


def _await_task(s: Situation, step: Step, guest: GuestView) -> Move:
    """A task is under way on the guest: look again; what does not end in time is told."""
    if between(s.intent_at(step.key), s.now) > s.patience:
        return Blocked(reason=Reason.GUEST_BUSY, detail=f"{guest.name} is {guest.task_state}")
    return Pending(reads=(step.subject,))


def is_carried_out(s: Situation, step: Step, action: str) -> bool:
    """Whether Nova has surely taken the call before the guest was read in this look: the task that it sets in the act
    is over where the guest shows none."""
    return is_answered(s, step) or is_traced_twice(s, step, action)


def in_vain(s: Situation, step: Step, action: str) -> Move:
    """A call that may be repeated once it is over, cannot arrive any more, and the guest is neither as it should be nor
    at it."""
    if is_carried_out(s, step, action):
        return note(s, step, FactKind.ABSOLVED, NO_EFFECT)
    if trace(s, step, action) is not None:
        return Pending(reads=(step.subject,))
    return note(s, step, FactKind.ABSOLVED, NO_TRACE)


def unresolved(s: Situation, step: Step, what: str) -> Move:
    """Nova has the call and says no end of it: look again; after the time of a landing a person is told."""
    if between(s.intent_at(step.key), s.now) > s.timing.landing:
        return Blocked(reason=Reason.EVACUATION_UNRESOLVED, detail=f"{step.name}: Nova does not end {what}")
    return Pending(reads=(step.subject,))
