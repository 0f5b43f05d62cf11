"""What the steps about a guest share: the words for one that has gone, and how Nova's no to a call is borne."""

from collections.abc import Callable

from kasugai.core.recovering.moves import Move, Note, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.records import begin, note
from kasugai.core.words.facts import DESTINATION, FactKind
from kasugai.core.words.frozen import NO_TEXTS, FrozenMap
from kasugai.core.words.plan import Step
from kasugai.core.words.verdicts import Reason

CALL_TRIES = 3
"""How often a call that Nova refused without effect is made in one attempt."""
GONE = "deleted"
"""Reason of a step whose guest does not exist any more."""
MOVED = "moved"
"""Reason of a step whose guest had left the source by another hand."""


Done = Callable[[Situation, Step, str, str], Note]
"""How a kind records that a step is done: with a reason, and the host on which the guest was seen."""


def done(s: Situation, step: Step, reason: str = "", destination: str = "") -> Note:
    """Return the recording of a step that is done, of a kind that needs no notes of its own."""
    notes = FrozenMap({DESTINATION: destination}) if destination else NO_TEXTS
    return note(s, step, FactKind.DONE, reason, notes)


def absent(s: Situation, step: Step, done: Done) -> Move:
    """Absence from the list is no evidence: the guest is read by id."""
    if step.subject not in s.look.read:
        return Pending(reads=(step.subject,))
    guest = s.look.read[step.subject]
    if guest is None or guest.deleted:
        return done(s, step, GONE, "")
    return done(s, step, MOVED, guest.host)


def call(s: Situation, step: Step, notes: FrozenMap[str] = NO_TEXTS) -> Move:
    """Call, unless it was called in vain often enough in this attempt."""
    record = s.record(step)
    tries = record.tries if record is not None and record.attempt == s.order.attempt else 0
    if record is not None and tries >= CALL_TRIES:
        return note(s, step, FactKind.FAILED, record.reason or Reason.REFUSED)
    return begin(s, step, notes)
