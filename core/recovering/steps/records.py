"""The records of steps as every kind writes them: an intent, a state that was seen, and how often one may try."""

from dataclasses import replace

from kasugai.core.recovering.ledger import Entry
from kasugai.core.recovering.moves import Begin, Note, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.words.facts import FactKind, StepRecord, StepState
from kasugai.core.words.frozen import NO_TEXTS, FrozenMap
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import Millis, Timing, between

NO_TRACE = "no trace"
"""Reason of an intent of which the world shows nothing."""
ALREADY = "already"
"""Reason of a step whose wished-for state held before anything was called."""

_STATES = {
    FactKind.STARTED: StepState.STARTED,
    FactKind.UNSURE: StepState.UNSURE,
    FactKind.DONE: StepState.DONE,
    FactKind.FAILED: StepState.FAILED,
    FactKind.ABSOLVED: StepState.ABSOLVED,
}


def blank(s: Situation, step: Step) -> StepRecord:
    """Return the step's record under this owner: the one in the ledger, or a new one that has not begun."""
    old = s.record(step)
    if old is None:
        return StepRecord(
            action=step.action,
            subject=step.subject,
            state=StepState.ABSOLVED,
            epoch=s.memory.epoch,
            attempt=s.order.attempt,
        )
    earlier = old.attempt != s.order.attempt and not old.state.is_open
    return replace(old, epoch=s.memory.epoch, attempt=s.order.attempt, tries=0 if earlier else old.tries)


def note(
    s: Situation, step: Step, kind: FactKind, reason: str = "", notes: FrozenMap[str] = NO_TEXTS
) -> Note:
    """Return the recording of a state that was seen."""
    record = replace(blank(s, step), state=_STATES[kind], reason=reason, notes=notes)
    return Note(step=step, kind=kind, record=record)


def seen_done(s: Situation, step: Step) -> Note:
    """Return the recording that what this incident wished for holds; the reason says where it did so before any call.
    What an earlier attempt has brought about, and still holds, is this incident's doing in this attempt too: whoever
    undoes it, or goes on from it, knows it by its tries."""
    old = s.record(step)
    found = note(s, step, FactKind.DONE, "" if old is not None and old.tries else ALREADY)
    if old is None or old.state is not StepState.DONE:
        return found
    return replace(found, record=replace(found.record, tries=max(found.record.tries, old.tries)))


def begin(s: Situation, step: Step, notes: FrozenMap[str] = NO_TEXTS) -> Begin:
    """Return the intent to call the step's effect once."""
    old = blank(s, step)
    record = replace(old, state=StepState.STARTED, tries=old.tries + 1, reason="", notes=notes)
    return Begin(step=step, record=record)


def is_open(s: Situation, step: Step) -> bool:
    """Whether a call of the step may be under way."""
    record = s.record(step)
    return record is not None and record.state.is_open


def settles_after(s: Situation, step: Step) -> Millis:
    """Return how long a call that may be under way can still arrive. One of this owner's was on the wire when it was
    given up, which is what its age counts from; a dead owner's may have been sent until its lease ended."""
    return s.timing.wire if step.key in s.memory.begun else s.timing.settle


def is_settled(s: Situation, step: Step, after: Millis) -> bool:
    """Whether a call that may be under way has had `after` to show in the look: a dead owner's request has arrived by
    then, or never will."""
    return between(s.intent_at(step.key), s.look.at) >= after


def unseen(
    s: Situation, step: Step, after: Millis, notes: FrozenMap[str] = NO_TEXTS, waits: Pending | None = None
) -> Note | Pending:
    """Return what becomes of a call of which the look shows nothing: it is waited for, as `waits` says, until it has
    had `after` to show, and absolved then."""
    if not is_settled(s, step, after):
        return waits or Pending()
    return note(s, step, FactKind.ABSOLVED, NO_TRACE, notes)


def tries_here(s: Situation, step: Step, limit: int) -> bool:
    """Whether this owner may begin the step once more: each owner has `limit` tries of its own."""
    record = s.record(step)
    if record is None or record.epoch != s.memory.epoch:
        return True
    return record.tries % limit != 0 or record.tries == 0


def planned_anew(entry: Entry, record: StepRecord) -> tuple[Step, ...]:
    """Carry nothing on: the next plan has such a step where it is needed, and that meets the record."""
    return ()


def as_a_client(timing: Timing) -> Millis:
    """Return the time-out of a request to Nova."""
    return timing.client
