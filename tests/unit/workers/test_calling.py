"""Calls become requests in one place: each verb at its door, a custom one at the operator's, none at a missing one."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import pytest

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
    OpenStorage,
    PowerOn,
    Reenable,
    ResetState,
    StartGuest,
    StopGuest,
)
from kasugai.core.recovering.storage import Disk, DiskKind
from kasugai.core.words.frozen import FrozenMap
from kasugai.workers.calling import carry
from kasugai.workers.ports import NoDoor

CALLS: list[tuple[Call, tuple[object, ...]]] = [
    (Fence(host="cmp1"), ("power.fence", "cmp1")),
    (PowerOn(host="cmp1"), ("power.switch_on", "cmp1")),
    (CloseStorage(host="cmp1"), ("storage.close", "cmp1")),
    (OpenStorage(host="cmp1", addresses=("192.0.2.11",)), ("storage.open", "cmp1", ("192.0.2.11",))),
    (ForceDown(service_id="s1", reason="dead"), ("cloud.force_down", "s1", "dead")),
    (Enable(service_id="s2"), ("cloud.enable", "s2")),
    (Disable(service_id="s2", reason="why"), ("cloud.disable", "s2", "why")),
    (Reenable(service_id="s2", reason="rack 7"), ("cloud.reenable", "s2", "rack 7")),
    (DeleteService(service_id="s2"), ("cloud.delete_service", "s2")),
    (AddToAggregate(aggregate_id=7, host="r1"), ("cloud.add_to_aggregate", 7, "r1")),
    (Evacuate(guest="g1", target="r1"), ("cloud.evacuate", "g1", "r1")),
    (ResetState(guest="g1"), ("cloud.reset_state", "g1")),
    (StopGuest(guest="g1"), ("cloud.stop", "g1")),
    (StartGuest(guest="g1"), ("cloud.start", "g1")),
    (Migrate(guest="g1", target="cmp2"), ("cloud.migrate", "g1", "cmp2")),
    (LiveMigrate(guest="g1", target="cmp2"), ("cloud.live_migrate", "g1", "cmp2")),
    (ConfirmMigration(guest="g1"), ("cloud.confirm_migration", "g1")),
    (Custom(door="dns", payload=FrozenMap({"zone": "a"})), ("dns", {"zone": "a"})),
]


class Heard:
    """A door that hears every verb."""

    def __init__(self, name: str, heard: list[tuple[object, ...]]) -> None:
        self._name, self._heard = name, heard

    def __getattr__(self, verb: str) -> Any:
        async def hear(*args: object) -> None:
            self._heard.append((f"{self._name}.{verb}", *args))

        return hear


def send(call: Call) -> list[tuple[object, ...]]:
    heard: list[tuple[object, ...]] = []

    class Dns:
        async def look(self, about: Mapping[str, str]) -> tuple[str, str]:
            return "absent", ""

        async def act(self, about: Mapping[str, str]) -> None:
            heard.append(("dns", about))

    cloud, power, storage = (cast("Any", Heard(name, heard)) for name in ("cloud", "power", "storage"))
    asyncio.run(carry(call, cloud, power, {"dns": Dns()}, storage))
    return heard


@pytest.mark.parametrize(("call", "heard"), CALLS, ids=lambda value: type(value).__name__)
def test_a_call_is_one_request_at_its_own_door(call: Call, heard: tuple[object, ...]) -> None:
    assert send(call) == [heard]


def test_a_guest_of_a_closed_out_host_is_called_for_after_its_disks_were_seen() -> None:
    disks = (Disk(DiskKind.VOLUME, "v1"),)
    assert send(Evacuate(guest="g1", target="r1", closed="cmp1", disks=disks)) == [
        ("storage.free", "cmp1", disks),
        ("cloud.evacuate", "g1", "r1"),
    ]


def test_every_call_has_a_case_here() -> None:
    assert {type(call) for call, _ in CALLS} == set(Call.__args__)


def test_a_door_that_is_not_there_is_told_by_name_and_nobody_is_called() -> None:
    with pytest.raises(NoDoor, match="'lock'"):
        send(Custom(door="lock"))
