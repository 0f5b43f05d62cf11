"""From a flavor to what Placement is asked, and from its answer to how many guests which hypervisor could take."""

from collections.abc import Mapping
from typing import Any

import pytest

from kasugai.adapters.nova.placing import needs_of, query, room
from kasugai.core.recovering.nova_views import Needs

FLAVOR: Mapping[str, Any] = {
    "vcpus": 2,
    "ram": 2048,
    "disk": 20,
    "ephemeral": 0,
    "swap": 0,
    "extra_specs": {},
}
"""As Nova embeds it in a server from 2.47 on."""
USUAL = {"DISK_GB": 20, "MEMORY_MB": 2048, "VCPU": 2}


def needed(
    *, boots_from_volume: bool = False, specs: Mapping[str, str] | None = None, **flavor: Any
) -> Needs:
    found = needs_of({**FLAVOR, **flavor, "extra_specs": specs or {}}, boots_from_volume=boots_from_volume)
    assert found is not None
    return found


def resources(**given: Any) -> dict[str, int]:
    return dict(needed(**given).resources)


def test_cpus_memory_and_the_disk_on_its_host() -> None:
    assert needed() == Needs(resources=(("DISK_GB", 20), ("MEMORY_MB", 2048), ("VCPU", 2)))


def test_dedicated_cpus_are_another_class() -> None:
    assert resources(specs={"hw:cpu_policy": "dedicated"}) == {"DISK_GB": 20, "MEMORY_MB": 2048, "PCPU": 2}
    assert resources(specs={"hw:cpu_policy": "shared"}) == USUAL


@pytest.mark.parametrize(("swap", "gib"), [("", 0), (0, 0), (1, 1), (1024, 1), (1025, 2), (4096, 4)])
def test_swap_is_disk_rounded_up(swap: object, gib: int) -> None:
    assert resources(swap=swap) == {**USUAL, "DISK_GB": 20 + gib}


def test_an_ephemeral_disk_counts_as_well() -> None:
    assert resources(ephemeral=7) == {**USUAL, "DISK_GB": 27}


def test_a_root_in_a_volume_costs_its_host_nothing() -> None:
    assert resources(boots_from_volume=True) == {"MEMORY_MB": 2048, "VCPU": 2}
    assert resources(boots_from_volume=True, ephemeral=3, swap=512)["DISK_GB"] == 4


def test_extra_specs_add_and_replace_and_take_away() -> None:
    specs = {
        "resources:CUSTOM_GPU": "1",
        "resources:VCPU": "3",
        "resources:DISK_GB": "0",
        "resources1:CUSTOM_OTHER": "5",
        "resources:MEMORY_MB": "much",
        "hw:resources:X": "9",
        "trait:CUSTOM_FAST": "required",
    }
    assert resources(specs=specs) == {"CUSTOM_GPU": 1, "MEMORY_MB": 2048, "VCPU": 3}


def test_traits_are_required_or_forbidden() -> None:
    specs = {
        "trait:CUSTOM_FAST": "required",
        "trait:CUSTOM_OLD": "forbidden",
        "trait:CUSTOM_NICE": "preferred",
        "trait1:CUSTOM_OTHER": "required",
        "HA_Enabled": "1",
    }
    assert needed(specs=specs).traits == ("!CUSTOM_OLD", "CUSTOM_FAST")
    assert needed(specs={"HA_Enabled": "1"}).traits == ()


@pytest.mark.parametrize("lacking", ["vcpus", "ram", "disk"])
def test_a_flavor_that_does_not_say_what_it_is_is_not_known(lacking: str) -> None:
    """Below 2.47 it is a link; without the right to see them its extra specs alone are left out."""
    assert needs_of({k: v for k, v in FLAVOR.items() if k != lacking}, boots_from_volume=False) is None
    assert needs_of({"id": "1", "links": []}, boots_from_volume=True) is None
    bare = {"vcpus": 2, "ram": 2048, "disk": 20}
    assert needs_of(bare, boots_from_volume=False) == needed()
    assert needs_of({**bare, "extra_specs": None}, boots_from_volume=False) == needed()


