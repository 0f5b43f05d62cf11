"""The Nova adapter where guests may go: who has room by Placement, whether Nova evacuates, and how it ended."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from kasugai.adapters.nova import NovaCloud, views
from kasugai.adapters.nova.session import Service
from kasugai.adapters.nova.wire import Ask, Reply, Wire
from kasugai.core.recovering.doors import CloudAway, CloudRefused
from kasugai.core.recovering.nova_views import EvacuationView, Needs
from kasugai.sim.cloud import SimCloud
from kasugai.sim.cloud.model import Answer
from kasugai.sim.http import CloudThread
from kasugai.sim.http.server import HttpReply
from tests.support.clouds import SWIFT, furnish, until, with_adapter
from tests.support.scenes import HOSTS

HOST = "cmp1.rack1"
SMALL = Needs(resources=(("MEMORY_MB", 512), ("VCPU", 1)))


@pytest.fixture
def lab() -> Iterator[CloudThread]:
    with CloudThread(furnish, pace=SWIFT) as running:
        yield running


def asked(lab: CloudThread, *actions: str) -> list[str]:
    """Return which of these requests reached the cloud, in their order."""
    made = lab.do(lambda cloud: list(cloud.wire.requests))
    return [request.action for request in made if request.action in actions]


def hide(lab: CloudThread, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    """Let Nova show no such hypervisor, as of a cell that is silent or a provider that was left behind."""
    real = lab.door.api._hypervisors

    def some() -> Answer[HttpReply]:
        answer = real()
        assert isinstance(answer.value.body, dict)
        rows = [row for row in answer.value.body["hypervisors"] if row["service"]["host"] != host]
        return Answer(HttpReply(body={"hypervisors": rows}), answer.took)

    monkeypatch.setattr(lab.door.api, "_hypervisors", some)


def test_who_has_room_is_told_by_novas_names_and_its_hypervisors_are_read_once(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        for _ in range(3):
            found = await nova.room(SMALL)
            assert found.keys() == set(HOSTS) and all(found.values())

    with_adapter(lab, use)
    assert asked(lab, "room", "hypervisors") == ["room", "hypervisors", "room", "room"]


def test_a_host_that_has_come_since_is_looked_up(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        await nova.room(SMALL)
        lab.do(lambda cloud: cloud.add_host("new1"))
        assert "new1" in await nova.room(SMALL)
        await nova.room(SMALL)

    with_adapter(lab, use)
    assert Counter(asked(lab, "hypervisors")) == {"hypervisors": 2}


def test_a_provider_that_nova_does_not_show_is_left_out_and_looked_up_once_a_question(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def use(nova: NovaCloud) -> None:
        hide(lab, monkeypatch, "cmp2")
        assert (await nova.room(SMALL)).keys() == set(HOSTS) - {"cmp2"}
        monkeypatch.undo()
        assert (await nova.room(SMALL)).keys() == set(HOSTS)

    with_adapter(lab, use)
    assert asked(lab, "room", "hypervisors") == ["room", "hypervisors"] * 2


class TogetherWire:
    """Placement says that `a` and `b` have room; Nova shows `a` alone, once all have asked Placement."""

    def __init__(self, questions: int) -> None:
        self.asked: Counter[str] = Counter()
        self._questions = questions
        self._all_have_asked = asyncio.Event()

    async def send(self, ask: Ask) -> Reply:
        """Answer."""
        self.asked[ask.service] += 1
        if ask.service is Service.NOVA:
            await self._all_have_asked.wait()
            return Reply(body={"hypervisors": [{"id": "a", "service": {"host": "cmp1"}}]}, date=None)
        if self.asked[ask.service] == self._questions:
            self._all_have_asked.set()
        have = {"MEMORY_MB": {"capacity": 1024, "used": 0}}
        return Reply(
            body={
                "allocation_requests": [
                    {"allocations": {host: {"resources": {"MEMORY_MB": 512}}}} for host in ("a", "b")
                ],
                "provider_summaries": {
                    host: {"root_provider_uuid": host, "resources": have} for host in ("a", "b")
                },
            },
            date=None,
        )


def test_questions_that_go_together_read_the_hypervisors_once(lab: CloudThread) -> None:
    """Some 10,000 of them at a large cloud."""

    async def use(nova: NovaCloud) -> None:
        real, wire = nova._wire, TogetherWire(8)
        nova._wire = cast("Wire", wire)
        assert await asyncio.gather(*(nova.room(SMALL) for _ in range(8))) == [{"cmp1": 2}] * 8
        assert wire.asked == {Service.PLACEMENT: 8, Service.NOVA: 1}
        nova._wire = real

    with_adapter(lab, use)


def test_a_cloud_without_placement_is_a_no_and_not_an_outage(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = lab.door.api.keystone._service

    def others(kind: str, name: str, path: str) -> dict[str, Any]:
        return {"type": "other", "endpoints": []} if kind == "placement" else real(kind, name, path)

    async def use(nova: NovaCloud) -> None:
        monkeypatch.setattr(lab.door.api.keystone, "_service", others)
        with pytest.raises(CloudRefused, match=r"404 .*placement"):
            await nova.room(SMALL)

    with_adapter(lab, use)


def test_placement_says_no_to_what_it_does_not_understand_and_its_own_words_are_told(
    lab: CloudThread,
) -> None:
    async def use(nova: NovaCloud) -> None:
        with pytest.raises(CloudRefused, match="'resources' is a required property") as told:
            await nova.room(Needs(resources=()))
        assert told.value.status == 400

    with_adapter(lab, use)


def test_nova_is_well_until_no_service_of_a_kind_is_up(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        assert (await nova.services()).unwell == frozenset()
        lab.do(lambda cloud: cloud.conductor_away(3600))
        await until(lambda: lab.do(lambda cloud: not _is_up(cloud, "nova-conductor")))
        assert (await nova.services()).unwell == {"nova-conductor"}

    with_adapter(lab, use)
    services = [r for r in lab.do(lambda cloud: list(cloud.wire.requests)) if r.path == "/os-services"]
    assert len(services) == 2, "one question about all"


def _is_up(cloud: SimCloud, binary: str) -> bool:
    return next(one.is_up for one in cloud.nova.list_controllers().value if one.binary == binary)


@pytest.mark.parametrize(
    ("states", "silent"),
    [((), False), (("up",), False), (("down", "up"), False), (("down",), True), (("down", "down"), True)],
)
def test_one_service_that_is_up_is_enough_and_none_at_all_tells_nothing(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, states: tuple[str, ...], silent: bool
) -> None:
    """A deployment may run them where Nova's API does not show them."""

    def rows() -> Answer[HttpReply]:
        both = ("nova-scheduler", "nova-conductor")
        found = [
            {"binary": binary, "state": state, "status": "disabled"} for binary in both for state in states
        ]
        return Answer(HttpReply(body={"services": found}), 0.0)

    async def use(nova: NovaCloud) -> None:
        await nova.check()
        monkeypatch.setattr(lab.door.api, "_services", lambda *_: rows())
        assert (await nova.services()).unwell == ({"nova-scheduler", "nova-conductor"} if silent else set())

    with_adapter(lab, use)


