"""What the simulated Nova tells: in the order of a real one's, with no field that a real one's notifications lack."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from kasugai.bridge.envelope import unwrap
from kasugai.bridge.notification import Notification
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.voice import Message
from tests.support.nova_samples import NAMES, enveloped, on_rabbit
from tests.unit.sim.lab import Story, bury, play

REAL = [unwrap(on_rabbit(name)) for name in NAMES]
LIKE = {
    "instance.delete.end": "instance.delete.end",
    "instance.create.error": "instance.rebuild.error",
    "instance.live_migration_pre.start": "instance.exists",
    "instance.live_migration_post_dest.end": "instance.exists",
    "instance.live_migration_abort.end": "instance.exists",
    "instance.live_migration_rollback.end": "instance.exists",
}
"""Of what there is no sample, or none by that service, and of what its payload is a copy."""


def told(story: Story) -> list[Notification]:
    """Return what is told during a story."""
    messages: list[Message] = []

    async def listening(cloud: SimCloud) -> None:
        for name in ("web", "app"):
            cloud.add_guest(name, "host1")
        cloud.world.voice.begin(cloud.world.guests)
        cloud.world.voice.hearers.append(messages.append)
        await story(cloud)

    play(listening)
    return [unwrap(enveloped(json.loads(json.dumps(message)))) for message in messages]


def keys(payload: Mapping[str, Any]) -> set[str]:
    """Return the names of all fields, those of what is within them too."""
    inner = [key for value in payload.values() if isinstance(value, Mapping) for key in keys(value)]
    return {*payload, *inner}


def is_of(said: Notification, real: Notification) -> bool:
    """Whether the real one is of the same event and the same service."""
    same = LIKE.get(said.event, said.event) == real.event
    return same and (
        said.event in LIKE or said.publisher.partition(":")[0] == real.publisher.partition(":")[0]
    )


async def everything(cloud: SimCloud) -> None:
    cloud.user_stops("app")
    await asyncio.sleep(5)
    cloud.user_starts("app")
    await asyncio.sleep(5)
    cloud.operator_live_migrates("app", "host2")
    await asyncio.sleep(10)
    cloud.guest_dies("app")
    await asyncio.sleep(20)
    cloud.operator_disables("host3")
    cloud.world.voice.fails_to_build("bob", "host3", "InstanceDeployFailure")
    cloud.fail_spawns("host4")
    bury(cloud)
    cloud.operator_evacuates("web", "host4")
    await asyncio.sleep(10)
    cloud.operator_evacuates("web", "host2")
    await asyncio.sleep(10)
    cloud.nova.add_to_aggregate(cloud.add_aggregate("ha").aggregate_id, "host2")
    cloud.user_deletes("web")


def test_whatever_it_says_a_real_nova_says_in_those_fields() -> None:
    said = told(everything)
    assert {each.event for each in said} >= {
        "instance.update",
        "compute.exception",
        "service.update",
        *LIKE,
    } - {
        "instance.live_migration_abort.end",
        "instance.live_migration_rollback.end",
    }
    for each in said:
        alike = [real for real in REAL if is_of(each, real)]
        fields = {key for real in alike for key in keys(real.payload)}
        assert alike != [] and keys(each.payload) <= fields | {"fault"}, each.event
        assert each.priority in {real.priority for real in alike}


def test_an_evacuation_is_told_in_a_real_ones_order() -> None:
    async def story(cloud: SimCloud) -> None:
        bury(cloud)
        cloud.operator_evacuates("web", "host2")
        await asyncio.sleep(10)

    steps = [each for each in told(story) if each.event != "service.update"]
    assert [each.event.removeprefix("instance.") for each in steps] == [
        *("update", "evacuate", "rebuild_scheduled", "rebuild.start"),
        *("update", "update", "update", "rebuild.end", "update"),
    ]
    assert {each.request for each in steps} == {steps[0].request}
    assert [each.payload["host"] for each in steps] == ["host1"] * 8 + ["host2"]
    assert [each.publisher for each in steps[1:4]] == [
        "nova-api:controller",
        "nova-conductor:host2",
        "nova-compute:host2",
    ]


def test_who_asked_is_named_and_nova_itself_is_not() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.user_stops("app")
        cloud.guest_dies("web")
        await asyncio.sleep(30)

    ended = {each.payload["uuid"]: each for each in told(story) if each.event == "instance.power_off.end"}
    assert sorted(str(each.payload["action_initiator_user"]) for each in ended.values()) == ["None", "alice"]


def test_nothing_is_said_while_nobody_listens() -> None:
    async def story(cloud: SimCloud) -> None:
        cloud.world.voice.hearers.clear()
        cloud.user_stops("app")
        await asyncio.sleep(5)

    assert told(story) == []
