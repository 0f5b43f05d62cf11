"""Carries out one step's effect by the step protocol: intend, call once, tell what became of the call.

The wished-for state is seen by looks, not by answers: a call that was accepted stays `started` until Nova shows it.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from kasugai.adapters.telemetry.about import about
from kasugai.adapters.telemetry.meters import observe
from kasugai.adapters.telemetry.worker_metrics import CALL, FIRST_EFFECT
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin
from kasugai.core.recovering.steps.kinds import kind_of
from kasugai.core.words.actions import About
from kasugai.core.words.facts import FactKind, StepState
from kasugai.core.words.incident import Open
from kasugai.core.words.timing import Millis, Timing
from kasugai.core.words.verdicts import Reason
from kasugai.workers import spans
from kasugai.workers.calling import NO_STORAGE, carry
from kasugai.workers.clock import monotonic_ms
from kasugai.workers.journal import Journal
from kasugai.workers.ports import (
    Cloud,
    CloudAway,
    CloudRefused,
    CloudUnsure,
    CustomSteps,
    DiskElsewhere,
    FenceRefused,
    Lease,
    LeaseLost,
    Ledger,
    NoDoor,
    Power,
    StepFailed,
    Storage,
    StorageAway,
)

AWAY = "away"
"""Reason of an intent whose call Nova did not take."""
LATE = "late"
"""Reason of an intent that took so long to record that the look which it stood on was old: look again first."""
NO_DOOR = "no-door"
"""Reason of an intent whose call this worker has no door for."""
STOPPED = "stopped"
"""Reason of an intent that a stop overtook."""


class Halted(Exception):
    """A stop flag forbids the effect; nothing was called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What an effect is carried out with."""

    cloud: Cloud
    power: Power
    ledger: Ledger
    lease: Lease
    journal: Journal
    timing: Timing
    refusals: dict[str, str] = field(default_factory=dict)
    """By step: what was said when its call was last refused."""
    custom: CustomSteps = field(default_factory=lambda: MappingProxyType({}))
    """The doors that the operator has added."""
    storage: Storage = NO_STORAGE


async def carry_out(tools: Tools, order: Open, begin: Begin, seen: Look) -> Millis | None:
    """Carry out one effect; return how long the call took to be accepted, None when it was not. `seen` is the
    look that it stands on. Halted under a stop flag, but for what ends what was begun; LeaseLost, LedgerAway or
    LogAway end the ownership; whatever the world says is recorded."""
    with about(step=begin.step.key), spans.effect(order, begin.step):
        return await _carry_out(tools, order, begin, seen)


async def _carry_out(tools: Tools, order: Open, begin: Begin, seen: Look) -> Millis | None:
    is_first = not tools.journal.entry.effects
    ends = kind_of(begin.step.action).ends_what_was_begun
    if not await tools.ledger.begin(tools.lease, order.incident) and not ends:
        raise Halted
    if not await tools.journal.step(order, begin.step, FactKind.STARTED, begin.record, even_stopped=ends):
        await _tell(tools, order, begin, FactKind.ABSOLVED, STOPPED)
        raise Halted
    seen_at = seen.host_at if begin.step.words.about is About.HOST else seen.nova_at
    if monotonic_ms() - seen_at > tools.timing.stale_after:
        await _tell(tools, order, begin, FactKind.ABSOLVED, LATE)
        return None
    _check_margin(tools)
    if is_first:
        observe(FIRST_EFFECT, (tools.journal.broker_now - order.decided_at) / 1000, kind=order.kind)
    return await _call_and_tell(tools, order, begin, seen)


def _check_margin(tools: Tools) -> None:
    """The last line before the call: a lease that is about to end is as good as lost."""
    left = tools.lease.until - asyncio.get_running_loop().time()
    if left * 1000 < tools.timing.margin:
        raise LeaseLost(f"only {left:.1f} s of the lease on {tools.lease.subject.title} left")


async def _call_and_tell(tools: Tools, order: Open, begin: Begin, seen: Look) -> Millis | None:
    kind = kind_of(begin.step.action)
    began = monotonic_ms()
    try:
        with _timed(kind.action):
            async with asyncio.timeout(kind.limit(tools.timing) / 1000):
                call = kind.effect(order, begin, seen)
                await carry(call, tools.cloud, tools.power, tools.custom, tools.storage)
    except CloudRefused as no:
        await _tell(tools, order, begin, FactKind.ABSOLVED, Reason.REFUSED, str(no))
    except (FenceRefused, DiskElsewhere, StepFailed, NoDoor) as no:
        tools.refusals[begin.step.key] = str(no)
        await _tell(tools, order, begin, FactKind.ABSOLVED, _REFUSALS[type(no)], str(no))
    except (CloudAway, StorageAway) as away:
        await _tell(tools, order, begin, FactKind.ABSOLVED, AWAY, str(away))
    except (CloudUnsure, TimeoutError) as unsure:
        await _tell(tools, order, begin, FactKind.UNSURE, "", str(unsure))
    else:
        return Millis(monotonic_ms() - began)
    return None


@contextmanager
def _timed(action: str) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        yield
    finally:
        observe(CALL, loop.time() - began, action=action)


_REFUSALS: Mapping[type[Exception], str] = {
    FenceRefused: Reason.FENCE_REFUSED,
    DiskElsewhere: Reason.STORAGE_ONLY,
    StepFailed: Reason.CUSTOM_STEP,
    NoDoor: NO_DOOR,
}
"""What is recorded of an intent by the door's no."""
_STATES = {FactKind.ABSOLVED: StepState.ABSOLVED, FactKind.UNSURE: StepState.UNSURE}


async def _tell(
    tools: Tools, order: Open, begin: Begin, kind: FactKind, reason: str, detail: str = ""
) -> None:
    after = replace(begin.record, state=_STATES[kind], reason=reason)
    await tools.journal.step(order, begin.step, kind, after, detail)
