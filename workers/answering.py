"""What an order is answered with where nothing is left to be done about it, and whether it has been answered before.

It knows the ledger's entries and the journal, and neither lanes nor leases.
"""

from uuid import UUID

from kasugai.core.recovering.ledger import Entry
from kasugai.core.words.facts import FactKind, Result
from kasugai.core.words.incident import Open, Stop
from kasugai.core.words.verdicts import Reason
from kasugai.workers.journal import Journal
from kasugai.workers.ports import Folded


async def answer_stop(journal: Journal, order: Open | Stop) -> None:
    """A Stop that nobody owned: withdrawn if no effect began, else held."""
    if journal.entry.effects:
        await journal.answer(order, FactKind.HELD, Reason.STOPPED)
    else:
        await journal.answer(order, FactKind.FINISHED, Reason.NOTHING_DONE, Result.WITHDRAWN)


async def answer_poison(journal: Journal, order: Open, detail: str) -> None:
    """A bug ended the attempt: failed, unless a call may be under way. Then the incident stays open (held), for the
    subject's next one would know nothing of that call."""
    if _may_arrive(journal.entry):
        await journal.answer(order, FactKind.HELD, Reason.POISON, detail=detail)
    else:
        await journal.answer(order, FactKind.FINISHED, Reason.POISON, Result.FAILED, detail)


def is_answered(entry: Entry, order: Open | Stop) -> bool:
    """A Stop is answered by any end of its attempt, and by a hold that already says so."""
    if entry.attempt > order.attempt:
        return True
    if isinstance(order, Open):
        return entry.answered >= order.n
    ended = entry.attempt == order.attempt and entry.result is not None
    return ended or entry.reason == Reason.STOPPED


def other_of(folded: Folded, order: Open | Stop) -> str | None:
    """Return another incident of the subject that has begun effects and not ended. One that was cut short, by a Stop or
    to be undone, is over; while a call of it may be under way it is another one all the same."""
    undone = order.undoes if isinstance(order, Open) else None
    others = (e for e in folded.entries.values() if e.incident != order.incident and e.is_unfinished)
    return next((str(e.incident) for e in others if _may_arrive(e) or not _is_cut_short(e, undone)), None)


def _is_cut_short(entry: Entry, undone: UUID | None) -> bool:
    return entry.incident == undone or entry.reason == Reason.STOPPED


def _may_arrive(entry: Entry) -> bool:
    return any(record.state.is_open for record in entry.steps.values())


def reason_of(entry: Entry) -> Reason:
    """Return why an attempt ended as the ledger has it."""
    return Reason.heard(entry.reason) if entry.reason else Reason.REFUSED
