"""Carries a call out: the one place where what a step asks of the world becomes a request.

What was answered is the caller's to judge; nothing is repeated here.
"""

from typing import assert_never

from kasugai.core.recovering.calls import (
    AddToAggregate,
    Call,
    Custom,
    Enable,
    Evacuate,
    Fence,
    ForceDown,
    ResetState,
    StartGuest,
    StopGuest,
)
from kasugai.workers.ports import Cloud, CustomDoors, NoDoor, Power


async def carry(call: Call, cloud: Cloud, power: Power, custom: CustomDoors) -> None:
    """Send one call. Raises what its door raises; NoDoor for a custom door that this worker does not have."""
    match call:
        case Fence(host=host):
            await power.fence(host)
        case Custom():
            await _knock(call, custom)
        case _:
            await _ask_cloud(call, cloud)


async def _ask_cloud(
    call: ForceDown | Enable | AddToAggregate | Evacuate | ResetState | StopGuest | StartGuest, cloud: Cloud
) -> None:
    match call:
        case ForceDown(service_id=service_id, reason=reason):
            await cloud.force_down(service_id, reason)
        case Enable(service_id=service_id):
            await cloud.enable(service_id)
        case AddToAggregate(aggregate_id=aggregate_id, host=host):
            await cloud.add_to_aggregate(aggregate_id, host)
        case Evacuate(guest=guest, target=target):
            await cloud.evacuate(guest, target)
        case ResetState(guest=guest):
            await cloud.reset_state(guest)
        case StopGuest(guest=guest):
            await cloud.stop(guest)
        case StartGuest(guest=guest):
            await cloud.start(guest)
        case _:
            assert_never(call)


async def _knock(call: Custom, custom: CustomDoors) -> None:
    door = custom.get(call.door)
    if door is None:
        raise NoDoor(f"this worker has no door {call.door!r}")
    await door(call.payload)
