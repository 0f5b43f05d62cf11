"""The host is off: by its device's word; without one that answers because its own watchdog has reset it, or by a
person's word; without a device also by a trusted assertion, or by long silence where the segment's policy says that
this is enough. Or its storage is closed to it, where no device answers."""

from collections.abc import Mapping

from kasugai.core.recovering.calls import CloseStorage, Fence
from kasugai.core.recovering.cutoff import is_open_again
from kasugai.core.recovering.look import Look, PowerState
from kasugai.core.recovering.moves import Begin, Blocked, Move, Pending
from kasugai.core.recovering.nova_views import ServiceView
from kasugai.core.recovering.situation import Situation
from kasugai.core.recovering.steps import storage_fence
from kasugai.core.recovering.steps.kind import LookAfter, StepKind
from kasugai.core.recovering.steps.records import (
    begin,
    is_open,
    note,
    planned_anew,
    tries_here,
    unseen,
)
from kasugai.core.recovering.steps.storage_fence import is_with_storage, kept
from kasugai.core.words.actions import WORDINGS, Action
from kasugai.core.words.facts import BY, FactKind, StepRecord
from kasugai.core.words.frozen import NO_TEXTS, FrozenMap
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Step
from kasugai.core.words.policy import Fencing
from kasugai.core.words.timing import BrokerTime, Millis, Timing, between
from kasugai.core.words.verdicts import Reason

TRIES = 2
"""How often one owner switches a host off before it holds the incident."""


def assess(s: Situation, step: Step) -> Move:
    """The power is read as off, or somebody vouches for it."""
    if not s.has_device:
        return _without_device(s, step)
    if s.power_is_off():
        return _done(s, step, Reason.POWER_OFF)
    if s.look.power_at is None:
        return Pending()
    if is_reset(s) or is_vouched(s):
        return _done(s, step, Reason.WATCHDOG) if is_reset(s) else _vouched(s, step)
    if is_open(s, step) and not is_with_storage(s.record(step)):
        return unseen(s, step, s.timing.fence_settle, kept(s, step))
    if s.look.storage is not None and _is_its_turn(s, step):
        return storage_fence.assess(s, step, s.look.storage, 2 * TRIES)
    if not tries_here(s, step, TRIES):
        return _refused(s)
    return begin(s, step, kept(s, step))


def _is_its_turn(s: Situation, step: Step) -> bool:
    """Whether it is the storage's turn: no device answers, and this owner has told them often enough. What was begun
    with it ends with it. A host that lives and is useless is switched off or left."""
    if s.look.power is not PowerState.UNKNOWN or s.order.condemned:
        return False
    record = s.record(step)
    if is_open(s, step):
        return True
    return record is not None and record.epoch == s.memory.epoch and record.tries % (2 * TRIES) >= TRIES


def _refused(s: Situation) -> Blocked:
    """No device could switch it off. One that reads on contradicts whoever vouched that it is off."""
    if s.order.vouched_by and s.look.power is PowerState.ON:
        detail = f"{s.order.vouched_by} vouched that it is off, and its power reads on; {s.memory.refusal}"
        return Blocked(reason=Reason.POWER_ON, detail=detail)
    return Blocked(reason=Reason.FENCE_REFUSED, detail=s.memory.refusal)


def is_reset(s: Situation) -> bool:
    """Whether the host's own watchdog has reset it: the last of its fences, which is waited for and never switched. A
    device that answers is believed before it."""
    return s.order.reset_at is not None and s.look.power is PowerState.UNKNOWN


def is_vouched(s: Situation) -> bool:
    """Whether a person's word stands for a device that does not answer; one that reads on contradicts it. Nobody's word
    stands for the power of a host that lives and is useless."""
    return bool(s.order.vouched_by) and s.look.power is PowerState.UNKNOWN and not s.order.condemned


def must_be_done_again(s: Situation, record: StepRecord) -> bool:
    """Whether the host counts as fenced no more: the word that it was fenced was taken back, or the power came back
    since an earlier owner saw it off and a new decision says that the host is dead; or somebody opened its storage."""
    if record.reason == Reason.STORAGE_CLOSED and s.look.power is not PowerState.ON:
        return record.epoch != s.memory.epoch and is_open_again(s)
    if s.has_device:
        lapsed = record.reason == Reason.VOUCHED and (not s.order.vouched_by or bool(s.order.condemned))
        lapsed = lapsed or (record.reason == Reason.WATCHDOG and s.order.reset_at is None)
        return lapsed or (record.epoch != s.memory.epoch and s.look.power is PowerState.ON)
    if record.reason == Reason.WATCHDOG:
        return s.order.reset_at is None
    return record.reason != Reason.UNFENCED and s.order.asserted_at is None


def _vouched(s: Situation, step: Step) -> Move:
    return _done(s, step, Reason.VOUCHED, {BY: s.order.vouched_by})


def _done(s: Situation, step: Step, reason: Reason, more: Mapping[str, str] = NO_TEXTS) -> Move:
    """What our fence has closed stays ours to open, whatever proves later that the host is off."""
    return note(s, step, FactKind.DONE, reason, FrozenMap({**kept(s, step), **more}))


def _without_device(s: Situation, step: Step) -> Move:
    if is_reset(s):
        return _done(s, step, Reason.WATCHDOG)
    if s.order.condemned:
        return Blocked(
            reason=Reason.NO_FENCE_DEVICE,
            detail=f"it lives, but {s.order.condemned} failed: only a power device may switch it off, and it has none",
        )
    if s.order.vouched_by:
        return _vouched(s, step)
    if s.order.asserted_at is not None:
        return _done(s, step, Reason.ASSERTED)
    if s.look.storage is not None:
        return storage_fence.assess(s, step, s.look.storage, TRIES)
    if (
        s.order.policy.fence is Fencing.NONE
        and s.order.confirmed_at is not None
        and s.look.service is not None
    ):
        return _by_silence(s, step, s.order.confirmed_at, s.look.service)
    return Blocked(
        reason=Reason.NO_FENCE_DEVICE,
        detail=f"no power device for this host and no trusted assertion{_heard(s)}; if you know that it is off, type: "
        f"kasugai incident approve {s.order.host} --limit fence --reason ...",
    )


def _heard(s: Situation) -> str:
    return f" (Nova heard of it {s.look.service.age:.0f} s ago)" if s.look.service is not None else ""


def by_silence(s: Situation, confirmed_at: BrokerTime, service: ServiceView) -> Blocked | None:
    """Return what is missing to the long silence that is a fence in this segment; None for nothing."""
    needed, stood = s.order.policy.unfenced_wait, Millis(int(service.age * 1000))
    waited = min(between(confirmed_at, s.broker_now), stood)
    if waited >= needed:
        return None
    return Blocked(
        reason=Reason.UNFENCED_WAIT,
        detail=f"fence: none, and silent for {max(0, waited) // 1000} of {needed // 1000} s",
    )


def _by_silence(s: Situation, step: Step, confirmed_at: BrokerTime, service: ServiceView) -> Move:
    """Witnesses agree, and Nova's record has stood still, both for `unfenced-wait`."""
    missing = by_silence(s, confirmed_at, service)
    return missing or _done(s, step, Reason.UNFENCED)


def _effect(order: Open, begin: Begin, look: Look) -> Fence | CloseStorage:
    host = begin.step.subject
    return CloseStorage(host=host) if storage_fence.closes(begin) else Fence(host=host)


def _limit(timing: Timing) -> Millis:
    return timing.fence


FENCE = StepKind(
    words=WORDINGS[Action.FENCE],
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
