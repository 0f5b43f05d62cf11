"""The storage that our fence closed to the host lets it in again. It stays closed while the host may not have been
restarted, and while a nova-compute that starts there would destroy a guest that has not landed yet.

What somebody else has closed stays so: only the addresses that the fence remembers are asked for.
"""

from kasugai.core.recovering.calls import OpenStorage
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Blocked, Move, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps.departures import unfinished
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import (
    begin,
    is_open,
    planned_anew,
    seen_done,
    tries_here,
    unseen,
)
from kasugai.core.recovering.steps.reenable import was_restarted
from kasugai.core.recovering.storage import StorageState, StorageView
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.timing import Millis, Timing
from kasugai.core.words.verdicts import Reason

TRIES = 2
"""How often one owner asks for it before it holds the incident."""


def assess(s: Situation, step: Step) -> Move:
    """The storage lets in all of the host's addresses."""
    view = s.look.storage
    if view is None:
        return _away("power.yaml names no storage of the host any more")
    if view.at < s.intent_at(step.key):
        return Pending()
    if view.state is StorageState.OPEN and not view.closed_to:
        return seen_done(s, step)
    if is_open(s, step):  # what has become of a call waits for nothing else
        return unseen(s, step, s.timing.fence_settle)
    return _hindered(s, view) or _open(s, step)


def _hindered(s: Situation, view: StorageView) -> Blocked | None:
    if view.state is StorageState.UNKNOWN:
        return _away(f"it cannot be asked: {view.why}")
    if not was_restarted(s):
        return Blocked(
            reason=Reason.HOST_AWAY, detail=f"nothing was heard of {s.order.host} since its restart"
        )
    if not _left(s.order, s.look):
        return _away(f"somebody else has closed it to {', '.join(view.closed_to)}")
    return None


def _open(s: Situation, step: Step) -> Move:
    if not tries_here(s, step, TRIES):
        return _away(s.memory.refusal)
    return unfinished(s) or begin(s, step)


def _left(order: Open, look: Look) -> tuple[str, ...]:
    """Return what is closed still and ours to open."""
    ours = order.service.closed if order.service is not None else ()
    closed = look.storage.closed_to if look.storage is not None else ()
    return tuple(address for address in ours if address in closed)


def _away(why: str) -> Blocked:
    return Blocked(reason=Reason.HOST_AWAY, detail=f"its storage does not let it in: {why}"[:500])


def _effect(order: Open, begin: Begin, look: Look) -> OpenStorage:
    return OpenStorage(host=begin.step.subject, addresses=_left(order, look))


def _limit(timing: Timing) -> Millis:
    return timing.fence


OPEN_STORAGE = StepKind(
    words=WORDINGS[Action.OPEN_STORAGE],
    assess=assess,
    effect=_effect,
    limit=_limit,
    look_after=LookAfter.POWER,
    needs_silence=False,
    ends_what_was_begun=False,
    takes_room=False,
    rank=0,
    landing=None,
    carry_on=planned_anew,
    together=None,
)