def bury(cloud: SimCloud) -> None:
    cloud.hosts.power_off(HOST)
    cloud.operator_forces_down(HOST)


def test_the_last_evacuation_is_the_newest_and_no_other_action(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        uuid = lab.do(lambda cloud: cloud.uuid("web"))
        assert await nova.last_evacuation(uuid) is None
        lab.do(bury)
        lab.do(lambda cloud: cloud.no_valid_host())
        await nova.evacuate(uuid)
        await until(lambda: lab.do(lambda cloud: [m.status for m in cloud.world.migrations]) == ["error"])
        first = await nova.last_evacuation(uuid)
        lab.do(lambda cloud: cloud.no_valid_host(False))
        await nova.evacuate(uuid)
        await until(lambda: lab.do(lambda cloud: cloud.world.migrations[-1].status) == "done")
        await nova.stop(uuid)
        await until(lambda: lab.do(lambda cloud: cloud.world.guests[uuid].vm_state) == "stopped")
        second = await nova.last_evacuation(uuid)
        assert second is not None and not second.started_since, "a stop is no start"
        actions = lab.do(lambda cloud: cloud.nova.list_actions(uuid).value)
        assert [each.action for each in actions] == ["stop", "evacuate", "evacuate", "create"]
        assert first is not None and first.request == actions[2].request_id
        assert second == EvacuationView(request=actions[1].request_id, has_failed=False)
        await nova.start(uuid)
        assert await nova.last_evacuation(uuid) == replace(second, started_since=True)

    with_adapter(lab, use)


def test_a_guest_that_is_gone_has_no_account_and_that_is_a_no(lab: CloudThread) -> None:
    async def use(nova: NovaCloud) -> None:
        with pytest.raises(CloudRefused) as told:
            await nova.last_evacuation("00000000-0000-4000-8000-000000000000")
        assert told.value.status == 404

    with_adapter(lab, use)


@pytest.mark.parametrize(
    ("events", "has_failed"),
    [
        ([], False),
        ([("rebuild_server", None)], False),
        ([("rebuild_server", "Success")], False),
        ([("rebuild_server", "Error")], True),
        ([("conductor_rebuild_server", "Error")], True),
        ([("compute_rebuild_instance", "Error"), ("rebuild_server", "Success")], False),
        ([("compute_rebuild_instance", "Error")], False),
    ],
)
def test_only_the_conductors_error_says_that_nothing_was_sent(
    events: list[tuple[str, str | None]], has_failed: bool
) -> None:
    rows = [{"event": name, "result": result} for name, result in events]
    row = {"request_id": "req-1", "action": "evacuate", "events": rows}
    assert views.evacuation(row, ()) == EvacuationView(request="req-1", has_failed=has_failed)


def test_an_account_without_its_events_is_away() -> None:
    with pytest.raises(CloudAway, match="lacks events"):
        views.evacuation({"request_id": "req-1"}, ())


def test_a_hypervisor_has_its_providers_id_and_its_services_host() -> None:
    row = {"id": "6c9f", "hypervisor_hostname": "cmp1.example.org", "service": {"id": 3, "host": "cmp1"}}
    assert views.hypervisor(row) == ("6c9f", "cmp1")
    with pytest.raises(CloudAway, match="lacks service"):
        views.hypervisor({"id": "6c9f"})


@pytest.mark.parametrize(("told", "zone"), [({"zone": "az2"}, "az2"), ({"zone": None}, ""), ({}, "")])
def test_a_service_has_its_zone_if_nova_tells_it(told: dict[str, str | None], zone: str) -> None:
    row = {"binary": "nova-compute", "id": "1", "host": "cmp1", "state": "up", "status": "enabled"}
    (view,) = views.services([{**row, "forced_down": False, **told}], None).computes
    assert view.zone == zone


def test_a_guest_has_its_needs_and_none_where_its_flavor_is_a_link() -> None:
    row: dict[str, Any] = {
        "id": "1",
        "name": "web",
        "OS-EXT-SRV-ATTR:host": "cmp1",
        "OS-EXT-STS:vm_state": "active",
        "OS-EXT-STS:task_state": None,
        "OS-EXT-STS:power_state": 1,
        "metadata": {},
        "locked": False,
        "status": "ACTIVE",
    }
    flavor = {"vcpus": 1, "ram": 512, "disk": 1, "extra_specs": {}}
    with_image = {**row, "flavor": flavor, "image": {"id": "i"}}
    assert views.guest(with_image).needs == Needs(resources=(("DISK_GB", 1), ("MEMORY_MB", 512), ("VCPU", 1)))
    assert views.guest({**row, "flavor": flavor, "image": ""}).needs == SMALL
    assert views.guest({**row, "flavor": {"id": "1", "links": []}}).needs is None
