"""A cloud read as a whole: in pages, never one request for each guest, and what is not told is never taken for room."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kasugai.adapters.nova.placing import offers
from kasugai.adapters.nova.survey import NovaSurvey
from kasugai.adapters.nova.surveying import GROUPS_HIDDEN, survey
from kasugai.adapters.settings import NovaSettings
from kasugai.core.recovering.described import Described
from kasugai.core.recovering.doors import CloudAway, CloudRefused
from kasugai.core.recovering.nova_views import GroupView, Needs, OffersView
from kasugai.core.telling.whatif import lose
from kasugai.core.words.capacity import Outlook, Snapshot
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.timing import TEST
from kasugai.sim.cloud import SimCloud
from kasugai.sim.http import CloudThread
from tests.support.clouds import CLIENT, SWIFT

HOSTS = ("cmp1", "cmp2", "cmp3")
DESCRIBED = Described(
    segments={"s1": SegmentRecord(segment_id="s1", name="rack1")},
    hosts={host: HostRecord(host_uuid=f"u-{host}", name=host, segment_id="s1") for host in HOSTS},
    devices=dict.fromkeys(HOSTS, True),
)


def furnish(cloud: SimCloud) -> None:
    """Three hosts, five guests; one of two of a group is on the host that may be lost."""
    for host in HOSTS:
        cloud.add_host(host, capacity=4)
    for name, host in (("a", "cmp1"), ("b", "cmp1"), ("c", "cmp2"), ("d", "cmp3")):
        cloud.add_guest(name, host)
    cloud.add_guest("e", "cmp3", project="other")
    cloud.add_group("g", "a", "c")


@pytest.fixture
def lab() -> Iterator[CloudThread]:
    with CloudThread(furnish, pace=SWIFT) as running:
        yield running


def surveyed(lab: CloudThread, hosts: tuple[str, ...] | None = ("cmp1",)) -> Snapshot:
    found: list[Snapshot] = []

    async def use(nova: NovaSurvey) -> None:
        found.append(await survey(nova, DESCRIBED, TEST, hosts))

    with_survey(lab, use)
    return found[0]


def with_survey(lab: CloudThread, use: Callable[[NovaSurvey], Awaitable[None]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clouds.yaml"
        file.write_text(lab.door.clouds_yaml())

        async def main() -> None:
            nova = NovaSurvey(NovaSettings(cloud="sim", clouds_file=str(file)), client=CLIENT)
            try:
                await use(nova)
            finally:
                await nova.close()

        asyncio.run(main())


def requests(lab: CloudThread) -> Counter[str]:
    return Counter(request.action for request in lab.do(lambda cloud: list(cloud.wire.requests)))


def test_guests_go_where_placement_and_their_groups_let_them(lab: CloudThread) -> None:
    found = {g.name: (str(g.outlook), g.to) for g in lose(surveyed(lab), ["cmp1"]).guests}
    assert found == {"a": ("fits", "cmp3"), "b": ("fits", "cmp2")}


def test_so_many_guests_so_few_requests(lab: CloudThread) -> None:
    def more(cloud: SimCloud) -> None:
        for n in range(40):
            cloud.add_guest(f"more{n}", "cmp1")

    lab.do(more)
    surveyed(lab)
    asked = requests(lab)
    assert asked["guests"] == 2, "the lost host's, and those of the group's project"
    assert (asked["room"], asked["guest"], asked["server-groups"]) == (1, 1, 2), "a sample; a last empty page"


def test_all_guests_are_read_page_by_page(lab: CloudThread) -> None:
    lab.do(lambda _: setattr(lab.door.api, "page", 2))
    found = surveyed(lab, None)
    assert {host: len(guests) for host, guests in found.guests.items()} == {"cmp1": 2, "cmp2": 1, "cmp3": 2}
    assert requests(lab)["guests"] == 3


def test_placements_no_is_told_of_each_guest(lab: CloudThread, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no(*_: object) -> OffersView:
        raise CloudRefused(403, "placement:allocation_candidates:list")

    monkeypatch.setattr(NovaSurvey, "offers", no)
    assert {(g.outlook, g.why) for g in lose(surveyed(lab), ["cmp1"]).guests} == {
        (Outlook.UNKNOWN, "placement-refused: 403 placement:allocation_candidates:list")
    }


@pytest.mark.parametrize("whole", ["refused", "own project's alone"])
def test_nobody_fits_where_server_groups_are_not_shown(
    lab: CloudThread, monkeypatch: pytest.MonkeyPatch, whole: str
) -> None:
    async def no(*_: object) -> tuple[GroupView, ...]:
        raise CloudRefused(403, "os_compute_api:os-server-groups:index")

    async def nobody(*_: object) -> None:
        """Nova shows a guest of another project by id to administrators only."""

    monkeypatch.setattr(NovaSurvey, *(("groups", no) if whole == "refused" else ("guest", nobody)))
    found = lose(surveyed(lab), ["cmp1"]).guests
    assert {(g.outlook, g.why) for g in found} == {(Outlook.UNKNOWN, GROUPS_HIDDEN)}


def test_a_member_of_the_group_that_nobody_shows_may_be_anywhere(lab: CloudThread) -> None:
    lab.do(lambda cloud: cloud.world.guest("c").__setattr__("project", "hidden"))
    lab.do(lambda cloud: cloud.world.silent_cells.update(cell2=True))
    lab.do(lambda cloud: cloud.world.host("cmp2").__setattr__("cell", "cell2"))
    found = {g.name: (str(g.outlook), g.why) for g in lose(surveyed(lab), ["cmp1"]).guests}
    assert found["a"] == ("unknown", "server-group-not-whole")
    assert found["b"] == ("fits", "")


def test_an_image_that_glance_does_not_show_may_ask_for_anything(lab: CloudThread) -> None:
    lab.do(lambda cloud: cloud.add_image("known"))
    lab.do(lambda cloud: cloud.add_guest("f", "cmp1", image="known"))
    lab.do(lambda cloud: cloud.add_guest("h", "cmp1", image="deleted"))
    found = {g.name: (str(g.outlook), g.why, g.note) for g in lose(surveyed(lab), ["cmp1"]).guests}
    assert found["f"] == ("fits", "", "its-disk-may-be-local")
    assert found["h"][:2] == ("unknown", "image-not-told")


def test_nova_away_is_no_forecast(lab: CloudThread, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: object) -> None:
        raise CloudAway("no answer")

    monkeypatch.setattr(NovaSurvey, "services", away)
    with pytest.raises(CloudAway):
        surveyed(lab)


def provider(root: str, traits: tuple[str, ...] = (), **resources: tuple[int, int]) -> dict[str, Any]:
    rows = {name: {"capacity": capacity, "used": used} for name, (capacity, used) in resources.items()}
    return {"root_provider_uuid": root, "resources": rows, "traits": list(traits)}


def test_shared_storage_is_one_stock_of_many_hosts_and_a_nested_provider_one_of_its_host() -> None:
    def way(root: str, cell: str) -> dict[str, Any]:
        return {
            "allocations": {
                root: {"resources": {"MEMORY_MB": 512}},
                cell: {"resources": {"PCPU": 2}},
                "pool": {"resources": {"DISK_GB": 10}},
            }
        }

    answer = {
        "allocation_requests": [way("a", "a0"), way("a", "a1"), way("b", "b0"), way("x", "x0")],
        "provider_summaries": {
            "pool": provider("pool", DISK_GB=(100, 40)),
            "a": provider("a", MEMORY_MB=(4096, 1024)),
            "a0": provider("a", PCPU=(8, 6)),
            "a1": provider("a", PCPU=(8, 0)),
            "b": provider("b", ("COMPUTE_STATUS_DISABLED",), MEMORY_MB=(4096, 0)),
            "b0": provider("b", PCPU=(8, 0)),
            "x": provider("x", MEMORY_MB=(4096, 0)),
            "x0": provider("x", PCPU=(8, 0)),
        },
    }
    found = offers(answer, {"a": "cmp1", "b": "cmp2"})
    assert {host: len(ways) for host, ways in found.ways.items()} == {"cmp1": 2, "cmp2": 1}
    assert found.free["pool", "DISK_GB"] == 60 and found.free["a0", "PCPU"] == 2
    assert found.barred == (("cmp2", "disabled-in-placement"),)
    assert ("x", "MEMORY_MB") not in found.free, "Nova shows no such hypervisor"


def test_below_2_64_one_member_a_host_is_all_there_is() -> None:
    from kasugai.adapters.nova import views

    row = {"id": "g", "members": ["a"], "project_id": "p", "policies": ["anti-affinity"], "metadata": {}}
    assert views.group(row) == GroupView(group_id="g", policy="anti-affinity", project="p", members=("a",))
    newer = {**row, "policy": "anti-affinity", "rules": {"max_server_per_host": "3"}}
    assert views.group(newer).most == 3


def test_needs_are_one_question_each(lab: CloudThread) -> None:
    lab.do(lambda cloud: cloud.add_guest("v", "cmp1", extra_specs={"trait:HW_GPU": "forbidden"}))
    found = surveyed(lab)
    assert [size.traits for size in found.sizes] == [(), ("!HW_GPU",)]
    assert requests(lab)["room"] == len({Needs(resources=s.resources, traits=s.traits) for s in found.sizes})
