"""Assesses the steps about the source host: is it off, does Nova hold it for down, is nobody left on it."""

from dataclasses import replace

from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin, Blocked, Move, Note, Pending
from kasugai.core.recovering.situation import Situation
from kasugai.core.words.facts import FactKind, StepRecord, StepState
from kasugai.core.words.plan import Step
from kasugai.core.words.verdicts import Reason

FENCE_TRIES = 2
"""How often one owner switches a host off before it holds the incident."""
FORCE_TRIES = 5
"""How often one owner repeats the force-down, which may be repeated safely."""

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
            key=step.key, state=StepState.ABSOLVED, epoch=s.memory.epoch, attempt=s.order.attempt
        )
    earlier = old.attempt != s.order.attempt and not old.state.is_open
    return replace(old, epoch=s.memory.epoch, attempt=s.order.attempt, tries=0 if earlier else old.tries)


def note(
    s: Situation, step: Step, kind: FactKind, reason: str = "", *, mark: str = "", destination: str = ""
) -> Note:
    """Return the recording of a state that was seen."""
    record = replace(blank(s, step), state=_STATES[kind], reason=reason, mark=mark, destination=destination)
    return Note(step=step, kind=kind, record=record)


def begin(s: Situation, step: Step, seen_migration: int = 0, target: str = "") -> Begin:
    """Return the intent to call the step's effect once."""
    old = blank(s, step)
    record = replace(
        old,
        state=StepState.STARTED,
        tries=old.tries + 1,
        seen_migration=seen_migration,
        reason="",
        mark="",
        target=target,
        destination="",
    )
    return Begin(step=step, record=record)


def tries_here(s: Situation, step: Step, limit: int) -> bool:
    """Whether this owner may begin the step once more: each owner has `limit` tries of its own."""
    record = s.record(step)
    if record is None or record.epoch != s.memory.epoch:
        return True
    return record.tries % limit != 0 or record.tries == 0


def assess_fence(s: Situation, step: Step) -> Move:
    """The host is off: by its device's word, or by a trusted assertion where no device is configured."""
    if not s.has_device:
        if s.order.asserted_at is not None:
            return note(s, step, FactKind.DONE, Reason.ASSERTED)
        return Blocked(reason=Reason.NO_FENCE_DEVICE, detail="no power device for this host and no assertion")
    if s.power_is_off():
        return note(s, step, FactKind.DONE, Reason.POWER_OFF)
    if s.look.power_at is None:
        return Pending()
    record = s.record(step)
    if record is not None and record.state.is_open:
        return _settle(s, step, s.timing.fence_settle)
    if not tries_here(s, step, FENCE_TRIES):
        return Blocked(reason=Reason.FENCE_REFUSED, detail=s.memory.refusal)
    return begin(s, step)


def assess_force_down(s: Situation, step: Step) -> Move:
    """Nova holds the service for down. A PUT may be repeated, so an unknown one is not waited for; somebody else's
    force-down is left as it is."""
    service = s.look.service
    if service is None:
        return no_service(s)
    record = s.record(step)
    if s.look.at < s.intent_at(step.key):
        return Pending()
    if service.forced_down:
        ours = record is not None and record.tries > 0
        return note(s, step, FactKind.DONE, "" if ours else "already", mark=service.updated_at)
    if record is not None and record.state.is_open:
        return note(s, step, FactKind.ABSOLVED, "no trace")
    if not tries_here(s, step, FORCE_TRIES):
        return Blocked(reason=Reason.REFUSED, detail="Nova does not take the force-down")
    return begin(s, step)


def no_service(s: Situation) -> Move:
    """One look without the host's row may be a silent cell; two in a row are told."""
    if s.memory.before is not None and s.memory.before.service is None:
        return Blocked(
            reason=Reason.NO_SERVICE, detail=f"Nova shows no nova-compute service of {s.order.host}"
        )
    return Pending()


def _settle(s: Situation, step: Step, settle: int) -> Move:
    """An effect without a trace: believed only when no request can be on its way any more."""
    if s.look.at - s.intent_at(step.key) < settle:
        return Pending()
    return note(s, step, FactKind.ABSOLVED, "no trace")


def list_is_believed(look: Look, before: Look | None) -> bool:
    """Whether the source's list may be taken for complete: it shows somebody, or it was empty twice in a row while
    Nova showed the host's own row before, between and after (silent cells are left out of lists)."""
    if look.guests:
        return True
    if before is None or before.guests:
        return False
    rows = (before.service, before.service_after, look.service, look.service_after)
    return all(row is not None for row in rows)


def is_first_empty(look: Look, before: Look | None) -> bool:
    """Whether the source's list is empty and was not in the look before: the next look tells whether to believe it."""
    return not look.guests and (before is None or bool(before.guests))
