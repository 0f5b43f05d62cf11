"""Carries out one step's effect by the step protocol: intend, call once, tell what became of the call.

The wished-for state is seen by looks, not by answers: a call that was accepted stays `started` until Nova shows it.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import assert_never

from kasugai.adapters.telemetry.about import about
from kasugai.adapters.telemetry.catalogue import CALL, FIRST_EFFECT
from kasugai.adapters.telemetry.meters import observe
from kasugai.core.recovering.look import Look
from kasugai.core.recovering.moves import Begin
from kasugai.core.recovering.reserve_steps import aggregate_of, reserve_of
from kasugai.core.words.facts import FactKind, StepState
from kasugai.core.words.incident import Open
from kasugai.core.words.plan import Action, Step
from kasugai.core.words.timing import Millis, Timing
from kasugai.core.words.verdicts import Reason
from kasugai.workers import spans
from kasugai.workers.journal import Journal
from kasugai.workers.observe import monotonic_ms
from kasugai.workers.ports import (
    Cloud,
    CloudAway,
    CloudRefused,
    CloudUnsure,
    FenceRefused,
    Lease,
    LeaseLost,
    Ledger,
    Power,
)

AWAY = "away"
"""Reason of an intent whose call Nova did not take."""
LATE = "late"
"""Reason of an intent that took so long to record that the look which it stood on was old: look again first."""
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


async def carry_out(tools: Tools, order: Open, begin: Begin, seen: Look) -> Millis | None:
    """Carry out one effect; return how long the call took to be accepted, None when it was not. `seen` is the
    look that it stands on. Halted under a stop flag; LeaseLost, LedgerAway or
    LogAway end the ownership; whatever the world says is recorded."""
    with about(step=begin.step.key), spans.effect(order, begin.step):
        return await _carry_out(tools, order, begin, seen)


async def _carry_out(tools: Tools, order: Open, begin: Begin, seen: Look) -> Millis | None:
    is_first = not tools.journal.entry.effects
    if not await tools.ledger.begin(tools.lease, order.incident):
        raise Halted
    if not await tools.journal.step(order, begin.step, FactKind.STARTED, begin.record):
        await _tell(tools, order, begin, FactKind.ABSOLVED, STOPPED)
        raise Halted
    if monotonic_ms() - seen.nova_at > tools.timing.stale_after:
        await _tell(tools, order, begin, FactKind.ABSOLVED, LATE)
        return None
    _check_margin(tools)
    if is_first:
        observe(FIRST_EFFECT, (tools.journal.broker_now - order.decided_at) / 1000)
    return await _call_and_tell(tools, order, begin, seen)


def _check_margin(tools: Tools) -> None:
    """The last line before the call: a lease that is about to end is as good as lost."""
    left = tools.lease.until - asyncio.get_running_loop().time()
    if left * 1000 < tools.timing.margin:
        raise LeaseLost(f"only {left:.1f} s of the lease on {tools.lease.subject.title} left")


async def _call_and_tell(tools: Tools, order: Open, begin: Begin, seen: Look) -> Millis | None:
    began = monotonic_ms()
    try:
        with _timed(begin.step.action):
            async with asyncio.timeout(_limit(tools.timing, begin.step.action) / 1000):
                await _call(tools, order, begin, seen)
    except CloudRefused as no:
        await _tell(tools, order, begin, FactKind.ABSOLVED, Reason.REFUSED, str(no))
    except FenceRefused as no:
        tools.refusals[begin.step.key] = str(no)
        await _tell(tools, order, begin, FactKind.ABSOLVED, Reason.FENCE_REFUSED, str(no))
    except CloudAway as away:
        await _tell(tools, order, begin, FactKind.ABSOLVED, AWAY, str(away))
    except (CloudUnsure, TimeoutError) as unsure:
        await _tell(tools, order, begin, FactKind.UNSURE, "", str(unsure))
    else:
        return monotonic_ms() - began
    return None


@contextmanager
def _timed(action: Action) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        yield
    finally:
        observe(CALL, loop.time() - began, action=action)


def _limit(timing: Timing, action: Action) -> int:
    return timing.fence if action is Action.FENCE else timing.client


async def _call(tools: Tools, order: Open, begin: Begin, seen: Look) -> None:
    step = begin.step
    match step.action:
        case Action.FENCE | Action.FORCE_DOWN:
            await _put_down(tools, order, step, seen)
        case Action.JOIN | Action.ENABLE:
            await _make_ready(tools, step, seen)
        case Action.RESET:
            await tools.cloud.reset_state(step.subject)
        case Action.EVACUATE:
            await tools.cloud.evacuate(step.subject, begin.record.target)
        case Action.RESTORE:
            await tools.cloud.stop(step.subject)
        case Action.SWEEP:
            raise ValueError("a sweep has no effect to call")
        case _:
            assert_never(step.action)


async def _put_down(tools: Tools, order: Open, step: Step, seen: Look) -> None:
    if step.action is Action.FENCE:
        await tools.power.fence(order.host)
    else:
        service_id = seen.service.service_id if seen.service else ""
        await tools.cloud.force_down(service_id, order.policy.disable_reason)


async def _make_ready(tools: Tools, step: Step, seen: Look) -> None:
    if step.action is Action.JOIN:
        await tools.cloud.add_to_aggregate(aggregate_of(step), reserve_of(step))
    else:
        reserve = seen.others[step.subject]
        await tools.cloud.enable(reserve.service_id if reserve else "")


_STATES = {FactKind.ABSOLVED: StepState.ABSOLVED, FactKind.UNSURE: StepState.UNSURE}


async def _tell(
    tools: Tools, order: Open, begin: Begin, kind: FactKind, reason: str, detail: str = ""
) -> None:
    after = replace(begin.record, state=_STATES[kind], reason=reason)
    await tools.journal.step(order, begin.step, kind, after, detail)
