"""Carries a call out: the one place where what a step asks of the world becomes a request.

What was answered is the caller's to judge; nothing is repeated here.
"""

from typing import assert_never

from kasugai.adapters.ceph.none import NoStorage
from kasugai.core.recovering.calls import (
    AddToAggregate,
    Call,
    CloseStorage,
    ConfirmMigration,
    Custom,
    DeleteService,
    Disable,
    Enable,
    Evacuate,
    Fence,
    ForceDown,
    LiveMigrate,
    Migrate,
    OfGuest,
    OfService,
    OpenStorage,
    PowerOn,
    Reenable,
    ResetState,
    StartGuest,
    StopGuest,
)
from kasugai.workers.custom import act
from kasugai.workers.ports import Cloud, CustomSteps, Power, Storage

NO_STORAGE = NoStorage()


async def carry(
    call: Call, cloud: Cloud, power: Power, custom: CustomSteps, storage: Storage = NO_STORAGE
) -> None:
    """Send one call. Raises what its door raises; NoDoor for a step of the operator's own that this
    worker does not have, StepFailed when it raises."""
    match call:
        case CloseStorage(host=host):
            await storage.close(host)
        case OpenStorage(host=host, addresses=addresses):
            await storage.open(host, addresses)
        case Evacuate(closed=host, disks=disks) if host:
            await storage.free(host, disks)
            await _ask_cloud(call, cloud)
        case Fence(host=host):
            await power.fence(host)
        case PowerOn(host=host):
            await power.switch_on(host)
        case Custom():
            await act(call.door, call.payload, custom)
        case _:
            await _ask_cloud(call, cloud)


async def _ask_cloud(call: OfService | OfGuest, cloud: Cloud) -> None:
    match call:
        case ForceDown() | Enable() | Disable() | Reenable() | DeleteService() | AddToAggregate():
            await _ask_about_host(call, cloud)
        case _:
            await _ask_about_guest(call, cloud)


async def _ask_about_host(call: OfService, cloud: Cloud) -> None:
    match call:
        case ForceDown(service_id=service_id, reason=reason):
            await cloud.force_down(service_id, reason)
        case Enable(service_id=service_id):
            await cloud.enable(service_id)
        case Disable(service_id=service_id, reason=reason):
            await cloud.disable(service_id, reason)
        case Reenable(service_id=service_id, reason=reason):
            await cloud.reenable(service_id, reason)
        case DeleteService(service_id=service_id):
            await cloud.delete_service(service_id)
        case AddToAggregate(aggregate_id=aggregate_id, host=host):
            await cloud.add_to_aggregate(aggregate_id, host)
        case _:
            assert_never(call)


async def _ask_about_guest(call: OfGuest, cloud: Cloud) -> None:
    match call:
        case Evacuate(guest=guest, target=target):
            await cloud.evacuate(guest, target)
        case ResetState(guest=guest):
            await cloud.reset_state(guest)
        case StopGuest(guest=guest):
            await cloud.stop(guest)
        case StartGuest(guest=guest):
            await cloud.start(guest)
        case Migrate(guest=guest, target=target):
            await cloud.migrate(guest, target)
        case LiveMigrate(guest=guest, target=target):
            await cloud.live_migrate(guest, target)
        case ConfirmMigration(guest=guest):
            await cloud.confirm_migration(guest)
        case _:
            assert_never(call)
