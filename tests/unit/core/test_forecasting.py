"""From views to a snapshot: which guests would move, which hosts may take them, and which are of one kin."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from kasugai.core.recovering.described import Described
from kasugai.core.recovering.forecasting import Census
from kasugai.core.recovering.kin import kin_of
from kasugai.core.recovering.nova_views import (
    AggregateView,
    GroupView,
    GuestView,
    ImageView,
    Needs,
    OffersView,
    ServicesView,
    ServiceView,
)
from kasugai.core.words.capacity import GuestSeen, HostSeen, Outlook, Snapshot
from kasugai.core.words.disks import RootDisks
from kasugai.core.words.domains import Domain
from kasugai.core.words.inventory import HostRecord, SegmentRecord
from kasugai.core.words.policy import Fencing, LocalGuests, Policy
from kasugai.core.words.timing import TEST, Millis

SMALL = Needs(resources=(("MEMORY_MB", 512), ("VCPU", 1)))
HOSTS = ("cmp1", "cmp2", "cmp3")


def service(host: str, **given: Any) -> ServiceView:
    made = ServiceView(
        service_id=f"s-{host}",
        host=host,
        is_up=True,
        is_enabled=True,
        forced_down=False,
        updated_at="t",
        age=0.5,
        age_is_bound=False,
        zone="nova",
    )
    return replace(made, **given)


def guest(name: str, **given: Any) -> GuestView:
    made = GuestView(
        uuid=f"u-{name}",
        name=name,
        host="cmp1",
        vm_state="active",
        task_state=None,
        power_state=1,
        needs=SMALL,
    )
    return replace(made, **given)


def described(policy: Policy | None = None, **given: Any) -> Described:
    made = Described(
        segments={"s1": SegmentRecord(segment_id="s1", name="rack1", policy=policy or Policy())},
        hosts={host: HostRecord(host_uuid=host, name=host, segment_id="s1") for host in HOSTS},
        devices=dict.fromkeys(HOSTS, True),
    )
    return replace(made, **given)


def taken(
    *guests: GuestView,
    by: Described | None = None,
    services: tuple[ServiceView, ...] = tuple(map(service, HOSTS)),
    aggregates: tuple[AggregateView, ...] = (),
    groups: tuple[GroupView, ...] = (),
    images: Mapping[str, ImageView | None] | None = None,
) -> Snapshot:
    census = Census(by or described(), ServicesView(computes=services), aggregates, groups, TEST)
    census.learn(images or {}, {})
    census.take(guests)
    part = (("p2", "MEMORY_MB", 512), ("p2", "VCPU", 1))
    free = {("p2", "MEMORY_MB"): 4096, ("p2", "VCPU"): 8}
    return census.snapshot(dict.fromkeys(census.needs, OffersView(ways={"cmp2": (part,)}, free=free)))


def only(found: Snapshot) -> GuestSeen:
    (seen,) = found.guests["cmp1"]
    return seen


def host(found: Snapshot, name: str = "cmp1") -> HostSeen:
    return found.hosts[name]


def test_guests_come_in_the_order_in_which_they_are_moved() -> None:
    marked = guest("z", metadata={"HA_Enabled": "yes"})
    found = taken(guest("a"), guest("b", tags=("HA_Priority=5",)), marked)
    assert [seen.name for seen in found.guests["cmp1"]] == ["z", "b", "a"]


@pytest.mark.parametrize(
    ("given", "outlook", "why"),
    [
        ({"vm_state": "shelved"}, Outlook.LEFT, "shelved"),
        ({"task_state": "deleting"}, Outlook.LEFT, "deleted"),
        ({"name": "keep-1"}, Outlook.LEFT, "excluded-name"),
        ({"task_state": "migrating"}, Outlook.HELD, "in-migration"),
        ({"task_state": "rebuilding"}, Outlook.UNKNOWN, "in-evacuation"),
        ({"needs": None}, Outlook.UNKNOWN, "needs-not-told"),
        ({"image": "gone"}, Outlook.UNKNOWN, "image-not-told"),
        ({"image": "numa"}, Outlook.UNKNOWN, "asks-for hw_numa_nodes"),
        (
            {"extra_specs": {"pci_passthrough:alias": "gpu:1"}},
            Outlook.UNKNOWN,
            "asks-for pci_passthrough:alias",
        ),
        ({"extra_specs": {"hw:cpu_policy": "dedicated"}}, Outlook.UNKNOWN, "asks-for hw:cpu_policy"),
        ({"extra_specs": {"hw:cpu_policy": "shared"}}, None, ""),
        ({"extra_specs": {"resources1:VGPU": "1"}}, Outlook.UNKNOWN, "asks-for resources1:VGPU"),
        ({"extra_specs": {"quota:disk_read_bytes_sec": "1"}}, None, ""),
        ({"vm_state": "paused"}, None, ""),
    ],
)
def test_what_is_known_of_a_guest_before_room_is_looked_for(
    given: dict[str, Any], outlook: Outlook | None, why: str
) -> None:
    images = {"gone": None, "numa": ImageView(properties={"hw_numa_nodes": "2"})}
    policy = Policy(exclude_names=("keep-*",))
    seen = only(taken(replace(guest("a"), **given), by=described(policy), images=images))
    assert (seen.settled, seen.why) == (outlook, why)


def test_an_images_traits_are_needs_of_its_guests() -> None:
    image = ImageView(properties={"trait:HW_CPU_X86_AVX2": "required", "os_distro": "debian"})
    found = taken(guest("a", image="i"), images={"i": image})
    assert found.sizes[only(found).size or 0].traits == ("HW_CPU_X86_AVX2",)


@pytest.mark.parametrize(
    ("root_disks", "local", "outlook", "note"),
    [
        (RootDisks.SHARED, LocalGuests.LEAVE, None, ""),
        (RootDisks.UNSAID, LocalGuests.LEAVE, None, "its-disk-may-be-local"),
        (RootDisks.LOCAL, LocalGuests.LEAVE, Outlook.LEFT, ""),
        (RootDisks.LOCAL, LocalGuests.REBUILD, None, "rebuilt-without-its-data, after 60 s"),
    ],
)
def test_what_becomes_of_disks(
    root_disks: RootDisks, local: LocalGuests, outlook: Outlook | None, note: str
) -> None:
    policy = Policy(root_disks=root_disks, local_guests=local, local_wait=Millis(60_000))
    seen = only(taken(guest("a", image="i"), by=described(policy), images={"i": ImageView()}))
    assert (seen.settled, seen.note) == (outlook, note)


def test_a_hosts_own_word_about_disks_goes_before_its_segments() -> None:
    own = HostRecord(host_uuid="c", name="cmp1", segment_id="s1", root_disks=RootDisks.LOCAL)
    known = described(Policy(root_disks=RootDisks.SHARED), hosts={"cmp1": own})
    assert only(taken(guest("a", image="i"), by=known, images={"i": ImageView()})).why == "local-disk"


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (described(), ""),
        (described(hosts={}), "in-no-segment"),
        (described(devices={}), "no-fence-device"),
        (described(Policy(fence=Fencing.NONE), devices={}), ""),
        (described(waits={"s1": "planned-stop"}), "planned-stop"),
        (described(segments={"s1": SegmentRecord(segment_id="s1", name="r", armed=False)}), "disarmed"),
        (
            described(
                hosts={"cmp1": HostRecord(host_uuid="c", name="cmp1", segment_id="s1", on_maintenance=True)}
            ),
            "maintenance",
        ),
    ],
)
def test_why_a_lost_host_would_wait_for_a_person(known: Described, why: str) -> None:
    assert host(taken(guest("a"), by=known)).waits == why


def test_where_storage_is_the_only_fence_its_guests_disks_are_seen_only_then() -> None:
    assert only(taken(guest("a"), by=described(devices={"cmp1": False}))).why == "storage-is-the-only-fence"


@pytest.mark.parametrize(
    ("given", "bars"),
    [
        ({}, ""),
        ({"is_up": False}, "down"),
        ({"forced_down": True}, "forced-down"),
        ({"age": 60.0}, "silent"),
    ],
)
def test_why_nobody_is_sent_to_a_host(given: dict[str, Any], bars: str) -> None:
    assert host(taken(services=(service("cmp1", **given), service("cmp2")))).bars == bars


def test_where_all_are_silent_that_is_novas_own_silence() -> None:
    assert host(taken(services=tuple(service(name, age=60.0) for name in HOSTS))).bars == ""


def test_what_the_log_says_of_a_host_bars_it() -> None:
    assert host(taken(by=described(avoid={"cmp1": "suspected"}))).bars == "suspected"


def test_a_trait_that_stands_for_a_minute_after_a_host_was_enabled_bars_it() -> None:
    census = Census(described(), ServicesView(computes=tuple(map(service, HOSTS))), (), (), TEST)
    census.take([guest("a")])
    view = OffersView(ways={}, free={}, barred=(("cmp2", "disabled-in-placement"),))
    assert host(census.snapshot({SMALL: view}), "cmp2").bars == "disabled-in-placement"


def test_members_of_an_affinity_group_are_let_go_nowhere() -> None:
    group = GroupView(group_id="g", policy="affinity", project="p", members=("u-a",))
    assert only(taken(guest("a"), groups=(group,))).why == "affinity-group"


def test_soft_groups_bind_nobody() -> None:
    group = GroupView(group_id="g", policy="soft-anti-affinity", project="p", members=("u-a", "u-z"))
    seen = only(taken(guest("a"), groups=(group,)))
    assert (seen.group, seen.settled) == ("", None)


def test_members_are_counted_once_however_often_they_are_seen() -> None:
    group = GroupView(group_id="g", policy="anti-affinity", project="p", members=("u-a", "u-b"), most=2)
    census = Census(described(), ServicesView(computes=(service("cmp1"),)), (), (group,), TEST)
    census.take([guest("a")])
    assert census.projects_apart() == {"p"}
    for each in (guest("a"), guest("b", host="cmp2")):
        census.note(each)
    assert census.snapshot({}).groups["g"].members == {"cmp1": 1, "cmp2": 1}


def test_what_has_to_be_asked_about_guests_is_asked_once() -> None:
    policy = Policy(exclude_project_tags=("self-healing",))
    census = Census(described(policy), ServicesView(computes=(service("cmp1"),)), (), (), TEST)
    guests = [guest("a", image="i", project="p"), guest("b", image="i", project="p"), guest("c")]
    assert (census.unread_images(guests), census.unread_projects(guests)) == ({"i"}, {"p"})
    census.learn({"i": None}, {"p": ("self-healing",)})
    assert (census.unread_images(guests), census.unread_projects(guests)) == (set(), set())
    census.take(guests[:1])
    assert census.snapshot({}).guests["cmp1"][0].why == "excluded-project-tag"


def test_who_is_deleted_or_on_no_host_is_lost_with_nobody_and_a_member_all_the_same() -> None:
    group = GroupView(group_id="g", policy="anti-affinity", project="p", members=("u-a", "u-b", "u-c"))
    census = Census(described(), ServicesView(computes=(service("cmp1"),)), (), (group,), TEST)
    census.take([guest("a"), guest("b", deleted=True), guest("c", host="")])
    (seen,) = census.snapshot({}).guests["cmp1"]
    assert (seen.name, seen.settled) == ("a", None), "all members are accounted for"


def test_where_server_groups_are_not_told_nobody_fits() -> None:
    census = Census(described(), ServicesView(computes=(service("cmp1"),)), (), (), TEST)
    census.take([guest("a"), guest("b", task_state="migrating")])
    census.distrust_groups("server-groups-not-told")
    found = {seen.name: seen.why for seen in census.snapshot({}).guests["cmp1"]}
    assert found == {"a": "server-groups-not-told", "b": "in-migration"}


def test_a_guest_whose_host_nova_does_not_list_is_seen_all_the_same() -> None:
    found = taken(guest("a", host="gone"))
    assert found.guests["gone"][0].host == "gone" and "gone" not in found.hosts


def test_of_two_answers_about_one_stock_the_smaller_counts_and_a_refusal_tells_of_none() -> None:
    large = Needs(resources=(("MEMORY_MB", 1024), ("VCPU", 1)))
    census = Census(described(), ServicesView(computes=(service("cmp1"),)), (), (), TEST)
    census.take([guest("a"), guest("b", needs=large), guest("c", needs=replace(SMALL, traits=("X",)))])
    way = (("p2", "MEMORY_MB", 512),)
    first = OffersView(ways={"cmp2": (way,)}, free={("p2", "MEMORY_MB"): 4096})
    later = OffersView(ways={"cmp2": (way,)}, free={("p2", "MEMORY_MB"): 2048})
    refused = replace(SMALL, traits=("X",))
    found = census.snapshot({SMALL: first, large: later, refused: "placement-refused: 400 no such trait"})
    assert [stock.free for stock in found.stocks] == [2048]
    assert [(size.offers is None, size.why) for size in found.sizes] == [
        (False, ""),
        (False, ""),
        (True, "placement-refused: 400 no such trait"),
    ]


def test_hosts_of_one_kin_share_a_zone_and_the_words_that_bind_guests() -> None:
    aggregates = (
        AggregateView(aggregate_id=1, name="r1", hosts=frozenset({"cmp1"}), metadata={"rack": "1"}),
        AggregateView(aggregate_id=2, name="ssd", hosts=frozenset({"cmp2"}), metadata={"ssd": "true"}),
        AggregateView(
            aggregate_id=3, name="t", hosts=frozenset({"cmp3"}), metadata={"filter_tenant_id": "p"}
        ),
    )
    services = [*map(service, HOSTS), service("cmp4"), service("cmp5", zone="az2")]
    assert kin_of(services, aggregates, frozenset()) == {
        "cmp1": "nova",
        "cmp2": "nova",
        "cmp3": "nova, filter_tenant_id=p",
        "cmp4": "nova",
        "cmp5": "az2",
    }
    assert kin_of(services, aggregates, frozenset({"ssd"}))["cmp2"] == "nova, ssd=true"


def test_what_flavors_bind_their_guests_to_parts_kins_and_marks_do_not() -> None:
    ssd = AggregateView(aggregate_id=2, name="ssd", hosts=frozenset({"cmp2"}), metadata={"ssd": "true"})
    scoped = {"aggregate_instance_extra_specs:ssd": "true"}
    assert host(taken(guest("a", extra_specs=scoped), aggregates=(ssd,)), "cmp2").kin == "nova, ssd=true"
    mark = AggregateView(aggregate_id=3, name="m", hosts=frozenset({"cmp2"}), metadata={"HA_Enabled": "yes"})
    assert host(taken(guest("a", extra_specs={"HA_Enabled": "no"}), aggregates=(mark,)), "cmp2").kin == "nova"


def test_a_reserve_is_free_while_nova_shows_it_disabled_and_nobody_has_it() -> None:
    hosts = {
        name: HostRecord(host_uuid=name, name=name, segment_id="s1", reserved=True)
        for name in (*HOSTS, "cmp4")
    }
    services = (
        service("cmp1", is_enabled=False),
        service("cmp2"),
        service("cmp3", is_enabled=False),
    )
    known = described(hosts=hosts, taken={"cmp3"})
    assert taken(by=known, services=services).segments["s1"].reserves == ("cmp1",)


def test_failure_domains_and_what_the_policy_makes_of_them_are_taken_over() -> None:
    pdu, row = Domain(kind="pdu", name="pdu-3"), Domain(kind="row", name="row-a")
    domains = {"cmp1": (pdu, row), "cmp2": (pdu,)}
    hosts = {
        name: HostRecord(
            host_uuid=name,
            name=name,
            segment_id="s1",
            domains=domains.get(name, ()),
            on_maintenance=name == "cmp2",
        )
        for name in HOSTS
    }
    policy = Policy(domain_as_one=("pdu",), domain_trip=40, domain_small=7)
    found = taken(by=described(policy, hosts=hosts))
    segment = found.segments["s1"]
    assert segment.domains == {pdu: {"cmp1", "cmp2"}, row: {"cmp1"}}
    assert (segment.domain_as_one, segment.domain_trip, segment.domain_small) == (("pdu",), 40, 7)
    assert [name for name in HOSTS if host(found, name).is_set_aside] == ["cmp2"]