def test_what_asks_for_no_memory_is_not_known() -> None:
    """A whole machine (ironic), or a flavor that Placement's answers do not tell a host for."""
    specs = {"resources:VCPU": "0", "resources:MEMORY_MB": "0", "resources:DISK_GB": "0"}
    assert needs_of({**FLAVOR, "extra_specs": specs}, boots_from_volume=False) is None
    specs |= {"resources:CUSTOM_BAREMETAL": "1"}
    assert needs_of({**FLAVOR, "extra_specs": specs}, boots_from_volume=False) is None


def test_placement_is_asked_as_novas_scheduler_asks() -> None:
    needs = Needs(resources=(("MEMORY_MB", 512), ("VCPU", 1)))
    assert query(needs) == {"resources": "MEMORY_MB:512,VCPU:1", "limit": "1000"}
    picky = Needs(resources=(("VCPU", 1),), traits=("!CUSTOM_OLD", "CUSTOM_FAST"))
    assert query(picky)["required"] == "!CUSTOM_OLD,CUSTOM_FAST"


def have(root: str, **classes: tuple[int, int]) -> dict[str, Any]:
    """Return a provider's summary: by class its capacity and what is used of it."""
    told = {name: {"capacity": capacity, "used": used} for name, (capacity, used) in classes.items()}
    return {"root_provider_uuid": root, "resources": told}


def request(**parts: dict[str, int]) -> dict[str, Any]:
    """Return an allocation request: by provider what would be taken of it."""
    return {"allocations": {provider: {"resources": amounts} for provider, amounts in parts.items()}}


def answer(*requests: Mapping[str, Any], **summaries: Mapping[str, Any]) -> dict[str, Any]:
    return {"allocation_requests": list(requests), "provider_summaries": summaries}


def test_nobody_has_room() -> None:
    assert room(answer()) == {}


def test_what_is_scarcest_on_each_host_says_how_many() -> None:
    needs = {"VCPU": 2, "MEMORY_MB": 1000}
    found = answer(
        request(a=needs),
        request(b=needs),
        request(c=needs),
        a=have("a", VCPU=(16, 4), MEMORY_MB=(100_000, 0)),
        b=have("b", VCPU=(100, 0), MEMORY_MB=(8_000, 4_500)),
        c=have("c", VCPU=(3, 1), MEMORY_MB=(1_000, 0)),
        d=have("d", VCPU=(100, 0), MEMORY_MB=(100_000, 0)),
    )
    assert room(found) == {"a": 6, "b": 3, "c": 1}


def test_a_candidate_has_room_for_one_whatever_its_numbers_say() -> None:
    """Between its two answers Placement may have given some away."""
    found = answer(request(a={"MEMORY_MB": 1000}), a=have("a", MEMORY_MB=(1000, 900)))
    assert room(found) == {"a": 1}


def test_shared_storage_is_a_provider_of_its_own_and_no_host() -> None:
    """Of many hosts, for which of two providers comes first is chance."""
    hosts = {f"cmp{number}": number for number in range(1, 13)}
    have_memory = {host: have(host, MEMORY_MB=(1_000 * n, 0), VCPU=(40, 0)) for host, n in hosts.items()}
    requests = [request(**{host: {"MEMORY_MB": 1000, "VCPU": 1}, "nfs": {"DISK_GB": 10}}) for host in hosts]
    found = room(answer(*requests, **have_memory, nfs=have("nfs", DISK_GB=(100, 65))))
    assert found == {host: min(number, 3) for host, number in hosts.items()}


def test_a_nested_provider_counts_for_its_root() -> None:
    """As with memory by NUMA node, or a GPU: the best of a host's parts tells."""
    summaries = {
        "a": have("a", VCPU=(16, 0)),
        "a0": have("a", MEMORY_MB=(4_000, 3_000)),
        "a1": have("a", MEMORY_MB=(4_000, 1_000)),
    }
    found = answer(
        request(a={"VCPU": 1}, a1={"MEMORY_MB": 1000}),
        request(a={"VCPU": 1}, a0={"MEMORY_MB": 1000}),
        **summaries,
    )
    assert room(found) == {"a": 3}
    gpus = answer(
        request(b={"MEMORY_MB": 1000}, gpu={"VGPU": 1}),
        b=have("b", MEMORY_MB=(9_000, 0)),
        gpu=have("b", VGPU=(2, 0)),
    )
    assert room(gpus) == {"b": 2}
