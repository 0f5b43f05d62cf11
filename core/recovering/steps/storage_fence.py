"""The host's storage is closed to it: the fence of a host whose power nobody can switch.

Only what was open when the call was begun is remembered as ours: what somebody else has closed stays his.
"""

from kasugai.core.recovering.cutoff import is_closed, ours
from kasugai.core.recovering.moves import Begin, Blocked, Move, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.records import (
    begin,
    is_open,
    note,
    tries_here,
    unseen,
)
from kasugai.core.recovering.storage import StorageState, StorageView
from kasugai.core.words.facts import CLOSED, FactKind, StepRecord
from kasugai.core.words.frozen import FrozenMap
from kasugai.core.words.plan import Step
from kasugai.core.words.verdicts import Reason

WITH, STORAGE = "with", "storage"
"""In the notes of an intent: what it fences with, where that is not the power."""


def assess(s: Situation, step: Step, view: StorageView, tries: int) -> Move:
    """The storage, asked after the call, lets none of the host's addresses in. `tries`: how often this owner may call
    the step in all, with what was called before it came to the storage."""
    if view.at < s.memory.begun.get(step.key, 0):
        return Pending()
    if is_closed(s):
        return note(s, step, FactKind.DONE, Reason.STORAGE_CLOSED, kept(s, step))
    if is_open(s, step):
        return unseen(s, step, s.timing.fence_settle, kept(s, step))
    if not tries_here(s, step, tries):
        return Blocked(reason=Reason.FENCE_REFUSED, detail=s.memory.refusal)
    return _close(s, step, view)


def _close(s: Situation, step: Step, view: StorageView) -> Move:
    if view.state is StorageState.CLOSED:
        return Pending()  # it was asked too long ago
    if view.state is StorageState.UNKNOWN:
        return Blocked(reason=Reason.FENCE_REFUSED, detail=f"its storage cannot be asked: {view.why}"[:500])
    if view.strangers and not s.entry.effects:
        return Blocked(
            reason=Reason.FENCE_REFUSED,
            detail=f"its guests' disks are held open by {', '.join(view.strangers)}, which power.yaml does not name as "
            f"addresses of {s.order.host}: name all of its addresses there",
        )
    addresses = dict.fromkeys((*ours(s.record(step)), *view.open_to))
    return begin(s, step, FrozenMap({CLOSED: " ".join(addresses), WITH: STORAGE}))


def closes(move: Begin) -> bool:
    """Whether an intent to fence is one to close the storage."""
    return is_with_storage(move.record)


def is_with_storage(record: StepRecord | None) -> bool:
    """Whether a fence was last begun with the storage."""
    return record is not None and record.notes.get(WITH) == STORAGE


def kept(s: Situation, step: Step) -> FrozenMap[str]:
    """Return what every record of the fence keeps: the addresses that it has closed the storage to, or may have."""
    addresses = " ".join(ours(s.record(step)))
    return FrozenMap({CLOSED: addresses} if addresses else {})
