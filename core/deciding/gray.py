"""Names a host that lives and does not do its work: several callers have failed there within minutes.

Callers are counted, not failures, and nothing follows from their number but a word to people: what fails for everybody
(storage, a broken image that three users share) fails on healthy hosts too. So they suspect nobody, make no storm, are
no witness and hold up nothing; whoever says that a host is down says so by other means.
"""

from dataclasses import replace

from kasugai.core.deciding import testimony
from kasugai.core.deciding.counted import Callers, FailedCaller
from kasugai.core.deciding.draft import Draft
from kasugai.core.deciding.rows import Moment, SubjectRow
from kasugai.core.words.signals import Fault
from kasugai.core.words.timing import Millis, later
from kasugai.core.words.verdicts import Reason, Verb

MANY = 3
"""So many callers make a gray host."""
KEPT = 4
"""So many are kept by name: a row has room for more important things."""
WITHIN: Millis = Millis(600_000)
"""If each has failed within so long; and a host is named again no sooner than that."""


def take(draft: Draft, fault: Fault) -> None:
    """Count the caller of a failure that was not heard before, and name its host where that makes it gray. What the row
    remembers of words that count is not touched: failures are many."""
    if any(each.event_id == fault.event_id for each in draft.row.callers.failed):
        return
    now, draft.fresh = draft.times.moment, fault
    if _is_late(fault, now):
        _tell(draft, Verb.IGNORE, Reason.STALE)
        return
    if draft.asked.host is None:
        _tell(draft, Verb.IGNORE, Reason.UNKNOWN_SUBJECT)
        return
    callers = Callers(failed=_counted(draft.row, fault, now), told=draft.row.callers.told)
    is_gray = len(callers.failed) >= MANY and _is_to_be_told(callers, now)
    draft.row = replace(draft.row, callers=replace(callers, told=now.steady) if is_gray else callers)
    if not is_gray:
        _tell(draft, Verb.IGNORE, Reason.CALLER_FAILED)
        return
    names = ", ".join(each.observer for each in callers.failed)
    _tell(draft, Verb.ALERT, Reason.GRAY_HOST, f"failed there within ten minutes: {names}")


def _tell(draft: Draft, verb: Verb, reason: Reason, detail: str = "") -> None:
    """What else is held against the host has nothing to do with it."""
    draft.tell(verb, reason, aside=True, alone=True, detail=detail)


def _is_late(fault: Fault, now: Moment) -> bool:
    kept_back = 0 < fault.observed_at < testimony.said_at(fault, now) - WITHIN
    return kept_back or testimony.is_late(fault, now)


def _counted(row: SubjectRow, fault: Fault, now: Moment) -> tuple[FailedCaller, ...]:
    """Return who has failed there lately, the newest last if there are too many."""
    others = [
        c for c in row.callers.failed if c.observer != fault.observer and later(c.at, WITHIN) > now.steady
    ]
    newest = sorted(others, key=lambda caller: caller.at)[1 - KEPT :]
    caller = FailedCaller(observer=fault.observer, event_id=fault.event_id, at=now.steady)
    return tuple(sorted((*newest, caller), key=lambda each: each.observer))


def _is_to_be_told(callers: Callers, now: Moment) -> bool:
    return callers.told is None or later(callers.told, WITHIN) <= now.steady
